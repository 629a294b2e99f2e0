"""The clock's door: what `GET|POST /_workshop/clock` takes and answers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.localaws.events.clock import Clock, Fired


async def clock_door(clock: Clock, request: dict[str, Any] | None) -> dict[str, Any]:
    """What `GET|POST /_workshop/clock` answers.

    Args:
        clock: the cloud's clock.
        request: the posted JSON: one of `{"to": ISO time}`, `{"advance": seconds}`, `{"reset": true}`; None for GET.

    Returns:
        `{"now": ISO time, "moved": bool, "fired": [{"time", "rule", "target", "request_id", "error"}]}`.

    Raises:
        WorkshopError: anything else was posted.
    """
    fired: list[Fired] = []
    if request is not None:
        wanted = [key for key in ("to", "advance", "reset") if key in request] if isinstance(request, dict) else []
        if len(wanted) != 1 or len(request) != 1:
            raise WorkshopError(
                "The clock did not understand that.",
                where="/_workshop/clock",
                fix='Post one of {"to": "2026-03-02T03:00:00Z"}, {"advance": 3600} or {"reset": true}.',
                used_wrongly=True,
            )
        fired = await _move(clock, wanted[0], request[wanted[0]])
    now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"now": now, "moved": clock.moved, "fired": [asdict(one) for one in fired]}


async def _move(clock: Clock, how: str, value: Any) -> list[Fired]:
    if how == "reset":
        return await clock.reset()
    if how == "advance":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise WorkshopError(f"{value!r} is not a number of seconds.", where="/_workshop/clock", used_wrongly=True)
        return await clock.advance(value)
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise WorkshopError(
            f"{value!r} is not a time.", where="/_workshop/clock", fix="Say 2026-03-02T03:00:00Z.", used_wrongly=True
        ) from None
    return await clock.move_to(when)
