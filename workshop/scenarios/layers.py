"""What lesson 07 looks at: who uses which layer version, what a layer does to sizes and starts, three languages."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from typing import Any

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

    pages = boto3.client("lambda").get_paginator("list_functions").paginate()
    rows = []
    for page in pages:
        for function in page["Functions"]:
            arns = [one["Arn"] for one in function.get("Layers", []) if one["Arn"].split(":")[6] == layer]
            rows += [(function["FunctionName"], f"version {arn.rpartition(':')[2]}") for arn in arns]
    return Table(sorted(rows), ["function", layer])


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
        if shutil.which(program) is None:
            rows.append((program, f"no {program} on this machine: left out"))
            continue
        answer = ask(deployment.functions[function], event)
        rows.append((program, answer.get("message") or answer.get("errorMessage")))
    return Table(rows, ["program", "answer"])


def compare(deployments: dict[str, Any], change: Any, deploy: Any, rounds: int = 3) -> dict[str, dict[str, float]]:
    """Measures deployments that differ only in where a library travels.

    Args:
        deployments: label -> (folder, deployment).
        change: called with a folder; changes its handler.
        deploy: deploys a folder quietly.
        rounds: cold starts and changed deploys to measure; the median counts.

    Returns:
        label -> figure -> value: `zip` (KB of the function's code), `changed` (seconds of a deploy of a changed
        handler), `start` and `cold` (milliseconds of the init phase, and of a whole first call).
    """
    import boto3

    client, out = boto3.client("lambda"), {}
    for label, (folder, deployment) in deployments.items():
        [function] = deployment.functions.values()
        changed, cold = [], []
        for _ in range(rounds):
            change(folder)
            changed.append(deploy(folder).seconds)
            begun = time.perf_counter()
            client.invoke(FunctionName=function)
            cold.append(1000 * (time.perf_counter() - begun))
        size = client.get_function_configuration(FunctionName=function)["CodeSize"] / 1000
        out[label] = {"zip": size, "changed": _median(changed), "cold": _median(cold)}
    return out


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def compared(measured: dict[str, dict[str, float]]) -> Table:
    """The figures of `compare` as a table."""
    rows = [
        (label, f"{each['zip']:,.0f} KB", f"{1000 * each['changed']:.0f} ms", f"{each['cold']:.0f} ms")
        for label, each in measured.items()
    ]
    return Table(rows, ["library", "function's zip", "deploy after a change", "first call"])


def drawn(measured: dict[str, dict[str, float]]) -> Picture:
    """The times of `compare`, drawn."""
    rows = {
        label: {"deploy after a change": 1000 * each["changed"], "first call": each["cold"]}
        for label, each in measured.items()
    }
    return stacked(rows, "A layer shortens the deploy of a change, not the cold start")


