"""What CloudFormation refuses of a template's sections at once, before it looks at resources.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workshop.localaws.cloudformation.template import FUNCTIONS, LOGICAL_ID, PSEUDO, invalid, references

VERSION = "2010-09-09"
MOST_DESCRIPTION = 1024  # bytes
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
PARAMETER_MEMBERS = {
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
}
PARAMETER_TYPE = re.compile(
    r"String|Number|List<(String|Number)>|CommaDelimitedList|(List<)?AWS::(EC2|Route53)::[\w:]+>?"
    r"|AWS::SSM::Parameter::(Name|Value<.+>)"
)
# Sections that would change what a stack does, and that nothing here carries out.
NOT_OFFERED = ("Rules", "Hooks")


def check(template: dict[str, Any]) -> None:
    """Refuse what a section may not have.

    Raises:
        AwsError: ValidationError.
    """
    version = template.get("AWSTemplateFormatVersion")
    if version is not None and str(version) != VERSION:
        raise invalid("Template format error: unsupported value for AWSTemplateFormatVersion.")
    description = template.get("Description")
    if description is not None and not isinstance(description, str):
        raise invalid("Template format error: Description must be a string.")
    if len((description or "").encode()) > MOST_DESCRIPTION:
        raise invalid(f"Template format error: 'Description' length is greater than {MOST_DESCRIPTION}.")
    for name in NOT_OFFERED:
        if template.get(name):
            raise invalid(f"Template format error: the section {name} is not available offline.")
    for section in ("Parameters", "Mappings", "Conditions", "Outputs"):
        given = template.get(section) or {}
        if not isinstance(given, dict):
            raise invalid(f"Template format error: {section} must be an object.")
        for name in given:
            if not LOGICAL_ID.fullmatch(str(name)) and section != "Mappings":
                raise invalid(f"Template format error: {section[:-1]} name {name} is non alphanumeric.")
    both = sorted(set(template.get("Parameters") or {}) & set(template.get("Resources") or {}))
    if both:
        raise invalid(
            f"Template format error: logical ids must be unique; both a parameter and a resource: [{', '.join(both)}]"
        )
    _parameters(template.get("Parameters") or {})
    _mappings(template.get("Mappings") or {})
    _conditions(template)


def _parameters(declared: dict[str, Any]) -> None:
    for name, about in declared.items():
        if not isinstance(about, dict):
            raise invalid(f"Template format error: [/Parameters/{name}] Every Parameters object must be an object.")
        if not isinstance(about.get("Type"), str):
            raise invalid(
                f"Template format error: [/Parameters/{name}] Every Parameters object must contain a Type member."
            )
        if not PARAMETER_TYPE.fullmatch(about["Type"]):
            raise invalid(f"Template format error: Unrecognized parameter type: {about['Type']}")
        surplus = sorted(set(about) - PARAMETER_MEMBERS)
        if surplus:
            raise invalid(f"Invalid template parameter property '{surplus[0]}'")
        try:
            re.compile(str(about.get("AllowedPattern") or ""))
        except re.error as error:
            raise invalid(
                f"Template format error: [/Parameters/{name}] AllowedPattern is no regular expression ({error})."
            ) from None


def _mappings(mappings: dict[str, Any]) -> None:
    for name, rows in mappings.items():
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            raise invalid(f"Template format error: [/Mappings/{name}] Every Mappings member must be a map of maps.")
        for row in rows.values():
            values = [each for value in row.values() for each in (value if isinstance(value, list) else [value])]
            if any(isinstance(value, (dict, list)) for value in values):  # no function may stand here
                raise invalid("Template format error: Every Mappings attribute must be a String or a List.")


def _conditions(template: dict[str, Any]) -> None:
    conditions = template.get("Conditions") or {}
    parameters, resources = set(template.get("Parameters") or {}), set(template.get("Resources") or {})
    needs: dict[str, set[str]] = {}
    for name, body in conditions.items():
        referred = {one for _, one, _ in references(body)} - parameters - set(PSEUDO)
        if referred & resources:
            listed = ", ".join(sorted(referred & resources))
            raise invalid(
                f"Template format error: Unresolved dependencies [{listed}]. Cannot reference resources in the "
                "Conditions block of the template"
            )
        if referred:
            raise invalid(f"Template format error: Unresolved dependencies [{', '.join(sorted(referred))}]")
        needs[name] = set(used_conditions(body))
        _known(needs[name], conditions, "Conditions")
    _no_circle(needs)
    for section in ("Resources", "Outputs"):
        _known(set(used_conditions(template.get(section))), conditions, section)


def _known(used: set[str], conditions: dict[str, Any], section: str) -> None:
    lost = sorted(used - set(conditions))
    if lost:
        raise invalid(
            f"Template format error: Unresolved condition dependency {lost[0]} in the {section} block of the template"
        )


def _no_circle(needs: dict[str, set[str]]) -> None:
    left = dict(needs)
    while left:
        free = [name for name, needed in left.items() if not needed & set(left)]
        if not free:
            raise invalid(f"Template error: Found circular condition dependency between {', '.join(sorted(left))}")
        for name in free:
            del left[name]


def used_conditions(value: Any) -> Iterator[str]:
    """The names of the conditions that a value's functions use; refuses functions that nobody knows.

    Raises:
        AwsError: ValidationError.
    """
    if isinstance(value, list):
        for each in value:
            yield from used_conditions(each)
    elif isinstance(value, dict):
        function = next(iter(value)) if len(value) == 1 else None
        argument = value.get(function)
        if isinstance(function, str) and function.startswith("Fn::") and function not in FUNCTIONS:
            known = ", ".join(sorted(name for name in FUNCTIONS if name.startswith("Fn::")))
            raise invalid(
                f"Template error: Encountered unsupported function: {function} Supported functions are: [{known}]"
            )
        if function == "Condition" and isinstance(argument, str):
            yield argument
        if function == "Fn::If" and isinstance(argument, list) and argument and isinstance(argument[0], str):
            yield argument[0]
        for each in value.values():
            yield from used_conditions(each)
