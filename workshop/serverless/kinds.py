"""A small language to say what a file may hold; every refusal names the line, the key and what belongs there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workshop.serverless.marks import did_you_mean, fault, mark_of

_NAMES: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}


def kind_of(value: Any) -> str:
    """What a value is, in a beginner's words."""
    if value is None:
        return "nothing (the key has no value)"
    for kind, name in _NAMES.items():
        if isinstance(value, kind):
            return f"{name} ({value!r})" if kind in (str, bool, int, float) else name
    return type(value).__name__


def is_intrinsic(value: Any) -> bool:
    """True for what CloudFormation works out: `Ref`, `Fn::…`, `Condition`."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::", "Condition"))


@dataclass(frozen=True)
class At:
    """The value under test: `holder[key]`, and the way to it for messages."""

    holder: Any
    key: Any
    path: str

    @property
    def value(self) -> Any:
        return self.holder[self.key]

    def child(self, key: Any) -> At:
        """The place one step further in."""
        return At(self.value, key, f"{self.path}.{key}" if self.path else str(key))

    def refuse(self, what: str, fix: str = "") -> Exception:
        """The error for this place."""
        return fault(f"{self.path}: {what}", self.holder, self.key, fix=fix)


class Kind:
    """What may stand at a place."""

    words = "a value"

    def check(self, at: At) -> None:
        """Raises a `WorkshopError` when the value is something else."""

    def wrong(self, at: At) -> Exception:
        """The error for a value of the wrong kind."""
        return at.refuse(f"{self.words} belongs here, not {kind_of(at.value)}.")


@dataclass
class Text(Kind):
    """Text, which may have to match a pattern; numbers count where `numbers`, intrinsics where `intrinsic`."""

    pattern: str = ""
    rule: str = ""
    longest: int = 0
    numbers: bool = False
    intrinsic: bool = False
    words: str = "text"

    def check(self, at: At) -> None:
        value = at.value
        if self.intrinsic and is_intrinsic(value):
            return
        if self.numbers and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            if isinstance(value, (int, float)):
                raise at.refuse(f"text belongs here, not {kind_of(value)}.", f"Put it in quotes: '{at.value}'.")
            raise self.wrong(at)
        if self.longest and len(value) > self.longest:
            raise at.refuse(f"the text has {len(value)} characters; at most {self.longest} are allowed.")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise at.refuse(f"{value!r} will not do: {self.rule}.")


@dataclass
class Whole(Kind):
    """A whole number within bounds."""

    low: int
    high: int
    unit: str = ""

    def check(self, at: At) -> None:
        value = at.value
        if is_intrinsic(value):
            return
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            # What comes from ${env:…} or --param is always text; the original tool takes it as the number it spells.
            value = at.holder[at.key] = int(value)
        allowed = f"a whole number from {self.low} to {self.high}{' ' + self.unit if self.unit else ''}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise at.refuse(f"{allowed} belongs here, not {kind_of(value)}.")
        if not self.low <= value <= self.high:
            raise at.refuse(f"{value} is out of bounds: {allowed} belongs here.")


class Flag(Kind):
    """true or false."""

    words = "true or false"

    def check(self, at: At) -> None:
        if at.value in ("true", "false"):  # from ${env:…}, which is always text
            at.holder[at.key] = at.value == "true"
        if not isinstance(at.value, bool):
            fix = (
                "YAML reads only true and false as such." if str(at.value).lower() in ("yes", "no", "on", "off") else ""
            )
            raise at.refuse(f"true or false belongs here, not {kind_of(at.value)}.", fix)


@dataclass
class Choice(Kind):
    """One of a few words (or numbers)."""

    options: Iterable[Any]
    fold: bool = False

    def check(self, at: At) -> None:
        value = at.value
        known = list(self.options)
        if value in known or (
            self.fold and isinstance(value, str) and value.lower() in [str(k).lower() for k in known]
        ):
            return
        shown = [str(option) for option in known]
        raise at.refuse(f"{value!r} is not one of the values that belong here.", did_you_mean(str(value), shown))


@dataclass
class Fields(Kind):
    """A mapping with known keys, `most` of them at once; `elsewhere` are keys that only the original tool has."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    most: int = 0
    words: str = "a mapping"

    def check(self, at: At) -> None:
        if not isinstance(at.value, dict):
            raise self.wrong(at)
        for key in at.value:
            child = at.child(key)
            if key in self.fields:
                self.fields[key].check(child)
            elif key in self.elsewhere:
                raise child.refuse(
                    f"{key!r} belongs to the Serverless Framework, but this tool does not support it.",
                    "Remove it, or deploy this service with the original tool.",
                )
            else:
                raise child.refuse(f"{key!r} is not known here.", did_you_mean(key, self.fields))
        if self.most and len(at.value) > self.most:
            raise at.refuse(f"only {self.most} key belongs here, not {', '.join(at.value)}.", "Begin each with a dash.")
        for key in self.required:
            if at.value.get(key) is None:
                place = (at.holder, at.key) if mark_of(at.holder, at.key) else (at.value, None)
                raise fault(f"{at.path or 'the file'}: {key!r} is missing.", *place, fix=f"Add {key}: ...")


@dataclass
class Named(Kind):
    """A mapping from names the writer chooses to values of one kind."""

    of: Kind
    pattern: str = ""
    rule: str = ""
    words: str = "a mapping"
    intrinsic: bool = False

    def check(self, at: At) -> None:
        if self.intrinsic and is_intrinsic(at.value):
            return
        if not isinstance(at.value, dict):
            raise self.wrong(at)
        for key in at.value:
            child = at.child(key)
            if self.pattern and not re.fullmatch(self.pattern, key):
                raise child.refuse(f"the name {key!r} will not do: {self.rule}.")
            self.of.check(child)


@dataclass
class Many(Kind):
    """A list of one kind."""

    of: Kind
    words: str = "a list"
    least: int = 0

    def check(self, at: At) -> None:
        if not isinstance(at.value, list):
            fix = "Begin each item with a dash and a space." if at.value is not None else ""
            raise at.refuse(f"{self.words} belongs here, not {kind_of(at.value)}.", fix)
        if len(at.value) < self.least:
            raise at.refuse("the list is empty.")
        for index in range(len(at.value)):
            self.of.check(at.child(index))


@dataclass
class Either(Kind):
    """One of several kinds, told apart by the shape of the value: text, number, flag, list or mapping."""

    kinds: Mapping[type, Kind] = field(default_factory=dict)
    words: str = "a value"

    def check(self, at: At) -> None:
        value = at.value
        for shape, kind in self.kinds.items():
            if isinstance(value, shape) and not (shape is not bool and isinstance(value, bool)):
                return kind.check(at)
        raise self.wrong(at)


class Anything(Kind):
    """Whatever CloudFormation or the writer makes of it."""


@dataclass
class Intrinsic(Kind):
    """A mapping that CloudFormation works out."""

    words: str = "a CloudFormation function such as !Ref or !GetAtt"

    def check(self, at: At) -> None:
        if not is_intrinsic(at.value):
            raise self.wrong(at)


@dataclass
class OneKey(Kind):
    """A mapping with exactly one key, which says what it is: an event."""

    fields: Mapping[str, Kind]
    elsewhere: tuple[str, ...] = ()
    words: str = "an event such as `http: GET /hello`"

    def check(self, at: At) -> None:
        value = at.value
        if not isinstance(value, dict) or len(value) == 0:
            raise self.wrong(at)
        if len(value) > 1:
            raise fault(
                f"{at.path}: one event holds one kind, here are {', '.join(value)}.",
                value,
                list(value)[1],
                fix="Begin each event with a dash, or indent what belongs to the event by four spaces.",
            )
        Fields(self.fields, elsewhere=self.elsewhere).check(At(at.holder, at.key, at.path))
