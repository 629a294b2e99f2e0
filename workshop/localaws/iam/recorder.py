"""Which permissions the reader's own calls would have needed: kept while somebody asked for it.

The offline cloud lets the reader do anything; on AWS a policy has to. `GET /_workshop/calls` gives what a run used, for
the least policy (`workshop.on_aws.recording`). What CloudFormation does for the reader is told apart: AWS does it with
the reader's permissions too. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from workshop.localaws.control.inside import OWN_KEY
from workshop.localaws.iam.principals import Principal
from workshop.localaws.iam.requests import needs

if TYPE_CHECKING:
    from workshop.localaws.http import Request


class Recorder:
    """Actions and resources of requests that nobody's role signed.

    Args:
        account: the reader's.
    """

    def __init__(self, account: str) -> None:
        self.on = False
        self._reader = Principal("user", f"arn:aws:iam::{account}:user/reader", "", account, "reader")
        self._seen: dict[tuple[str, str, str], int] = {}
        self._lock = threading.Lock()

    def note(self, request: Request) -> None:
        """Keeps what a request of the reader, or of CloudFormation for the reader, would have needed."""
        if not self.on:
            return
        by = "cloudformation" if request.access_key == OWN_KEY else "reader"
        found = [(by, need.action, need.resource) for need in needs(request, self._reader)]
        with self._lock:
            for one in found:
                self._seen[one] = self._seen.get(one, 0) + 1

    def calls(self) -> list[dict[str, Any]]:
        """What was seen, sorted."""
        with self._lock:
            seen = sorted(self._seen.items())
        return [{"by": by, "action": action, "resource": on, "times": times} for (by, action, on), times in seen]

    def switch(self, on: bool) -> None:
        """Begins anew, or stops."""
        with self._lock:
            self.on = on
            if on:
                self._seen.clear()
