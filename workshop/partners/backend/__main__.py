"""A strict back end in a process of its own: `python -m workshop.partners.backend --port 8000 --journal taken.jsonl`.

Ends when its standard input closes, so that none is left behind by whoever started it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn

from workshop.cloud.up import watch_lifeline
from workshop.core import net
from workshop.core.errors import WorkshopError
from workshop.core.serving import config
from workshop.partners import PartnerContext
from workshop.partners.backend import app


def main(arguments: list[str] | None = None) -> int:
    """Serves until standard input closes or the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m workshop.partners.backend", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--journal", type=Path, help="a file that keeps what was taken")
    options = parser.parse_args(arguments)
    try:
        sock = net.bind(options.port, what="The back end")
    except WorkshopError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"http://{net.LOOPBACK}:{sock.getsockname()[1]}", flush=True)
    guarded = net.LoopbackOnly(app(PartnerContext(), options.journal))
    server = uvicorn.Server(config(guarded))

    def stop() -> None:
        server.should_exit = True

    watch_lifeline(stop)
    server.run(sockets=[sock])
    return 0


if __name__ == "__main__":
    sys.exit(main())
