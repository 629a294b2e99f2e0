"""`python -m workshop.localaws --port N`: AWS alone on a port, for developing it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from workshop.core import net


async def serve(port: int) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    import uvicorn

    from workshop.core.serving import config
    from workshop.localaws import LocalAWS

    sock = net.bind(port, what="The offline AWS")
    aws = LocalAWS()
    aws.set_url(f"http://{net.LOOPBACK}:{sock.getsockname()[1]}")
    await aws.start()
    print(aws.url, flush=True)
    server = uvicorn.Server(config(aws.asgi))
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: setattr(server, "should_exit", True))
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve(sockets=[sock])
    finally:
        await aws.stop()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m workshop.localaws")
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
