"""The tunnel's end on this machine: takes requests out of the queue, makes them on loopback, brings the answers back.

Threads of the notebook's own process; they end with it. Nothing listens: all connections go out, to SQS and S3.
Whoever else may send to the queue or write into the bucket is not heard: each request is signed with the session's
secret, which only its address holds, and so is each answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from workshop.on_aws.tunnel.request import answer_to, said
from workshop.serverless.aws import error_code

LISTENERS = 2  # long polls at the same time, ten messages each
AT_ONCE = 64
WAIT = 20  # seconds of one long poll, SQS's longest
ONCE = 10_000  # ids that are remembered: SQS may deliver a message twice, and a payment must not be made twice
SECONDS = 27.0  # for one request; the other end waits no longer
OLDEST = 60.0  # seconds between signing and making: a message that is older was kept and played again
BEAT = 3.0  # seconds between two signs of life; the entrance believes in one for ten
KEPT = 30.0  # seconds: an answer was fetched by then, or never will be
FORGOTTEN = 120.0  # seconds: what is older in the bucket was left by a kernel or a function that was killed
MOST = 1000  # keys of one DeleteObjects: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: six megabytes, and some bytes to spare
LONGEST = 6_200_000


class Agent:
    """Serves one session's queue.

    Args:
        clients: boto3 clients of the reader's account (`workshop.serverless.aws.Clients`).
        queue: the queue's URL.
        secret: the session's secret.
        name: the session's public name, which keys in the bucket begin with.
        store: the bucket.
        base: the session's public address, without a slash at the end.
        stand_ins: name -> address on this machine; may change while the agent runs.
        tell: called with what AWS refuses, once until it works again.
    """

    def __init__(
        self,
        clients: Any,
        *,
        queue: str,
        secret: str,
        name: str,
        store: str,
        base: str,
        stand_ins: Mapping[str, str],
        tell: Callable[[Exception], None],
    ) -> None:
        import httpx
        from botocore.config import Config

        style: Any = {"addressing_style": "auto" if clients.is_aws else "path"}
        long = Config(
            max_pool_connections=AT_ONCE + LISTENERS,
            read_timeout=WAIT + 20,
            s3=style,
            retries={"mode": "standard", "total_max_attempts": 5},
        )
        self._sqs, self._s3 = (clients.session.client(service, config=long) for service in ("sqs", "s3"))
        # Whoever ends a kernel waits for this, and the network may be away.
        short = Config(connect_timeout=2, read_timeout=3, s3=style, retries={"total_max_attempts": 1})
        self._last = {service: clients.session.client(service, config=short) for service in ("sqs", "s3")}
        self._secret, self.dropped = secret, 0
        self.queue, self.name, self.store, self.base, self.stand_ins = queue, name, store, base, stand_ins
        self.refused: Exception | None = None
        self._since = 0.0
        self._tell = tell
        self._http = httpx.Client(trust_env=False, timeout=SECONDS, limits=httpx.Limits(max_connections=None))
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._written: deque[tuple[float, str]] = deque()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._beat(self._s3)  # who asks from now on finds somebody
        threading.Thread(target=self._live, daemon=True, name="tunnel").start()
        for _ in range(LISTENERS):
            threading.Thread(target=self._listen, daemon=True, name="tunnel").start()

    def close(self) -> None:
        """Ends it and deletes the queue, so that a service which still asks is told that nobody is here. What went
        through the bucket is deleted, too.
        """
        if self._over.is_set():
            return
        self._over.set()
        with contextlib.suppress(Exception):  # the queue forgets its messages after a minute, and `clean` finds it
            self._last["sqs"].delete_queue(QueueUrl=self.queue)
            self._last["s3"].delete_object(Bucket=self.store, Key=f"alive/{self.name}")
            self._tidy(self._last["s3"], 0.0)
        self._http.close()

    def _live(self) -> None:
        """Signs of life, so that after a kill a request is answered at once and not after half a minute."""
        swept = 0.0
        while not self._over.is_set():
            with contextlib.suppress(Exception):  # AWS refuses or the network is away: the listeners say so
                self._beat(self._s3)
                if time.monotonic() - swept > FORGOTTEN:
                    swept = time.monotonic()
                    self._sweep()
            self._over.wait(BEAT)

    def _beat(self, s3: Any) -> None:
        s3.put_object(Bucket=self.store, Key=f"alive/{self.name}", Body=b"")

    def _sweep(self) -> None:
        """Deletes what others left in the bucket that were killed: bodies may hold a key. Both times are S3's: this
        notebook's own sign of life was written a moment ago.
        """
        now = self._s3.head_object(Bucket=self.store, Key=f"alive/{self.name}")["LastModified"]
        for folder in ("requests/", "answers/", "alive/"):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.store, Prefix=folder):
                old = [
                    {"Key": one["Key"]}
                    for one in page.get("Contents", [])
                    if (now - one["LastModified"]).total_seconds() > FORGOTTEN
                ]
                if old:
                    self._s3.delete_objects(Bucket=self.store, Delete={"Objects": old, "Quiet": True})

    def _listen(self) -> None:
        pause = 1.0
        while not self._over.is_set():
            began = time.monotonic()
            try:
                found = self._sqs.receive_message(
                    QueueUrl=self.queue,
                    MaxNumberOfMessages=10,
                    WaitTimeSeconds=WAIT,
                    MessageSystemAttributeNames=["SentTimestamp"],
                )
            except Exception as error:
                if self._over.is_set() or "NonExistentQueue" in error_code(error):
                    return
                self._is_refused(error)
                self._over.wait(pause)  # the network comes back, and what waits in the queue is still there
                pause = min(pause * 2, 15.0)
                continue
            pause = 1.0
            if began > self._since:  # another listener's poll that began before says nothing
                self.refused = None
            for message in found.get("Messages", []):
                told = self._heard(message)
                if told is None:
                    self.dropped += 1
                    self._delete(message)
                elif not is_late(found, message):
                    self._begin(message, told)
            self._tidy(self._s3, KEPT)

    def _is_refused(self, error: Exception) -> None:
        with self._lock:
            first = self.refused is None
            self.refused, self._since = error, time.monotonic()
        if first:
            with contextlib.suppress(Exception):  # a thread that cannot say it goes on all the same
                self._tell(error)

    def _heard(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the entrance told; None for what it did not sign, or signed too long ago."""
        try:
            sent = json.loads(message["Body"])
            text = sent["told"]
            if not hmac.compare_digest(sent["signature"], signed(self._secret, "request", text)):
                return None
            told = json.loads(text)
            # The entrance's clock and the queue's are both AWS's.
            if abs(int(message["Attributes"]["SentTimestamp"]) / 1000 - told["at"]) > OLDEST:
                return None
            return told if isinstance(told["id"], str) else None
        except (KeyError, ValueError, TypeError, AttributeError):
            return None

    def _delete(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(Exception):
            self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def _begin(self, message: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        """A thread for one request. Unlike a pool's, it does not keep the kernel from ending."""
        self._free.acquire()
        try:
            threading.Thread(target=self._serve, args=(message, told), daemon=True, name="tunnel").start()
        except RuntimeError:  # the interpreter ends just now
            self._free.release()

    def _serve(self, message: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        # Nobody sees a thread's exception. The function at the other end answers 504, which says where to look.
        try:
            with contextlib.suppress(Exception):
                if self._is_new(told["id"]):
                    text = self._answered(told).decode()
                    signature = signed(self._secret, f"answer {told['id']}", text)
                    content = json.dumps({"answer": text, "signature": signature}).encode()
                    self._write(f"answers/{self.name}/{told['id']}", content)
                self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        finally:
            self._free.release()

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

    def _answered(self, told: Mapping[str, Any]) -> bytes:
        """The answer to what the other end asks for, as it lies in the bucket."""
        request = self._stored(told) if "sha256" in told else told
        if request is None:
            return json.dumps(said(502, "The request in the bucket is not the one that was sent.")).encode()
        try:
            answer = answer_to(request, self._http, dict(self.stand_ins), self.base, LONGEST, SECONDS)
        except Exception as error:  # nothing unforeseen may cost the caller half a minute
            answer = said(502, f"The request could not be made ({type(error).__name__}).")
        content = json.dumps(answer).encode()
        if len(content) > LONGEST:
            return json.dumps(said(502, "The answer is longer than a Lambda function may give: 6 MB.")).encode()
        return content

    def _stored(self, told: Mapping[str, Any]) -> dict[str, Any] | None:
        """A long request; None when the bucket has another than the one that was signed."""
        key = f"requests/{self.name}/{told['id']}"
        content = self._s3.get_object(Bucket=self.store, Key=key)["Body"].read()
        self._written.append((time.monotonic(), key))
        if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), told["sha256"]):
            return None
        request: dict[str, Any] = json.loads(content)
        return request

    def _write(self, key: str, content: bytes) -> None:
        self._s3.put_object(Bucket=self.store, Key=key, Body=content)
        self._written.append((time.monotonic(), key))

    def _tidy(self, s3: Any, seconds: float) -> None:
        """Deletes what has lain in the bucket for so long: requests and answers hold secrets. Usually the entrance was
        quicker; what neither deletes is swept away by the next notebook, or goes with the bucket's rule after a day.
        """
        keys = []
        with self._lock:
            while self._written and self._written[0][0] <= time.monotonic() - seconds:
                keys.append({"Key": self._written.popleft()[1]})
        for at in range(0, len(keys), MOST):
            with contextlib.suppress(Exception):
                s3.delete_objects(Bucket=self.store, Delete={"Objects": keys[at : at + MOST], "Quiet": True})


def signed(secret: str, kind: str, text: str) -> str:
    """HMAC-SHA256 with the session's secret, as the entrance makes it (`entrance/handler.py`)."""
    return hmac.new(secret.encode(), f"{kind}\n{text}".encode(), hashlib.sha256).hexdigest()


def is_late(answer: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
    """True for a request that nobody waits for any more, because this machine slept or was offline: making it now would
    make a payment whose maker was told that it failed. Both times are AWS's, since this machine's clock may be wrong.
    """
    with contextlib.suppress(KeyError, ValueError, TypeError):
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
        return now - int(message["Attributes"]["SentTimestamp"]) / 1000 > SECONDS
    return False


def wait_until_open(ask: Callable[[], int], seconds: float, given_up: Callable[[int], bool] = lambda _: False) -> bool:
    """Asks until the answer is 200: a new API is not everywhere at once. Returns False when the time is over, or when
    an answer leaves no hope.
    """
    until, pause = time.monotonic() + seconds, 0.2
    while (status := ask()) != 200:
        if given_up(status) or time.monotonic() > until:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)
    return True
