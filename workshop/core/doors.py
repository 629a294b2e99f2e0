"""The doors of a notebook: functions that readers call, with whatever they call them.

A door looks at its arguments before anything is done, by the types its own signature declares. What it refuses, what
the system refuses meanwhile, and Ctrl-C are said in one paragraph, in a kernel too: IPython shows a `WorkshopError`
without a traceback.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import math
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from workshop.core.errors import Stopped, WorkshopError
from workshop.core.paths import path_of, reason, shown

_Function = TypeVar("_Function", bound=Callable[..., Any])
_LONGEST = 1_000_000  # letters of a text argument that is no file's


def door(*, explain: Callable[[BaseException], WorkshopError | None] | None = None) -> Callable[[_Function], _Function]:
    """Makes a function a door: `@door()` above it.

    Args:
        explain: says what an error means that only the room of the function knows (boto3's, say); None when it does
            not know it either.

    Returns:
        A decorator. The function it gives raises `WorkshopError` for arguments that are not what its signature
        declares, for what the operating system refuses, and `Stopped` for Ctrl-C.
    """

    def decorate(function: _Function) -> _Function:
        signature = inspect.signature(function)
        kinds = {name: str(one.annotation) for name, one in signature.parameters.items()}
        name = function.__qualname__.removesuffix(".__init__")

        @functools.wraps(function)
        def checked(*given: Any, **options: Any) -> Any:
            try:
                bound = signature.bind(*given, **options)
            except TypeError as error:
                raise WorkshopError(
                    f"{name}: {error}.", fix=f"Its arguments are {_without_self(signature)}.", used_wrongly=True
                ) from None
            for argument, value in bound.arguments.items():
                _check(name, signature.parameters[argument], kinds[argument], value)
            try:
                result = function(*given, **options)
            except BaseException as error:
                said = _said(error, explain)
                if said is error:
                    raise
                raise said from None
            return _followed(result, explain) if isinstance(result, types.GeneratorType) else result

        return checked  # type: ignore[return-value]

    return decorate


def _said(error: BaseException, explain: Callable[[BaseException], WorkshopError | None] | None) -> BaseException:
    """What a reader is told of an error; the error itself where its traceback is needed."""
    if isinstance(error, WorkshopError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Stopped(str(error) or "Stopped.")
    found = explain(error) if explain else None
    if found is not None:
        return found
    if isinstance(error, OSError) and error.errno and error.strerror:
        return system_refused(error)
    if isinstance(error, MemoryError):
        return WorkshopError("There is not enough memory for this.", fix="Close other programs, or ask for less.")
    return error


def system_refused(error: OSError) -> WorkshopError:
    """What the operating system refused: a full disk, a file that may not be written, too many open files."""
    name = error.filename if isinstance(error.filename, (str, bytes, Path)) else ""
    place = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
    return WorkshopError(f"The system refused this: {reason(error)}.", where=place)


def _followed(lines: Iterator[Any], explain: Callable[[BaseException], WorkshopError | None] | None) -> Iterator[Any]:
    """The same items; what goes wrong while they are made is said as at the door."""
    try:
        yield from lines
    except GeneratorExit:
        raise
    except BaseException as error:
        said = _said(error, explain)
        if said is error:
            raise
        raise said from None


def _without_self(signature: inspect.Signature) -> str:
    """The signature as a reader would write a call."""
    found = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
    return str(
        signature.replace(parameters=[one for one in found if one.name != "self"], return_annotation=None)
    ).split(" -> ")[0]


def _check(door_name: str, parameter: inspect.Parameter, kind: str, value: Any) -> None:
    """Refuses a value that is not of the kind its parameter declares."""
    if parameter.name == "self":
        return
    values = [value]
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        values = list(value)
    elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
        values = list(value.values())
    for each in values:
        if each is parameter.default or (each is None and "None" in kind):
            continue
        words = _wrong(kind, each, parameter.name)
        if words:
            raise WorkshopError(
                f"{door_name}: {parameter.name} is {shown(each)}; {words}.",
                fix="" if parameter.default is inspect.Parameter.empty else "Leave it out, or mend it.",
                used_wrongly=True,
            )


def _wrong(kind: str, value: Any, name: str) -> str:
    """What belongs there instead, as half a sentence; empty when the value is of that kind."""
    parts = [part.strip() for part in kind.split("|")]
    if "Path" in parts:
        path_of(value, "a path" if name == "path" else "a service's folder")
        return ""
    known = [(look, words) for part in parts for look, words in [_KINDS.get(part, (None, ""))] if look]
    if not known or len(known) < len([part for part in parts if part != "None"]):
        return ""  # what no table knows, the function itself looks at
    if any(look(value) for look, _ in known):
        if isinstance(value, str):
            return _odd_text(value)
        return ""
    return f"{' or '.join(words for _, words in known)} belongs there"


def _odd_text(text: str) -> str:
    if len(text) > _LONGEST:
        return f"text of at most {_LONGEST:,} letters belongs there"
    if "\0" in text:
        return "text without NUL characters belongs there"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "text with whole characters belongs there"
    return ""


def _is_number(value: Any) -> bool:
    with contextlib.suppress(OverflowError):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return False


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "str": (lambda value: isinstance(value, str), "text"),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "int": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "float": (_is_number, "a number"),
    "datetime": (lambda value: isinstance(value, datetime), "a datetime"),
    "tuple[int, int]": (
        lambda value: isinstance(value, (tuple, list)) and len(value) == 2 and all(map(_KINDS["int"][0], value)),
        "two whole numbers, such as (3, 10),",
    ),
    "dict[str, str]": (
        lambda value: (
            isinstance(value, Mapping) and all(isinstance(one, str) for pair in value.items() for one in pair)
        ),
        "a mapping of text to text",
    ),
    "Callable[..., Any]": (callable, "a function"),
}


def as_json(value: Any, what: str) -> str:
    """A value of the reader's as JSON.

    Args:
        value: anything.
        what: what it is, for the message: `the event`.

    Raises:
        WorkshopError: it has no form in JSON; says which part.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        words = "it holds itself, or is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise WorkshopError(
            f"{what} cannot be sent as JSON: {words}.",
            fix="JSON has text, numbers, True and False, None, lists, and dicts with text as keys.",
            used_wrongly=True,
        ) from None
