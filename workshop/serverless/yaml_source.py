"""Reads YAML (and JSON, which is YAML) with line numbers, as the original tool does: YAML 1.2, CloudFormation's tags.

https://yaml.org/spec/1.2.2/#103-core-schema
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import yaml

from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.serverless.marks import Map, Mark, Seq, did_you_mean

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTRINSICS = [
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "GetAtt",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "RefAll",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "ValueOf",
    "ValueOfAll",
]
TAGS = {"!Ref": "Ref", "!Condition": "Condition"} | {f"!{name}": f"Fn::{name}" for name in _INTRINSICS}
_MOST_DEPTH = 100  # far above any real file
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class _Loader(_BASE):  # type: ignore[misc]
    """Builds nodes only; what a plain word means is decided here, by YAML 1.2 (`yes` and `on` are text)."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def read_yaml(path: Path, shown_as: str) -> Any:
    """A file as `Map`, `Seq` and scalars.

    Args:
        path: the file.
        shown_as: its name in messages.

    Raises:
        WorkshopError: it cannot be read or is not YAML; says the line and what a beginner can do.
    """
    return parse_yaml(text_files.read(path, shown_as), shown_as)


def parse_yaml(text: str, shown_as: str) -> Any:
    """YAML text as `Map`, `Seq` and scalars; see `read_yaml`."""
    _refuse_depth(text, shown_as)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        raise explain(error, text, shown_as) from None
    finally:
        loader.dispose()
    try:
        return None if node is None else _Builder(shown_as).build(node)
    except RecursionError:
        raise WorkshopError("The file is nested too deeply.", where=shown_as) from None


def _refuse_depth(text: str, shown_as: str) -> None:
    """The composer calls itself once a level, in C: some ten thousand brackets would end the process."""
    loader = _Loader(text)
    depth = 0
    try:
        while loader.check_event():
            event = loader.get_event()
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                depth += 1
                if depth > _MOST_DEPTH:
                    raise _too_deep(event.start_mark.line + 1, shown_as)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                depth -= 1
    except yaml.YAMLError as error:
        if "nesting depth" in str(error):  # the scanner's own bound, which it meets while it looks ahead
            raise _too_deep(error.problem_mark.line + 1, shown_as) from None
        return  # the second reading says what is wrong
    finally:
        loader.dispose()


def _too_deep(line: int, shown_as: str) -> WorkshopError:
    what = f"The file is nested too deeply: more than {_MOST_DEPTH} levels."
    return WorkshopError(what, where=f"{shown_as}:{line}", fix="Look for a bracket that is not closed.")


class _Builder:
    """Turns nodes into values that know their lines."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.done: dict[int, Any] = {}
        self.open: set[int] = set()

    def build(self, node: Any) -> Any:
        if id(node) in self.done:
            return self.done[id(node)]
        if id(node) in self.open:
            raise self.wrong(node, "The alias refers to itself.")
        self.open.add(id(node))
        value = self._tagged(node) if node.tag.startswith("!") else self._bare(node)
        self.open.discard(id(node))
        self.done[id(node)] = value
        return value

    def mark(self, node: Any) -> Mark:
        return Mark(self.file, node.start_mark.line + 1)

    def wrong(self, node: Any, what: str, fix: str = "") -> WorkshopError:
        return WorkshopError(what, where=str(self.mark(node)), fix=fix)

    def _bare(self, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            marks = [self.mark(item) for item in node.value]
            return Seq([self.build(item) for item in node.value], self.mark(node), marks)
        return node.value if node.style else scalar(node.value)

    def _mapping(self, node: Any) -> Map:
        result = Map(mark=self.mark(node))
        merged: list[Any] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.wrong(key_node, "A key must be a plain word, not a list or a mapping.")
            key = key_node.value
            if key == "<<" and not key_node.style:
                value = self.build(value_node)
                merged += value if isinstance(value, list) else [value]
                continue
            if key in result:
                raise self.wrong(
                    key_node,
                    f"The key {key!r} stands here twice, first at line {result.marks[key].line}; only one would count.",
                    "Remove or rename one of them.",
                )
            result[key] = self.build(value_node)
            result.marks[key] = self.mark(key_node)
        for source in merged:
            if not isinstance(source, Map):
                raise self.wrong(node, "'<<' merges mappings only.")
            for key, value in source.items():
                if key not in result:
                    result[key], result.marks[key] = value, source.marks[key]
        return result

    def _tagged(self, node: Any) -> Any:
        name = TAGS.get(node.tag)
        if name is None:
            raise self.wrong(node, f"{node.tag!r} is not a tag of CloudFormation.", did_you_mean(node.tag, TAGS))
        value = self._bare(node) if not isinstance(node, yaml.ScalarNode) else node.value
        if name == "Fn::GetAtt" and isinstance(value, str):
            resource, dot, attribute = value.partition(".")
            if not dot:
                raise self.wrong(node, f"!GetAtt {value} names no attribute.", "Write it like !GetAtt Queue.Arn")
            value = Seq([resource, attribute], self.mark(node))
        return Map({name: value}, self.mark(node), {name: self.mark(node)})


def scalar(word: str) -> Any:
    """What a plain (unquoted) word means in YAML 1.2's core schema; dates stay text."""
    if word in _WORDS:
        return _WORDS[word]
    first = word[0]
    if first.isdigit() or first in "-+.":
        if _INT.fullmatch(word):
            # Python takes no number of more than 4,300 digits; as text it says the same.
            with contextlib.suppress(ValueError):
                return int(word, 0) if word[:2] in ("0o", "0x") else int(word)
            return word
        if _FLOAT.fullmatch(word):
            return float(word)
    return word


def explain(error: yaml.YAMLError, text: str, shown_as: str) -> WorkshopError:
    """What a YAML error means to someone who does not know YAML's grammar, with the line."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    lines = text.splitlines()
    number = min(mark.line, len(lines) - 1) if mark and lines else 0
    problem = " ".join(str(part) for part in (getattr(error, "context", ""), getattr(error, "problem", "")) if part)
    line = lines[number] if lines else ""
    what, fix = _words_for(problem or str(error), line)
    context = getattr(error, "context_mark", None)
    if context is not None and "quoted" in problem:
        number = context.line
    return WorkshopError(what, where=f"{shown_as}:{number + 1}", fix=fix)


def _words_for(problem: str, line: str) -> tuple[str, str]:
    shown = line.strip()[:60]
    indent = line[: len(line) - len(line.lstrip())]
    if "special characters" in problem or "control characters" in problem or "unacceptable character" in problem:
        return "The file holds a character that YAML does not allow.", "Type the line anew in a plain text editor."
    if "\t" in indent or "'\\t'" in problem or re.search(r"\btabs?\b", problem):
        return "This line is indented with a tab; YAML takes spaces only.", "Replace the tab by two spaces a level."
    if "mapping values are not allowed" in problem:
        if ": " in shown.partition(": ")[2]:
            return f"{shown!r}: a value with ': ' in it needs quotes.", "Put the whole value in quotes."
        return (
            f"{shown!r} is a key where none can be: its indentation does not fit the line above.",
            "Put keys of one group in the same column, with two spaces more than the key they belong to.",
        )
    if "quoted scalar" in problem:
        return "The quote that opens here is never closed.", "Add the missing quote."
    if "alias" in problem:
        return f"{shown!r} uses an alias (*name) that no anchor (&name) defines.", "Quote the * if it is meant as text."
    if "cannot start any token" in problem or "%" in problem:
        return f"{shown!r}: a value that begins with this character needs quotes.", "Put the value in quotes."
    if "flow" in problem:
        return f"{shown!r}: a bracket or a comma is missing.", "Close every { with } and every [ with ]."
    if "expected ':'" in problem or "simple key" in problem:
        return f"{shown!r} is neither `key: value` nor a list item.", "Add a colon and a space after the key."
    if "block" in problem or "expected key" in problem or "indentation" in problem:
        return (
            f"{shown!r}: the indentation does not fit the lines above.",
            "Put keys of one group, and the dashes of one list, in the same column.",
        )
    if "document" in problem:
        return "The file holds more than one document.", "Remove the line that is only ---."
    return f"This is not YAML: {problem}.", "Check quotes, colons and indentation of this line and the one above."
