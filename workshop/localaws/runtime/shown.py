"""An execution environment as a reader sees it, at `/_workshop/environments` and in the lessons' timelines."""

from __future__ import annotations

from typing import Any

from workshop.localaws.runtime.environment import Environment


def shown(environment: Environment) -> dict[str, Any]:
    """What one environment is and does now."""
    spec, process = environment.spec, environment.process
    idle = environment.engine.clock() - environment.idle_clock if environment.state == "idle" else 0.0
    return {
        "id": environment.id,
        "function": spec.name,
        "arn": spec.arn,
        "version": spec.version,
        "state": environment.state,
        "frozen": bool(process and process.frozen),
        "pid": process.pid if process else 0,
        "log_stream": environment.stream,
        "init_type": environment.init_type,
        "init_ms": environment.init_ms,
        "requests": environment.requests,
        "max_memory_mb": environment.peak_mb,
        "idle_seconds": idle,
    }
