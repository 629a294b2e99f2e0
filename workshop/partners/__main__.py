"""One stand-in on a port, for working on it: `python -m workshop.partners stripe --port 12111`."""

from __future__ import annotations

import argparse
import importlib
import sys

import uvicorn

from workshop.core import net
from workshop.core.errors import WorkshopError
from workshop.core.serving import config
from workshop.partners import PARTNERS, PartnerContext


def main(arguments: list[str] | None = None) -> int:
    """Serves the named stand-in until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m workshop.partners", description=__doc__)
    parser.add_argument("name", choices=sorted(PARTNERS))
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        sock = net.bind(options.port, what=f"The {options.name} stand-in")
    except WorkshopError as error:
        print(error, file=sys.stderr)
        return 1
    url = f"http://{net.LOOPBACK}:{sock.getsockname()[1]}"
    module, _, factory = PARTNERS[options.name].partition(":")
    app = getattr(importlib.import_module(module), factory)(PartnerContext(urls={options.name: url}))
    print(url, flush=True)
    uvicorn.Server(config(net.LoopbackOnly(app), log_level="warning")).run(sockets=[sock])
    return 0


if __name__ == "__main__":
    sys.exit(main())
