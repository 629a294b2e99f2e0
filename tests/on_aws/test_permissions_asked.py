"""`workshop doctor` asks IAM's simulator about the workshop's own things: answered here as the simulator answers.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html: ResourceArns "defaults to *".
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest

from tests.on_aws.recorded import Raw
from workshop.on_aws import identity, policy

ARN = "arn:aws:iam::123456789012:user/ada"


class Simulator:
    """Answers SimulatePrincipalPolicy for a user to whom one policy is attached. Keeps what it was asked."""

    def __init__(self, document: dict[str, Any], picky: tuple[str, ...] = ()) -> None:
        self.document, self.picky = document, picky
        self.asked: list[dict[str, list[str]]] = []

    def __call__(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        asked: dict[str, list[str]] = {"ActionNames": [], "ResourceArns": []}
        for name, value in parse_qsl(request.body if isinstance(request.body, str) else request.body.decode()):
            if name.partition(".")[0] in asked:
                asked[name.partition(".")[0]].append(value)
        self.asked.append(asked)
        if len(asked["ActionNames"]) > 1 and set(self.picky) & set(asked["ActionNames"]):
            text = "<Message>Actions require different authorization information</Message>"
            body = f"<ErrorResponse><Error><Code>InvalidInput</Code>{text}</Error></ErrorResponse>"
            return AWSResponse(request.url, 400, HTTPHeaders(), Raw(body.encode()))
        members = "".join(
            f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{thing}</EvalResourceName>"
            f"<EvalDecision>{self.decide(action, thing)}</EvalDecision></member>"
            for action in asked["ActionNames"]
            for thing in asked["ResourceArns"] or ["*"]
        )
        result = f"<EvaluationResults>{members}</EvaluationResults><IsTruncated>false</IsTruncated>"
        name = "SimulatePrincipalPolicy"
        body = f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"
        return AWSResponse(request.url, 200, HTTPHeaders(), Raw(body.encode()))

    def decide(self, action: str, thing: str) -> str:
        allowed = any(
            action in one["Action"] and any(fnmatchcase(thing, pattern) for pattern in one["Resource"])
            for one in self.document["Statement"]
        )
        return "allowed" if allowed else "implicitDeny"


def reader_with(simulator: Simulator) -> identity.Reader:
    """A user whose questions to IAM the simulator answers."""
    session = boto3.session.Session("AKIAEXAMPLE", "example", region_name="eu-west-1")
    session.events.register("before-send.iam.SimulatePrincipalPolicy", simulator)
    reader = identity.Reader(session)
    reader.account, reader.arn = "123456789012", ARN
    return reader


def test_a_reader_with_just_the_least_policy_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    simulator = Simulator(policy.read())
    said = identity.permissions(reader_with(simulator))
    assert said == f"{len(policy.actions())} actions allowed, says IAM's simulator"
    for asked in simulator.asked:  # about things of the workshop, in this account and region
        assert all("*" not in thing and thing.startswith("arn:aws:") for thing in asked["ResourceArns"])


def test_a_right_for_something_elses_names_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    document = policy.read()
    for one in document["Statement"]:
        one["Resource"] = [pattern.replace("-dev-*", "-prod-*") for pattern in one["Resource"]]
    with pytest.raises(Exception, match="actions are not allowed"):
        identity.permissions(reader_with(Simulator(document)))


def test_actions_that_the_simulator_does_not_take_together_are_asked_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    simulator = Simulator(policy.read(), picky=("s3:CreateBucket",))
    assert "actions allowed" in identity.permissions(reader_with(simulator))
    assert ["s3:CreateBucket"] in [asked["ActionNames"] for asked in simulator.asked]
