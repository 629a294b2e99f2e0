"""The part of Velocity that CORS templates are written in: #set, #if, $input, $context, $stageVariables, $util.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from workshop.localaws.apigateway.template_functions import STRING, UTIL, Unsupported, json_path, text_of, truth

# The most that API Gateway passes on:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
MOST_MADE = 10 * 1024 * 1024
_DIRECTIVE = re.compile(r"#(set|if|elseif|else|end)\b")
_REFERENCE = re.compile(r"\$!?(\{[A-Za-z][^}]*\}|[A-Za-z][\w-]*(?:\.[\w-]+(?:\((?:[^()\"']|\"[^\"]*\"|'[^']*')*\))?)*)")
_TOKEN = re.compile(
    r"\s*(?:(\"(?:[^\"\\]|\\.)*\"|'[^']*')|(\$!?\{?[A-Za-z][\w.-]*)|(\d+)|(==|!=|&&|\|\||[!().,{}])|(true|false|null)\b)"
)


class Template:
    """Evaluates one template for one request.

    Args:
        inputs: `$input.params(name)`: path, query and header values, headers last.
        body: `$input.body`.
        context: `$context`, nested.
        stage_variables: `$stageVariables`.
    """

    def __init__(
        self,
        inputs: Mapping[str, str],
        body: str,
        context: Mapping[str, Any],
        stage_variables: Mapping[str, str] | None,
    ) -> None:
        self.inputs, self.body = inputs, body
        self.variables: dict[str, Any] = {"context": context, "stageVariables": dict(stage_variables or {})}
        self.overrides: dict[str, Any] = {}

    def render(self, text: str) -> str:
        """The text the template makes; `self.overrides` afterwards holds `$context.responseOverride`."""
        try:
            output, rest = self._block(text, True)
        except RecursionError:
            raise Unsupported("a template is nested too deeply") from None
        return output + rest

    def _block(self, text: str, live: bool) -> tuple[str, str]:
        """Render up to the directive that ends this block; returns (output, what follows from that directive on)."""
        parts: list[str] = []
        while match := _DIRECTIVE.search(text):
            if live:
                parts.append(self._inline(text[: match.start()]))
            kind = match[1]
            if kind in ("elseif", "else", "end"):
                return "".join(parts), text[match.start() :]
            expression, text = _brackets(text[match.end() :])
            if kind == "set":
                if live:
                    self._set(expression)
            else:
                output, text = self._if(expression, text, live)
                parts.append(output)
        return "".join(parts) + (self._inline(text) if live else ""), ""

    def _if(self, expression: str, text: str, live: bool) -> tuple[str, str]:
        done, output = False, ""
        while True:
            take = live and not done and (expression == "" or truth(Expression(self, expression).value()))
            block, text = self._block(text, take)
            if take:
                done, output = True, block
            match = _DIRECTIVE.match(text)
            if not match:
                raise Unsupported("a template's #if has no #end")
            text = text[match.end() :]
            if match[1] == "end":
                return output, text
            if match[1] == "else":
                expression = ""
            else:
                expression, text = _brackets(text)

    def _set(self, expression: str) -> None:
        name, equals, value = expression.partition("=")
        name = name.strip().lstrip("$").strip("{}")
        if not equals:
            raise Unsupported(f"#set({expression})")
        result = Expression(self, value).value()
        if name.startswith("context.responseOverride."):
            self.overrides[name.removeprefix("context.responseOverride.")] = result
        else:
            self.variables[name] = result

    def _inline(self, text: str) -> str:
        made = 0

        def value(match: re.Match[str]) -> str:
            nonlocal made
            found = Expression(self, "$" + match[1].strip("{}")).value()
            shown = match[0] if found is None else text_of(found)
            made += len(shown)
            if made > MOST_MADE:  # a variable that holds itself twice, forty times over, would fill the memory
                raise Unsupported(f"a template makes more than {MOST_MADE:,} letters")
            return shown

        return _REFERENCE.sub(value, text)

    def lookup(self, path: list[str]) -> Any:
        """`$a.b.c` without calls."""
        if path == ["input", "body"]:
            return self.body
        found: Any = self.variables
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def call(self, target: Any, path: list[str], arguments: list[Any]) -> Any:
        """A method of `$input`, `$util` or a string."""
        name = path[-1]
        if path[0] == "input" and name == "params":
            wanted = str(arguments[0]) if arguments else ""
            return self.inputs.get(wanted, self.inputs.get(wanted.lower(), ""))
        if path[0] == "input" and name in ("json", "path") and arguments:
            found = json_path(self.body, str(arguments[0]))
            return json.dumps(found) if name == "json" else found
        try:
            if path[0] == "util" and name in UTIL:
                return UTIL[name](arguments[0] if arguments else None)
            if isinstance(target, str) and name in STRING:
                return STRING[name](target, *map(str, arguments))
        except (TypeError, ValueError) as fault:
            raise Unsupported(f"a template's ${'.'.join(path)}() failed: {fault}") from None
        raise Unsupported(f"a template calls ${'.'.join(path)}(), which is not offered here")


class Expression:
    """A Velocity expression: literals, references with calls, == != && || ! and brackets."""

    def __init__(self, template: Template, text: str) -> None:
        self.template, self.text, self.at = template, text, 0
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text) and text[position:].strip():
            match = _TOKEN.match(text, position)
            if not match:
                raise Unsupported(f"a template has {text.strip()[:80]!r}, which is not understood here")
            kind = ("string", "reference", "number", "sign", "word")[(match.lastindex or 1) - 1]
            self.tokens.append((kind, match[match.lastindex or 1]))
            position = match.end()

    def value(self) -> Any:
        """The whole expression's value."""
        found = self._or()
        if self.at != len(self.tokens):
            raise Unsupported(f"a template has {self.text.strip()[:80]!r}, which is not understood here")
        return found

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _or(self) -> Any:
        found = self._and()
        while self._peek() == "||":
            self.at += 1
            other = self._and()
            found = truth(found) or truth(other)
        return found

    def _and(self) -> Any:
        found = self._compare()
        while self._peek() == "&&":
            self.at += 1
            other = self._compare()
            found = truth(found) and truth(other)
        return found

    def _compare(self) -> Any:
        found = self._unary()
        if (sign := self._peek()) in ("==", "!="):
            self.at += 1
            return (text_of(found) == text_of(self._unary())) == (sign == "==")
        return found

    def _unary(self) -> Any:
        if self._peek() == "!":
            self.at += 1
            return not truth(self._unary())
        if self._peek() == "(":
            self.at += 1
            found = self._or()
            self._expect(")")
            return found
        if self.at >= len(self.tokens):
            raise Unsupported("a template has an empty expression")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "string":
            return _unquote(self.template, text)
        if kind == "number":
            return int(text)
        if kind == "word":
            return {"true": True, "false": False, "null": None}[text]
        if kind != "reference":
            raise Unsupported(f"a template has {self.text.strip()[:80]!r}, which is not understood here")
        return self._reference(text)

    def _reference(self, text: str) -> Any:
        path = text.lstrip("$!").strip("{}").split(".")
        if self._peek() == "}":
            self.at += 1
        if self._peek() != "(":
            return self.template.lookup(path)
        found: Any = self.template.lookup(path[:-1]) if path[0] not in ("input", "util") else None
        found = self.template.call(found, path, self._arguments())
        if self._peek() == ".":
            raise Unsupported("a template calls a method of a method's result, which is not offered here")
        return found

    def _arguments(self) -> list[Any]:
        self._expect("(")
        found: list[Any] = []
        while self._peek() != ")":
            found.append(self._or())
            if self._peek() == ",":
                self.at += 1
            elif self._peek() != ")":
                raise Unsupported(f"a template has {self.text.strip()[:80]!r}, which is not understood here")
        self.at += 1
        return found

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise Unsupported(f"a template has {self.text.strip()[:80]!r}: {sign} is missing")
        self.at += 1


def _brackets(text: str) -> tuple[str, str]:
    """What stands in the brackets that open `text`, and what follows them; quotes are respected."""
    start = len(text) - len(text.lstrip())
    if not text[start:].startswith("("):
        raise Unsupported("a template's directive has no brackets")
    depth, quoted = 0, ""
    for position in range(start, len(text)):
        letter = text[position]
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'":
            quoted = letter
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position], text[position + 1 :]
    raise Unsupported("a template's brackets do not close")


def _unquote(template: Template, text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    return template._inline(text[1:-1]) if "$" in text and "\\" not in text else text[1:-1]
