"""Event patterns by themselves.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

from typing import Any

import pytest

from workshop.localaws.events.inputs import at_path
from workshop.localaws.events.patterns import invalid, matches

CASES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"a": ["x", "y"]}, {"a": "y"}, True),
    ({"a": ["x"]}, {"a": ["z", "x"]}, True),
    ({"a": ["x"]}, {}, False),
    ({"a": [None]}, {"a": None}, True),
    ({"a": [1]}, {"a": 1.0}, True),
    ({"a": [1]}, {"a": True}, False),
    ({"a": ["1"]}, {"a": 1}, False),
    ({"a": {"b": ["x"]}}, {"a": {"b": "x", "c": 1}}, True),
    ({"a": {"b": ["x"]}}, {"a": [{"b": "y"}, {"b": "x"}]}, True),
    ({"a": [{"prefix": "eu-"}]}, {"a": "eu-west-1"}, True),
    ({"a": [{"prefix": {"equals-ignore-case": "EU-"}}]}, {"a": "eu-west-1"}, True),
    ({"a": [{"suffix": ".png"}]}, {"a": "x.jpg"}, False),
    ({"a": [{"equals-ignore-case": "ABC"}]}, {"a": "abc"}, True),
    ({"a": [{"wildcard": "in/*/x*.jpg"}]}, {"a": "in/2026/xy.jpg"}, True),
    ({"a": [{"wildcard": "a\\*c"}]}, {"a": "abc"}, False),
    ({"a": [{"anything-but": "x"}]}, {"a": "y"}, True),
    ({"a": [{"anything-but": ["x", "y"]}]}, {"a": "y"}, False),
    ({"a": [{"anything-but": {"prefix": "in"}}]}, {"a": "init"}, False),
    ({"a": [{"anything-but": {"suffix": [".a", ".b"]}}]}, {"a": "x.c"}, True),
    ({"a": [{"anything-but": {"wildcard": "*/lib/*"}}]}, {"a": "x/lib/y"}, False),
    ({"a": [{"anything-but": "x"}]}, {}, False),
    ({"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5}, True),
    ({"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5.1}, False),
    ({"a": [{"numeric": ["=", 5]}]}, {"a": "5"}, False),
    ({"a": [{"exists": True}]}, {"a": None}, True),
    ({"a": [{"exists": False}]}, {"b": 1}, True),
    ({"a": {"b": [{"exists": False}]}}, {"a": {}}, True),
    ({"a": {"b": [{"exists": False}]}}, {}, True),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.0.255"}, True),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "nowhere"}, False),
    ({"$or": [{"a": ["x"]}, {"b": [{"numeric": [">", 9]}]}]}, {"a": "y", "b": 10}, True),
    ({"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["x"]}]}, {"a": "x", "c": "y"}, False),
    ({"a": ["x", {"prefix": "y"}]}, {"a": "yes"}, True),
]


@pytest.mark.parametrize(("pattern", "event", "expected"), CASES, ids=str)
def test_operators(pattern: dict[str, Any], event: dict[str, Any], expected: bool) -> None:
    assert matches(pattern, event) is expected
    assert invalid(pattern) == ""


@pytest.mark.parametrize(
    "pattern",
    [
        [],
        {},
        {"a": "x"},
        {"a": []},
        {"a": {}},
        {"a": [{"like": "x"}]},
        {"a": [{"exists": "yes"}]},
        {"a": [["x"]]},
        {"$or": [{"a": ["x"]}]},
        {"a": [{"numeric": [">"]}]},
    ],
    ids=str,
)
def test_what_is_no_pattern(pattern: Any) -> None:
    assert invalid(pattern)


def test_paths() -> None:
    event = {"detail": {"items": [{"name": "a"}, {"name": "b"}], "odd name": 1}, "detail-type": "x"}
    assert at_path(event, "$.detail.items[1].name") == "b"
    assert at_path(event, "$.detail-type") == "x"
    assert at_path(event, "$.detail['odd name']") == 1
    assert at_path(event, "$.detail.items[5].name") is None
