"""Pages: Marker, MaxItems and NextMarker, as Lambda's list operations have them."""

from __future__ import annotations

import base64
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request


def page(request: Request, rows: list[Any], member: str, default: int = 50) -> dict[str, Any]:
    """One page of rows under `member`, with NextMarker when there are more.

    Raises:
        AwsError: MaxItems or Marker is nonsense.
    """
    try:
        size = int(request.arguments.get("MaxItems", default))
        start = int(base64.b64decode(request.arguments["Marker"])) if request.arguments.get("Marker") else 0
    except ValueError:
        raise AwsError("InvalidParameterValueException", "Marker or MaxItems is not valid.") from None
    if not 1 <= size <= 10_000:
        raise AwsError("InvalidParameterValueException", "MaxItems must be between 1 and 10000.")
    answer: dict[str, Any] = {member: rows[start : start + size]}
    if start + size < len(rows):
        answer["NextMarker"] = base64.b64encode(str(start + size).encode()).decode()
    return answer
