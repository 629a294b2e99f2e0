"""Makes docs/workshop-policy.json: runs the notebooks on an offline cloud that keeps which permissions they would need.

    python -m workshop.on_aws.recording            every notebook, about five minutes
    python -m workshop.on_aws.recording 01 04      these, added to what the file has

Kept are the reader's own calls, and those that CloudFormation makes with the reader's permissions.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from workshop.cloud.clouds import ask
from workshop.core.errors import WorkshopError
from workshop.on_aws import policy

SUFFIX = "k3f9"
ROOT = Path(__file__).resolve().parent.parent.parent


def record(notebooks: Iterable[str]) -> list[tuple[str, str]]:
    """Runs notebooks, the preflight and `workshop clean` on a cloud of their own.

    Returns:
        Action and resource of everything that was called.

    Raises:
        WorkshopError: one of them failed.
    """
    from workshop.cloud.switch import start_local
    from workshop.notebooks import execute, find

    cloud = start_local()
    try:
        left_behind(cloud)
        ask(f"{cloud.endpoint}/_workshop/calls", {"record": True})
        os.environ |= {"WORKSHOP_CLOUD": cloud.endpoint, "WORKSHOP_SUFFIX": SUFFIX}
        for path in find(notebooks):
            print(path.stem, flush=True)
            execute(path)
            ask(f"{cloud.endpoint}/_workshop/clock", {"reset": True})
            if through_the_tunnel(path):
                with as_on_aws(cloud.endpoint):
                    execute(path)
        command("deploy", "demo_lambdas/nightly_report")
        only_elsewhere(cloud)
        command("doctor")
        command("deploy", "demo_lambdas/hello_world")
        command("clean", "--all", "--json")
        command("clean", "--yes")
        return seen(cloud.endpoint)
    finally:
        cloud.close()


def left_behind(cloud: Any) -> None:
    """Makes what `workshop clean` finds beside stacks; making it is not recorded, removing it is."""
    from workshop.cloud.switch import set_environment
    from workshop.on_aws.orphans import leave
    from workshop.serverless.aws import clients

    set_environment(cloud)
    leave(clients(cloud.region), SUFFIX)


def through_the_tunnel(path: Path) -> bool:
    """True for lessons whose functions ask a stand-in: on AWS they make more than offline."""
    return path.stem[:2] in ("05", "06")


@contextlib.contextmanager
def as_on_aws(endpoint: str) -> Iterator[None]:
    """The switch on AWS, whose place a cloud takes: suffix, tunnel, and a clock that stays."""
    before = dict(os.environ)
    os.environ |= {
        "WORKSHOP_CLOUD": "aws",
        "WORKSHOP_CONFIRM": "yes",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def only_elsewhere(cloud: Any) -> None:
    """Calls that are made on AWS and not offline: finding the schedules that a clock which stays does not reach."""
    import boto3

    from workshop.cloud.switch import set_environment
    from workshop.on_aws import moved_clock

    set_environment(cloud)
    boto3.setup_default_session()
    moved_clock.plans()


def command(*words: str) -> None:
    """One command of the workshop, against the same cloud.

    Raises:
        WorkshopError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "workshop", *words],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise WorkshopError(f"workshop {' '.join(words)} failed: {done.stderr.strip()[-500:]}")


def seen(endpoint: str) -> list[tuple[str, str]]:
    """What an offline cloud has kept."""
    return [(one["action"], one["resource"]) for one in ask(f"{endpoint}/_workshop/calls")["calls"]]


def main(words: list[str]) -> int:
    """Records and writes. Returns the exit code."""
    before: dict[str, Any] = policy.read() if words and policy.FILE.exists() else {"Statement": []}
    document = policy.build(record(words), onto=before)
    policy.FILE.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    name, count = policy.FILE.relative_to(ROOT), len(policy.actions(document))
    print(f"{name}: {count} actions, {policy.size(document)} characters")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WorkshopError as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
