"""The lines that Lambda itself writes around what a function writes, as text or as JSON.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
import time

from workshop.localaws.runtime.model import FunctionSpec, Invocation

LEVELS = {"DEBUG": 0, "INFO": 1, "WARN": 2}


def frames_for(spec: FunctionSpec) -> TextFrames:
    """The frames in the format that the function's logging configuration asks for."""
    return JsonFrames(spec) if spec.log_format == "JSON" else TextFrames(spec)


def runtime_version(spec: FunctionSpec, version: str) -> str:
    """Such as `python:3.12.v1`; AWS counts its builds, here the interpreter's own patch number stands."""
    patch = version.split(".")[-1] if version else "1"
    for family in ("python", "nodejs", "provided."):
        if spec.runtime.startswith(family):
            return f"{family.rstrip('.')}:{spec.runtime.removeprefix(family).removesuffix('.x')}.v{patch}"
    return f"{spec.runtime}.v{patch}"


def stamp(at: float) -> str:
    """A moment as AWS writes it, with milliseconds."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at))}.{int(at * 1000) % 1000:03d}Z"


class TextFrames:
    """Each method gives the message of one log event, or an empty text where the format has none."""

    def __init__(self, spec: FunctionSpec) -> None:
        self.spec = spec
        self.arn = f"arn:aws:lambda:{spec.region}::runtime:{'0' * 64}"

    def init_start(self, interpreter_version: str, init_type: str, at: float) -> str:
        """The first line of an environment's log stream."""
        name = runtime_version(self.spec, interpreter_version)
        return f"INIT_START Runtime Version: {name}\tRuntime Version ARN: {self.arn}\n"

    def init_report(self, spent: float, phase: str, status: str, error_type: str, init_type: str, at: float) -> str:
        """An init phase that failed or was too long; `spent` in milliseconds."""
        error = f"\tError Type: {error_type}" if error_type else ""
        return f"INIT_REPORT Init Duration: {spent:.2f} ms\tPhase: {phase}\tStatus: {status}{error}\n"

    def start(self, request_id: str, at: float) -> str:
        """A request begins."""
        return f"START RequestId: {request_id} Version: {self.spec.version}\n"

    def timeout(self, request_id: str, message: str, at: float) -> str:
        """A request ran out of time."""
        return f"{stamp(at)} {request_id} {message}\n\n"

    def crash(self, request_id: str, message: str, error_type: str, at: float) -> str:
        """The process ended before it answered."""
        return f"RequestId: {request_id} Error: {message}\n{error_type}\n"

    def end(self, request_id: str, status: str, at: float) -> str:
        """A request is over; `status` as of the report."""
        return f"END RequestId: {request_id}\n"

    def report(self, invocation: Invocation, error_type: str, at: float) -> str:
        """What a request took. `error_type` is set when Lambda, not the handler, ended it."""
        line = (
            f"REPORT RequestId: {invocation.request_id}\tDuration: {invocation.duration_ms:.2f} ms\t"
            f"Billed Duration: {invocation.billed_ms} ms\tMemory Size: {self.spec.memory_size} MB\t"
            f"Max Memory Used: {invocation.max_memory_mb} MB\t"
        )
        if invocation.init_ms is not None:
            line += f"Init Duration: {invocation.init_ms:.2f} ms\t"
        if invocation.status == "timeout":
            line += "Status: timeout"
        elif error_type:
            line += f"Status: error\tError Type: {error_type}"
        return line + "\n"


class JsonFrames(TextFrames):
    """The same as JSON objects; events below the function's system log level are left out."""

    def event(self, kind: str, record: dict[str, object], level: str, at: float) -> str:
        """One JSON line."""
        if LEVELS[level] < LEVELS.get(self.spec.system_log_level or "INFO", 1):
            return ""
        fields = {"time": stamp(at), "type": f"platform.{kind}", "record": record}
        return json.dumps(fields, separators=(",", ":")) + "\n"

    def init_start(self, interpreter_version: str, init_type: str, at: float) -> str:
        record = {
            "initializationType": init_type,
            "phase": "init",
            "runtimeVersion": runtime_version(self.spec, interpreter_version),
            "runtimeVersionArn": self.arn,
            "functionName": self.spec.name,
            "functionArn": self.spec.arn,
            "functionVersion": self.spec.version,
        }
        return self.event("initStart", record, "INFO", at)

    def init_report(self, spent: float, phase: str, status: str, error_type: str, init_type: str, at: float) -> str:
        record: dict[str, object] = {"initializationType": init_type, "phase": phase, "status": status}
        if error_type:
            record["errorType"] = error_type
        record["metrics"] = {"durationMs": round(spent, 3)}
        return self.event("initReport", record, "INFO", at)

    def start(self, request_id: str, at: float) -> str:
        return self.event("start", {"requestId": request_id, "version": self.spec.version}, "INFO", at)

    def timeout(self, request_id: str, message: str, at: float) -> str:
        return self.problem(request_id, message, at)

    def crash(self, request_id: str, message: str, error_type: str, at: float) -> str:
        return self.problem(request_id, f"RequestId: {request_id} Error: {message}", at, errorType=error_type)

    def problem(self, request_id: str, message: str, at: float, **more: str) -> str:
        """An error of Lambda's own, with the fields that it gives to application logs."""
        fields = {"timestamp": stamp(at), "level": "ERROR", "message": message, **more, "requestId": request_id}
        return json.dumps(fields, separators=(",", ":")) + "\n"

    def end(self, request_id: str, status: str, at: float) -> str:
        return self.event("runtimeDone", {"requestId": request_id, "status": status}, "DEBUG", at)

    def report(self, invocation: Invocation, error_type: str, at: float) -> str:
        metrics: dict[str, object] = {
            "durationMs": round(invocation.duration_ms, 3),
            "billedDurationMs": invocation.billed_ms,
            "memorySizeMB": self.spec.memory_size,
            "maxMemoryUsedMB": invocation.max_memory_mb,
        }
        if invocation.init_ms is not None:
            metrics["initDurationMs"] = round(invocation.init_ms, 3)
        failed = invocation.status == "timeout" or error_type
        status = invocation.status if failed else "success"
        record: dict[str, object] = {"requestId": invocation.request_id, "metrics": metrics, "status": status}
        if error_type:
            record["errorType"] = error_type
        return self.event("report", record, "WARN" if failed else "INFO", at)
