"""What connecting adds to boto3 where names carry a suffix, and on AWS.

boto3's event system is meant for this: https://docs.aws.amazon.com/boto3/latest/guide/events.html
A lesson writes `put_parameter(Name="stripe_test_key")`; what is stored is `/workshop-k3f9/stripe_test_key`. It calls
`hello-world-dev-hello`; what is called is `hello-world-dev-k3f9-hello`. On AWS the first call that would change
something asks first (`confirm`).
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from workshop.core.agreement import guard
from workshop.core.telling import in_notebook
from workshop.on_aws.names import TAG, prefix, suffix

_SERVICES = ("lambda", "logs", "cloudwatch", "iam", "events", "cloudformation")
_CONTENT = ("Payload", "Environment", "Code", "ZipFile", "TemplateBody", "PolicyDocument")  # not ours to read
_NAMED = ("PutParameter", "GetParameter", "DeleteParameter", "GetParameters", "DeleteParameters")


def install(cloud: Any) -> None:
    """Makes this process's boto3 personal, for a connected cloud; does nothing offline without a suffix."""
    from workshop.on_aws import kernel_errors

    kernel_errors.install(cloud)
    guard.mode = cloud.mode
    if cloud.mode == "aws" or in_notebook() or "botocore" in sys.modules:
        guard.install()  # elsewhere the deploy tool does, when it first needs a client
    mine = suffix()
    if not mine:
        os.environ.pop("SSM_PREFIX", None)
        return
    import boto3

    # For commands and services of this process and those it starts.
    os.environ |= {"WORKSHOP_SUFFIX": mine, "SSM_PREFIX": prefix(mine)}
    boto3.setup_default_session()
    personal_parameters(boto3.DEFAULT_SESSION, prefix(mine), mine)
    personal_names(boto3.DEFAULT_SESSION, mine)
    if cloud.mode == "aws":
        from workshop.on_aws import confirm, deliveries

        deliveries.wait_for_deliveries(boto3.DEFAULT_SESSION)
        guard.statement = confirm.statement
        updates_have_arrived(boto3.DEFAULT_SESSION)


def updates_have_arrived(session: Any) -> None:
    """Has UpdateFunctionConfiguration return when the new configuration answers, as offline: a lesson's next call is
    about it. On AWS that takes some seconds.

    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    import boto3

    def wait(parsed: dict[str, Any], **_: Any) -> None:
        if parsed.get("LastUpdateStatus") == "InProgress":
            boto3.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=parsed["FunctionName"])
            parsed["LastUpdateStatus"] = "Successful"

    session.events.register("after-call.lambda.UpdateFunctionConfiguration", wait, unique_id="workshop-updates")


def personal_parameters(session: Any, under: str, owner: str = "") -> None:
    """Adds a prefix to the names of parameters, in every client that this boto3 session makes from now on. Answers
    carry the names that were asked for.

    Args:
        session: a `boto3.session.Session`.
        under: such as `/workshop-k3f9/`.
        owner: the value of the workshop's tag, for parameters that are put.
    """

    def named(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        asked = [*params.get("Names", []), *([params["Name"]] if "Name" in params else [])]
        context["workshop_asked"] = {name_under(name, under): name for name in asked}
        if "Name" in params:
            params["Name"] = name_under(params["Name"], under)
        if "Names" in params:
            params["Names"] = [name_under(name, under) for name in params["Names"]]

    def tagged(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        # PutParameter takes no tags with Overwrite: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
        if params.get("Overwrite"):
            context["workshop_tag"] = params.get("Name", "")
        elif owner:
            tags = [one for one in params.get("Tags", []) if one.get("Key") != TAG]
            params["Tags"] = [*tags, {"Key": TAG, "Value": owner}]

    def tag_it(http_response: Any, context: dict[str, Any], **_: Any) -> None:
        name = context.pop("workshop_tag", "")
        if name and owner and http_response.status_code < 300:
            session.client("ssm", region_name=context.get("client_region")).add_tags_to_resource(
                ResourceType="Parameter", ResourceId=name, Tags=[{"Key": TAG, "Value": owner}]
            )

    def answered(parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        asked = context.get("workshop_asked", {})
        for one in [*parsed.get("Parameters", []), parsed.get("Parameter") or {}]:
            if "Name" in one:
                one["Name"] = asked.get(one["Name"], one["Name"])
        for key in ("InvalidParameters", "DeletedParameters"):
            if key in parsed:
                parsed[key] = [asked.get(name, name) for name in parsed[key]]

    for operation in _NAMED:
        session.events.register(f"before-parameter-build.ssm.{operation}", named, unique_id=f"workshop-{operation}")
        session.events.register(f"after-call.ssm.{operation}", answered, unique_id=f"workshop-answer-{operation}")
    session.events.register("before-parameter-build.ssm.PutParameter", tagged, unique_id="workshop-tag")
    session.events.register("after-call.ssm.PutParameter", tag_it, unique_id="workshop-tagged")


def personal_names(session: Any, mine: str) -> None:
    """Adds the suffix to names of the stage `dev` that a lesson spells out, such as `hello-world-dev-hello`."""

    def named(params: dict[str, Any], **_: Any) -> None:
        for key, value in params.items():
            if key not in _CONTENT:
                params[key] = with_suffix(value, mine)

    for service in _SERVICES:
        session.events.register(f"before-parameter-build.{service}", named, unique_id=f"workshop-{service}")


def with_suffix(value: Any, mine: str) -> Any:
    """The same value, with the suffix after every `-dev` that stands inside a name."""
    if isinstance(value, dict):
        return {key: with_suffix(one, mine) for key, one in value.items()}
    if isinstance(value, list):
        return [with_suffix(one, mine) for one in value]
    return re.sub(rf"-dev-(?!{mine}(-|$))", f"-dev-{mine}-", value) if isinstance(value, str) else value


def name_under(name: str, under: str) -> str:
    """A parameter's name below a prefix; a path or an ARN says itself where it is."""
    return name if name.startswith(("/", "arn:")) else under + name
