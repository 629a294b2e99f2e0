"""The command line: thin, every command is one call into the rooms below.

Exit codes: 0 ok, 1 failed, 2 used wrongly, 130 interrupted. Errors are one readable paragraph on standard error;
`--debug`, anywhere on the line, shows the traceback as well.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import traceback
from typing import Any

import typer

from workshop.core.errors import Stopped, WorkshopError, for_screen
from workshop.core.inert import inert

app = typer.Typer(
    name="workshop",
    help="Serverless payments, hands on. Without a command: sets up, checks, and opens JupyterLab.",
    epilog="Example: workshop deploy demo_lambdas/hello_world   (with --debug, a fault shows its traceback)",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Opens the workshop when no command is given."""
    if context.invoked_subcommand is None:
        from workshop.commands import lab

        lab.open_workshop()


for room in ("lab", "tests", "cloud", "service", "bench", "room", "clean"):
    if importlib.util.find_spec(f"workshop.commands.{room}"):
        importlib.import_module(f"workshop.commands.{room}").register(app)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command. Returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # After a bare `--` everything belongs to what is called, so that `--debug` can be passed on.
    ours = words[: words.index("--")] if "--" in words else words
    debug = "--debug" in ours
    if debug:
        words.remove("--debug")
    streams: tuple[Any, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        with contextlib.suppress(AttributeError, ValueError):  # a notebook's streams cannot be reconfigured
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = app(args=words, prog_name="workshop", standalone_mode=False)
        sys.stdout.flush()
        if code == 130:  # typer's own word for Ctrl-C
            _say("Stopped.")
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `workshop logs | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last door: nobody but a developer should meet a traceback
        return report(error, debug)


def report(error: Exception, debug: bool) -> int:
    """Says on standard error what went wrong, in one paragraph. Returns the exit code."""
    if debug:
        traceback.print_exc()
    if isinstance(error, WorkshopError):
        _say(error.paragraph())
        if isinstance(error, Stopped):
            return 130
        return 2 if error.used_wrongly else 1
    if hasattr(error, "format_message"):  # typer's own: the command was used wrongly
        context = getattr(error, "ctx", None)
        hint = f" See: {context.command_path} --help" if context else ""
        words = " ".join(error.format_message().split())
        _say(f"{words}{'' if words.endswith(('.', '?', '!', ')')) else '.'}{hint}")
        return getattr(error, "exit_code", 2)
    _say(cloud_error(error) or system_error(error) or unexpected(error))
    return 1


def _say(paragraph: str) -> None:
    print(for_screen(inert(paragraph), sys.stderr), file=sys.stderr)


def cloud_error(error: Exception) -> str:
    """The paragraph for what boto3 raises; empty for anything else."""
    if not type(error).__module__.startswith(("botocore", "boto3")):
        return ""
    from workshop.core.aws_errors import explain

    return explain(error)


def system_error(error: Exception) -> str:
    """The paragraph for what the operating system refuses, a full disk say; empty for anything else."""
    from workshop.core.doors import system_refused

    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Close other programs, or ask for less."
    if isinstance(error, OSError) and error.errno and error.strerror:
        return system_refused(error).paragraph()
    return ""


def unexpected(error: Exception) -> str:
    """The paragraph for a fault of the workshop itself."""
    return (
        f"{type(error).__name__}: {error}. This is a fault of the workshop, not yours. "
        "Run the same command with --debug and report what it prints."
    )
