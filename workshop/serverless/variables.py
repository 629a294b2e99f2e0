"""Resolves the variables of a service: fallbacks, nesting, types kept, circles reported.

https://www.serverless.com/framework/docs/providers/aws/guide/variables
"""

from __future__ import annotations

from typing import Any

from workshop.core.errors import WorkshopError
from workshop.serverless import variable_sources as sources
from workshop.serverless.marks import Map, Seq, did_you_mean, mark_of
from workshop.serverless.variable_syntax import BadVariable, Literal, Source, Template, Variable, parse

_MISSING = object()
_MOST_TEXT = 4_000_000  # letters of one value, or of all that variables made together: CloudFormation takes 1 MB
_MOST_VALUES = 200_000  # far above any real service; stops aliases that multiply


class Resolver:
    """Resolves one service's file.

    Args:
        root: what `read_yaml` gave.
        context: where values come from: options, folder, environment, AWS.
    """

    def __init__(self, root: Map, context: sources.Context) -> None:
        self.root, self.context = root, context
        self._done: dict[tuple[int, Any], Any] = {}
        self._open: list[tuple[int, Any]] = []
        self._trail: list[str] = []
        self._count = self._letters = 0

    def all(self) -> Map:
        """The whole file, resolved; marks are kept."""
        return self._deep(self.root)

    def at(self, *path: str) -> Any:
        """The resolved value at a path; None when it is not there."""
        value = self._walk(self.root, path)
        return None if value is _MISSING else value

    def _walk(self, root: Any, path: Any) -> Any:
        """Follows a path, resolving only what lies on it, then the value there in full."""
        holder: Any = None
        key: Any = None
        value = root
        for part in path:
            if isinstance(value, str) and holder is not None:
                value = self._entry(holder, key)
            if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                holder, key = value, int(part)
            elif isinstance(value, dict) and part in value:
                holder, key = value, part
            else:
                return _MISSING
            value = holder[key]
        return self._deep(value) if holder is None else self._entry(holder, key)

    def _entry(self, holder: Any, key: Any) -> Any:
        """One resolved entry of a container, worked out once."""
        place = (id(holder), key)
        if place in self._done:
            return self._done[place]
        value = holder[key]
        if isinstance(value, str):
            if place in self._open:
                circle = " -> ".join([*self._trail[self._open.index(place) :], str(value)])
                raise self._wrong(holder, key, f"These variables refer to each other in a circle: {circle}.")
            self._open.append(place)
            self._trail.append(value)
            value = self._text(value, holder, key)
            self._open.pop()
            self._trail.pop()
        else:
            value = self._deep(value)
        self._done[place] = value
        return value

    def _deep(self, value: Any) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES:
            raise WorkshopError("The file grows beyond all measure.", fix="Look for aliases or variables that repeat.")
        if isinstance(value, dict):
            return Map(
                {key: self._entry(value, key) for key in value},
                getattr(value, "mark", None),
                getattr(value, "marks", None),
            )
        if isinstance(value, list):
            items = [self._entry(value, at) for at in range(len(value))]
            return Seq(items, getattr(value, "mark", None), getattr(value, "marks", None))
        return value

    def _wrong(self, holder: Any, key: Any, what: str, fix: str = "") -> WorkshopError:
        return WorkshopError(what, where=str(mark_of(holder, key) or sources.FILE), fix=fix)

    def _text(self, text: str, holder: Any, key: Any) -> Any:
        try:
            template = parse(text)
            return text if template is None else self._template(template, text)
        except BadVariable as error:
            raise self._wrong(holder, key, str(error)) from None
        except sources.Unresolved as error:
            raise self._wrong(holder, key, error.what, error.fix) from None
        except WorkshopError as error:
            if error.where:
                raise
            raise self._wrong(holder, key, error.what, error.fix) from None

    def _template(self, template: Template, whole: str) -> Any:
        if len(template.parts) == 1 and isinstance(template.parts[0], Variable):
            return self._variable(template.parts[0])
        out = []
        for part in template.parts:
            value = part if isinstance(part, str) else self._variable(part)
            if isinstance(value, (dict, list)):
                raise BadVariable(f"{whole!r}: a mapping or a list cannot be part of a text.")
            if isinstance(value, bool):
                value = "true" if value else "false"
            out.append(str(value))
            self._letters += len(out[-1])
            if self._letters > _MOST_TEXT:
                words = "Variables make the text grow beyond all measure."
                raise WorkshopError(words, fix="Look for variables that repeat one another.")
        return "".join(out)

    def _variable(self, variable: Variable) -> Any:
        for choice in variable.choices:
            if isinstance(choice, Literal):
                return self._text_again(choice.value)
            value = self._source(choice, variable)
            if value is not _MISSING and value is not None:
                return value
        last = variable.choices[-1]
        kind = last.kind if isinstance(last, Source) else "variable"
        raise sources.Unresolved(
            f"Cannot resolve {variable.text}: {sources.why_missing(kind)}.",
            ("Deploy that stack first, or" if kind == "cf" else "Check the name, or")
            + " add a fallback after a comma: "
            + variable.text.rstrip("}")
            + ", 'value'}",
        )

    def _text_again(self, value: Any) -> Any:
        """A fallback in quotes may hold variables itself."""
        if isinstance(value, str):
            template = parse(value)
            return value if template is None else self._template(template, value)
        return value

    def _source(self, source: Source, variable: Variable) -> Any:
        if source.kind == "variable":
            assert source.address is not None
            inner = source.address.parts[0]
            assert isinstance(inner, Variable)
            try:
                return self._variable(inner)
            except sources.Unresolved:
                return _MISSING
        arguments = [self._template(argument, variable.text) for argument in source.arguments]
        address = "" if source.address is None else str(self._template(source.address, variable.text))
        if source.kind == "self":
            return self._walk(self.root, [part for part in address.split(".") if part])
        if source.kind == "param":
            return self._param(address)
        if source.kind == "sls" and address == "stage":
            return self.context.stage(self)
        if source.kind == "file":
            content = sources.file(self.context, arguments)
            return _MISSING if content is None else self._walk(content, [part for part in address.split(".") if part])
        read = sources.READERS.get(source.kind)
        if read is None:
            known = [*sources.READERS, "self", "param", "file"]
            raise BadVariable(
                f"{variable.text}: {sources.elsewhere(source.kind)} {did_you_mean(source.kind, known)}".strip()
            )
        value = read(self.context, self, arguments, address)
        return _MISSING if value is None else value

    def _param(self, name: str) -> Any:
        if name in self.context.params:
            return self.context.params[name]
        for group in (self.context.stage(self), "default"):
            value = self._walk(self.root, ["params", group, name])
            if value is not _MISSING:
                return value
        return _MISSING
