"""`python3 -m workshop`: sets itself up on first use, then hands over to the command line.

Only the standard library here, and only syntax that an old Python can read, so that it can say that it is too old.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120


def main():
    """Checks the Python version, then sets up or runs. Returns the exit code."""
    from workshop.setup import supported

    refused = supported.refusal()
    if refused:
        sys.stderr.write(refused + "\n")
        return 1
    try:
        from workshop.setup.bootstrap import run

        return run(sys.argv[1:], ROOT)
    except KeyboardInterrupt:  # while the command line is still being imported
        sys.stderr.write("Stopped.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
