"""A stand-in served as the cloud serves it: uvicorn on a loopback port, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

import httpx
import uvicorn

from tests.support import LONGEST
from workshop.core import net
from workshop.partners import PARTNERS, PartnerContext


@contextmanager
def served(name: str, clock: Callable[[], float] = time.time) -> Iterator[str]:
    """Serves one stand-in while the block runs; gives its address. `clock` gives it a time of its own."""
    sock = net.bind(what=name)
    url = f"http://{net.LOOPBACK}:{sock.getsockname()[1]}"
    module, _, factory = PARTNERS[name].partition(":")
    app = getattr(import_module(module), factory)(PartnerContext(clock=clock, urls={name: url}))
    config = uvicorn.Config(
        net.LoopbackOnly(app),
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="error",
        timeout_graceful_shutdown=1,
        server_header=False,
        date_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    yield url
    server.should_exit = True
    thread.join()


def under_way(url: str) -> bool:
    """True while the stand-in at this address works on somebody's request."""
    return any(entry["status"] is None for entry in httpx.get(f"{url}/_stand_in/requests").json())


def eventually(true: Callable[[], object], seconds: float = LONGEST) -> bool:
    """Asks again and again until it is true; False when that takes longer than `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


class Moving:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = 1_790_000_000.0  # September 2026

    def __call__(self) -> float:
        return self.time
