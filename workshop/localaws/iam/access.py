"""IAM as the rest of the cloud asks it: one object, four questions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workshop.localaws.faults import AwsError, protocol_of
from workshop.localaws.iam.evaluation import Denied, decide
from workshop.localaws.iam.policy import may_invoke
from workshop.localaws.iam.principals import Credentials, Principal, Principals, trusts
from workshop.localaws.iam.recorder import Recorder
from workshop.localaws.iam.requests import needs, times
from workshop.localaws.iam.wording import refusal
from workshop.localaws.moto.current import CURRENT

if TYPE_CHECKING:
    from workshop.localaws.http import Request


class Iam:
    """Who may do what.

    Args:
        settings: the cloud's settings: `account`, `region`, `enforce_iam`.
        functions: the cloud's `Functions`, whose resource-based policies decide who may call a function.
        clock: the cloud's time, epoch seconds, for conditions.
    """

    def __init__(self, settings: Any, functions: Any = None, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.functions, self.clock = settings, functions, clock
        self.principals = Principals(settings.account)
        self.recorder = Recorder(settings.account)
        CURRENT.session_of = self.principals.session_of

    def credentials_for(self, role_arn: str, session_name: str = "workshop") -> Credentials:
        """Temporary credentials of a role.

        Args:
            role_arn: the role.
            session_name: for a function, its name: `…:assumed-role/role/function`.
        """
        return self.principals.credentials_for(role_arn, session_name)

    def principal_of(self, access_key_id: str) -> Principal | None:
        """Who signs with this key; None for the reader's own keys, who may do anything."""
        return self.principals.principal_of(access_key_id)

    def check(self, request: Request) -> None:
        """Hold a control-plane request against the policies of whoever signed it.

        Raises:
            AwsError: with AWS's code, status and sentence for the service.
        """
        principal = self.principals.principal_of(request.access_key)
        if principal is None:
            self._known_but_off(request)
            self.recorder.note(request)
        if principal is None or not self.settings.enforce_iam:
            return
        for need in needs(request, principal, self.clock()):
            try:
                decide(principal, need)
            except Denied as denied:
                raise refusal(request, principal, denied) from None

    def _known_but_off(self, request: Request) -> None:
        if self.settings.enforce_iam and self.principals.switched_off(request.access_key):
            code = "UnrecognizedClientException" if protocol_of(request) == "json" else "InvalidClientTokenId"
            raise AwsError(code, "The security token included in the request is invalid.", 403)

    def authorize(
        self, principal: Principal, action: str, resource: str, context: dict[str, Any] | None = None
    ) -> None:
        """Whether a principal may do one thing, for callers that have no request.

        Raises:
            AwsError: AccessDeniedException with AWS's sentence.
        """
        from workshop.localaws.iam.evaluation import Need

        try:
            decide(principal, Need(action, resource, times(self.clock()) | (context or {})))
        except Denied as denied:
            raise AwsError("AccessDeniedException", denied.sentence(principal.arn), 403) from None

    def may_invoke(self, function_arn: str, service: str, source_arn: str) -> bool:
        """Whether a function's policy lets an AWS service call it for a source; False when it is not there."""
        if not self.settings.enforce_iam:
            return True
        try:
            policy = self.functions.policy(function_arn)
        except AwsError:
            return False
        return may_invoke(policy, service, source_arn)

    def may_invoke_url(self, function_arn: str) -> bool:
        """Whether anybody may call a function through its URL (`lambda:InvokeFunctionUrl` for `*`).

        https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        """
        if not self.settings.enforce_iam:
            return True
        from workshop.localaws.iam.policy import resource_allows, statements

        try:
            policy = statements(self.functions.policy(function_arn))
        except AwsError:
            return False
        context = {"lambda:FunctionUrlAuthType": "NONE", "lambda:InvokedViaFunctionUrl": "true"}
        return resource_allows(policy, "lambda:InvokeFunctionUrl", "", (("AWS", "*"),), context)

    def role_may(self, role_arn: str, service: str, action: str, resource: str) -> bool:
        """Whether a service may assume a role and the role may then do something (a schedule's or rule's target)."""
        if not self.settings.enforce_iam:
            return True
        if not trusts(role_arn, "Service", service):
            return False
        account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{service.partition('.')[0]}"
        try:
            self.authorize(Principal("role", arn, role_arn, account, name), action, resource)
        except AwsError:
            return False
        return True

    def reset(self) -> None:
        """Forget all sessions."""
        self.principals.forget()
