"""What the engine is told and what it answers: plain immutable data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One version of one function, with all that its execution environments need.

    Two specs that differ anywhere never share an environment: that is how an update of the code, the configuration or
    a layer reaches new requests while running ones finish.

    Units: `memory_size` MB, `timeout` seconds. `environment` holds the function's own variables plus credentials and
    endpoint; the engine adds AWS's documented ones.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """

    arn: str  # unqualified: arn:aws:lambda:region:account:function:name
    name: str
    version: str  # "$LATEST", "1", …
    runtime: str  # "python3.12", "nodejs22.x", "provided.al2023", …
    handler: str
    memory_size: int
    timeout: float
    code_dir: Path  # unzipped package: /var/task
    layer_dirs: tuple[Path, ...] = ()  # unzipped layers, in order: merged they are /opt
    environment: Mapping[str, str] = field(default_factory=dict)
    role_arn: str = ""
    region: str = "eu-west-1"
    account_id: str = "123456789012"
    log_group: str = ""
    log_format: str = "Text"  # or "JSON"
    application_log_level: str = ""  # JSON format only
    system_log_level: str = ""
    ephemeral_storage: int = 512  # MB of /tmp
    revision: str = ""  # changes with every update of code or configuration

    @property
    def key(self) -> tuple[str, str, str]:
        """What environments are pooled by."""
        return (self.arn, self.version, self.revision)


@dataclass(slots=True)
class Invocation:
    """The outcome of one request, measured. Times in milliseconds, memory in MB, `started` in epoch seconds."""

    request_id: str
    payload: bytes
    function_error: str | None = None  # None, or "Unhandled"
    executed_version: str = "$LATEST"
    log_tail: str = ""  # the last 4 KB of this request's log
    started: float = 0.0
    queued_ms: float = 0.0
    init_ms: float | None = None  # a cold start's init phase, else None
    duration_ms: float = 0.0
    billed_ms: int = 0
    max_memory_mb: int = 0
    environment_id: str = ""
    pid: int = 0
    log_stream: str = ""
    status: str = "success"  # success, error, timeout


class LogSink(Protocol):
    """Where the engine sends what functions write and how requests went. Called on the event loop; must not block."""

    def write(self, spec: FunctionSpec, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Log events of one log stream, in order: (epoch milliseconds, message)."""

    def finished(self, spec: FunctionSpec, invocation: Invocation) -> None:
        """One request is over: for metrics and timelines."""


class Throttled(Exception):
    """No environment may be started for this request: TooManyRequestsException, HTTP 429.

    `reason` is AWS's: ReservedFunctionConcurrentInvocationLimitExceeded or ConcurrentInvocationLimitExceeded.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__("Rate Exceeded.")
