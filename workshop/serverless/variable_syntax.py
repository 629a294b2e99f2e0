"""The grammar of `${source(arguments):address, fallback}`: text in, a small tree out.

https://www.serverless.com/framework/docs/providers/aws/guide/variables
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_START = re.compile(r"\s*([A-Za-z]\w*)\s*(?=\(|:(?!:))")
_LITERALS = {"true": True, "false": False, "null": None}


class BadVariable(ValueError):
    """The text is not a variable; the message says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """One way to a value: `env:NAME`, `file(path):key`, …"""

    kind: str
    arguments: tuple[Template, ...] = ()
    address: Template | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A fallback written out: `'dev'`, `3`, `true`, `null`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Variable:
    """`${…}`: sources tried in order."""

    choices: tuple[Source | Literal, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """Text with variables in it."""

    parts: tuple[str | Variable, ...] = field(default=())


def parse(text: str) -> Template | None:
    """The template in a text; None when no variable is in it.

    `${AWS::Region}`, `${Resource.Attribute}` and `${!Literal}` belong to CloudFormation's `Fn::Sub` and stay text.

    Raises:
        BadVariable: it begins like a variable and is none.
    """
    if "${" not in text:
        return None
    template = _Parser(text).template(stops="")
    return template if any(isinstance(part, Variable) for part in template.parts) else None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def template(self, stops: str) -> Template:
        """Text up to one of the characters in `stops`, with the variables in it."""
        parts: list[str | Variable] = []
        plain = ""
        while self.at < len(self.text):
            if self.text.startswith("${", self.at):
                if _START.match(self.text, self.at + 2):
                    if plain:
                        parts.append(plain)
                        plain = ""
                    parts.append(self.variable())
                    continue
                end = self.text.find("}", self.at)
                end = len(self.text) if end < 0 else end + 1
                plain += self.text[self.at : end]
                self.at = end
                continue
            if self.text[self.at] in stops:
                break
            plain += self.text[self.at]
            self.at += 1
        if plain:
            parts.append(plain)
        return Template(tuple(parts))

    def variable(self) -> Variable:
        begin = self.at
        self.at += 2
        choices = [self.choice()]
        while self.peek() == ",":
            self.at += 1
            choices.append(self.choice())
        if self.peek() != "}":
            raise BadVariable(f"{self.text[begin:]!r} has no closing brace.")
        self.at += 1
        return Variable(tuple(choices), self.text[begin : self.at])

    def peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def choice(self) -> Source | Literal:
        first = self.peek()
        if first in ("'", '"'):
            end = self.text.find(first, self.at + 1)
            if end < 0:
                raise BadVariable(f"{self.text[self.at :]!r} has no closing quote.")
            value = self.text[self.at + 1 : end]
            self.at = end + 1
            return Literal(value)
        if self.text.startswith("${", self.at):
            inner = self.variable()
            return Source("variable", (), Template((inner,)))
        start = _START.match(self.text, self.at)
        if not start:
            return self.literal()
        self.at = start.end()
        arguments = self.arguments() if self.peek() == "(" else ()
        address = None
        if self.peek() == ":":
            self.at += 1
            address = _trimmed(self.template(stops=",}"))
        return Source(start[1], arguments, address)

    def arguments(self) -> tuple[Template, ...]:
        self.at += 1
        found = []
        while True:
            found.append(_trimmed(self.template(stops=",)")))
            closing = self.peek()
            self.at += 1
            if closing == ")":
                return tuple(found)
            if closing != ",":
                raise BadVariable(f"{self.text!r}: a bracket is not closed.")

    def literal(self) -> Literal:
        word = re.compile(r"[^,}]*").match(self.text, self.at)
        assert word is not None
        self.at = word.end()
        text = word[0].strip()
        if text in _LITERALS:
            return Literal(_LITERALS[text])
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            return Literal(float(text) if "." in text else int(text))
        raise BadVariable(
            f"{text!r} is neither a variable (source:address) nor a value; text needs quotes: '{text}'."
            if text
            else f"{self.text!r} has an empty place where a value belongs."
        )


def _trimmed(template: Template) -> Template:
    parts = list(template.parts)
    if parts and isinstance(parts[0], str):
        parts[0] = parts[0].lstrip()
    if parts and isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip()
    return Template(tuple(part for part in parts if part != ""))
