"""Calls with their figures: a function called through the AWS API, its REPORT line read, cold starts forced.

Everything goes through doors that AWS has too: Invoke with the log's tail, and UpdateFunctionConfiguration, after
which no environment of the old configuration takes another request.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workshop.core.errors import WorkshopError
from workshop.core.telling import View
from workshop.show.logs.parse import Report, parse
from workshop.show.numbers import median
from workshop.show.views import Table

if TYPE_CHECKING:
    from workshop.show.figures import Picture

PARTS = ("process", "runtime", "imports", "own init", "handler")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """One call: the answer, what Lambda reported, and the seconds it took as seen from here."""

    answer: Any
    report: Report
    seconds: float

    @property
    def cold(self) -> bool:
        """True when an environment was started for it."""
        return self.report.init_ms is not None

    @property
    def ms(self) -> float:
        """Milliseconds in the function: init phase and handler."""
        return (self.report.init_ms or 0.0) + self.report.duration_ms


def call(function: str, payload: Any = None, *, client: Any = None) -> Call:
    """Calls a function once and reads its REPORT line.

    Raises:
        WorkshopError: the function failed; says with which words.
    """
    import boto3

    client = client or boto3.client("lambda")
    body = json.dumps({} if payload is None else payload).encode()
    began = time.perf_counter()
    answer = client.invoke(FunctionName=function, Payload=body, LogType="Tail")
    seconds = time.perf_counter() - began
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise WorkshopError(f"{function} failed: {text}", fix=f"Look at its log: LogView.of({function!r}).")
    if "LogResult" not in answer:
        raise WorkshopError(
            f"{client.meta.endpoint_url} answers Invoke without the log's tail: what a call took cannot be read there.",
            fix="Take these figures offline (WORKSHOP_CLOUD=local) or on AWS.",
        )
    tail = base64.b64decode(answer["LogResult"]).decode(errors="replace")
    reports = [line.report for line in (parse({"message": one}) for one in tail.splitlines()) if line.report]
    if not reports:
        raise WorkshopError(f"The log tail of {function} has no REPORT line.", fix="Does its role allow logging?")
    return Call(json.loads(text) if text else None, reports[-1], seconds)


def make_cold(function: str, *, client: Any = None) -> None:
    """Changes a variable of the function's environment: the next request starts a new environment.

    Raises:
        WorkshopError: there is no such function.
    """
    import boto3

    client = client or boto3.client("lambda")
    try:
        config = client.get_function_configuration(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        raise WorkshopError(f"There is no function {function}.", fix="Deploy it first.") from None
    variables = config.get("Environment", {}).get("Variables", {})
    variables["COLD_START_NUMBER"] = f"{time.time():.3f}-{next(_numbers)}"
    client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    client.get_waiter("function_updated_v2").wait(FunctionName=function)


class Pairs(View):
    """Cold calls with the warm calls right after them, by function. Shows as a table of medians.

    Args:
        calls: name -> pairs of (first call, second call).
    """

    def __init__(self, calls: Mapping[str, Sequence[tuple[Call, Call]]]) -> None:
        self.calls = {name: list(pairs) for name, pairs in calls.items()}

    def firsts(self, name: str) -> list[Call]:
        """The cold calls of a function."""
        return [first for first, _ in self.calls[name]]

    def seconds(self, name: str) -> list[Call]:
        """The warm calls of a function."""
        return [second for _, second in self.calls[name]]

    def medians(self, name: str) -> tuple[float, float]:
        """Median init phase of the cold calls and median duration of the warm ones, in ms, as REPORT has them."""
        init = median([one.report.init_ms or 0.0 for one in self.firsts(name)])
        return init, median([one.report.duration_ms for one in self.seconds(name)])

    def service_times(self, name: str, *, waiting: float = 0.0) -> tuple[list[float], list[float]]:
        """Seconds of its warm calls and of its cold ones: what the fleet simulator takes.

        Args:
            name: the function.
            waiting: seconds added to each, for somebody else's answer that was not waited for here.
        """
        warm, cold = ([one.ms / 1000 + waiting for one in calls(name)] for calls in (self.seconds, self.firsts))
        return warm, cold

    def table(self) -> Table:
        """Medians of the first and of the second calls, one row a function."""
        rows = []
        for name in self.calls:
            cold, warm = (median([one.ms for one in some(name)]) for some in (self.firsts, self.seconds))
            rows.append((name, f"{cold:.0f}", f"{warm:.1f}", f"{cold / warm:,.0f} x"))
        return Table(rows, ["function", "first call, ms", "second, ms", "ratio"])

    def __str__(self) -> str:
        return str(self.table())

    def html(self) -> str:
        return self.table().html()

    def dots(self, finding: str) -> Picture:
        """Every call as a dot, first and second calls in rows of their own."""
        from workshop.show.plots import dots

        rows = {}
        for name in self.calls:
            rows[f"{name}, first"] = [one.ms for one in self.firsts(name)]
            rows[f"{name}, second"] = [one.ms for one in self.seconds(name)]
        return dots(rows, finding, log=True)

    def parts(self, finding: str, *, process_ms: float | None = None) -> Picture:
        """Where the first calls spent their time, one bar a function.

        Args:
            finding: the title.
            process_ms: what a bare process takes; measured on this machine when left out.
        """
        from workshop.show.plots import stacked

        process = plain_python_ms() if process_ms is None else process_ms
        return stacked({name: parts_of(self.firsts(name), process) for name in self.calls}, finding)


def first_and_second(deployment: Any, functions: Sequence[str], times: int = 20, payload: Any = None) -> Pairs:
    """For each function, over and over: a cold call and the call right after it. The functions take turns.

    Args:
        deployment: what `deploy` returned.
        functions: names as in `serverless.yml`.
        times: pairs of each.
        payload: what they are called with.
    """
    import boto3

    client = boto3.client("lambda")
    found: dict[str, list[tuple[Call, Call]]] = {name: [] for name in functions}
    for _ in range(times):
        for name in functions:
            full = function_of(deployment, name)
            make_cold(full, client=client)
            found[name].append((call(full, payload, client=client), call(full, payload, client=client)))
    return Pairs(found)


def function_of(deployment: Any, name: str) -> str:
    """The deployed name of a function of a service.

    Raises:
        WorkshopError: the service has no such function.
    """
    arn = deployment.functions.get(name)
    if arn is None:
        known = ", ".join(deployment.functions)
        raise WorkshopError(f"The service has no function {name!r}.", fix=f"It has: {known}.", used_wrongly=True)
    return arn.rpartition(":")[2]


# Stays for all others: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
LEFT_OVER = 100


def provisioned(function: str, count: int = 1) -> Call:
    """Publishes a version with `count` environments kept ready, returns the first call it ever gets, and ends that.

    https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    """
    import boto3

    client = boto3.client("lambda")
    free = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    if free - count < LEFT_OVER:  # said before anything is made: a new account may run ten functions at once
        raise WorkshopError(
            f"This account may run {free} functions at once, and Lambda keeps {LEFT_OVER} of them for those "
            "without a share of their own: none is left to be provisioned. Nothing was made.",
            fix="Ask for more under Service Quotas (Lambda, concurrent executions), or leave this cell out.",
        )
    version = client.publish_version(FunctionName=function)["Version"]
    which = {"FunctionName": function, "Qualifier": version}
    client.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=count)
    wait, until = 0.1, time.monotonic() + 300  # on AWS it takes a minute or two
    try:
        while time.monotonic() < until:
            state = client.get_provisioned_concurrency_config(**which)
            if state["Status"] == "READY":
                return call(f"{function}:{version}", client=client)
            if state["Status"] == "FAILED":
                break
            time.sleep(wait)
            wait = min(wait * 1.3, 5.0)
    finally:
        client.delete_provisioned_concurrency_config(**which)  # it costs money while nobody calls
    raise WorkshopError(f"No environment of {function} became ready: {state.get('StatusReason', state['Status'])}.")


def burst_beside_one_warm(function: str, size: int, payload: Any = None) -> int:
    """Keeps one environment warm, sends `size` requests at the same moment; returns how many of them were cold."""
    make_cold(function)
    call(function, payload)
    return sum(one.cold for one in at_once(function, size, payload))


def at_once(function: str, count: int, payload: Any = None) -> list[Call]:
    """Calls a function `count` times at the same moment."""
    import boto3
    from botocore.config import Config

    client = boto3.client("lambda", config=Config(max_pool_connections=count, retries={"max_attempts": 0}))
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: call(function, payload, client=client), range(count)))


def plain_python_ms(times: int = 9) -> float:
    """Median milliseconds of a Python process of this machine that does nothing at all."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True, stdin=subprocess.DEVNULL)
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def parts_of(calls: Sequence[Call], process_ms: float = 0.0) -> dict[str, float]:
    """Where cold calls spent their time, in ms: the median of each part.

    Args:
        calls: cold calls of a function that answers with `began`, `imported` and `ready` (epoch seconds).
        process_ms: what starting a bare process takes; 0 leaves it in `runtime`.
    """
    rows = []
    for one in calls:
        if not one.cold:
            continue
        imports = (one.answer["imported"] - one.answer["began"]) * 1000
        own = (one.answer["ready"] - one.answer["imported"]) * 1000
        rest = max((one.report.init_ms or 0.0) - imports - own, 0.0)
        process = min(process_ms, rest)
        rows.append((process, rest - process, imports, own, one.report.duration_ms))
    if not rows:
        raise WorkshopError("None of these calls was cold.", fix="Force cold ones with make_cold().")
    return {name: median([row[at] for row in rows]) for at, name in enumerate(PARTS)}
