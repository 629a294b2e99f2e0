"""What the execution engine costs by itself: `python benchmarks/engine.py`.

Prints requests a second, one after the other and eight at once, the engine's own processor time for each, and cold
starts beside `python -c "import json, http.client"`. Every request is logged; the sink keeps nothing.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workshop.localaws.runtime import Engine, EngineSettings, FunctionSpec

SOURCE = """
def silent(event, context):
    return event

def printing(event, context):
    print(event)
    return event
"""
EVENT = b'{"path": "/hello", "name": "world"}'


class Nowhere:
    """A sink that counts."""

    events = 0

    def write(self, spec: FunctionSpec, stream: str, events: list[tuple[int, str]]) -> None:
        self.events += len(events)

    def finished(self, spec: FunctionSpec, invocation: object) -> None:
        """Nothing to keep."""


def function(folder: Path, handler: str, revision: int = 0) -> FunctionSpec:
    """A function of the file above."""
    arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{handler}"
    runtime = f"python3.{sys.version_info[1]}"
    return FunctionSpec(arn, handler, "$LATEST", runtime, f"app.{handler}", 256, 10.0, folder, revision=str(revision))


async def warm(engine: Engine, spec: FunctionSpec, workers: int, count: int) -> tuple[float, float, float]:
    """Requests a second, the median milliseconds of one, and the engine's processor time for each in microseconds."""
    await asyncio.gather(*(engine.invoke(spec, EVENT) for _ in range(workers)))
    spent: list[float] = []

    async def work() -> None:
        for _ in range(count // workers):
            began = time.perf_counter()
            await engine.invoke(spec, EVENT)
            spent.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(workers)))
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    return len(spent) / seconds, statistics.median(spent) * 1000, used / len(spent) * 1e6


async def cold(engine: Engine, folder: Path, count: int) -> float:
    """Median milliseconds of a request that finds no environment."""
    spent = []
    for revision in range(1, count + 1):
        spec = replace(function(folder, "silent"), revision=str(revision))
        began = time.perf_counter()
        await engine.invoke(spec, EVENT)
        spent.append((time.perf_counter() - began) * 1000)
        engine.retire(spec.arn)
    return statistics.median(spent)


def plain(count: int) -> float:
    """Median milliseconds of a plain interpreter that imports JSON and HTTP."""
    spent = []
    for _ in range(count):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import json, http.client"], check=True)
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(SOURCE, encoding="utf-8")
        for isolation in ("auto", "paths"):
            engine = Engine(Nowhere(), EngineSettings(isolation=isolation))
            await engine.start()
            print(f"folders by {engine.isolation}")
            for handler in ("silent", "printing"):
                for workers in (1, 8):
                    rate, median, used = await warm(engine, function(folder, handler), workers, 8000)
                    figures = f"{rate:6.0f} requests/s, median {median:5.2f} ms, engine {used:4.0f} µs each"
                    print(f"  warm, {handler:8} x{workers}: {figures}")
            print(f"  cold: median {await cold(engine, folder, 20):.1f} ms")
            await engine.close()
        print(f'python -c "import json, http.client": median {plain(20):.1f} ms')


if __name__ == "__main__":
    asyncio.run(main())
