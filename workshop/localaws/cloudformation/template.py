"""Reading a template: JSON or YAML with short intrinsic tags, and what CloudFormation refuses before it starts."""

from __future__ import annotations

import json
import re
from typing import Any

from workshop.localaws.cloudformation.resources.schemas import known_to_aws
from workshop.localaws.faults import AwsError

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
}
RESOURCE_MEMBERS = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    "Metadata",
}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
FUNCTIONS = {
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::If",
    "Fn::And",
    "Fn::Or",
    "Fn::Not",
    "Fn::Equals",
    "Fn::Length",
    "Fn::ToJsonString",
    "Ref",
    "Condition",
}
DEEPEST = 100  # levels; nobody writes more, and what reads them calls itself once a level
LOGICAL_ID = re.compile(r"[a-zA-Z0-9]{1,255}")
SUB = re.compile(r"\$\{([^!{}][^{}]*)\}")
PSEUDO = (
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
)


def invalid(message: str) -> AwsError:
    """A ValidationError."""
    return AwsError("ValidationError", message)


def parse(text: str) -> dict[str, Any]:
    """A template from its text.

    Raises:
        AwsError: it is neither JSON nor YAML, or no template.
    """
    stripped = text.lstrip()
    if not stripped:
        raise invalid("Template format error: The template is empty.")
    try:
        template = json.loads(text) if stripped.startswith("{") else _yaml(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if stripped.startswith("{") else "YAML"
        raise invalid(f"Template format error: {kind} not well-formed. ({error})") from None
    if not isinstance(template, dict):
        raise invalid("Template format error: unsupported structure.")
    if _deeper(template, DEEPEST):
        raise invalid(f"Template format error: the template is nested deeper than {DEEPEST} levels.")
    return template


def _deeper(value: Any, levels: int) -> bool:
    """Whether a value is nested deeper than so many levels."""
    if not isinstance(value, (dict, list)):
        return False
    return not levels or any(
        _deeper(each, levels - 1) for each in (value.values() if isinstance(value, dict) else value)
    )


def _yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """SafeLoader with CloudFormation's tags, dates left as text; duplicate keys and aliases refused."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html: "Aliases" are not
            # supported. Nested in each other, thirty of them would be a billion nodes.
            if self.check_event(yaml.AliasEvent):
                raise invalid("Template format error: YAML aliases are not allowed in CloudFormation templates")
            return super().compose_node(parent, index)

    def tagged(loader: Any, suffix: str, node: Any) -> Any:
        name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
        if name not in FUNCTIONS and name != "Fn::Transform":
            raise ValueError(f"unknown tag !{suffix} in line {node.start_mark.line + 1}")
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
            return {name: value.split(".", 1) if name == "Fn::GetAtt" else value}
        if isinstance(node, yaml.SequenceNode):
            return {name: loader.construct_sequence(node, deep=True)}
        return {name: loader.construct_mapping(node, deep=True)}

    def mapping(loader: Any, node: Any) -> Any:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"duplicate key {twice!r} in line {node.start_mark.line + 1}")
        return loader.construct_mapping(node, deep=True)

    Loader.add_multi_constructor("!", tagged)
    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: node.value)
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def check(template: dict[str, Any], known_types: Any) -> None:
    """Refuse what CloudFormation refuses at once: unknown sections, types, references.

    Args:
        template: after its transforms.
        known_types: says whether a resource type is known: `type in known_types`.

    Raises:
        AwsError: ValidationError.
    """
    unknown = sorted(set(template) - SECTIONS)
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    for name, body in resources.items():
        _check_resource(name, body)
    strange = sorted({body["Type"] for body in resources.values() if body["Type"] not in known_types})
    if strange and not all(known_to_aws(kind) for kind in strange):
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(strange)}]")
    if strange:
        raise invalid(
            f"AWS knows these resource types, the offline cloud does not make them: [{', '.join(strange)}]. Leave them "
            "out here, or deploy to AWS."
        )
    _check_references(template)


def _check_resource(name: str, body: Any) -> None:
    if not LOGICAL_ID.fullmatch(str(name)):
        raise invalid(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(body, dict):
        raise invalid("Template format error: Every Resources object must be an object.")
    if not isinstance(body.get("Type"), str):
        raise invalid(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    surplus = sorted(set(body) - RESOURCE_MEMBERS)
    if surplus:
        raise invalid(f"Invalid template resource property '{surplus[0]}'")
    if not isinstance(body.get("Properties") or {}, dict):
        raise invalid(f"Template format error: [/Resources/{name}] Properties must be an object.")
    for member, known in POLICIES.items():
        policy = body.get(member)
        if policy is not None and policy not in known:
            raise invalid(f"Template format error: Unrecognized {member} {policy} for resource {name}")
        if policy == "Snapshot":  # only for databases and volumes, which nothing here makes
            words = {"DeletionPolicy": "deletion policy", "UpdateReplacePolicy": "update replace policy"}[member]
            raise invalid(f"Template error: resource type {body['Type']} does not support {words} Snapshot")


def _check_references(template: dict[str, Any]) -> None:
    names, parameters = set(template["Resources"]), set(template.get("Parameters") or {})
    missing: list[str] = []
    for body in template["Resources"].values():
        for kind, name, _ in references(body.get("Properties")):
            if kind == "Ref" and name not in names and name not in parameters and name not in PSEUDO:
                missing.append(name)
            if kind == "GetAtt" and name not in names:
                raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        missing += [name for name in depends_on(body) if name not in names]
    if missing:
        listed = ", ".join(dict.fromkeys(missing))
        raise invalid(
            f"Template format error: Unresolved resource dependencies [{listed}] in the Resources block of the template"
        )
    for output in (template.get("Outputs") or {}).values():
        if not isinstance(output, dict) or "Value" not in output:
            raise invalid("Template format error: Every Outputs member must contain a Value object")
        lost = [name for _, name, _ in references(output) if name not in names | parameters and name not in PSEUDO]
        if lost:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(lost)}] in the Outputs block of "
                "the template"
            )
    conditions = set(template.get("Conditions") or {})
    for name, body in {**template["Resources"], **(template.get("Outputs") or {})}.items():
        if isinstance(body.get("Condition"), str) and body["Condition"] not in conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {body['Condition']} in {name}")


def depends_on(body: dict[str, Any]) -> list[str]:
    """The explicit dependencies of a resource."""
    value = body.get("DependsOn") or []
    return [value] if isinstance(value, str) else [name for name in value if isinstance(name, str)]


def references(value: Any) -> list[tuple[str, str, str]]:
    """All references in a value: ("Ref", name, "") and ("GetAtt", name, attribute), also those in Fn::Sub."""
    found: list[tuple[str, str, str]] = []
    if isinstance(value, list):
        for each in value:
            found += references(each)
    elif isinstance(value, dict):
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref" and isinstance(argument, str):
                return [("Ref", argument, "")]
            if function == "Fn::GetAtt":
                name, attribute = get_att(argument)
                return [("GetAtt", name, attribute)]
            if function == "Fn::Sub":
                return _in_sub(argument)
        for each in value.values():
            found += references(each)
    return found


def get_att(argument: Any) -> tuple[str, str]:
    """(logical id, attribute) of a Fn::GetAtt."""
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str):
        raise invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
            "resource attribute"
        )
    return parts[0], parts[1] if isinstance(parts[1], str) else ""


def _in_sub(argument: Any) -> list[tuple[str, str, str]]:
    text, given = (argument[0], argument[1]) if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    found = references(given)
    for name in SUB.findall(text) if isinstance(text, str) else ():
        name = name.strip()
        if name in (given or {}):
            continue
        head, dot, attribute = name.partition(".")
        found.append(("GetAtt", head, attribute) if dot else ("Ref", name, ""))
    return found
