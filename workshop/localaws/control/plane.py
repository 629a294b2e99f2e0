"""The control plane: who asks, may they, which room answers, and who wants to know that something changed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from urllib.parse import unquote_plus

from workshop.core.live_keys import ONLY_TESTS, has_live_key
from workshop.localaws.faults import AwsError, answer
from workshop.localaws.http import Request, Response
from workshop.localaws.moto import calls

log = logging.getLogger(__name__)
Door = Callable[[Request], Response]
Hook = Callable[[Request, Response], None]


def understand(request: Request) -> None:
    """Refuse a body that is not what the JSON protocol sends, before anybody trips over it.

    https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html

    Raises:
        AwsError: SerializationException.
    """
    headers = request.headers
    if "json" in headers.get("content-type", "") and request.body.count(b"[") + request.body.count(b"{") > 900:
        try:
            request.json()
        except ValueError as error:  # whoever reads it later would not expect what too deep a nesting raises
            raise AwsError("SerializationException", f"The body of the request is not JSON: {error}.") from None
    if not headers.get("x-amz-target") or "cbor" in headers.get("content-type", "") or headers.get("content-encoding"):
        return
    try:
        fits = isinstance(request.json(), dict)
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise AwsError("SerializationException", "The body of the request is not a JSON object.")


def refuse_live_keys(request: Request) -> None:
    """Refuse a request that would store a live key of Stripe: in a parameter, a variable, a template, anywhere.

    Raises:
        AwsError: ValidationException; the key is not repeated.
    """
    body: str | bytes = request.body
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = unquote_plus(request.body.decode("latin-1"))
    for part in (body, unquote_plus(request.query)):
        if has_live_key(part):
            raise AwsError("ValidationException", f"The request holds a live Stripe key. {ONLY_TESTS}")


class ControlPlane:
    """Answers requests of every service, from inside and outside the process. Blocks; thread-safe.

    `doors` maps a signing name to what answers instead of moto; `check` refuses what the caller may not do.
    """

    def __init__(self, check: Callable[[Request], None]) -> None:
        self.check = check
        self.doors: dict[str, Door] = {}
        self._before: dict[str, list[Callable[[Request], None]]] = defaultdict(list)
        self._after: dict[str, list[Hook]] = defaultdict(list)

    def before(self, service: str, hook: Callable[[Request], None]) -> None:
        """Call `hook(request)` ahead of every request to a service, by its signing name."""
        self._before[service].append(hook)

    def after(self, service: str, hook: Hook) -> None:
        """Call `hook(request, response)` after every request to a service that changed something or may have.

        Hooks run in the worker thread, before the answer goes out. Reading requests of REST services (GET, HEAD) and
        failed ones are left out.
        """
        self._after[service].append(hook)

    def __call__(self, request: Request) -> Response:
        """The answer, errors included."""
        service = request.service
        try:
            understand(request)
            refuse_live_keys(request)
            self.check(request)
            for hook in self._before.get(service, ()):
                hook(request)
            response = self.doors.get(service, calls.call)(request)
        except AwsError as error:
            return answer(request, error)
        except RecursionError:
            return answer(request, AwsError("ValidationException", "The request is nested too deeply."))
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            return answer(request, AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500))
        if response.status < 400 and request.method not in ("GET", "HEAD"):
            for told in self._after.get(service, ()):
                try:
                    told(request, response)
                except Exception:
                    log.exception("a hook after %s %s failed", service, request.operation or request.path)
        return response
