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
addresses, of its own. The doors `/_stand_in/…` are not reachable from outside.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import secrets
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workshop.errors import WorkshopError

ENTRANCE = Path(__file__).resolve().parent / "entrance"
SECONDS = 60.0  # the longest wait for a new API
_offered: dict[str, str] = {}
_open: dict[str, Any] = {}
_lock = threading.Lock()


def offer(name: str, address: str) -> None:
    """Says that a stand-in is at an address of this machine. Only what is offered can be reached through a tunnel."""
    _offered[name] = address.rstrip("/")


def is_here(value: Any) -> bool:
    """True for an address of this machine."""
    if not isinstance(value, str) or "://" not in value:
        return False
    try:
        host = urlsplit(value).hostname or ""
    except ValueError:
        return False
    return host == "localhost" or host.startswith("127.") or host == "::1"


def needed(service: Any) -> dict[str, str]:
    """Which stand-ins a service would be given by an address of this machine: variable -> stand-in."""
    names = {address: name for name, address in _offered.items()}
    found = {}
    for one in (service.provider, *service.functions.values()):
        for variable, value in (one.get("environment") or {}).items():
            if is_here(value) and value.rstrip("/") in names:
                found[variable] = names[value.rstrip("/")]
    return found


def lead_through(service: Any) -> None:
    """Gives a service addresses that it can reach on AWS, in place of those of this machine; opens the tunnel for them.

    Raises:
        WorkshopError: the entrance cannot be deployed or does not answer.
    """
    wanted = needed(service)
    if not wanted:
        return
    base = opened()
    for one in (service.provider, *service.functions.values()):
        variables = one.get("environment") or {}
        for variable, stand_in in wanted.items():
            if variable in variables:
                one["environment"] = {**one["environment"], variable: f"{base}/{stand_in}"}


def opened() -> str:
    """The public address of this process's tunnel; deploys the entrance and starts the agent when there is none yet, or
    when `workshop clean` has removed it meanwhile.
    """
    with _lock:
        if _open and _ask(_open["base"]) != 200:
            close()
        if not _open:
            _begin()
        return _open["base"]


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
    from workshop import serverless, show
    from workshop.on_aws import personal
    from workshop.on_aws.names import TAG, tag_value
    from workshop.on_aws.tunnel.agent import Agent, wait_until_open
    from workshop.serverless.aws import clients

    show.say(
        "The third parties' stand-ins run on this machine. A Lambda function takes AWS's requests to them, for as long "
        "as this notebook runs."
    )
    service = personal.load(ENTRANCE)
    with show.Progress(f"Deploying {service.stack}", brief=True) as progress:
        deployed = serverless.deploy(service, on_step=progress)
    session = secrets.token_hex(16)
    name = hashlib.sha256(session.encode()).hexdigest()[:32]  # queues can be listed by others; it does not tell
    mine = clients(os.environ["AWS_REGION"])
    # A request that nobody fetched for a minute, SQS's least, is nobody's any more.
    queue = mine.get("sqs").create_queue(
        QueueName=f"stand-ins-{service.stage}-{name}", tags={TAG: tag_value()},
        Attributes={"MessageRetentionPeriod": "60", "VisibilityTimeout": "60"},
    )["QueueUrl"]  # fmt: skip
    base = f"{deployed.endpoints[0].url.rstrip('/')}/{session}"
    agent = Agent(mine, queue=queue, name=name, store=deployed.outputs["Store"], base=base, stand_ins=_offered)
    _open.update(base=base, agent=agent)
    atexit.register(close)
    if not wait_until_open(lambda: _ask(base), SECONDS):
        close()
        raise WorkshopError(
            "The way from AWS to the stand-ins on this machine does not work: its function was deployed, and its API "
            f"gave no answer from here within {SECONDS:.0f} seconds.",
            where=service.stack,
            fix="Run the cell again. A network that does not let SQS or S3 through would be a reason, too.",
        )


def _ask(base: str) -> int:
    """What the tunnel answers at its own address: 200 when a request comes through and back; 0 without an answer."""
    import httpx

    try:
        return httpx.get(base, timeout=30).status_code
    except httpx.HTTPError:
        return 0
