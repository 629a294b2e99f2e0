"""Reading a request's parameters: the form encoding, and what each parameter may be.

Version 1 of the API takes forms with brackets for objects and lists: `metadata[order]=42`, `expand[0]=customer`.
https://docs.stripe.com/api · https://docs.stripe.com/error-codes#parameter-unknown
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from workshop.partners.stripe import errors

NAME = re.compile(r"[^\[\]]+")
MOST_FIELDS = 1000
DEEPEST = 8


class Unset:
    """An empty value: the caller wants the field cleared."""

    def __bool__(self) -> bool:
        return False


UNSET = Unset()


def decode(text: str) -> dict[str, Any]:
    """A form as nested objects. Lists come with indices or with empty brackets.

    Raises:
        ApiError: too many fields, nested too deep, or two shapes for one name.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise unreadable() from None
    tree: dict[str, Any] = {}
    for name, value in pairs:
        path = NAME.findall(name.replace("[]", "[]0"))
        if "[]" in name:
            path = _appended(tree, name)
        if not path or len(path) > DEEPEST:
            raise unreadable()
        place = tree
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise unreadable()
        place[path[-1]] = value
    return tree


def _appended(tree: dict[str, Any], name: str) -> list[str]:
    """The path of `list[]`, with the next free index for the empty brackets."""
    path = NAME.findall(name.partition("[]")[0])
    place: Any = tree
    for step in path:
        place = place.get(step, {}) if isinstance(place, dict) else {}
    rest = NAME.findall(name.partition("[]")[2])
    return [*path, str(len(place) if isinstance(place, dict) else 0), *rest]


def unreadable() -> errors.ApiError:
    return errors.ApiError(
        400,
        "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any "
        "questions, we can help at https://support.stripe.com/.",
    )


def cannot_unset(param: str) -> errors.ApiError:
    return errors.invalid(
        param,
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a field; however "
        f"'{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty value.",
        "parameter_invalid_empty",
    )


@dataclass(frozen=True, slots=True)
class Spec:
    """What one parameter may be. `clearable`: an empty value unsets it."""

    required: bool = False
    clearable: bool = False

    def read(self, value: Any, param: str) -> Any:
        """The value in its type. Raises ApiError when it is not one."""
        if value == "":
            if self.clearable:
                return UNSET
            raise cannot_unset(param)
        return self.parse(value, param)

    def parse(self, value: Any, param: str) -> Any:
        raise TypeError(f"{type(self).__name__} parses nothing")


@dataclass(frozen=True, slots=True)
class Text(Spec):
    """A string of at most `most` letters."""

    most: int = 5000

    def parse(self, value: Any, param: str) -> str:
        if not isinstance(value, str):
            raise errors.invalid(param, f"Invalid string: {_shown(value)}", "parameter_invalid_string_blank")
        if len(value) > self.most:
            message = f"Invalid string: {value[:20]}…; must be at most {self.most} characters"
            raise errors.invalid(param, message)
        return value


@dataclass(frozen=True, slots=True)
class Email(Text):
    """An address of e-mail (https://docs.stripe.com/error-codes#email-invalid)."""

    def parse(self, value: Any, param: str) -> str:
        text = Text.parse(self, value, param)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
            raise errors.invalid(param, f"Invalid email address: {text[:100]}", "email_invalid")
        return text


@dataclass(frozen=True, slots=True)
class Url(Text):
    """An address with a scheme, an app's own scheme too (https://docs.stripe.com/error-codes#url-invalid)."""

    def parse(self, value: Any, param: str) -> str:
        text = Text.parse(self, value, param)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#]+[^\s]*", text):
            raise errors.invalid(param, "Not a valid URL", "url_invalid")
        return text


@dataclass(frozen=True, slots=True)
class Whole(Spec):
    """A whole number. Amounts are whole numbers of the currency's minor unit."""

    least: int | None = None
    most: int | None = None

    def parse(self, value: Any, param: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            raise errors.invalid(param, f"Invalid integer: {_shown(value)}", "parameter_invalid_integer")
        number = int(value)
        for limit, wrong, word in (
            (self.least, self.least is not None and number < self.least, "greater"),
            (self.most, self.most is not None and number > self.most, "less"),
        ):
            if wrong:
                message = f"This value must be {word} than or equal to {limit}."
                raise errors.invalid(param, message, "parameter_invalid_integer")
        return number


@dataclass(frozen=True, slots=True)
class Flag(Spec):
    """`true` or `false`."""

    def parse(self, value: Any, param: str) -> bool:
        if value not in ("true", "false"):
            raise errors.invalid(param, f"Invalid boolean: {_shown(value)}")
        return value == "true"


@dataclass(frozen=True, slots=True)
class Choice(Spec):
    """One of a few words."""

    of: tuple[str, ...] = ()

    def parse(self, value: Any, param: str) -> str:
        if value not in self.of:
            words = f"{', '.join(self.of[:-1])}, or {self.of[-1]}" if len(self.of) > 1 else self.of[0]
            raise errors.invalid(param, f"Invalid {param}: must be one of {words}")
        return value


@dataclass(frozen=True, slots=True)
class Listing(Spec):
    """A list, each item of one kind."""

    item: Spec = field(default_factory=Text)

    def parse(self, value: Any, param: str) -> list[Any]:
        if not isinstance(value, dict) or not all(re.fullmatch(r"[0-9]{1,4}", key) for key in value):
            raise errors.invalid(param, "Invalid array")
        return [self.item.read(value[key], f"{param}[{key}]") for key in sorted(value, key=int)]


@dataclass(frozen=True, slots=True)
class Shape(Spec):
    """An object with these fields; `beyond` are fields that Stripe knows and the stand-in does not."""

    fields: Mapping[str, Spec] = field(default_factory=dict)
    beyond: frozenset[str] = frozenset()

    def parse(self, value: Any, param: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise errors.invalid(param, "Invalid object")
        return read(value, self.fields, self.beyond, within=param)


@dataclass(frozen=True, slots=True)
class Metadata(Spec):
    """Up to 50 pairs, names up to 40 letters, values up to 500 (https://docs.stripe.com/metadata)."""

    def parse(self, value: Any, param: str) -> dict[str, str]:
        if not isinstance(value, dict):
            raise errors.invalid(param, "Invalid object")
        if len(value) > 50:
            raise errors.invalid(param, f"Metadata can have up to 50 keys, but you passed in {len(value)}.")
        for name, text in value.items():
            for what, passed, most in (("key", name, 40), ("value", text, 500)):
                if not isinstance(passed, str):
                    message = f"Metadata values must be strings, but for key '{name}' you passed in a hash."
                    raise errors.invalid(f"{param}[{name}]", message)
                if len(passed) > most:
                    raise errors.invalid(
                        param,
                        f"Metadata {what}s can have up to {most} characters, but you passed in a {what} that is "
                        f"{len(passed)} characters. Invalid {what}: {passed[:most]}",
                    )
        return value


@dataclass(frozen=True, slots=True)
class When(Spec):
    """A time in epoch seconds, or bounds on one: `created[gte]=…`."""

    def parse(self, value: Any, param: str) -> dict[str, int]:
        if isinstance(value, str):
            number = Whole().parse(value, param)
            return {"gte": number, "lte": number}
        return Shape(fields={name: Whole() for name in ("gt", "gte", "lt", "lte")}).parse(value, param)


def read(
    given: Mapping[str, Any], wanted: Mapping[str, Spec], beyond: Iterable[str] = (), *, within: str = ""
) -> dict[str, Any]:
    """The parameters in their types.

    Args:
        given: the decoded form.
        wanted: what each parameter may be.
        beyond: those that Stripe knows and the stand-in refuses.
        within: the object they belong to, for the error's `param`.

    Raises:
        ApiError: one is unknown, missing or of the wrong kind.
    """

    def full(name: str) -> str:
        return f"{within}[{name}]" if within else name

    beyond = frozenset(beyond)
    unknown = [full(name) for name in given if name not in wanted and name not in beyond]
    if unknown:
        raise errors.unknown_parameters(unknown)
    for name in given:
        if name in beyond:
            raise errors.beyond(full(name))
    values = {name: wanted[name].read(value, full(name)) for name, value in given.items()}
    for name, spec in wanted.items():
        if spec.required and name not in values:
            raise errors.missing(full(name))
    return values


def merged(metadata: dict[str, str], change: dict[str, str] | Unset | None) -> dict[str, str]:
    """Metadata after an update: named keys change, empty values remove, an empty object removes all."""
    if isinstance(change, Unset):
        return {}
    both = metadata | (change or {})
    return {name: value for name, value in both.items() if value != ""}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else "{" + ", ".join(map(str, value)) + "}"
    return text if len(text) <= 60 else text[:60] + "…"
