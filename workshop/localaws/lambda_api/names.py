"""How callers name functions: name, partial ARN, ARN, each with or without a qualifier."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workshop.localaws.faults import AwsError

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, FunctionName: the pattern AWS prints in its message.
PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
FUNCTION = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-gov)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
QUALIFIER = re.compile(r"\$LATEST|[a-zA-Z0-9$_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A function's name in a region, with a qualifier or an empty string."""

    region: str
    account: str
    name: str
    qualifier: str = ""

    @property
    def arn(self) -> str:
        """The unqualified ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def qualified(self) -> str:
        """The ARN with the qualifier, when there is one."""
        return f"{self.arn}:{self.qualifier}" if self.qualifier else self.arn


def constraint(value: object, member: str, rule: str) -> AwsError:
    """AWS's sentence for a member out of bounds."""
    return AwsError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}",
    )


def parse(text: str, region: str, account: str, qualifier: str | None = None) -> Reference:
    """A reference from what a caller wrote.

    Raises:
        AwsError: it is no function name, or two different qualifiers were given.
    """
    found = FUNCTION.fullmatch(text) if len(text) <= 200 else None
    if not found or len(found["name"]) > 64:
        raise constraint(text, "functionName", f"Member must satisfy regular expression pattern: {PATTERN}")
    if qualifier and not QUALIFIER.fullmatch(qualifier):
        raise constraint(qualifier, "qualifier", "Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)")
    named = found["qualifier"] or ""
    if named and qualifier and named != qualifier:
        raise AwsError(
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return Reference(found["region"] or region, found["account"] or account, found["name"], qualifier or named)


def not_found(reference: Reference) -> AwsError:
    """AWS's answer for a function, version or alias that is not there."""
    return AwsError("ResourceNotFoundException", f"Function not found: {reference.qualified}", 404)
