"""What the changed places of moto ask: the rooms of the latest cloud of this process.

moto's classes are one a process, and a process may hold several clouds one after the other, in tests above all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.localaws.events.clock import Clock
    from workshop.localaws.events.targets import Targets
    from workshop.localaws.iam.principals import Principal
    from workshop.localaws.metrics.store import Metrics


class Current:
    """Set by the rooms when a cloud is put together.

    `matched(rule, event)` sends an event of a bus to a rule's targets; `session_of(access key id)` knows functions'
    credentials; `targets` deliver what topics and buckets send; `clock` is the time of queues; `arrived(queue ARN)` is
    told that a message may be visible, from any thread; `metrics` are those of functions and APIs.
    """

    matched: Callable[[Any, dict[str, Any]], None]
    session_of: Callable[[str], Principal | None]
    targets: Targets
    clock: Clock
    arrived: Callable[[str], None]
    metrics: Metrics


CURRENT = Current()
