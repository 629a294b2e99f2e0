"""What a rule's target gets: the event, a part of it, a constant, or a text made from it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")


def for_target(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str) -> str:
    """The JSON text (or plain text) that a target receives.

    Args:
        target: with at most one of `Input`, `InputPath` and `InputTransformer`.
        event: the whole event.
        rule_arn: for `<aws.events.rule-arn>`.
        rule_name: for `<aws.events.rule-name>`.
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return json.dumps(at_path(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if transformer:
        return transformed(transformer, event, rule_arn, rule_name)
    return json.dumps(event)


def at_path(event: Any, path: str) -> Any:
    """The value at a JSONPath of the simple kind: `$.detail.items[0]`; None when there is nothing."""
    found = event
    for name, index, quoted in _STEP.findall(path.removeprefix("$")):
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        else:
            found = found.get(name or quoted) if isinstance(found, Mapping) else None
    return found


def transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str) -> str:
    """The template with its `<variables>` replaced.

    A variable that stands alone as a JSON value keeps its type; inside a quoted text only its characters count.
    """
    values = {name: at_path(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": event.get("time"),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }
    template = str(transformer.get("InputTemplate") or "")

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            return match[0]
        found = values[name]
        if _inside_text(template, match.start()):
            text = found if isinstance(found, str) else "" if found is None else json.dumps(found)
            return json.dumps(text)[1:-1]
        return json.dumps(found)

    return re.sub(r"<([\w.-]+)>", value, template)


def _inside_text(template: str, position: int) -> bool:
    """Whether a place in a template lies between two quotation marks."""
    quotes = re.findall(r'(?<!\\)"', template[:position])
    return len(quotes) % 2 == 1
