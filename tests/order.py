"""In which order the tests run, and which of them `--quick` leaves out: what tells most in least time comes first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Below tests/; the rest is quick: units and contracts, against functions of this process, sockets of this process, and
# one cloud. These start many processes, kernels or browsers, or hold the cloud against a second program.
LONG = {
    "localaws/observing/test_bounds.py": "thousands of requests",
    "localaws/moto/test_loading.py": "a hundred rounds of first requests, each in a process that has imported nothing",
    "localaws/cloudformation/test_properties.py": "every property of every resource type, made and changed",
    "localaws/apigateway/test_time_limit.py": "waits for a limit",
    "demo_lambdas/test_published_faults.py": "two deployed services side by side",
    "demo_lambdas/test_nightly_report.py": "a deployed service and a moved clock",
    "slides/test_deck.py": "prints the deck",
    "show/test_live.py": "deployed functions, called and drawn",
    "show/test_plots.py": "draws",
    "localaws/runtime": "starts, stops, kills and overfills execution environments",
    "localaws/server": "clouds and command lines of its own",
    "localaws/events": "waits for schedules, queues and retries, in real time",
    "serverless/test_commands.py": "each command is a process",
    "serverless/test_offline.py": "each is served by a process",
    "serverless/test_templates.py": "cfn-lint, a program of its own",
    "show/test_progress.py": "kernels and terminals",
    "show/test_logs_command.py": "each command is a process",
    "test_cli.py": "each command is a process",
    "test_hello_world.py": "every kind of end that a function can come to",
    "test_lifetime.py": "kernels, JupyterLab and clouds that are killed",
    "bench": "runs a small bench",
    "stage": "rehearses notebooks",
    "setup": "starts the set-up as a reader does",
    "demo_lambdas/test_deployed.py": "deploys every service",
    "security": "clouds of its own",
    "prove": "schedules of many interleavings",
    "exercises": "every exercise with every answer",
    "on_aws": "a second cloud, and notebooks against it",
    "notebooks": "every notebook in a real kernel",
    "browser": "JupyterLab and the deck in a browser",
}
# Of what takes longest the longest first: then no process has a long one left when the others are done.
LONGEST_FIRST = ("09_", "11_", "07_", "03_", "10_")


def room_of(path: str) -> str:
    """The entry of `LONG` that a path below tests/ belongs to; empty for what is quick."""
    return next((room for room in LONG if path == room or path.startswith(f"{room}/")), "")


def place(path: str, name: str) -> tuple[int, int]:
    """Where a test stands in the order, by its file's path below tests/ and its own name."""
    room = room_of(path)
    if not room:
        return (0, 0)
    first = next((at for at, number in enumerate(LONGEST_FIRST) if f"[{number}" in name), len(LONGEST_FIRST))
    return (1 + list(LONG).index(room), first if room == "notebooks" else 0)


def unit_of(node: str) -> str:
    """What one process runs as a whole: a file, whose tests may share what is expensive; of the notebooks, each."""
    file, _, test = node.partition("::")
    return node if test.startswith("test_it_runs_from_top_to_bottom_and_leaves_nothing[") else file


def scheduler(config: Any, log: Any) -> Any:
    """pytest-xdist's scheduler with these units.

    https://pytest-xdist.readthedocs.io/en/stable/distribution.html
    """
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid)

    return Units(config, log)


def in_order(items: Iterable[Any], root: Any) -> list[Any]:
    """The tests, quick ones first."""
    return sorted(items, key=lambda item: place(item.path.relative_to(root).as_posix(), item.name))
