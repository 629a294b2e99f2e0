"""Stand-ins for the third parties: Stripe, PayPal, GitHub, a mail provider and a strict back end.

Each is an ASGI app with its state in memory, served on a port of its own. A client meets it by its base address and by
nothing else, so that the same code talks to the real service. What a test or a lesson tells a stand-in (be slow, fail,
drop the connection, show what arrived) goes to `/_stand_in/…` on the same port: `workshop.partners.common`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

PARTNERS: dict[str, str] = {
    "stripe": "workshop.partners.stripe:app",
    "paypal": "workshop.partners.paypal:app",
    "github": "workshop.partners.github:app",
    "mail": "workshop.partners.mail:app",
    "backend": "workshop.partners.backend:app",
}


@dataclass(frozen=True, slots=True)
class PartnerContext:
    """What a stand-in is given by whoever serves it.

    Attributes:
        clock: the time in epoch seconds; a lesson may move it.
        urls: the base address of every stand-in by name, without a slash at the end.
    """

    clock: Callable[[], float] = time.time
    urls: Mapping[str, str] = field(default_factory=dict)
