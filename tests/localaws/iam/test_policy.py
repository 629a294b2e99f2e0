"""Policy documents by themselves: wildcards, NotAction, conditions, variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from typing import Any

import pytest

from workshop.localaws.iam.conditions import holds
from workshop.localaws.iam.policy import compiled, may_invoke


def applies(statement: dict[str, Any], action: str, resource: str = "arn:aws:s3:::b/k", **context: Any) -> bool:
    """Whether a single statement speaks about an action on a resource."""
    one = compiled({"Statement": {"Effect": "Allow", "Resource": "*", **statement}})[0]
    return one.applies(action.lower(), resource, context)


@pytest.mark.parametrize(
    ("statement", "action", "resource", "expected"),
    [
        ({"Action": "s3:*"}, "s3:GetObject", "x", True),
        ({"Action": "s3:get*"}, "s3:GetObject", "x", True),
        ({"Action": "s3:GetObjec?"}, "s3:GetObject", "x", True),
        ({"Action": "s3:GetObject"}, "s3:GetObjectAcl", "x", False),
        ({"Action": "*"}, "iam:CreateUser", "x", True),
        ({"NotAction": "iam:*"}, "iam:CreateUser", "x", False),
        ({"NotAction": "iam:*"}, "s3:GetObject", "x", True),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::b/a/b", True),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::b/?"}, "s3:GetObject", "arn:aws:s3:::b/ab", False),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::B/*"}, "s3:GetObject", "arn:aws:s3:::b/a", False),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::c/a", True),
    ],
)
def test_actions_and_resources(statement: dict[str, Any], action: str, resource: str, expected: bool) -> None:
    # reference_policies_elements_action.html, …_notaction.html, …_resource.html
    given = {**statement, "Resource": None} if "NotResource" in statement else statement
    assert applies(given, action, resource) is expected


def test_policy_variables() -> None:
    # reference_policies_variables.html
    home = {"Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}
    assert applies(home, "s3:GetObject", "arn:aws:s3:::b/ann/x", **{"aws:username": "ann"})
    assert not applies(home, "s3:GetObject", "arn:aws:s3:::b/bob/x", **{"aws:username": "ann"})
    assert not applies(home, "s3:GetObject", "arn:aws:s3:::b//x")
    literal = {"Action": "s3:*", "Resource": "arn:aws:s3:::b/${*}"}
    assert applies(literal, "s3:GetObject", "arn:aws:s3:::b/*")


CASES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    # reference_policies_elements_condition_operators.html
    ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
    ({"StringEquals": {"k": "a"}}, {}, False),
    ({"StringEquals": {"K": "a"}}, {"k": "a"}, True),
    ({"StringNotEquals": {"k": "a"}}, {"k": "b"}, True),
    ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
    ({"StringNotEquals": {"k": "a"}}, {}, True),
    ({"StringEqualsIgnoreCase": {"k": "ABC"}}, {"k": "abc"}, True),
    ({"StringLike": {"k": "a*c?"}}, {"k": "abbcd"}, True),
    ({"StringNotLike": {"k": "a*"}}, {"k": "abc"}, False),
    ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
    ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
    ({"Null": {"k": "true"}}, {}, True),
    ({"Null": {"k": "true"}}, {"k": "x"}, False),
    ({"Null": {"k": False}}, {"k": "x"}, True),
    ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "true"}, True),
    ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "true"}, False),
    ({"NumericLessThan": {"k": "10"}}, {"k": "9.5"}, True),
    ({"NumericGreaterThanEquals": {"k": 10}}, {"k": "10"}, True),
    ({"NumericEquals": {"k": "10"}}, {"k": "ten"}, False),
    ({"DateGreaterThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": "2026-03-01T00:00:00Z"}, True),
    ({"DateLessThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": "1900000000"}, False),
    ({"IpAddress": {"k": "10.0.0.0/8"}}, {"k": "10.1.2.3"}, True),
    ({"NotIpAddress": {"k": "10.0.0.0/8"}}, {"k": "10.1.2.3"}, False),
    ({"IpAddress": {"k": "2001:db8::/32"}}, {"k": "2001:db8::1"}, True),
    (
        {"ArnLike": {"k": "arn:aws:execute-api:eu-west-1:1:abc/*/GET/*"}},
        {"k": "arn:aws:execute-api:eu-west-1:1:abc/dev/GET/x"},
        True,
    ),
    ({"ArnEquals": {"k": "arn:aws:*:eu-west-1:1:x"}}, {"k": "arn:aws:s3:us-east-1:eu-west-1:1:x"}, False),
    # reference_policies_multi-value-conditions.html
    ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "b", "a"]}, True),
    ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"k": ["a", "b"]}, False),
    ({"ForAllValues:StringEquals": {"k": ["a"]}}, {}, True),
    ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {"k": ["b", "a"]}, True),
    ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {}, False),
    ({"StringEquals": {"k": "a"}, "Bool": {"b": "true"}}, {"k": "a", "b": "false"}, False),
    ({"NoSuchOperator": {"k": "a"}}, {"k": "a"}, False),
]


@pytest.mark.parametrize(("condition", "context", "expected"), CASES, ids=str)
def test_condition_operators(condition: dict[str, Any], context: dict[str, Any], expected: bool) -> None:
    assert holds(condition, context) is expected


def test_a_functions_policy_lets_a_service_in() -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    source = "arn:aws:events:eu-west-1:123456789012:rule/nightly"
    statement = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "Condition": {"ArnLike": {"AWS:SourceArn": source}, "StringEquals": {"AWS:SourceAccount": "123456789012"}},
    }
    assert may_invoke([statement], "events.amazonaws.com", source)
    assert not may_invoke([statement], "s3.amazonaws.com", source)
    assert not may_invoke([statement], "events.amazonaws.com", source + "x")
    assert not may_invoke([], "events.amazonaws.com", source)
    assert not may_invoke([statement, {**statement, "Effect": "Deny"}], "events.amazonaws.com", source)
