"""Intrinsic functions: from a template's values to plain ones.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workshop.localaws.cloudformation.template import SUB, get_att, invalid

NO_VALUE = object()
MOST_LETTERS = 1_000_000  # of one value; a whole template has at most as many on AWS
MOST_MADE = 50_000_000  # letters of all values together
MOST_BLOCKS = 256  # of Fn::Cidr: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


@dataclass
class Scope:
    """All that a template's values may refer to.

    Args:
        parameters: parameters and pseudo parameters, resolved.
        mappings: the template's.
        conditions: the template's, unresolved; resolved ones are remembered.
        physical: logical id -> what Ref gives.
        attribute: (logical id, attribute) -> what GetAtt gives.
        imported: export name -> value; raises AwsError.
        dynamic: (service, reference) -> value of a dynamic reference.
    """

    parameters: dict[str, Any]
    mappings: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    physical: dict[str, str] = field(default_factory=dict)
    attribute: Callable[[str, str], Any] = lambda *_: None
    imported: Callable[[str], str] = lambda name: name
    dynamic: Callable[[str, str], str] = lambda _, name: name
    known: dict[str, bool] = field(default_factory=dict)
    made: int = 0

    def grow(self, letters: int, so_far: int, function: str) -> int:
        """Count the letters that a function makes, before they are made: functions within each other multiply.

        Args:
            letters: how many come now.
            so_far: how many this value has.
            function: its name, for the message.

        Returns:
            How many this value has with them.

        Raises:
            AwsError: ValidationError, when that is too much for one value or for all.
        """
        self.made += letters
        if so_far + letters > MOST_LETTERS or self.made > MOST_MADE:
            raise invalid(
                f"Template error: the values that {function} makes grow beyond all measure: more than "
                f"{MOST_LETTERS:,} letters in one value, or {MOST_MADE:,} in all. Do functions within each other "
                "repeat what they are given?"
            )
        return so_far + letters

    def condition(self, name: str) -> bool:
        """Whether a named condition holds."""
        if name not in self.known:
            if name not in self.conditions:
                raise invalid(f"Template error: unresolved condition dependency {name}")
            self.known[name] = False  # a condition that needs itself is false rather than endless
            self.known[name] = bool(self.resolve(self.conditions[name]))
        return self.known[name]

    def resolve(self, value: Any) -> Any:
        """A value with its functions worked out; AWS::NoValue members are left out."""
        if isinstance(value, str):
            return (
                DYNAMIC.sub(lambda found: self.dynamic(found[1], found[2]), value) if "{{resolve:" in value else value
            )
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            function = TABLE.get(name)
            if function is not None and (name != "Condition" or isinstance(argument, str)):
                return function(self, argument)
            if name.startswith("Fn::"):
                raise invalid(f"Template error: {name} is not supported offline")
        resolved = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not NO_VALUE}

    def text(self, value: Any, function: str) -> str:
        """A resolved value as text."""
        found = self.resolve(value)
        if isinstance(found, bool):
            return str(found).lower()
        if not isinstance(found, (str, int, float)):
            raise invalid(f"Template error: every {function} object must resolve to a string")
        return str(found)


def _list(scope: Scope, argument: Any, function: str, size: int | None = None) -> list[Any]:
    if not isinstance(argument, list) or (size is not None and len(argument) != size):
        raise invalid(f"Template error: {function} requires a list argument" + (f" of {size} elements" if size else ""))
    return argument


def ref(scope: Scope, name: Any) -> Any:
    """Ref: a parameter, a pseudo parameter or a resource's physical id."""
    if name == "AWS::NoValue":
        return NO_VALUE
    if name in scope.parameters:
        return scope.parameters[name]
    if name in scope.physical:
        return scope.physical[name]
    raise invalid(
        f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
    )


def attribute(scope: Scope, argument: Any) -> Any:
    """Fn::GetAtt."""
    name, wanted = get_att(argument)
    if isinstance(argument, list) and not isinstance(argument[1], str):
        wanted = scope.text(argument[1], "Fn::GetAtt")
    return scope.attribute(name, wanted)


def sub(scope: Scope, argument: Any) -> str:
    """Fn::Sub, with or without variables of its own."""
    text, given = (argument[0], argument[1]) if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(text, str) or not isinstance(given, dict):
        raise invalid(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
            "string "
            "as first argument, and an optional second argument to specify a mapping of values to replace in the string"
        )

    known: dict[str, str] = {}  # each worked out once, however often it is named
    so_far = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal so_far
        value = plain(found)
        so_far = scope.grow(len(value), so_far, "Fn::Sub")
        return value

    def plain(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name in given:
            if name not in known:
                known[name] = scope.text(given[name], "Fn::Sub")
            return known[name]
        head, dot, wanted = name.partition(".")
        value = scope.attribute(head, wanted) if dot else ref(scope, name)
        return "" if value is NO_VALUE else str(value).lower() if isinstance(value, bool) else str(value)

    return SUB.sub(replaced, text).replace("${!", "${")


def join(scope: Scope, argument: Any) -> str:
    """Fn::Join."""
    delimiter, values = _list(scope, argument, "Fn::Join", 2)
    found = scope.resolve(values)
    if not isinstance(found, list):
        raise invalid(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
            "strings to be joined"
        )
    texts: list[str] = []
    so_far = scope.grow(len(str(delimiter)) * max(0, len(found) - 1), 0, "Fn::Join")
    for each in found:
        texts.append(scope.text(each, "Fn::Join"))
        so_far = scope.grow(len(texts[-1]), so_far, "Fn::Join")
    return str(delimiter).join(texts)


def select(scope: Scope, argument: Any) -> Any:
    """Fn::Select."""
    index, values = _list(scope, argument, "Fn::Select", 2)
    found, at = scope.resolve(values), scope.text(index, "Fn::Select")
    if not isinstance(found, list) or not at.isdigit() or int(at) >= len(found):
        raise invalid("Template error: Fn::Select cannot select nonexistent value at index " + at)
    return found[int(at)]


def split(scope: Scope, argument: Any) -> list[str]:
    """Fn::Split."""
    delimiter, text = _list(scope, argument, "Fn::Split", 2)
    return scope.text(text, "Fn::Split").split(str(delimiter))


def find_in_map(scope: Scope, argument: Any) -> Any:
    """Fn::FindInMap, with an optional DefaultValue."""
    if not isinstance(argument, list) or len(argument) not in (3, 4):
        raise invalid("Template error: Fn::FindInMap requires a list of three elements")
    name, top, second = (scope.text(each, "Fn::FindInMap") for each in argument[:3])
    if name not in scope.mappings and len(argument) == 3:
        raise invalid(f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template.")
    try:
        return scope.resolve(scope.mappings[name][top][second])
    except (KeyError, TypeError):
        if len(argument) == 4 and isinstance(argument[3], dict) and "DefaultValue" in argument[3]:
            return scope.resolve(argument[3]["DefaultValue"])
        raise invalid(f"Template error: Unable to get mapping for {name}::{top}::{second}") from None


def choose(scope: Scope, argument: Any) -> Any:
    """Fn::If."""
    name, then, otherwise = _list(scope, argument, "Fn::If", 3)
    return scope.resolve(then if scope.condition(name) else otherwise)


def cidr(scope: Scope, argument: Any) -> list[str]:
    """Fn::Cidr: blocks within a block."""
    parts = [scope.resolve(each) for each in _list(scope, argument, "Fn::Cidr")]
    try:
        network = ipaddress.ip_network(parts[0])
        bits = int(parts[2]) if len(parts) > 2 else 8
        subnets = network.subnets(new_prefix=network.max_prefixlen - bits)
        if int(parts[1]) > MOST_BLOCKS:
            raise ValueError(f"more than {MOST_BLOCKS} blocks")
        return [str(next(subnets)) for _ in range(int(parts[1]))]
    except (ValueError, IndexError, TypeError, StopIteration):
        raise invalid("Template error: Fn::Cidr requires a block, a count and the bits of a subnet that fit") from None


def equal(scope: Scope, argument: Any) -> bool:
    """Fn::Equals; numbers and booleans compare as text, as in a template they may be either."""
    one, other = (scope.resolve(each) for each in _list(scope, argument, "Fn::Equals", 2))

    def plain(value: Any) -> Any:
        return (
            str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, (int, float)) else value
        )

    return bool(plain(one) == plain(other))


def to_json(scope: Scope, argument: Any) -> str:
    """Fn::ToJsonString."""
    made = json.dumps(scope.resolve(argument), separators=(",", ":"))
    scope.grow(len(made), 0, "Fn::ToJsonString")  # each level doubles the backslashes
    return made


def to_base64(scope: Scope, argument: Any) -> str:
    """Fn::Base64."""
    made = base64.b64encode(scope.text(argument, "Fn::Base64").encode()).decode()
    scope.grow(len(made), 0, "Fn::Base64")
    return made


TABLE: dict[str, Callable[[Scope, Any], Any]] = {
    "Ref": ref,
    "Fn::GetAtt": attribute,
    "Fn::Sub": sub,
    "Fn::Join": join,
    "Fn::Select": select,
    "Fn::Split": split,
    "Fn::FindInMap": find_in_map,
    "Fn::If": choose,
    "Fn::Cidr": cidr,
    "Fn::Equals": equal,
    "Fn::ToJsonString": to_json,
    "Fn::Base64": to_base64,
    "Fn::ImportValue": lambda scope, argument: scope.imported(scope.text(argument, "Fn::ImportValue")),
    "Fn::GetAZs": lambda scope, argument: [
        f"{scope.resolve(argument) or scope.parameters['AWS::Region']}{zone}" for zone in "abc"
    ],
    "Fn::Length": lambda scope, argument: len(scope.resolve(argument)),
    "Fn::And": lambda scope, argument: all(scope.resolve(each) for each in _list(scope, argument, "Fn::And")),
    "Fn::Or": lambda scope, argument: any(scope.resolve(each) for each in _list(scope, argument, "Fn::Or")),
    "Fn::Not": lambda scope, argument: not scope.resolve(_list(scope, argument, "Fn::Not", 1)[0]),
    "Condition": lambda scope, argument: scope.condition(argument),
}
