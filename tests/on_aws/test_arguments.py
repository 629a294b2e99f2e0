"""Every boto3 call written in the kit, the demo services and the notebooks, held against botocore's service models.

botocore checks arguments itself when a call is made (test_recorded shows that this is on). This finds the calls that no
test makes: names of arguments that the operation does not have, and required ones that are missing.
https://docs.aws.amazon.com/boto3/latest/guide/error-handling.html
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = (
    "apigateway",
    "apigatewayv2",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "events",
    "iam",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "sns",
    "sqs",
    "ssm",
    "sts",
)
# Python's own or ours, which happen to be called like an operation.
NOT_CALLS = ("untag", "copy")


@cache
def operations() -> dict[str, list[tuple[str, set[str], set[str]]]]:
    """Python name of an operation -> service, its arguments, those it requires."""
    import botocore.session
    from botocore import xform_name

    found: dict[str, list[tuple[str, set[str], set[str]]]] = {}
    session = botocore.session.get_session()
    for service in SERVICES:
        model = session.get_service_model(service)
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            members = set(shape.members) if shape else set()
            required = set(shape.required_members) if shape else set()
            found.setdefault(xform_name(name), []).append((service, members, required))
    return found


def sources() -> Iterator[tuple[str, str]]:
    """Where, and the Python that stands there. The offline cloud itself is not the kit's caller of AWS."""
    for folder in ("workshop", "demo_lambdas"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            if not where.startswith(("workshop/localaws/", "workshop/partners/")) and ".serverless" not in path.parts:
                yield where, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if cell["cell_type"] == "code":
                yield f"{path.name} cell {number}", "".join(cell["source"])


def calls(text: str) -> Iterator[tuple[int, str, set[str], bool]]:
    """Line, operation, names of arguments, whether there may be more (`**more`): of what looks like a boto3 call."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.args:
            continue
        names, more = {one.arg for one in node.keywords if one.arg}, any(one.arg is None for one in node.keywords)
        operation = paginated(node) or node.func.attr
        known = operations().get(operation)
        if not known or operation in NOT_CALLS:
            continue
        # Names as AWS writes them, or an operation's name in two words: nothing of Python's or ours looks like that.
        fits = any(names & members for _, members, _ in known) or any(name[:1].isupper() for name in names)
        bare = "_" in operation and not names and not more
        if fits or bare or paginated(node):
            yield node.lineno, operation, names, more


def paginated(node: ast.Call) -> str:
    """The operation of `client.get_paginator("…").paginate(…)`; empty for another call."""
    inner = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "paginate" else None
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "get_paginator":
        names = [str(one.value) for one in inner.args if isinstance(one, ast.Constant)]
        return names[0] if names else ""
    return ""


def wrong(operation: str, names: set[str], more: bool) -> str:
    """What is wrong with a call; empty when some service takes it."""
    said = []
    for service, members, required in operations()[operation]:
        unknown = names - members
        # Tables and buckets of boto3's resources name themselves.
        missing = set() if more else required - names - {"TableName", "Bucket"}
        if not unknown and not missing:
            return ""
        said.append(f"{service}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    return "; ".join(said)


def test_every_call_in_the_kit_has_the_arguments_that_its_operation_takes() -> None:
    seen, faults = 0, []
    for where, text in sources():
        for line, operation, names, more in calls(text):
            seen += 1
            if fault := wrong(operation, names, more):
                faults.append(f"{where}:{line} {operation}: {fault}")
    assert faults == []
    assert seen > 60  # the calls are found at all


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('boto3.client("ssm").put_parameter(Name="x", Valeu="y", Type="String")', "Valeu"),
        ('client.invoke(Payload=b"")', "FunctionName"),
        ('logs.filter_log_events(logGroup="x", limit=1)', "logGroup"),
        ('lam.get_function(Function="x")', "Function"),
        ("cloudformation.describe_stack_resources_of()\niam.get_role()", "RoleName"),
        ('logs.get_paginator("filter_log_events").paginate(logGroupNames="x")', "logGroupNames"),
    ],
)
def test_a_wrong_call_would_be_found(text: str, fault: str) -> None:
    [(_, operation, names, more)] = list(calls(text))
    assert fault in wrong(operation, names, more)


def test_what_is_no_call_of_boto3_is_left_alone() -> None:
    found: list[Any] = list(calls("thing.invoke(data=1)\nlist(x)\nstack.publish(topic=1)\n"))
    assert found == []
