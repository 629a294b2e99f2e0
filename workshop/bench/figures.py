"""A measured figure and the machine it was measured on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workshop.show.numbers import median, spread

# key -> (what it is, unit, target of this project or None). The order is the report's.
KNOWN: dict[str, tuple[str, str, float | None]] = {
    "answering": ("cold process -> hello world answers over HTTP", "s", 3.0),
    "lab": ("second start -> JupyterLab's page, from its URL", "s", 3.0),
    "ready": ("ready to take requests", "s", None),
    "deploy_first": ("first deploy", "s", 0.3),
    "deploy_changed": ("deploy, code changed", "s", 0.2),
    "deploy_unchanged": ("deploy, nothing changed", "s", 0.1),
    "python": ('python -c "import json, http.client"', "ms", None),
    "cold": ("cold GET", "ms", None),
    "cold_ratio": ("cold GET / that python", "x", 1.5),
    "warm_p50": ("warm GET, p50", "ms", 1.5),
    "warm_p99": ("warm GET, p99", "ms", None),
    "printing_p50": ("warm GET of a function that prints, p50", "ms", 1.5),
    "rps_1": ("requests a second, 1 connection", "/s", None),
    "rps_8": ("requests a second, 8 connections", "/s", 2500.0),
    "rps_32": ("requests a second, 32 connections", "/s", None),
    "wrk_32": ("the same by wrk, 32 connections", "/s", None),
    "memory_idle": ("memory, idle", "MB", None),
    "memory_after": ("memory after the load", "MB", None),
    "growth": ("the cloud after 100,000 requests that print / before", "x", 1.1),
    "simulator": ("simulated requests", "M/s", None),
    "simfaas": ("simulator's events beside SimFaaS's", "x", 100.0),
    "notebooks": ("all notebooks, two at a time", "s", 120.0),
    "in_turn": ("all notebooks, one after the other", "s", None),
}
MORE_IS_BETTER = ("rps_1", "rps_8", "rps_32", "wrk_32", "simulator", "simfaas")


@dataclass
class Figure:
    """One figure: `key` is one of `KNOWN`; `values` are the repeats, warm-up left out; `note` says what was odd."""

    key: str
    values: list[float]
    note: str = ""

    @property
    def label(self) -> str:
        """What it is."""
        return KNOWN[self.key][0]

    @property
    def unit(self) -> str:
        """What it is in."""
        return KNOWN[self.key][1]

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)

    def holds(self) -> bool | None:
        """Whether this project's target is met; None without one."""
        target = KNOWN[self.key][2]
        if target is None:
            return None
        return self.median >= target if self.key in MORE_IS_BETTER else self.median <= target

    def text(self) -> str:
        """`0.12 (0.11 to 0.14) s`, or without a range when it was measured once."""
        low, high = spread(self.values)
        around = f" ({short(low)} to {short(high)})" if len(self.values) > 2 else ""
        return f"{short(self.median)}{around} {self.unit}".replace(" /s", "/s")


def short(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass
class Subject:
    """Everything measured of one thing. `skipped` says why there is nothing, `version` which one it was."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    skipped: str = ""
    version: str = ""

    @property
    def title(self) -> str:
        """Its name, and its version if that is known."""
        return f"{self.name} {self.version}".strip()

    def get(self, key: str) -> Figure | None:
        """The figure of a key, if it was measured."""
        return next((figure for figure in self.figures if figure.key == key), None)

    def plain(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Subject:
        """From JSON data."""
        return cls(
            data["name"],
            [Figure(**figure) for figure in data["figures"]],
            data.get("skipped", ""),
            data.get("version", ""),
        )


def repeated(work: Callable[[], float | None], repeats: int, *, warm_up: int = 1) -> list[float]:
    """Seconds of each repeat: what `work` returns, or its own wall time when it returns None."""
    values = []
    for n in range(warm_up + repeats):
        began = time.perf_counter()
        measured = work()
        wall = time.perf_counter() - began
        if n >= warm_up:
            values.append(wall if measured is None else measured)
    return values


def machine() -> str:
    """One line: processor, cores, memory, system, Python. No names of the machine or its user."""
    import psutil

    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        processor = next(named, "") or processor
    memory = psutil.virtual_memory().total / 2**30
    cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{processor}, {cores} cores, {memory:.0f} GB, {system}, Python {platform.python_version()}"
