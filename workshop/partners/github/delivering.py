"""The delivery of webhooks: signed as GitHub signs, once each, given up after ten seconds.

https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers
https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

from workshop.partners.common import deliver
from workshop.partners.github.store import MOST_DELIVERIES, Delivery, Hook, Repo, Store

PATIENCE = 10.0  # seconds GitHub waits for an answer


def signatures(secret: str, body: bytes) -> dict[str, str]:
    """The two signature headers over a body; none without a secret."""
    if not secret:
        return {}
    return {
        "X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


def encoded(hook: Hook, payload: dict[str, Any]) -> tuple[str, bytes]:
    """A payload's content type and bytes: JSON as it is, or as the field `payload` of a form."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    if hook.content_type == "form":
        return "application/x-www-form-urlencoded", urlencode({"payload": text}).encode()
    return "application/json", text.encode()


def send(
    store: Store,
    repo: Repo,
    hook: Hook,
    event: str,
    action: str | None,
    payload: dict[str, Any],
    *,
    again: Delivery | None = None,
) -> None:
    """Starts one delivery. `again` is the delivery to repeat: same guid, same payload, a new id."""
    content_type, body = encoded(hook, payload)
    guid = again.guid if again else store.new_guid()
    headers = {
        "Accept": "*/*",
        "Content-Type": content_type,
        "User-Agent": "GitHub-Hookshot/5d1f3a9",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(repo.id),
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        **signatures(hook.secret, body),
    }
    delivery = Delivery(
        store.next_id(), guid, hook.id, event, action, payload, body, headers, again is not None, store.now()
    )
    repo.deliveries.append(delivery)
    del repo.deliveries[:-MOST_DELIVERIES]
    task = asyncio.get_running_loop().create_task(_fly(hook, delivery))
    store.flying.add(task)
    task.add_done_callback(store.flying.discard)


async def _fly(hook: Hook, delivery: Delivery) -> None:
    begun = time.perf_counter()
    status, answer = await deliver(hook.url, delivery.body, delivery.headers, timeout=PATIENCE)
    delivery.seconds, delivery.answer = time.perf_counter() - begun, answer
    delivery.status_code = status or 0
    if status is None:
        late = "Timeout" in answer.partition(":")[0] and not answer.startswith("ConnectTimeout")
        delivery.status = "timed out" if late else "failed to connect to host"
        hook.last = (None, "timeout" if late else "failed", answer)
    else:
        delivery.status = "OK" if 200 <= status < 300 else f"Invalid HTTP Response: {status}"
        hook.last = (status, "active" if 200 <= status < 300 else "failed", delivery.status)


async def settle(store: Store, seconds: float) -> int:
    """Waits until no delivery is under way, at most so long. Returns how many still are."""
    until = time.monotonic() + seconds
    while store.flying and time.monotonic() < until:
        await asyncio.wait(list(store.flying), timeout=max(0.0, until - time.monotonic()))
        await asyncio.sleep(0)  # what an answer caused, such as a status event, starts now
    return len(store.flying)
