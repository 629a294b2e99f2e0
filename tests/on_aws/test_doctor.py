"""`workshop doctor` on AWS: recorded answers through the real boto3 client (botocore's Stubber).

The answers are AWS's, by its documentation:
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from workshop.on_aws import identity, policy

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ada"


class Recorded:
    """A boto3 session whose clients answer as told; everything else of them is real."""

    def __init__(self, region: str = "eu-west-1", keys: bool = True) -> None:
        given = {"aws_access_key_id": "AKIAEXAMPLE1234", "aws_secret_access_key": "secret-of-ada"} if keys else {}
        self.session = boto3.session.Session(region_name=region, **given)
        self.clients: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}
        self.region_name, self.profile_name = region, "ada"
        self.get_available_regions = self.session.get_available_regions
        self.get_credentials = self.session.get_credentials

    def client(self, name: str, **options: Any) -> Any:
        if name not in self.clients:
            self.clients[name] = self.session.client(name, **options)
            self.stubs[name] = Stubber(self.clients[name])
        return self.clients[name]

    def stub(self, name: str) -> Stubber:
        self.client(name, region_name=self.region_name)
        return self.stubs[name]


def found(session: Recorded) -> dict[str, Any]:
    with ExitStack() as stack:
        for stub in session.stubs.values():
            stack.enter_context(stub)
        return {one.name: one for one in identity.checks(session)}


def who(session: Recorded, arn: str = USER) -> None:
    answer = {"UserId": "AIDAEXAMPLE", "Account": ACCOUNT, "Arn": arn}
    session.stub("sts").add_response("get_caller_identity", answer, {})


def simulator(session: Recorded, denied: tuple[str, ...] = (), source: str = USER) -> None:
    for patterns, wanted in policy.by_resource().items():
        things = [policy.example(one, "eu-west-1", ACCOUNT) for one in patterns if one != "*"]
        for at in range(0, len(wanted), identity._BATCH):
            batch = wanted[at : at + identity._BATCH]
            results = [
                {"EvalActionName": name, "EvalDecision": "implicitDeny" if name in denied else "allowed"}
                for name in batch
            ]
            session.stub("iam").add_response(
                "simulate_principal_policy",
                {"EvaluationResults": results, "IsTruncated": False},
                {"PolicySourceArn": source, "ActionNames": batch} | ({"ResourceArns": things} if things else {}),
            )


def limits(session: Recorded, free: int = 1000) -> None:
    answer = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": free}}
    session.stub("lambda").add_response("get_account_settings", answer, {})


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is asked of other clients; its own tests are in test_cleaning."""
    monkeypatch.setattr(identity, "left", lambda reader: "nothing of yours (k3f9)")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


def test_all_is_well_and_the_account_is_masked() -> None:
    session = Recorded()
    who(session), simulator(session), limits(session)
    checks = found(session)
    assert all(one.ok for one in checks.values()), checks
    said = " ".join(one.detail for one in checks.values())
    assert "********9012, as iam::" not in said and "********9012" in said and ACCOUNT not in said
    assert "secret-of-ada" not in said and "AKIAEXAMPLE" not in said and "****1234" in said


def test_the_root_user_works_with_the_talks_warning() -> None:
    session = Recorded()
    who(session, f"arn:aws:iam::{ACCOUNT}:root"), limits(session)
    checks = found(session)
    assert checks["AWS account"].ok and "04:26" in checks["AWS account"].detail
    assert "root user may do everything" in checks["AWS permissions"].detail


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    checks = found(Recorded(keys=False))
    assert list(checks) == ["AWS credentials"]
    assert "missing" in checks["AWS credentials"].detail and "aws configure" in checks["AWS credentials"].mend


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    [one] = list(identity.checks())
    assert not one.ok and "nobody" in one.detail and "~/.aws/config" in one.mend


def test_the_sign_in_has_expired(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile of IAM Identity Center without a fresh token in the cache: botocore itself says so, before any call.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
    """
    config = tmp_path / "config"
    config.write_text(
        "[profile play]\nsso_session = play\nsso_account_id = 123456789012\nsso_role_name = Play\nregion = eu-west-1\n"
        "[sso-session play]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
        encoding="utf-8",
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "play")
    [one] = list(identity.checks())
    assert not one.ok and "SSO" in one.detail and one.mend == "Run: aws sso login --profile play"


@pytest.mark.parametrize(
    ("code", "says", "mend"),
    [
        ("ExpiredToken", "expired", "aws sso login"),
        ("InvalidClientTokenId", "does not know", "AWS_PROFILE"),
        ("SignatureDoesNotMatch", "does not know", "clock"),
        ("OptInRequired", "OptInRequired", "AWS_REGION"),
        ("Throttling", "Throttling", "Wait a minute"),
        ("AccessDenied", "AccessDenied", "docs/workshop-policy.json"),
    ],
)
def test_what_sts_refuses_is_a_paragraph_that_says_what_to_do(code: str, says: str, mend: str) -> None:
    session = Recorded()
    session.stub("sts").add_client_error("get_caller_identity", code, "Refused.", http_status_code=403)
    checks = found(session)
    assert list(checks)[-1] == "AWS account" and not checks["AWS account"].ok
    assert says in checks["AWS account"].detail and mend in checks["AWS account"].mend


@pytest.mark.parametrize(
    ("region", "mend"), [("eu-west-9", "eu-west-"), ("ireland", "eu-west-1"), ("EU-WEST-1", "eu-west-1")]
)
def test_a_region_that_is_none(region: str, mend: str) -> None:
    checks = found(Recorded(region))
    assert not checks["AWS region"].ok and mend in checks["AWS region"].mend


def test_a_permission_is_missing() -> None:
    session = Recorded()
    who(session), simulator(session, ("iam:CreateRole", "iam:PassRole")), limits(session)
    one = found(session)["AWS permissions"]
    assert not one.ok and "2 of" in one.detail and "iam:CreateRole, iam:PassRole" in one.detail
    assert "docs/workshop-policy.json" in one.mend


def test_a_role_is_asked_about_with_its_path() -> None:
    """A role of IAM Identity Center has a path that the session's ARN leaves out."""
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Play_1"
    session = Recorded()
    who(session, f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Play_1/ada@example.com")
    session.stub("iam").add_response(
        "get_role",
        {
            "Role": {
                "Arn": role,
                "Path": "/",
                "RoleName": "AWSReservedSSO_Play_1",
                "RoleId": "AROAEXAMPLE12345678",
                "CreateDate": 0,
            }
        },
        {"RoleName": "AWSReservedSSO_Play_1"},
    )
    simulator(session, source=role), limits(session)
    assert found(session)["AWS permissions"].ok


def test_the_simulator_may_not_be_asked() -> None:
    """Then each service is asked something harmless, and what remains untried is said."""
    session = Recorded()
    who(session)
    session.stub("iam").add_client_error("simulate_principal_policy", "AccessDenied", "No.", http_status_code=403)
    empty = {"cloudformation": {"Stacks": []}, "lambda": {"Functions": []}, "s3": {"Buckets": []}}
    for service, operation in identity._LOOKS:
        if service == "dynamodb":
            session.stub(service).add_client_error(operation, "AccessDeniedException", "No.", http_status_code=400)
        else:
            session.stub(service).add_response(operation, empty.get(service, {}), {})
    limits(session)
    checks = found(session)
    assert not checks["AWS permissions"].ok and "dynamodb" in checks["AWS permissions"].detail
    assert checks["AWS quotas"].ok


def test_a_new_accounts_quota() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: new accounts have less at first."""
    session = Recorded()
    who(session), simulator(session), limits(session, free=4)
    one = found(session)["AWS quotas"]
    assert not one.ok and "4 functions" in one.detail and "Service Quotas" in one.mend


@pytest.mark.parametrize(("free", "ok", "longer"), [(10, False, False), (20, True, True), (50, True, False)])
def test_a_quota_that_is_enough_is_not_asked_to_be_more(free: int, ok: bool, longer: bool) -> None:
    """The bad day of lesson 09 takes what there is; ten at once, each with its stand-in, take twenty."""
    session = Recorded()
    who(session), simulator(session), limits(session, free=free)
    one = found(session)["AWS quotas"]
    assert one.ok == ok and ("takes longer" in one.detail) == longer


def test_a_region_that_may_be_a_slip_says_which_was_meant() -> None:
    assert "was eu-west-1 meant" in found(Recorded("eu-wst-1"))["AWS region"].detail


def test_the_region_is_the_one_that_connect_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 reads AWS_DEFAULT_REGION; AWS_REGION goes before it in the workshop, as in the other SDKs."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    session = Recorded("us-east-1")
    assert found(session)["AWS region"].detail == "eu-central-1"


def test_where_there_is_no_simulator_permissions_are_tried_by_looking() -> None:
    session = Recorded()
    who(session)
    session.stub("iam").add_client_error("simulate_principal_policy", "UnknownOperationException", "Not here.")
    empty = {"cloudformation": {"Stacks": []}, "lambda": {"Functions": []}, "s3": {"Buckets": []}}
    for service, operation in identity._LOOKS:
        session.stub(service).add_response(operation, empty.get(service, {}), {})
    limits(session)
    one = found(session)["AWS permissions"]
    assert one.ok and "writing is untried" in one.detail
