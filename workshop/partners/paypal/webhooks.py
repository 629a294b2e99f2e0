"""Events, webhooks and their signatures.

A delivery is signed with RSA over `transmission id|time|webhook id|CRC32 of the body`; the certificate is where
`PAYPAL-CERT-URL` says. Whoever receives it checks that, or asks `verify-webhook-signature`.
https://developer.paypal.com/api/rest/webhooks/rest/ · https://developer.paypal.com/docs/api/webhooks/v1/
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import copy
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from workshop.core import net
from workshop.partners.common import deliver
from workshop.partners.later import Later
from workshop.partners.paypal.errors import PayPalError

Object = dict[str, Any]
ALGORITHM = "SHA256withRSA"
CERTIFICATE = "/v1/notifications/certs/CERT-360caa42-workshop"
MOST_WEBHOOKS = 10
# PayPal asks an endpoint that fails up to 25 times within three days; the exact times are ours.
RETRIES, RETRY_SECONDS = 25, 3 * 24 * 3600 / 25
TYPES = (
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.REFUND.FAILED",
    "PAYMENT.REFUND.PENDING",
)
SIGNED = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time", "webhook_id")


@dataclass(slots=True)
class Delivery:
    """One event on its way to one webhook. `state` is held, waiting, sent, failed or given up."""

    event: str
    type: str
    webhook: str
    url: str
    state: str = "waiting"
    attempts: int = 0
    status: int | None = None
    answer: str = ""


class Signer:
    """The key and the certificate of this run; made when the first delivery needs them."""

    def __init__(self) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import NameOID

        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts.paypal.workshop")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .sign(self.key, hashes.SHA256())
        )

    def pem(self) -> str:
        """The certificate as PAYPAL-CERT-URL serves it."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.certificate.public_bytes(Encoding.PEM).decode()

    def sign(self, message: str) -> str:
        """The signature as it stands in PAYPAL-TRANSMISSION-SIG."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return base64.b64encode(self.key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()

    def made(self, signature: str, message: str) -> bool:
        """Whether this key made the signature."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        try:
            raw = base64.b64decode(signature, validate=True)
            self.key.public_key().verify(raw, message.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def signed_text(transmission: str, at: str, webhook: str, body: bytes) -> str:
    """What is signed: https://developer.paypal.com/api/rest/webhooks/rest/#self-verification-method"""
    return f"{transmission}|{at}|{webhook}|{zlib.crc32(body)}"


def laid_out(event: Object) -> bytes:
    """An event as it is sent: without blanks, names in their order."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Webhooks:
    """The merchant's webhooks, the events, and their deliveries.

    Attributes:
        clock: epoch seconds.
        base_url: where the certificate and the links are.
        later: what happens some time after.
        held: keep deliveries back until `/_stand_in/deliver`.
    """

    clock: Callable[[], float]
    base_url: str
    later: Later
    held: bool = False
    webhooks: dict[str, Object] = field(default_factory=dict)
    events: dict[str, Object] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    _signer: Signer | None = None
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def signer(self) -> Signer:
        """The key of this run. Making one takes a moment, and happens once."""
        async with self._making:
            if self._signer is None:
                self._signer = await asyncio.to_thread(Signer)
        return self._signer

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def create(self, given: Object) -> Object:
        """A new webhook from a request's body. Raises PayPalError when it is not well-formed."""
        url, types = given.get("url"), given.get("event_types")
        check_url(url)
        names = check_types(types)
        if any(each["url"] == url for each in self.webhooks.values()):
            raise PayPalError(400, "WEBHOOK_URL_ALREADY_EXISTS", field="url", value=str(url))
        if len(self.webhooks) >= MOST_WEBHOOKS:
            raise PayPalError(400, "WEBHOOK_NUMBER_LIMIT_EXCEEDED")
        identifier = uuid4().hex[:17].upper()
        path = f"{self.base_url}/v1/notifications/webhooks/{identifier}"
        self.webhooks[identifier] = {
            "id": identifier,
            "url": url,
            "event_types": [{"name": name} for name in names],
            "links": [
                {"href": path, "rel": rel, "method": method}
                for rel, method in (("self", "GET"), ("update", "PATCH"), ("delete", "DELETE"))
            ],
        }
        return self.webhooks[identifier]

    def get(self, identifier: str) -> Object:
        """The webhook. Raises PayPalError 404 when there is none."""
        if identifier not in self.webhooks:
            raise PayPalError(404, "INVALID_RESOURCE_ID")
        return self.webhooks[identifier]

    def change(self, identifier: str, operations: Any) -> Object:
        """JSON Patch: `replace` of `/url` or `/event_types`."""
        webhook, changed = self.get(identifier), {}
        for each in operations if isinstance(operations, list) else [None]:
            if not isinstance(each, dict) or each.get("op") != "replace":
                raise PayPalError(400, "INVALID_PARAMETER_VALUE", field="/0/op")
            if each.get("path") == "/url":
                check_url(each.get("value"))
                changed["url"] = each["value"]
            elif each.get("path") == "/event_types":
                changed["event_types"] = [{"name": name} for name in check_types(each.get("value"))]
            else:
                raise PayPalError(400, "INVALID_PARAMETER_VALUE", field="/0/path", value=str(each.get("path")))
        webhook |= changed
        return webhook

    def emit(self, kind: str, resource: Object, summary: str) -> None:
        """Keeps an event about a resource as it is now, and sends it to every webhook that wants its kind."""
        identifier = f"WH-{uuid4().hex[:17].upper()}-{uuid4().hex[:17].upper()}"
        path = f"{self.base_url}/v1/notifications/webhooks-events/{identifier}"
        family = {"CHECKOUT": "checkout-order"}.get(kind.split(".")[0])
        event = {
            "id": identifier,
            "event_version": "1.0",
            "create_time": self.now(),
            "resource_type": family or ("refund" if "REFUND" in kind else "capture"),
            "resource_version": "2.0",
            "event_type": kind,
            "summary": summary,
            "resource": copy.deepcopy(resource),
            "links": [
                {"href": path, "rel": "self", "method": "GET"},
                {"href": f"{path}/resend", "rel": "resend", "method": "POST"},
            ],
        }
        self.events[identifier] = event
        for webhook in self.webhooks.values():
            wanted = [each["name"] for each in webhook["event_types"]]
            if "*" in wanted or kind in wanted:
                self.send(event, webhook)

    def send(self, event: Object, webhook: Object) -> None:
        """Puts an event on its way, unless deliveries are held back."""
        delivery = Delivery(event["id"], event["event_type"], webhook["id"], webhook["url"])
        self.deliveries.append(delivery)
        if self.held:
            delivery.state = "held"
        else:
            self.start(delivery)

    def start(self, delivery: Delivery) -> None:
        task = asyncio.get_running_loop().create_task(self.attempt(delivery))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def attempt(self, delivery: Delivery) -> None:
        """One POST; an answer other than 2xx means another attempt later.

        The time in the headers is this machine's, not a moved clock's: the receiver compares it with its own.
        """
        event, webhook = self.events.get(delivery.event), self.webhooks.get(delivery.webhook)
        if event is None or webhook is None:
            delivery.state = "given up"
            return
        body, transmission = laid_out(event), str(uuid4())
        at = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        signer = await self.signer()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "PayPal/AUHR-1.0-1",
            "PAYPAL-AUTH-ALGO": ALGORITHM,
            "PAYPAL-CERT-URL": f"{self.base_url}{CERTIFICATE}",
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": at,
            "PAYPAL-TRANSMISSION-SIG": signer.sign(signed_text(transmission, at, webhook["id"], body)),
        }
        delivery.attempts += 1
        delivery.status, delivery.answer = await deliver(webhook["url"], body, headers, timeout=20)
        if delivery.status is not None and 200 <= delivery.status < 300:
            delivery.state = "sent"
        elif delivery.attempts > RETRIES:
            delivery.state = "given up"
        else:
            delivery.state = "failed"
            self.later.do(RETRY_SECONDS, lambda: self.retry(delivery))

    def retry(self, delivery: Delivery) -> None:
        """The next attempt, unless someone delivered it meanwhile."""
        if delivery.state == "failed":
            self.start(delivery)

    async def verify(self, given: Object) -> str:
        """`SUCCESS` when a delivery is PayPal's and for this webhook, else `FAILURE`.

        https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post

        Raises:
            PayPalError: 400 when a field is missing.
        """
        for name in (*SIGNED, "webhook_event"):
            if name not in given:
                raise PayPalError(400, "MISSING_REQUIRED_PARAMETER", field=f"/{name}")
            if not isinstance(given[name], dict if name == "webhook_event" else str):
                raise PayPalError(400, "INVALID_PARAMETER_SYNTAX", field=f"/{name}")
        text = signed_text(
            given["transmission_id"],
            given["transmission_time"],
            given["webhook_id"],
            laid_out(given["webhook_event"]),
        )
        good = (
            given["auth_algo"] == ALGORITHM
            and given["cert_url"] == f"{self.base_url}{CERTIFICATE}"
            and given["webhook_id"] in self.webhooks
            and (await self.signer()).made(given["transmission_sig"], text)
        )
        return "SUCCESS" if good else "FAILURE"

    async def settled(self, timeout: float) -> bool:
        """Waits until no delivery is on its way. False when that took longer than `timeout` seconds."""
        until = time.monotonic() + timeout
        while self.running and time.monotonic() < until:
            await asyncio.wait(set(self.running), timeout=max(0.0, until - time.monotonic()))
        return not self.running

    def described(self) -> list[Object]:
        """Every delivery as JSON, oldest first."""
        return [asdict(each) for each in self.deliveries]

    def clear(self) -> None:
        """Forgets all, also what is on its way; the key stays."""
        for task in self.running:
            task.cancel()
        self.held = False
        self.webhooks.clear()
        self.events.clear()
        self.deliveries.clear()


def check_url(url: Any) -> None:
    """Webhooks reach this machine only. Raises PayPalError otherwise."""
    try:
        parts = urlsplit(url if isinstance(url, str) and len(url) <= 2048 else "")
        good = parts.scheme in ("http", "https") and net.is_loopback(parts.hostname or "") and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise PayPalError(400, "INVALID_PARAMETER_VALUE", field="url", value=str(url))


def check_types(given: Any) -> list[str]:
    """The names of event types. Raises PayPalError for one that the stand-in never sends."""
    if not isinstance(given, list) or not given:
        raise PayPalError(400, "MISSING_REQUIRED_PARAMETER", field="event_types")
    names = [each.get("name") if isinstance(each, dict) else None for each in given]
    for place, name in enumerate(names):
        if name != "*" and name not in TYPES:
            raise PayPalError(400, "NOT_SUPPORTED", field=f"event_types/{place}/name", value=str(name))
    return [str(name) for name in names]
