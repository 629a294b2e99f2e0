"""Parameters of a stack: defaults, types, constraints, and values that SSM has.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from workshop.localaws.cloudformation.template import invalid
from workshop.localaws.logs.apart import Unmatched, fits

SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(?P<kind>.+)>")


def resolve(
    declared: dict[str, Any], given: list[dict[str, Any]], previous: dict[str, str], ssm: Callable[[str], str]
) -> tuple[dict[str, str], dict[str, Any]]:
    """What was given, as text, and what each parameter is worth.

    Args:
        declared: the template's Parameters.
        given: the request's Parameters.
        previous: the stack's texts so far, for UsePreviousValue.
        ssm: name -> value of a Systems Manager parameter; raises AwsError.

    Raises:
        AwsError: ValidationError.
    """
    surplus = [item["ParameterKey"] for item in given if item.get("ParameterKey") not in declared]
    if surplus:
        raise invalid(f"Parameters: [{', '.join(surplus)}] do not exist in the template")
    texts: dict[str, str] = {}
    for item in given:
        name = item["ParameterKey"]
        if item.get("UsePreviousValue"):
            if name in previous:
                texts[name] = previous[name]
        elif item.get("ParameterValue") is not None:
            texts[name] = str(item["ParameterValue"])
    for name, about in declared.items():
        if name not in texts and "Default" in about:
            default = about["Default"]
            texts[name] = str(default).lower() if isinstance(default, bool) else str(default)
    missing = [name for name in declared if name not in texts]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return texts, {name: _worth(name, about, texts[name], ssm) for name, about in declared.items()}


def _worth(name: str, about: dict[str, Any], text: str, ssm: Callable[[str], str]) -> Any:
    kind = str(about.get("Type", "String"))
    stored = SSM_VALUE.fullmatch(kind)
    value = ssm(text) if stored else text
    _constrained(name, about, value)
    kind = stored["kind"] if stored else kind
    if kind == "Number":
        if not _is_number(value):
            raise invalid(f"Parameter '{name}' must be a number.")
        return value
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        values = [each.strip() for each in value.split(",")]
        if kind == "List<Number>" and not all(_is_number(each) for each in values):
            raise invalid(f"Parameter '{name}' must be a list of numbers.")
        return values
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _constrained(name: str, about: dict[str, Any], value: str) -> None:
    told = about.get("ConstraintDescription")
    values = value.split(",") if about.get("Type") == "CommaDelimitedList" else [value]
    allowed = [str(each).lower() if isinstance(each, bool) else str(each) for each in about.get("AllowedValues") or []]
    if allowed and any(each.strip() not in allowed for each in values):
        raise invalid(
            f"Parameter '{name}' must be one of AllowedValues"
            if not told
            else f"Parameter {name} failed to satisfy constraint: {told}"
        )
    pattern = about.get("AllowedPattern")
    try:
        fitting = not pattern or all(fits(str(pattern), each.strip()) for each in values)
    except Unmatched as fault:
        raise invalid(f"Parameter {name}: its AllowedPattern cannot be tried. {fault}") from None
    if not fitting:
        raise invalid(f"Parameter {name} failed to satisfy constraint: {told or f'must match pattern {pattern}'}")
    for member, wrong in (
        ("MinLength", lambda limit: len(value) < limit),
        ("MaxLength", lambda limit: len(value) > limit),
    ):
        if member in about and wrong(int(about[member])):
            raise invalid(
                f"Parameter '{name}' must contain {'at least' if member == 'MinLength' else 'at most'} {about[member]} "
                "characters"
            )
    for member in ("MinValue", "MaxValue"):
        if member in about:
            try:
                off = (
                    float(value) < float(about[member]) if member == "MinValue" else float(value) > float(about[member])
                )
            except ValueError:
                raise invalid(f"Parameter '{name}' must be a number.") from None
            if off:
                side = "not less than" if member == "MinValue" else "not greater than"
                raise invalid(f"Parameter '{name}' must be a number {side} {about[member]}")
