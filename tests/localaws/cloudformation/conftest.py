"""Fixtures of CloudFormation's tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, eventually, unique

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def inline(source: str = "def handler(event, context): return 'one'\n", **properties: Any) -> dict[str, Any]:
    """A function with its code in the template, run as the resource `Role`."""
    given = {
        "Code": {"ZipFile": source},
        "Handler": "index.handler",
        "Runtime": "python3.12",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": given | properties}


class Stacks:
    """Makes stacks and waits for them."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.api = bench, bench.client("cloudformation")
        self.made: list[str] = []

    def create(self, resources: dict[str, Any], name: str = "", **more: Any) -> dict[str, Any]:
        """The stack, when nothing goes on any more."""
        name = name or unique("stack")
        template, options = self.body(resources, more)
        self.made.append(self.api.create_stack(StackName=name, TemplateBody=template, **options)["StackId"])
        return self.settled(self.made[-1])

    def update(self, name: str, resources: dict[str, Any], **more: Any) -> dict[str, Any]:
        template, options = self.body(resources, more)
        self.api.update_stack(StackName=name, TemplateBody=template, **options)
        return self.settled(name)

    def delete(self, name: str) -> dict[str, Any]:
        stack_id = self.api.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self.api.delete_stack(StackName=name)
        return self.settled(stack_id)

    @staticmethod
    def body(resources: dict[str, Any], more: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        sections = {
            key: more.pop(key) for key in list(more) if key in ("Outputs", "Conditions", "Mappings", "Transform")
        }
        if "Declared" in more:
            sections["Parameters"] = more.pop("Declared")
        return json.dumps({"Resources": resources, **sections}), {"Capabilities": ["CAPABILITY_NAMED_IAM"], **more}

    def settled(self, name: str) -> dict[str, Any]:
        def look() -> Any:
            stack = self.api.describe_stacks(StackName=name)["Stacks"][0]
            return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

        found = eventually(look)
        assert found, "the stack never came to rest"
        return dict(found)

    def physical(self, name: str) -> dict[str, str]:
        rows = self.api.describe_stack_resources(StackName=name)["StackResources"]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}

    def events(self, name: str) -> list[tuple[str, str]]:
        rows = self.api.describe_stack_events(StackName=name)["StackEvents"]
        return [(row["LogicalResourceId"], row["ResourceStatus"]) for row in reversed(rows)]

    def reasons(self, name: str, status: str) -> dict[str, str]:
        rows = self.api.describe_stack_events(StackName=name)["StackEvents"]
        return {
            row["LogicalResourceId"]: row.get("ResourceStatusReason", "")
            for row in rows
            if row["ResourceStatus"] == status
        }

    def refused(self, resources: dict[str, Any], **more: Any) -> tuple[str, str]:
        """(code, message) of the error that creating such a stack gives at once."""
        template, options = self.body(resources, more)
        with pytest.raises(ClientError) as caught:
            self.api.create_stack(StackName=unique("refused"), TemplateBody=template, **options)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def bench(cloud: Any, client: Any) -> Bench:
    return Bench(client, cloud.endpoint)


@pytest.fixture
def stacks(bench: Bench) -> Iterator[Stacks]:
    made = Stacks(bench)
    yield made
    for stack_id in made.made:
        made.api.delete_stack(StackName=stack_id)
