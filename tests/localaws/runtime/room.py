"""An engine to test, functions to run on it, and what it wrote and measured."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from tests.support import LONGEST
from workshop.localaws.runtime import Engine, FunctionSpec, Invocation

Engines = Callable[..., AbstractAsyncContextManager["Room"]]
OWN_PYTHON = f"python3.{sys.version_info[1]}"


class Sink:
    """Keeps what the engine tells."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, str]] = []
        self.invocations: list[Invocation] = []

    def write(self, spec: FunctionSpec, stream: str, events: list[tuple[int, str]]) -> None:
        self.events += [(stream, at, message) for at, message in events]

    def finished(self, spec: FunctionSpec, invocation: Invocation) -> None:
        self.invocations.append(invocation)


class Room:
    """An engine with its sink, and a folder for code."""

    def __init__(self, engine: Engine, sink: Sink, folder: Path) -> None:
        self.engine, self.sink, self.folder = engine, sink, folder
        self.count = 0

    def function(
        self,
        code: str | dict[str, str],
        *,
        name: str = "",
        runtime: str = OWN_PYTHON,
        handler: str = "app.handler",
        layers: list[dict[str, str]] | None = None,
        **changes: Any,
    ) -> FunctionSpec:
        """A function from its source, or from files by name; layers likewise."""
        self.count += 1
        name = name or f"function{self.count}"
        folder = self.write(code if isinstance(code, dict) else {"app.py": code})
        spec = {
            "arn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}",
            "name": name,
            "version": "$LATEST",
            "runtime": runtime,
            "handler": handler,
            "memory_size": 256,
            "timeout": 10.0,
            "code_dir": folder,
            "layer_dirs": tuple(self.write(files) for files in layers or ()),
        }
        return FunctionSpec(**{**spec, **changes})

    def write(self, files: dict[str, str]) -> Path:
        """A folder with these files; `bootstrap` and what is in `bin` can be executed."""
        self.count += 1
        folder = self.folder / f"files{self.count}"
        folder.mkdir()
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
            if path.name == "bootstrap" or path.parent.name == "bin":
                path.chmod(0o755)
        return folder

    async def call(self, spec: FunctionSpec, event: Any = None, **options: Any) -> Any:
        """The decoded answer of a request that succeeds."""
        invocation = await self.engine.invoke(spec, json.dumps(event).encode(), **options)
        assert invocation.function_error is None, (invocation.payload, self.lines)
        return json.loads(invocation.payload)

    async def process(self, spec: FunctionSpec, event: Any = None) -> int:
        """The process that answered a request, by its number on this machine; in a function it may have another."""
        invocation = await self.engine.invoke(spec, json.dumps(event).encode())
        assert invocation.function_error is None, (invocation.payload, self.lines)
        return invocation.pid

    async def fail(self, spec: FunctionSpec, event: Any = None) -> dict[str, Any]:
        """The error document of a request that fails."""
        invocation = await self.engine.invoke(spec, json.dumps(event).encode())
        assert invocation.function_error == "Unhandled", invocation
        return json.loads(invocation.payload)

    @property
    def lines(self) -> list[str]:
        """Every message logged, in order."""
        return [message for _, _, message in self.sink.events]

    @property
    def last(self) -> Invocation:
        """The invocation that ended last."""
        return self.sink.invocations[-1]


async def until(condition: Callable[[], Any], seconds: float = LONGEST) -> None:
    """Wait until something is true; fails the test when it never is."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it never came true"
        await asyncio.sleep(0.005)
