"""What lesson 07 looks at: who uses which layer version, what a layer does to sizes and starts, three languages."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from workshop import lesson
from workshop.core import programs
from workshop.core.errors import WorkshopError
from workshop.lesson import deploy, remove
from workshop.on_aws.names import suffix
from workshop.on_aws.offer import in_between
from workshop.scenarios.copies import copy_of
from workshop.show import Picture, Table, stacked

# Program a runtime needs -> function of demo_lambdas/custom_runtimes
LANGUAGES = {"bash": "hello-bash", "php": "hello-php", "node": "hello-javascript"}


def who_uses(layer: str) -> Table:
    """The functions that use a layer, and which version of it.

    Args:
        layer: the layer's name.

    https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
    """
    import boto3

    own = f"{layer}-{suffix()}" if suffix() else layer
    rows = []
    for page in boto3.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            arns = [one["Arn"] for one in function.get("Layers", []) if one["Arn"].split(":")[6] == own]
            rows += [(function["FunctionName"], f"version {arn.rpartition(':')[2]}") for arn in arns]
    return Table(sorted(rows), ["function", f"uses {layer}"])


def ask(function: str, event: Any = None) -> Any:
    """Invokes a function by its name or ARN; its answer, read from JSON."""
    import boto3

    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event or {}))
    return json.loads(answer["Payload"].read())


def languages(deployment: Any, event: Any) -> Table:
    """Invokes hello in each language whose interpreter is here; says so where it is not.

    Args:
        deployment: of `demo_lambdas/custom_runtimes`.
        event: such as `{"name": "Ada"}`.
    """
    rows = []
    for program, function in LANGUAGES.items():
        if not programs.find(program):
            rows.append((program, f"no {program} on this machine: left out"))
            continue
        answer = ask(deployment.functions[function], event)
        rows.append((program, answer.get("message") or answer.get("errorMessage")))
    return Table(rows, ["program", "answer"])


def measure(*services: str, rounds: int = 3) -> dict[str, dict[str, float]]:
    """Deploys copies of services, changes their handlers, calls them; the medians count.

    What is measured is a cold start like the many that follow a deploy, not the very first one, which also unpacks.

    Args:
        services: folders of `demo_lambdas` with one function each.
        rounds: how often a handler is changed and deployed, and a new environment called.

    Returns:
        service -> `zip` (kB of the function's code), `deploy` (ms of a deploy after a change), `first call` (ms).
    """
    import boto3

    client, out = boto3.client("lambda"), {}
    for service in services:
        folder = copy_of(service)
        file = lesson.locate(f"{folder}/handler.py")
        [function] = deploy(folder, quiet=True).functions.values()
        deploys, calls = [], []
        for number in range(rounds):
            file.write_text(file.read_text(encoding="utf-8") + f"\n# change {number}\n", encoding="utf-8")
            deploys.append(1000 * deploy(folder, quiet=True).seconds)
            client.invoke(FunctionName=function)
            client.update_function_configuration(FunctionName=function, Description=f"round {number}")
            client.get_waiter("function_updated_v2").wait(FunctionName=function)
            begun = time.perf_counter()  # another configuration is another environment
            client.invoke(FunctionName=function)
            calls.append(1000 * (time.perf_counter() - begun))
        size = client.get_function_configuration(FunctionName=function)["CodeSize"] / 1000
        out[service] = {"zip": size, "deploy": median(deploys), "first call": median(calls)}
        with in_between():
            remove(folder, quiet=True)
    return out


def measured(figures: dict[str, dict[str, float]]) -> Table:
    """The figures of `measure` as a table."""
    rows = [
        (name, f"{each['zip']:,.1f}", f"{each['deploy']:,.0f}", f"{each['first call']:,.0f}")
        for name, each in figures.items()
    ]
    return Table(rows, ["service", "function's zip, kB", "deploy after a change, ms", "first call, ms"])


def drawn(figures: dict[str, dict[str, float]], finding: str) -> Picture:
    """The times of `measure`, drawn.

    Args:
        finding: the title: what the figures say.
    """
    parts = {"deploy after a change": "deploy", "first call, cold": "first call"}
    rows = {name: {words: each[key] for words, key in parts.items()} for name, each in figures.items()}
    return stacked(rows, finding)


LAYERS = "arn:aws:lambda:${aws:region}:${aws:accountId}:layer"
OWN_LAYER = "    layers:\n      - Ref: SharedLambdaLayer\nlayers:\n  shared:\n    path: "
# What is wrong -> how the file goes on
MISTAKES = {
    "a layer version that is not there": f"    layers:\n      - {LAYERS}:no-such-layer:7\n",
    "six layers": "    layers:\n" + "".join(f"      - {LAYERS}:layer-{number}:1\n" for number in range(6)),
    "a layer that hides a module": f"{OWN_LAYER}shared\n",
    "a layer without its folder": f"{OWN_LAYER}shard\n",
    "more than 250 MB": f"{OWN_LAYER}big\n",
}
SERVICE = """service: mistake
provider:
  name: aws
  runtime: python3.13
  region: eu-west-1
package:
  patterns: ["!big/**"]
functions:
  hello:
    handler: handler.hello
"""


def mistakes() -> Table:
    """Deploys services with one mistake each, in a folder of their own, and lists what is said about them."""
    rows = []
    lesson.MY_WORK.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="mistake-", dir=lesson.MY_WORK))  # a new one: whatever is removed is ours
    (folder / "shared" / "python").mkdir(parents=True, exist_ok=True)
    (folder / "handler.py").write_text("def hello(event, context):\n    return {}\n", encoding="utf-8")
    (folder / "shared" / "python" / "json.py").write_text("# not Python's own\n", encoding="utf-8")
    (folder / "big").mkdir(exist_ok=True)
    with (folder / "big" / "data.bin").open("wb") as file:
        file.truncate(263_000_000)  # takes no room on the disk: it holds nothing
    try:
        for words, ending in MISTAKES.items():
            (folder / "serverless.yml").write_text(SERVICE + ending, encoding="utf-8")
            try:
                deploy(folder, quiet=True)
                rows.append((words, "deployed!"))
            except WorkshopError as error:
                rows.append((words, error.what.partition(" (Service:")[0]))
    finally:
        shutil.rmtree(folder)
    return Table(rows, ["mistake", "what the deploy says"])
