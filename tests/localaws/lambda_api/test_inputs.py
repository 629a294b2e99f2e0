"""What Lambda's API takes, by the locked botocore: each member is kept or refused by name, never dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support import make_function, make_role, unique, zipped
from workshop.localaws.lambda_api import routes, shapes

ROOT = Path(__file__).resolve().parents[3]
# Members that only narrow a list: what they ask for is read by the paging, or they say nothing about a function.
NARROWING = {"MasterRegion", "CompatibleArchitecture", "TagKeys"}


def test_each_member_that_the_locked_botocore_sends_is_kept_or_refused() -> None:
    model = boto3.client("lambda", region_name="eu-west-1").meta.service_model
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "workshop" / "localaws" / "lambda_api").glob("*.py")
        if path.name != "shapes.py"
    )
    served = {(method, re.sub(r"\{[^}]*\}", "{}", path)) for method, path, _ in routes.TABLE}
    looked = 0
    for name in model.operation_names:
        operation = model.operation_model(name)
        if (operation.http["method"], shapes.template(operation.http["requestUri"])) not in served:
            continue
        for member, shape in (operation.input_shape.members if operation.input_shape else {}).items():
            looked += 1
            assert (
                shape.serialization.get("location") == "uri"
                or member in shapes.NOT_DONE.get(name, ())
                or member in NARROWING
                or f'"{member}"' in source
            ), f"{name} takes {member}: nothing here keeps it, and nothing refuses it"
    assert looked > 100


GIVEN: dict[str, Any] = {
    "CapacityProviderConfig": {
        "LambdaManagedInstancesCapacityProviderConfig": {
            "CapacityProviderArn": "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:one"
        }
    },
    "CodeSigningConfigArn": "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0",
    "DurableConfig": {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1},
    "FileSystemConfigs": [
        {
            "Arn": "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0",
            "LocalMountPath": "/mnt/files",
        }
    ],
    "ImageConfig": {"Command": ["run"]},
    "PublishTo": "LATEST_PUBLISHED",
    "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"},
}


def test_there_is_a_value_for_every_member_that_has_members() -> None:
    assert set(shapes.NOT_DONE["CreateFunction"]) - set(GIVEN) == {"AcceleratorConfig", "RuntimeConfig"}


@pytest.mark.parametrize("member", GIVEN)
def test_create_function_refuses_what_is_not_done(client: Callable[..., Any], member: str) -> None:
    with pytest.raises(
        ClientError, match=f"{member} of CreateFunction is known to AWS, but the offline cloud does not"
    ):
        client("lambda").create_function(
            FunctionName=unique("inputs"),
            Runtime="python3.12",
            Handler="handler.handler",
            Role=make_role(client),
            Code={"ZipFile": zipped({"handler.py": "def handler(event, context): pass\n"})},
            **{member: GIVEN[member]},
        )


def test_an_update_refuses_too(client: Callable[..., Any]) -> None:
    name = make_function(client, "def handler(event, context): pass\n")
    with pytest.raises(ClientError, match="ImageConfig of UpdateFunctionConfiguration is known to AWS"):
        client("lambda").update_function_configuration(FunctionName=name, ImageConfig={"Command": ["run"]})
