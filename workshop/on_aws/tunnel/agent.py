"""The tunnel's end on this machine: takes requests out of the queue, makes them on loopback, brings the answers back.

Threads of the notebook's own process; they end with it. Nothing listens: all connections go out, to SQS and S3.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, unquote

from workshop.serverless.aws import error_code

LISTENERS = 2  # long polls at the same time, ten messages each
AT_ONCE = 32
WAIT = 20  # seconds of one long poll, SQS's longest
ONCE = 10_000  # ids that are remembered: SQS may deliver a message twice, and a payment must not be made twice
SECONDS = 27.0  # for one request; the other end waits no longer
# They belong to one connection, to API Gateway, or are made anew.
# https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
DROPPED = frozenset({
    "host", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization",
    "content-length", "accept-encoding", "forwarded", "via",
})  # fmt: skip
TEXT = ("application/json", "text/", "application/problem+json", "application/x-www-form-urlencoded")


class Agent:
    """Serves one session's queue.

    Args:
        clients: boto3 clients of the reader's account (`workshop.serverless.aws.Clients`).
        queue: the queue's URL.
        name: the session's public name, which keys in the bucket begin with.
        store: the bucket.
        base: the session's public address, without a slash at the end.
        stand_ins: name -> address on this machine; may change while the agent runs.
    """

    def __init__(
        self, clients: Any, *, queue: str, name: str, store: str, base: str, stand_ins: Mapping[str, str]
    ) -> None:
        import httpx
        from botocore.config import Config

        config = Config(
            max_pool_connections=AT_ONCE + LISTENERS, read_timeout=WAIT + 20,
            retries={"mode": "standard", "max_attempts": 5},
        )  # fmt: skip
        self._sqs = clients.session.client("sqs", config=config)
        own = Config(s3={"addressing_style": "auto" if clients.is_aws else "path"})
        self._s3 = clients.session.client("s3", config=config.merge(own))
        self.queue, self.name, self.store, self.base, self.stand_ins = queue, name, store, base, stand_ins
        self._http = httpx.Client(trust_env=False, timeout=SECONDS, limits=httpx.Limits(max_connections=None))
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tunnel")
        self._listeners = [threading.Thread(target=self._listen, daemon=True) for _ in range(LISTENERS)]
        for listener in self._listeners:
            listener.start()

    def close(self) -> None:
        """Ends it and deletes the queue, so that a service which still asks is told that nobody is here."""
        if self._over.is_set():
            return
        self._over.set()
        with contextlib.suppress(Exception):  # the queue forgets its messages after a minute, and `clean` finds it
            self._sqs.delete_queue(QueueUrl=self.queue)
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _listen(self) -> None:
        pause = 1.0
        while not self._over.is_set():
            try:
                found = self._sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=WAIT)
            except Exception as error:
                if self._over.is_set() or "NonExistentQueue" in error_code(error):
                    return
                time.sleep(pause)  # the network is away: it comes back, and what waits in the queue is still there
                pause = min(pause * 2, 15.0)
                continue
            pause = 1.0
            for message in found.get("Messages", []):
                with contextlib.suppress(RuntimeError):  # it ends just now
                    self._workers.submit(self._serve, message)

    def _serve(self, message: Mapping[str, Any]) -> None:
        try:
            told = json.loads(message["Body"])
            if self._is_new(told["id"]):
                request = told["request"] if "request" in told else self._stored(told["key"])
                answer = json.dumps(self._answer(request)).encode()
                self._s3.put_object(Bucket=self.store, Key=f"answers/{self.name}/{told['id']}", Body=answer)
            self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        except Exception:
            # Nobody sees a thread's exception. The function at the other end answers 504, which says where to look.
            return

    def _is_new(self, request_id: str) -> bool:
        """False for what came before: SQS delivers at least once.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
        """
        with self._lock:
            if request_id in self._seen:
                return False
            self._seen[request_id] = None
            while len(self._seen) > ONCE:
                self._seen.popitem(last=False)
            return True

    def _stored(self, key: str) -> dict[str, Any]:
        return json.loads(self._s3.get_object(Bucket=self.store, Key=key)["Body"].read())

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Makes the request on loopback. Returns what an HTTP API takes for an answer.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
        """
        import httpx

        if not request["stand_in"]:
            return _said(200, "The tunnel is open.")
        site = self.stand_ins.get(request["stand_in"])
        # The doors /_stand_in/… are for whoever sits at this machine, however they are written.
        if site is None or "_stand_in" in unquote(unquote(request["path"])):
            return _said(404, "Nobody is here.")
        body = base64.b64decode(request["body"]) if request["base64"] else request["body"].encode()
        headers = {
            name: value
            for name, value in request["headers"].items()
            if name.lower() not in DROPPED and not name.lower().startswith(("x-forwarded-", "x-amzn-"))
        }
        headers["accept-encoding"] = "identity"
        query = f"?{request['query']}" if request["query"] else ""
        try:
            answer = self._http.request(
                request["method"], site + _quoted(request["path"]) + query, headers=headers, content=body
            )
        except httpx.TimeoutException:
            return _said(504, "The stand-in did not answer in time.")
        except httpx.HTTPError:  # it is not there, or dropped the connection: what a proxy says of that
            return _said(502, "The stand-in ended the connection.")
        return self._carried(answer, site, f"{self.base}/{request['stand_in']}")

    def _carried(self, answer: Any, here: str, there: str) -> dict[str, Any]:
        """An answer as it goes to AWS: addresses of this machine in it become those that are reachable from there."""
        headers = {
            name: value.replace(here, there)
            for name, value in answer.headers.items()
            if name not in DROPPED and name != "set-cookie"
        }
        content = answer.content
        if answer.headers.get("content-type", "").startswith(TEXT):
            content = content.replace(here.encode(), there.encode())
        carried = {"statusCode": answer.status_code, "headers": headers,
                   "body": base64.b64encode(content).decode(), "isBase64Encoded": True}  # fmt: skip
        cookies = answer.headers.get_list("set-cookie")
        return carried | ({"cookies": cookies} if cookies else {})


def _quoted(path: str) -> str:
    """A path that may go into an address: what is quoted stays so."""
    return quote(path, safe="/%:@!$&'()*+,;=~-._")


def _said(status: int, message: str) -> dict[str, Any]:
    body = json.dumps({"message": message})
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}


def wait_until_open(ask: Callable[[], int], seconds: float) -> bool:
    """Asks until the answer is 200: a new API is not everywhere at once. Returns False when the time is over."""
    until, pause = time.monotonic() + seconds, 0.2
    while ask() != 200:
        if time.monotonic() > until:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)
    return True
