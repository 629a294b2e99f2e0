"""The lines that Lambda itself writes around what a function writes.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

from __future__ import annotations

from workshop.localaws.runtime.model import FunctionSpec, Invocation


def init_start(spec: FunctionSpec) -> str:
    """The first line of an environment's log stream."""
    family, _, number = spec.runtime.partition("python")
    name = f"python:{number}.v1" if not family and number else f"{spec.runtime}.v1"
    arn = f"arn:aws:lambda:{spec.region}::runtime:{'0' * 64}"
    return f"INIT_START Runtime Version: {name}\tRuntime Version ARN: {arn}\n"


def init_report(milliseconds: float, phase: str, status: str, error_type: str = "") -> str:
    """An init phase that failed or was too long."""
    error = f"\tError Type: {error_type}" if error_type else ""
    return f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: {phase}\tStatus: {status}{error}\n"


def start(request_id: str, version: str) -> str:
    """A request begins."""
    return f"START RequestId: {request_id} Version: {version}\n"


def end(request_id: str) -> str:
    """A request is over."""
    return f"END RequestId: {request_id}\n"


def report(invocation: Invocation, memory_size: int, error_type: str = "") -> str:
    """What a request took."""
    parts = [
        f"REPORT RequestId: {invocation.request_id}",
        f"Duration: {invocation.duration_ms:.2f} ms",
        f"Billed Duration: {invocation.billed_ms} ms",
        f"Memory Size: {memory_size} MB",
        f"Max Memory Used: {invocation.max_memory_mb} MB",
    ]
    if invocation.init_ms is not None:
        parts.append(f"Init Duration: {invocation.init_ms:.2f} ms")
    line = "\t".join(parts) + "\t"
    if invocation.status != "success" and (error_type or invocation.status == "timeout"):
        line += f"Status: {invocation.status}" + (f"\tError Type: {error_type}" if error_type else "")
    return line + "\n"
