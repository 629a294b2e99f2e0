"""An offline cloud beside the one that this process is connected to: for the few things that only this machine can do.

On AWS nobody outside reaches an execution environment, and nothing should be deployed there at every edit. Boto3 stays
pointed where it is; whoever needs the cloud beside it is told its address.
"""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Callable, Iterator

from workshop.cloud.clouds import Cloud
from workshop.cloud.switch import start_local

SERVED_HERE = "`offline` leaves it alone, and serves from one of its own on this machine"


def beside(cloud: Cloud, why: str) -> Callable[[], contextlib.AbstractContextManager[str]] | None:
    """What starts such a cloud; None where the connected one is an offline cloud itself.

    Args:
        cloud: the connected one.
        why: what is said once when it is started: `AWS is not the offline cloud: …`.
    """
    if cloud.is_offline:
        return None

    @contextlib.contextmanager
    def started() -> Iterator[str]:
        own = start_local()
        try:
            cloud.say_once(why)
            yield own.endpoint
        finally:
            own.close()
            atexit.unregister(own.close)

    return started
