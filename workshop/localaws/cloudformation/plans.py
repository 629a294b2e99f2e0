"""From a request to a plan: the template fetched, transformed, checked; parameters settled; capabilities held
against it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from workshop.localaws.cloudformation import graph, parameters, rehearsal, sections, template, transforms
from workshop.localaws.cloudformation.intrinsics import Scope
from workshop.localaws.cloudformation.model import Plan, Stack
from workshop.localaws.cloudformation.resources import REGISTRY
from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.faults import AwsError

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html: bytes
MAX_BODY, MAX_STORED = 51_200, 1_048_576
# Resources that may change who may do what, and the property that makes them named.
IAM_NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::RolePolicy": "",
}


class Plans:
    """Makes plans.

    Args:
        stored: the text of a TemplateURL; raises AwsError.
        ssm: the value of a Systems Manager parameter, in a region; raises AwsError.
        region, account: whom the plans are for.
    """

    def __init__(self, stored: Callable[[str], str], ssm: Callable[[str], str], region: str, account: str) -> None:
        self.stored, self.ssm, self.region, self.account = stored, ssm, region, account

    def text(self, request: dict[str, Any], stack: Stack | None) -> str:
        """The template's text that a request means.

        Raises:
            AwsError: none, or too large.
        """
        body, url = request.get("TemplateBody"), request.get("TemplateURL")
        if body is not None and url is not None:
            raise invalid("Specify only one of TemplateBody, TemplateURL and UsePreviousTemplate.")
        if body is not None:
            if len(body.encode()) > MAX_BODY:
                raise invalid(
                    f"1 validation error detected: Value '{body[:40]}…' at 'templateBody' failed to satisfy "
                    f"constraint: "
                    f"Member must have length less than or equal to {MAX_BODY}"
                )
            return str(body)
        if url is not None:
            text = self.stored(url)
            if len(text.encode()) > MAX_STORED:
                raise invalid(f"Template may not exceed {MAX_STORED} bytes in size.")
            return text
        if request.get("UsePreviousTemplate") and stack is not None:
            return stack.plan.body
        raise invalid("Either Template URL or Template Body must be specified.")

    def make(self, request: dict[str, Any], stack: Stack | None = None) -> Plan:
        """The plan of a CreateStack, UpdateStack or CreateChangeSet request.

        Raises:
            AwsError: ValidationError or InsufficientCapabilitiesException.
        """
        text = self.text(request, stack)
        parsed = template.parse(text)
        capabilities = list(request.get("Capabilities") or [])
        if (
            parsed.get("Transform")
            and "CAPABILITY_AUTO_EXPAND" not in capabilities
            and not request.get("ChangeSetName")
        ):
            raise insufficient("CAPABILITY_AUTO_EXPAND")
        given = request.get("Parameters") or []
        previous = stack.plan.texts if stack else {}
        parsed = transforms.apply(
            parsed, {item["ParameterKey"]: item.get("ParameterValue") for item in given}, self.region
        )
        sections.check(parsed)
        template.check(parsed, REGISTRY)
        texts, values = parameters.resolve(parsed.get("Parameters") or {}, given, previous, self.ssm)
        needed = capability_needed(parsed)
        if needed and not {"CAPABILITY_NAMED_IAM", needed} & set(capabilities):
            raise insufficient(needed)
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
        if any(key.lower().startswith("aws:") for key in tags):
            raise invalid("aws: prefixed tag key names are not allowed for external use.")
        if request.get("Tags") is None and stack is not None:
            tags = stack.plan.tags
        plan = Plan(text, parsed, given, texts, values, tags, capabilities)
        graph.ordered(parsed["Resources"])
        check_attributes(parsed)
        if stack is not None:
            check_types(stack, parsed)
        self._rehearse(plan, stack or self._to_come(request, plan))
        return plan

    def _to_come(self, request: dict[str, Any], plan: Plan) -> Stack:
        name = request.get("StackName") or ""
        stack_id = f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{name}/{UUID(int=0)}"
        return Stack(stack_id, name, self.region, datetime.now(UTC), plan)

    def _rehearse(self, plan: Plan, stack: Stack) -> None:
        scope = scope_for(plan, stack, self.account, lambda name: name, lambda _, name: name)
        rehearsal.rehearse(plan.template, scope)


def insufficient(capability: str) -> AwsError:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html#API_CreateStack_Errors"""
    return AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]")


def capability_needed(parsed: dict[str, Any]) -> str:
    """The IAM capability a template needs, or an empty string."""
    needed = ""
    for body in parsed["Resources"].values():
        if body["Type"] in IAM_NAMES:
            name = IAM_NAMES[body["Type"]]
            if name and (body.get("Properties") or {}).get(name):
                return "CAPABILITY_NAMED_IAM"
            needed = "CAPABILITY_IAM"
    return needed


def check_types(stack: Stack, parsed: dict[str, Any]) -> None:
    """Refuse an update that makes something else of a resource: AWS wants another logical id for it."""
    changed = [
        name
        for name, body in parsed["Resources"].items()
        if name in stack.resources and stack.resources[name].type != body["Type"]
    ]
    if changed:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(changed)}]"
        )


def check_attributes(parsed: dict[str, Any]) -> None:
    """Refuse a GetAtt of an attribute that the resource's type has not, before anything is made."""
    kinds = {name: body["Type"] for name, body in parsed["Resources"].items()}
    for value in (parsed["Resources"], parsed.get("Outputs") or {}):
        for kind, name, attribute in template.references(value):
            if kind != "GetAtt" or name not in kinds or not attribute or attribute.startswith("Outputs."):
                continue
            if attribute not in REGISTRY[kinds[name]].attributes_known.split():
                raise invalid(
                    f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
                )


def scope_for(
    plan: Plan, stack: Stack, account: str, imported: Callable[[str], str], dynamic: Callable[[str, str], str]
) -> Scope:
    """The scope of a plan's values; physical ids come as resources are made."""
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Region": stack.region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": stack.name,
        "AWS::StackId": stack.id,
        "AWS::NotificationARNs": stack.notifications,
    }
    return Scope(
        {**plan.values, **pseudo},
        plan.template.get("Mappings") or {},
        plan.template.get("Conditions") or {},
        imported=imported,
        dynamic=dynamic,
    )
