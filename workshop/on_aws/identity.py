"""`workshop doctor` on AWS: who AWS takes this reader for, where, and what is missing. Asks only; makes nothing.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from workshop.cloud.switch import REGION
from workshop.core.aws_errors import trouble
from workshop.core.checks import Check, check
from workshop.core.errors import WorkshopError
from workshop.on_aws import policy

AT_ONCE = 20  # ten requests at the same moment in lesson 09, each with one more for its stand-in
IN_COMFORT = 50  # the bad day of lesson 09; with fewer its customers come in smaller groups
_BATCH = 50  # actions in one question to IAM's simulator
# May not be asked; or, on an emulator that takes AWS's place (AWS_ENDPOINT_URL), is not there.
_NO_SIMULATOR = ("AccessDenied", "AccessDeniedException", "NoSuchEntity", "UnknownOperationException", "InvalidAction")
# Questions that change nothing, for where the simulator may not be asked.
_LOOKS = (
    ("cloudformation", "describe_stacks"),
    ("lambda", "list_functions"),
    ("apigateway", "get_rest_apis"),
    ("logs", "describe_log_groups"),
    ("s3", "list_buckets"),
    ("dynamodb", "list_tables"),
    ("sqs", "list_queues"),
    ("events", "list_rules"),
)


class Reader:
    """Whoever boto3's credentials belong to, and what was found out so far."""

    def __init__(self, session: Any = None) -> None:
        import boto3
        from botocore.config import Config

        # A profile that is not there is a finding, not a crash: the session is made when it is first needed.
        self._session, self._make = session, boto3.session.Session
        self.config = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=10, read_timeout=20)
        self.account, self.arn = "", ""

    @property
    def session(self) -> Any:
        if self._session is None:
            self._session = self._make()
        return self._session

    @property
    def region(self) -> str:
        """The region that the workshop will use, as `connect` takes it."""
        return os.environ.get("AWS_REGION") or self.session.region_name or REGION

    def client(self, service: str) -> Any:
        """A client in that region."""
        return self.session.client(service, region_name=self.region, config=self.config)

    @property
    def is_root(self) -> bool:
        """True for the account's root user."""
        return self.arn.endswith(":root")


def checks(session: Any = None) -> Iterator[Check]:
    """What is found, one after the other; ends early where nothing more can be asked.

    Args:
        session: a `boto3.session.Session`; default: by boto3's usual rules.
    """
    reader = Reader(session)
    for name, work in (("AWS credentials", credentials), ("AWS region", region), ("AWS account", account)):
        found = check(name, asking(work, reader), "Mend that, then: workshop doctor")
        yield found
        if not found.ok:
            return
    for name, work in (("AWS permissions", permissions), ("AWS quotas", quotas), ("Left on AWS", left)):
        yield check(name, asking(work, reader), "Mend that, then: workshop doctor")


def asking(work: Callable[[Reader], str], reader: Reader) -> Callable[[], str]:
    """A check whose errors of boto3 become a paragraph that says what to do."""

    def run() -> str:
        try:
            return work(reader)
        except Exception as error:
            if not type(error).__module__.startswith(("botocore", "boto3")):
                raise
            raise trouble(error) from None

    return run


def credentials(reader: Reader) -> str:
    """Which credentials boto3 found, and where; never the keys themselves."""
    from botocore.exceptions import NoCredentialsError

    found = reader.session.get_credentials()
    if found is None:
        raise NoCredentialsError
    key = found.get_frozen_credentials().access_key or ""
    profile = os.environ.get("AWS_PROFILE") or reader.session.profile_name
    return f"{found.method}, profile {profile}, key ****{key[-4:]}"


def region(reader: Reader) -> str:
    """The region, held against the list that boto3 brings: a region newer than boto3 is told, not refused."""
    known = reader.session.get_available_regions("lambda")
    if reader.region in known:
        return reader.region
    near = [one for one in known if one.rstrip("0123456789") == reader.region.rstrip("0123456789")]
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", reader.region) or near:
        raise WorkshopError(
            f"{reader.region} is no region that Lambda is known to run in.",
            fix=f"Set AWS_REGION, for example to {near[0] if near else 'eu-west-1'}.",
        )
    meant = difflib.get_close_matches(reader.region, known, 1)
    return f"{reader.region} (not in boto3's list: is it newer{f', or was {meant[0]} meant' if meant else ''}?)"


def account(reader: Reader) -> str:
    """The account, masked, and who one is in it. The root user works, with a warning."""
    found = reader.client("sts").get_caller_identity()
    reader.account, reader.arn = found["Account"], found["Arn"]
    if reader.is_root:
        return (
            f"{masked(reader.account)}, as the root user. It works, but the talk says (04:26): root is to play with; "
            "use an IAM role or user with docs/workshop-policy.json instead, and delete the root user's keys"
        )
    return f"{masked(reader.account)}, as {reader.arn.partition(':')[2].split(':', 4)[-1]}"


def permissions(reader: Reader) -> str:
    """Whether the policies allow what the workshop does, asked of IAM's simulator; by harmless questions where not."""
    if reader.is_root:
        return "the root user may do everything"
    from botocore.exceptions import ClientError

    wanted = policy.actions()
    try:
        denied = simulated(reader, policy.by_resource())
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_SIMULATOR:
            raise
        return looked(reader)
    if denied:
        raise WorkshopError(
            f"{len(denied)} of {len(wanted)} actions are not allowed: {', '.join(denied[:6])}"
            + (", …" if len(denied) > 6 else "")
            + ".",
            fix="Have docs/workshop-policy.json attached to this user or role (IAM, Add permissions).",
        )
    return f"{len(wanted)} actions allowed, says IAM's simulator"


def simulated(reader: Reader, wanted: dict[tuple[str, ...], list[str]]) -> list[str]:
    """The actions that the simulator would deny on the workshop's own resources.

    Without resources it would ask about `*`, which a policy for the workshop's own names does not allow.

    Args:
        reader: who is asked about.
        wanted: actions by the patterns of what they are for.
    """
    from botocore.exceptions import ClientError

    iam, source = reader.client("iam"), source_arn(reader)

    def ask(names: list[str], things: list[str]) -> list[str]:
        more = {"ResourceArns": things} if things else {}
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=source, ActionNames=names, **more
        )
        try:
            found = [one for page in pages for one in page["EvaluationResults"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidInput":
                raise
            # It does not take actions together that need different information: then one at a time.
            return [] if len(names) == 1 else [one for name in names for one in ask([name], things)]
        return [one["EvalActionName"] for one in found if one["EvalDecision"] != "allowed"]

    denied: set[str] = set()
    for patterns, names in wanted.items():
        things = [policy.example(pattern, reader.region, reader.account) for pattern in patterns if pattern != "*"]
        for at in range(0, len(names), _BATCH):
            denied.update(ask(names[at : at + _BATCH], things))
    return sorted(denied)


def source_arn(reader: Reader) -> str:
    """The user or role whose policies count: for an assumed role the role itself, with its path."""
    role = re.fullmatch(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.+", reader.arn)
    return reader.client("iam").get_role(RoleName=role[3])["Role"]["Arn"] if role else reader.arn


def looked(reader: Reader) -> str:
    """Asks each service something harmless."""
    from botocore.exceptions import ClientError

    denied = []
    for service, operation in _LOOKS:
        try:
            getattr(reader.client(service), operation)()
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith(("AccessDenied", "Unauthorized")):
                raise
            denied.append(service)
    if denied:
        raise WorkshopError(
            f"These credentials may not look at {', '.join(denied)}.",
            fix="Have docs/workshop-policy.json attached to this user or role (IAM, Add permissions).",
        )
    return f"{len(_LOOKS)} services may be looked at; IAM's simulator cannot be asked, so writing is untried"


def quotas(reader: Reader) -> str:
    """Lambda's limits in this account: a new account may run ten functions at once, or fewer.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
    """
    limits = reader.client("lambda").get_account_settings()["AccountLimit"]
    free = limits["UnreservedConcurrentExecutions"]
    if free < AT_ONCE:
        raise WorkshopError(
            f"{free} functions may run at once here; lesson 09 has {AT_ONCE} at the same moment, the others fewer.",
            fix="Ask for more under Service Quotas (Lambda, concurrent executions), or free reserved concurrency.",
        )
    slower = "" if free >= IN_COMFORT else "; lesson 09's bad day takes longer with so few"
    return f"{limits['ConcurrentExecutions']} functions at once, {free} of them not reserved{slower}"


def left(reader: Reader) -> str:
    """What earlier tries left."""
    from workshop.on_aws import cleaning, names
    from workshop.serverless.aws import clients

    owner = names.suffix()
    found = cleaning.look(clients(reader.region), owner)
    unseen = f"; not looked at: {', '.join(found.unseen)}" if found.unseen else ""
    if count := len(found.things + found.retained):
        return f"{count} of yours ({owner}); to remove them: workshop clean{unseen}"
    return f"nothing of yours ({owner}){unseen}"


def masked(account: str) -> str:
    """An account's number, masked but recognisable: `********9012`."""
    return "*" * max(len(account) - 4, 0) + account[-4:]
