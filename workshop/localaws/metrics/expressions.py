"""Metric math, the part people use: arithmetic over series and SUM, AVG, MIN, MAX, FILL of one.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from workshop.localaws.moto import stores

Series = dict[int, float]
OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
WHOLE: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


def evaluate(text: str, series: dict[str, Series]) -> Series:
    """The series that an expression gives.

    Raises:
        ValidationError: moto's, in AWS's shape: the expression is wrong or not known here.
    """
    try:
        result = _value(ast.parse(text.replace("^", "**"), mode="eval").body, series)
    except (SyntaxError, KeyError, ValueError, TypeError) as error:
        raise stores.error("cloudwatch", "ValidationError")(f"Error in expression '{text}': {error}") from None
    if isinstance(result, dict):
        return result
    stamps = sorted({at for each in series.values() for at in each})
    return {at: float(result) for at in stamps}


def _value(node: ast.expr, series: dict[str, Series]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in series:
            raise ValueError(f"{node.id} is not the Id of an earlier query")
        return series[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _joined(operator.sub, 0.0, _value(node.operand, series))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return _joined(OPERATORS[type(node.op)], _value(node.left, series), _value(node.right, series))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _function(node.func.id.upper(), node.args, series)
    raise ValueError("only arithmetic, SUM, AVG, MIN, MAX and FILL are known here")


def _function(name: str, given: list[ast.expr], series: dict[str, Series]) -> Any:
    if name == "FILL" and len(given) == 2:
        value, filler = _value(given[0], series), _value(given[1], series)
        stamps = sorted({at for each in series.values() for at in each})
        return {at: value.get(at, filler) for at in stamps}
    if name in WHOLE and len(given) == 1:
        if isinstance(given[0], ast.List):
            parts = [_value(each, series) for each in given[0].elts]
            stamps = sorted({at for part in parts for at in part})
            return {at: WHOLE[name]([part[at] for part in parts if at in part]) for at in stamps}
        value = _value(given[0], series)
        return WHOLE[name](list(value.values())) if value else 0.0
    raise ValueError(f"the function {name} is not known here")


def _joined(action: Callable[[float, float], float], one: Any, other: Any) -> Any:
    def worth(first: float, second: float) -> float | None:
        try:
            return action(first, second)
        except ZeroDivisionError:
            return None

    if isinstance(one, dict) and isinstance(other, dict):
        found = {at: worth(one[at], other[at]) for at in one if at in other}
    elif isinstance(one, dict):
        found = {at: worth(value, other) for at, value in one.items()}
    elif isinstance(other, dict):
        found = {at: worth(one, value) for at, value in other.items()}
    else:
        return action(one, other)
    return {at: value for at, value in found.items() if value is not None}
