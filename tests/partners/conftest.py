"""Stand-ins served as the cloud serves them: a uvicorn server on a loopback port each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module

import pytest
import uvicorn

from workshop import net
from workshop.partners import PARTNERS, PartnerContext


@pytest.fixture
def stand_in() -> Iterator[Callable[..., str]]:
    """`stand_in("github")` serves one and returns its address; `clock` gives it a time of its own."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(name: str, clock: Callable[[], float] = time.time) -> str:
        sock = net.bind(what=name)
        url = f"http://{net.LOOPBACK}:{sock.getsockname()[1]}"
        module, _, factory = PARTNERS[name].partition(":")
        app = getattr(import_module(module), factory)(PartnerContext(clock=clock, urls={name: url}))
        config = uvicorn.Config(
            net.LoopbackOnly(app), http="httptools", ws="none", lifespan="off", log_level="error",
            timeout_graceful_shutdown=1, server_header=False, date_header=False,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        return url

    yield serve
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(5)
