"""Nothing changes in an account of AWS that its owner did not agree to: every boto3 client of this process is held.

The guard stands where all clients pass, however they were made: by a lesson's `boto3.client`, by the deploy tool, by a
reader's own `boto3.Session(profile_name=…)`. Before a call that changes something it asks, once for each account and
region. A process that is connected to an offline cloud reaches no account at all.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from workshop.core.errors import WorkshopError
from workshop.core.telling import in_notebook, say

# By AWS's own naming of operations; whatever else there is counts as a change.
_READS = ("Get", "List", "Describe", "Head", "Filter", "Query", "Scan", "BatchGet", "Simulate", "Lookup", "StartQuery")
_CALLS = ("Invoke", "InvokeAsync", "AssumeRole", "AssumeRoleWithWebIdentity")
# The names of AWS's partitions: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
_HOSTS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "on.aws",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
    "cloud.adc-e.uk",
)
GLOBAL = "-global"  # the end of the region of IAM and others that have none: aws-global, aws-cn-global


def changes(operation: str) -> bool:
    """True for an operation that makes, changes or deletes something: `CreateStack`, not `DescribeStacks`."""
    return not operation.startswith(_READS) and operation not in _CALLS


def is_aws_host(url: str) -> bool:
    """True for an address of AWS, in any of its partitions."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return any(host == one or host.endswith(f".{one}") for one in _HOSTS)


def plain_statement(what: str, account: str, region: str) -> str:
    """What is asked where nothing more is known than the first call."""
    return f"This will change things on AWS, in account {'*' * 8}{account[-4:]}, region {region}. First: {what}."


class Guard:
    """Holds the calls of one process's boto3 clients.

    Attributes:
        agreed: the accounts and regions whose owner said yes.
        mode: what the process is connected to: `local`, `aws`, `endpoint`; empty before it is connected.
        statement: the paragraph that the owner agrees to, from the first change, account and region.
    """

    def __init__(self) -> None:
        self.agreed: set[tuple[str, str]] = set()
        self.mode = ""
        self.statement: Callable[[str, str, str], str] = plain_statement
        self._accounts: dict[tuple[str, str], str] = {}  # by access key, and where it is asked
        self._lock = threading.RLock()  # one question at a time
        self._installed = False

    def install(self) -> None:
        """Has every client of this process held, those included that exist already. Doing it twice does no harm.

        https://docs.aws.amazon.com/botocore/latest/topics/events.html has events for clients and sessions, none for all
        of a process; so the one method that every call goes through is wrapped, as tracers do.
        """
        with self._lock:
            if self._installed:
                return
            from botocore.client import BaseClient

            call = BaseClient._make_api_call

            def held(client: Any, operation_name: str, api_params: Any) -> Any:
                self.before(client, operation_name)
                return call(client, operation_name, api_params)

            BaseClient._make_api_call = held  # type: ignore[method-assign]
            self._installed = True

    def before(self, client: Any, operation: str) -> None:
        """Asks before a change; refuses what must not leave this machine.

        Raises:
            WorkshopError: nobody agreed; or an offline process would reach AWS.
        """
        endpoint = str(client.meta.endpoint_url)
        if self.mode in ("local", "endpoint") and is_aws_host(endpoint):
            raise WorkshopError(
                f"{operation} would have gone to {urlsplit(endpoint).hostname}. This process is connected to an "
                "offline cloud, so nothing of it goes to AWS. Nothing was sent.",
                fix="Leave endpoint_url out; or for your own account set WORKSHOP_CLOUD=aws and start again.",
            )
        if not self.is_an_account(client) or not changes(operation):
            return
        with self._lock:
            account, region = self.account_of(client), str(client.meta.region_name)
            service = str(client.meta.service_model.service_id)
            self.agree(f"{service}: {operation}", account, region)

    def is_an_account(self, client: Any) -> bool:
        """True for a client of AWS itself, or of what takes its place where the process is connected to AWS."""
        endpoint = str(client.meta.endpoint_url)
        if is_aws_host(endpoint):
            return True
        if os.environ.get("WORKSHOP_CLOUD") != "aws":
            return False
        moved = {value.rstrip("/") for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL")}
        return endpoint.rstrip("/") in moved

    def account_of(self, client: Any) -> str:
        """The account that a client's own credentials belong to, asked of STS with them.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: takes no permission.
        """
        from botocore.session import Session

        given = client._request_signer._credentials
        if given is None:
            return ""  # nothing is signed, so the call is refused by itself
        keys = given.get_frozen_credentials()
        known = (keys.access_key, os.environ.get("AWS_ENDPOINT_URL", ""))
        if known not in self._accounts:
            region = client.meta.region_name
            where = os.environ.get("AWS_REGION", "us-east-1") if region.endswith(GLOBAL) else region
            sts = Session().create_client(
                "sts",
                region_name=where,
                aws_access_key_id=keys.access_key,
                aws_secret_access_key=keys.secret_key,
                aws_session_token=keys.token,
            )
            self._accounts[known] = str(sts.get_caller_identity()["Account"])
        return self._accounts[known]

    def given(self, client: Any) -> None:
        """Notes that a command has asked in words of its own, for a client's account and region."""
        if self.is_an_account(client):
            self.agreed.add((self.account_of(client), str(client.meta.region_name)))

    def agree(self, what: str, account: str, region: str) -> None:
        """Asks, once for an account and region.

        Args:
            what: the first change, in words.

        Raises:
            WorkshopError: the answer is no, or nobody can answer.
        """
        with self._lock:
            if (account, region) in self.agreed:
                return
            # What has no region is a part of what was agreed to in one.
            if region.endswith(GLOBAL) and any(one == account for one, _ in self.agreed):
                return
            say(self.statement(what, account, region))
            if os.environ.get("WORKSHOP_CONFIRM", "").strip().lower() not in ("yes", "y", "1", "true"):
                _ask()
            self.agreed.add((account, region))


def _ask() -> None:
    refusal = WorkshopError(
        "Nothing was changed on AWS, because nobody agreed to it.",
        fix="Answer yes, or set WORKSHOP_CONFIRM=yes for a run that nobody watches.",
    )
    if not in_notebook() and not (sys.stdin and sys.stdin.isatty()):
        raise refusal
    try:
        answer = input("Go on? Type yes: ")
    except EOFError:
        raise refusal from None
    except Exception as error:
        if type(error).__name__ == "StdinNotImplementedError":  # a notebook run from a program
            raise refusal from None
        raise
    if answer.strip().lower() not in ("yes", "y"):
        raise refusal


guard = Guard()
