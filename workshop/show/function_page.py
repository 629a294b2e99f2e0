"""A function's page, as AWS's console shows it, made from the AWS API: works offline and on AWS alike.

Every call here only reads. https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workshop.core.errors import WorkshopError
from workshop.core.telling import View
from workshop.show.triggers import triggers
from workshop.show.views import Table

if TYPE_CHECKING:
    from workshop.show.figures import Picture

_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL", re.I)


@dataclass
class FunctionPage(View):
    """What is known of one function.

    `triggers`, `layers` are lines of text; `permissions` are (effect, actions, resources); `settings` name -> value.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    triggers: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    permissions: list[tuple[str, str, str]] = field(default_factory=list)

    def tables(self) -> list[Table]:
        """Settings, triggers, layers, permissions and environment, those that are not empty."""
        found = [Table(self.settings, caption=self.name)]
        if self.triggers:
            found.append(Table([[one] for one in self.triggers], ["triggered by"]))
        if self.layers:
            found.append(Table([[one] for one in self.layers], ["layer"]))
        if self.permissions:
            found.append(Table(self.permissions, ["", "it may", "on"]))
        if self.environment:
            found.append(Table(list(self.environment.items()), ["environment variable", "value"]))
        return found

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in self.tables())

    def html(self) -> str:
        return "\n".join(table.html() for table in self.tables())

    def _ipython_display_(self) -> None:
        """The picture, then the tables."""
        from IPython.display import display

        display(self.picture())
        for table in self.tables():
            display(table)

    def picture(self) -> Picture:
        """Triggers -> function -> layers and permissions, as the console's designer draws it."""
        from workshop.show.designer import draw

        return draw(self)


def console(function: str) -> FunctionPage:
    """The page of a deployed function.

    Args:
        function: its name or ARN.

    Raises:
        WorkshopError: there is no such function.
    """
    import boto3

    client = boto3.client("lambda")
    try:
        found = client.get_function(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        raise WorkshopError(f"There is no function {function}.", fix="Deploy it first.") from None
    config = found["Configuration"]
    page = FunctionPage(config["FunctionName"])
    page.settings = _settings(config, found.get("Concurrency", {}))
    variables = config.get("Environment", {}).get("Variables", {})
    page.environment = {name: _masked(name, value) for name, value in variables.items()}
    page.layers = [":".join(layer["Arn"].split(":")[6:]) for layer in config.get("Layers", [])]
    page.triggers = triggers(config["FunctionName"], client=client)
    page.permissions = _permissions(config["Role"].rpartition("/")[2])
    return page


def _settings(config: Mapping[str, Any], concurrency: Mapping[str, Any]) -> dict[str, Any]:
    reserved = concurrency.get("ReservedConcurrentExecutions")
    return {
        "runtime": config.get("Runtime", ""),
        "handler": config.get("Handler", ""),
        "memory": f"{config['MemorySize']} MB",
        "timeout": f"{config['Timeout']} s",
        "reserved concurrency": "none" if reserved is None else reserved,
        "architecture": ", ".join(config.get("Architectures", [])),
        "code size": f"{config['CodeSize'] / 1024:,.1f} KB",
        "role": config["Role"].rpartition("/")[2],
        "log format": config.get("LoggingConfig", {}).get("LogFormat", "Text"),
        "last change": config.get("LastModified", "")[:19],
    }


def _masked(name: str, value: str) -> str:
    return f"{value[:4]}…" if _SECRET.search(name) and len(value) > 8 else value


def _permissions(role: str) -> list[tuple[str, str, str]]:
    """What a role's policies allow, one row a statement; managed policies by name."""
    import boto3

    iam = boto3.client("iam")
    rows: list[tuple[str, str, str]] = []
    for name in _all(iam, "list_role_policies", "PolicyNames", RoleName=role):
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        rows += _statements(document)
    for attached in _all(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        rows.append(("Allow", f"what {attached['PolicyName']} says", "(managed policy)"))
    return rows


def _all(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    return [one for page in client.get_paginator(operation).paginate(**arguments) for one in page[key]]


def _statements(document: Any) -> list[tuple[str, str, str]]:
    parsed = json.loads(document) if isinstance(document, str) else document
    statements = parsed.get("Statement", [])
    rows = []
    for one in statements if isinstance(statements, list) else [statements]:
        actions, resources = _list(one.get("Action", one.get("NotAction"))), _list(one.get("Resource"))
        rows.append((one.get("Effect", ""), ", ".join(actions), "\n".join(_shorter(arn) for arn in resources)))
    return rows


def _list(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _shorter(arn: str) -> str:
    """An ARN without the region and the account, which are the same on the whole page."""
    parts = arn.split(":", 5)
    return f"{parts[2]} {parts[5]}" if len(parts) == 6 else arn


METRICS: tuple[tuple[str, str, str], ...] = (
    ("Invocations", "Sum", "invocations"),
    ("Errors", "Sum", "errors"),
    ("Duration", "Average", "duration, ms"),
    ("ConcurrentExecutions", "Maximum", "at once"),
)


def metrics_of(function: str, *, minutes: int = 15, period: int = 60) -> dict[str, tuple[list[float], list[float]]]:
    """CloudWatch's figures of a function: metric -> (minutes ago, values), oldest first.

    Args:
        function: its name.
        minutes: how far back.
        period: seconds a point stands for; CloudWatch keeps Lambda's by the minute.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    from datetime import UTC, datetime, timedelta

    import boto3

    end = datetime.now(UTC) + timedelta(seconds=period)
    queries = []
    for name, statistic, _ in METRICS:
        metric: dict[str, Any] = {"Namespace": "AWS/Lambda", "MetricName": name}
        metric |= {"Dimensions": [{"Name": "FunctionName", "Value": function}]}
        stat = {"Metric": metric, "Period": period, "Stat": statistic}
        queries.append({"Id": name.lower(), "MetricStat": stat, "ReturnData": True})
    start = end - timedelta(minutes=minutes)
    answer = boto3.client("cloudwatch").get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end)
    found = {}
    for name, _, _ in METRICS:
        series = next(one for one in answer["MetricDataResults"] if one["Id"] == name.lower())
        points = sorted(zip(series["Timestamps"], series["Values"], strict=True))
        found[name] = ([(at - end).total_seconds() / 60 for at, _ in points], [float(value) for _, value in points])
    return found


def graphs(function: str, *, minutes: int = 15, finding: str = "") -> Picture:
    """The console's four graphs: invocations, errors, duration, concurrency.

    Args:
        function: its name.
        minutes: how far back.
        finding: the title; the totals when left out.
    """
    from workshop.show.designer import four_graphs

    return four_graphs(function, metrics_of(function, minutes=minutes), minutes, finding)
