"""The command line's manners: every command helps with an example, and bad use is one paragraph and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import fresh_environment
from workshop.core import net

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = [
    "lab",
    "run",
    "test",
    "doctor",
    "up",
    "create",
    "deploy",
    "info",
    "invoke",
    "logs",
    "metrics",
    "offline",
    "package",
    "print",
    "remove",
    "slides",
    "bench",
]


def workshop(*words: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a reader does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "workshop", *words],
        cwd=ROOT,
        env=fresh_environment(**environment),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def paragraph(done: subprocess.CompletedProcess[str]) -> str:
    """What was said on standard error, which must be readable and no traceback."""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    return done.stderr.strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = workshop(command, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Example: workshop {command}" in done.stdout


def test_the_list_of_commands_has_all_of_them_and_no_sentence_cut_off() -> None:
    listed = workshop("--help").stdout
    assert "..." not in listed.partition("Commands:")[2]
    assert all(f"\n  {command} " in listed for command in COMMANDS)
    assert "--debug" in listed
    assert all(len(line) <= 80 for line in listed.splitlines())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["depoly"], "deploy"),
        (["deploy", "--stag", "dev"], "--stage"),
        (["up", "--port", "many"], "valid integer"),
        (["up", "--port", "70000"], "65535"),
        (["run", "99"], "99"),
        (["logs", "demo_lambdas/hello_world", "--last", "0"], "equal to 1. See: workshop logs --help"),
        (["lab", "notebooks/77_none.ipynb"], "77_none"),
        (["lab", "README.md"], "not a notebook"),
        (["lab", str(Path(sys.executable).resolve())], "not a notebook"),
    ],
)
def test_bad_use_is_said_in_one_paragraph(words: list[str], expected: str) -> None:
    done = workshop(*words)
    assert done.returncode == 2
    assert expected in paragraph(done)
    assert done.stdout == ""


def test_a_taken_port_is_said_with_its_holder() -> None:
    holder = net.bind(0)
    try:
        port = str(holder.getsockname()[1])
        done = workshop("up", "--port", port)
    finally:
        holder.close()
    assert done.returncode == 1
    assert port in paragraph(done)
    assert "taken" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("value", ["aws-please", "ftp://x", "http://", "http://127.0.0.1:1"])
def test_a_switch_that_leads_nowhere_is_said(value: str) -> None:
    done = workshop("info", "demo_lambdas/hello_world", WORKSHOP_CLOUD=value)
    assert done.returncode in (1, 2)
    assert value in paragraph(done)


@pytest.mark.parametrize("name", ["STRIPE_TEST_KEY", "STRIPE_SECRET_KEY"])
def test_a_live_stripe_key_is_refused_by_name_and_never_shown(name: str) -> None:
    """https://docs.stripe.com/keys"""
    key = "sk_live_" + "x" * 20
    done = workshop("deploy", "demo_lambdas/hello_world", **{name: key})
    assert done.returncode == 1
    assert name in paragraph(done)
    assert key not in done.stdout + done.stderr


def test_doctor_finds_this_machine_ready() -> None:
    done = workshop("doctor", "--json")
    found = json.loads(done.stdout)
    failed = [check for check in found["checks"] if not check["ok"]]
    assert failed == []
    assert done.returncode == 0
    assert {"Python", "Packages", "Hello world: deploy", "Hello world: call", "Hello world: remove"} <= {
        check["name"] for check in found["checks"]
    }


def test_doctor_says_what_to_do_on_the_line_that_failed() -> None:
    done = workshop("doctor", WORKSHOP_CLOUD="http://127.0.0.1:1")
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if line.startswith("[FAIL]"))
    assert "->" in line
    assert "Traceback" not in done.stdout + done.stderr
