"""What the file itself adds: `resources`, merged into the template, and `outputs`.

https://www.serverless.com/framework/docs/providers/aws/guide/resources#override-aws-cloudformation-resource
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workshop.serverless.marks import did_you_mean, fault
from workshop.serverless.template.build import Template

_SECTIONS = ("Conditions", "Mappings", "Metadata", "Parameters", "Rules", "Transform")
_KNOWN = ("Resources", "Outputs", "extensions", "Description", *_SECTIONS)


def merge(template: Template) -> None:
    """Merges `resources` (one mapping or a list of them) over what was built: the file has the last word."""
    given = template.service.config.get("resources")
    for block in given if isinstance(given, list) else [given]:
        if block is None:
            continue
        if not isinstance(block, dict):
            raise fault("resources: each item must be a mapping with Resources.", template.service.config, "resources")
        _merge_block(template, block)


def _merge_block(template: Template, block: Any) -> None:
    for key, value in block.items():
        if key not in _KNOWN:
            hint = did_you_mean(key, _KNOWN)
            if isinstance(value, dict) and "Type" in value:
                hint = "Resources stand one level deeper: resources: Resources: ..."
            raise fault(f"resources.{key}: {key!r} is not a section of a template.", block, key, fix=hint)
        if key in ("Description", "Transform"):
            template.extra[key] = value
            continue
        if not isinstance(value, dict):
            raise fault(f"resources.{key}: a mapping belongs here.", block, key)
        if key == "Resources":
            for logical_id, resource in value.items():
                _resource(template, value, logical_id, resource)
        elif key == "extensions":
            for logical_id, resource in value.items():
                _extension(template, value, logical_id, resource)
        elif key == "Outputs":
            deep_merge(template.outputs, value)
        else:
            deep_merge(template.extra.setdefault(key, {}), value)


def _resource(template: Template, holder: Any, logical_id: str, resource: Any) -> None:
    where = f"resources.Resources.{logical_id}"
    if not logical_id.isalnum() or not logical_id.isascii():
        raise fault(f"{where}: a logical id holds letters and digits only.", holder, logical_id)
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise fault(f"{where}: 'Type' is missing.", holder, logical_id, fix="Add Type, such as Type: AWS::SQS::Queue")
    deep_merge(template.resources.setdefault(logical_id, {}), resource)


def _extension(template: Template, holder: Any, logical_id: str, resource: Any) -> None:
    """An extension changes a resource that the tool made: properties are merged, other attributes replaced."""
    if logical_id not in template.resources:
        raise fault(
            f"resources.extensions.{logical_id}: the template has no such resource to extend.",
            holder,
            logical_id,
            fix=did_you_mean(logical_id, template.resources),
        )
    deep_merge(template.resources[logical_id], resource)


def check_references(template: Template) -> None:
    """Finds a `!Ref` or `!GetAtt` that leads nowhere; CloudFormation would refuse the template without a line.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
    """
    if "Transform" in template.extra:
        return  # a macro may add what is missing
    known = [*template.resources, *(template.extra.get("Parameters") or {})]
    for section, holder in (("Resources", template.resources), ("Outputs", template.outputs)):
        for name, block in holder.items():
            for mapping, target in _references(block):
                if target not in known and not target.startswith("AWS::"):
                    raise fault(
                        f"{section}.{name} refers to {target!r}, which the template does not have.",
                        mapping,
                        next(iter(mapping)),
                        fix=did_you_mean(target, known),
                    )


def _references(value: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        target = value.get("Ref") if len(value) == 1 else None
        if len(value) == 1 and "Fn::GetAtt" in value:
            given = value["Fn::GetAtt"]
            target = given.partition(".")[0] if isinstance(given, str) else given[0] if given else None
        if isinstance(target, str):
            yield value, target
        for item in value.values():
            yield from _references(item)


def add_outputs(template: Template) -> None:
    """Adds `outputs`, this tool's short form of `resources.Outputs`: `name: value`, or a whole output."""
    for name, value in (template.service.config.get("outputs") or {}).items():
        whole = isinstance(value, dict) and "Value" in value
        template.outputs[name] = dict(value) if whole else {"Value": value}


def deep_merge(into: dict[str, Any], source: dict[str, Any]) -> None:
    """Merges mappings into mappings, and lists after lists without repeating; anything else replaces."""
    for key, value in source.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            deep_merge(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list):
            into[key] = into[key] + [item for item in value if item not in into[key]]
        else:
            into[key] = value
