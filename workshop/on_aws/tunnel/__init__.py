"""How functions on AWS reach the stand-ins: through a Lambda function of their own, the tunnel's entrance.

The stand-ins for Stripe, PayPal, GitHub, the mail provider and the back end run beside the notebook, on loopback,
which AWS cannot reach. On AWS a stand-in's address is therefore an HTTP API with one function behind it (`entrance/`).
It puts each request into an SQS queue, from which this machine takes it (`agent.py`); the answer goes back through a
bucket.

    function on AWS ──▶ HTTP API ──▶ entrance ──▶ SQS queue ──▶ agent here ──▶ stand-in on loopback
                                        ▲                          │
                                        └──────── S3 bucket ◀──────┘

Why the stand-ins themselves are not deployed: a function has no memory between two environments, and lessons kill a
back end, drop connections, look at an inbox and move a clock. Here they stay one process, with all their doors.

The stack `stand-ins-dev-<suffix>` serves every lesson of a reader; each notebook has a queue, and a secret in its
addresses, of its own. Requests and answers are signed with it, so that whoever may use the queue or the bucket cannot
have this machine do anything. The doors `/_stand_in/…` are not reachable from outside.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workshop.core.errors import WorkshopError
from workshop.core.net import is_loopback
from workshop.core.telling import say

ENTRANCE = Path(__file__).resolve().parent / "entrance"
SECONDS = 60.0  # the longest wait for a new API
AT_IT = 300.0  # and for somebody else's deploy of the same stack
# What AWS, or the deploy tool, says of two deploys that began at the same moment.
MET = ("AlreadyExists", "_IN_PROGRESS", "(404)", "is under way", "was removed while")
GONE = {403, 404, 503}  # of an API, or a queue, that is not there any more
_offered: dict[str, str] = {}
_open: dict[str, Any] = {}
_lock = threading.Lock()


def offer(name: str, address: str) -> None:
    """Says that a stand-in is at an address of this machine. Only what is offered can be reached through a tunnel."""
    _offered[name] = address.rstrip("/")


def has_stand_ins() -> bool:
    """True where stand-ins run beside this process, so that a service may need the tunnel."""
    return bool(_offered)


def is_here(value: Any) -> bool:
    """True for an address of this machine."""
    if not isinstance(value, str) or "://" not in value:
        return False
    try:
        return is_loopback(urlsplit(value).hostname or "")
    except ValueError:
        return False


def leads_to(value: Any) -> tuple[str, str] | None:
    """Which stand-in an address of this machine leads to, and the path and query behind it; None for other values."""
    if not is_here(value):
        return None
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    for name, address in _offered.items():
        if parts.scheme == "http" and "@" not in parts.netloc and port == urlsplit(address).port:
            rest = value.partition(parts.netloc)[2]
            return name, "" if rest == "/" else rest
    return None


def is_needed(service: Any) -> bool:
    """True when a service would be given the address of a stand-in on this machine."""
    return any(
        leads_to(value)
        for one in (service.provider, *service.functions.values())
        for value in (one.get("environment") or {}).values()
    )


def lead_through(service: Any) -> None:
    """Gives a service addresses that it can reach on AWS, in place of those of this machine; opens the tunnel for them.

    Raises:
        WorkshopError: the entrance cannot be deployed or does not answer.
    """
    if not is_needed(service):
        return
    base = opened()
    for one in (service.provider, *service.functions.values()):
        variables = one.get("environment") or {}
        found = {variable: leads_to(value) for variable, value in variables.items()}
        led = {variable: f"{base}/{''.join(to)}" for variable, to in found.items() if to}
        if led:
            one["environment"] = {**variables, **led}


def opened() -> str:
    """The public address of this process's tunnel; deploys the entrance and starts the agent when there is none yet, or
    when `workshop clean` has removed it meanwhile.

    Raises:
        WorkshopError: the entrance cannot be deployed or does not answer.
    """
    from workshop.on_aws.tunnel.agent import wait_until_open

    with _lock:
        if _open:
            # What was deployed before has this address: it is given up only for one that leads nowhere any more.
            answers: list[int] = []

            def hopeless(status: int) -> bool:
                answers.append(status)
                refused = _open["agent"].refused is not None
                return len(answers) > 2 and (set(answers[-3:]) <= GONE or refused or not _is_there())

            if wait_until_open(lambda: _ask(_open["base"]), SECONDS, hopeless):
                return _open["base"]
            if not set(answers[-1:]) <= GONE and _is_there():
                raise _shut()
            close()
        _begin()
        return _open["base"]


def _is_there() -> bool:
    """False when the entrance's stack is gone, and with it perhaps its name in the DNS."""
    from workshop.serverless.aws import clients
    from workshop.serverless.stacks import Stack

    try:
        return Stack(clients(os.environ["AWS_REGION"]), _open["stack"]).describe() is not None
    except Exception:  # AWS does not say: then nothing is given up
        return True


def is_mine(name: str) -> bool:
    """True for the queue of this process, which goes with it."""
    return bool(_open) and name == _open["agent"].queue


def is_entrance(stack: str) -> bool:
    """True for the stack that every lesson's tunnel begins at."""
    return stack.startswith("stand-ins-")


def close() -> None:
    """Ends this process's agent and deletes its queue. The entrance stays deployed; it costs nothing while idle."""
    agent = _open.pop("agent", None)
    _open.clear()
    if agent is not None:
        agent.close()


def _begin() -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    from workshop.core.aws_errors import trouble
    from workshop.on_aws import personal
    from workshop.on_aws.tunnel.agent import wait_until_open

    service = personal.load(ENTRANCE)
    say(
        f"The third parties' stand-ins run on this machine. The stack {service.stack}, an HTTP API with a function, "
        "takes AWS's requests to them for as long as this notebook runs. It stays for the next lessons; idle it costs "
        "nothing."
    )
    deployed = _deployed(service)
    try:
        _start(service, deployed)
    except (BotoCoreError, ClientError) as error:
        reason = trouble(error)
        raise WorkshopError(
            f"The way from AWS to the stand-ins on this machine cannot be opened. {reason.what}", fix=reason.fix
        ) from None
    agent = _open["agent"]
    if not wait_until_open(lambda: _ask(_open["base"], 8), SECONDS, lambda _: agent.refused is not None):
        error = _shut()
        close()
        raise error


def _deployed(service: Any) -> Any:
    """The entrance, deployed. Another notebook of this reader's, or a cell that was interrupted, may be at the same
    stack: that is waited for.
    """
    from workshop import serverless, show
    from workshop.serverless.aws import clients
    from workshop.serverless.stacks import Stack

    stack, until, told = Stack(clients(service.region), service.stack), time.monotonic() + AT_IT, False
    while True:
        busy = str((stack.describe() or {}).get("StackStatus", "")).endswith("_IN_PROGRESS")
        if busy and time.monotonic() < until:
            if not told:
                say(f"{service.stack} is being changed just now, by another notebook or an earlier cell: waiting.")
            told = True
            time.sleep(1)
            continue
        try:
            with show.Progress(f"Deploying {service.stack}", brief=True) as progress:
                return serverless.deploy(service, on_step=progress)
        except Exception as error:
            if not any(sign in str(error) for sign in MET) or time.monotonic() > until:
                raise
            time.sleep(1)


def _start(service: Any, deployed: Any) -> None:
    """This notebook's queue, and the agent that serves it."""
    from workshop.on_aws.names import TAG, tag_value
    from workshop.on_aws.tunnel.agent import Agent
    from workshop.serverless.aws import clients

    session = secrets.token_hex(16)
    name = hashlib.sha256(session.encode()).hexdigest()[:32]  # queues can be listed by others; it does not tell
    mine = clients(os.environ["AWS_REGION"])
    # A request that nobody fetched for a minute, SQS's least, is nobody's any more. SQS keeps it encrypted.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    queue = mine.get("sqs").create_queue(
        QueueName=f"stand-ins-{service.stage}-{name}",
        tags={TAG: tag_value()},
        Attributes={"MessageRetentionPeriod": "60", "VisibilityTimeout": "60", "SqsManagedSseEnabled": "true"},
    )["QueueUrl"]
    base = f"{deployed.endpoints[0].url.rstrip('/')}/{session}"
    store = deployed.outputs["Store"]
    try:
        agent = Agent(
            mine, queue=queue, secret=session, name=name, store=store, base=base, stand_ins=_offered, tell=_tell
        )
    except Exception:
        with contextlib.suppress(Exception):
            mine.get("sqs").delete_queue(QueueUrl=queue)
        raise
    _open.update(base=base, agent=agent, stack=service.stack)
    atexit.register(close)


def _tell(error: Exception) -> None:
    """What keeps the agent from AWS, said in the notebook: its threads have no cell of their own."""
    from workshop.core.aws_errors import explain

    say(f"At the moment AWS cannot reach the stand-ins on this machine. {explain(error)}")


def _shut() -> WorkshopError:
    """Why the tunnel does not work, as far as one can tell from here."""
    from workshop.core.aws_errors import trouble

    refused = _open["agent"].refused
    reason = trouble(refused) if refused else None
    return WorkshopError(
        "The way from AWS to the stand-ins on this machine does not work. "
        + (reason.what if reason else f"Its API gave no answer from here within {SECONDS:.0f} seconds."),
        where=_open["stack"],
        fix=reason.fix
        if reason and reason.fix
        else "Run the cell again. A network that does not let SQS or S3 through would be a reason, too.",
    )


def _ask(base: str, seconds: float = 30) -> int:
    """What the tunnel answers at its own address: 200 when a request comes through and back; 0 without an answer."""
    import httpx

    try:
        return httpx.get(base, timeout=seconds).status_code
    except httpx.HTTPError:
        return 0
