"""How each service says no.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.localaws.faults import AwsError
from workshop.localaws.iam.evaluation import Denied
from workshop.localaws.iam.principals import Principal

if TYPE_CHECKING:
    from workshop.localaws.http import Request

# Services of the query protocol: AccessDenied, 403.
_XML = frozenset({"iam", "sts", "cloudformation", "monitoring", "email", "ses", "ec2", "rds", "autoscaling"})
# JSON over REST: AccessDeniedException, 403.
_REST = frozenset({"lambda", "apigateway", "scheduler", "execute-api", "states-rest", "xray", "batch"})


def refusal(request: Request, principal: Principal, denied: Denied) -> AwsError:
    """The error for a need that was not met, in the code, status and spelling of the service asked."""
    service, need = request.service or "s3", denied.need
    if service == "sns":
        action = "SNS:" + need.action.partition(":")[2]
        return AwsError("AuthorizationError", denied.sentence(principal.arn, action=action), 403)
    if service == "sqs":
        return AwsError("AccessDenied", denied.sentence(principal.arn, action=need.action.lower()), 403)
    if service == "s3":
        return AwsError("AccessDenied", denied.sentence(principal.arn, resource=f'"{need.resource}"'), 403)
    message = denied.sentence(principal.arn)
    if service in _XML:
        return AwsError("AccessDenied", message, 403)
    return AwsError("AccessDeniedException", message, 403 if service in _REST else 400)
