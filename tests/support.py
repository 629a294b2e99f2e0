"""What several tests do with a cloud: make a role and a function by plain boto3, watch processes."""

from __future__ import annotations

import io
import json
import os
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import psutil

LONGEST = 300.0  # seconds: a bound that only a failing test, or a very slow machine, ever comes near
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
MAY_LOG = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": "arn:aws:logs:*:*:*",
            }
        ],
    }
)


def fresh_environment(**more: str) -> dict[str, str]:
    """The environment of a reader who has connected to nothing yet: what the session's cloud has set is left out."""
    from workshop.cloud.switch import PARTNER_VARIABLES

    ours = ("AWS_", "WORKSHOP_CLOUD", "WORKSHOP_SUFFIX", *PARTNER_VARIABLES.values())
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


def unique(stem: str) -> str:
    """A name that no other test uses."""
    return f"{stem}-{uuid.uuid4().hex[:8]}"


def zipped(files: dict[str, str]) -> bytes:
    """Files as a zip in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def make_role(client: Callable[..., Any], policy: str = MAY_LOG) -> str:
    """A role that Lambda may take. Returns its ARN."""
    name = unique("role")
    arn = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
    return arn


def make_function(client: Callable[..., Any], source: str, **settings: Any) -> str:
    """A Python function whose `handler.handler` is in `source`. Returns its name."""
    name = settings.pop("name", None) or unique("function")
    options = {"Runtime": "python3.11", "Handler": "handler.handler", "Timeout": 10, "MemorySize": 256} | settings
    options.setdefault("Role", make_role(client))
    client("lambda").create_function(FunctionName=name, Code={"ZipFile": zipped({"handler.py": source})}, **options)
    return name


def invoke(client: Callable[..., Any], name: str, payload: Any = None) -> tuple[Any, str | None]:
    """Invokes and waits. Returns the answer (parsed) and `FunctionError`."""
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload).encode())
    return json.loads(answer["Payload"].read() or b"null"), answer.get("FunctionError")


def gone(pids: list[int], within: float = LONGEST) -> bool:
    """True when none of these processes runs any more."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not any(is_running(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def is_running(pid: int) -> bool:
    """True for a process that runs or is stopped; a zombie is over."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def descendants(pid: int | None = None) -> list[int]:
    """The processes below one (this one by default)."""
    return [child.pid for child in psutil.Process(pid or os.getpid()).children(recursive=True)]
