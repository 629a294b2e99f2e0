"""What the rooms ask of one another: Lambda of IAM, S3 and the engine; the data plane of the control plane."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workshop.core.errors import WorkshopError
from workshop.localaws.cloudformation import api as cloudformation
from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import routes as lambda_routes
from workshop.localaws.moto import lambda_backend, stores
from workshop.localaws.moto.loading import LOCK
from workshop.localaws.runtime.model import FunctionSpec

if TYPE_CHECKING:
    from workshop.localaws.aws import LocalAWS


def connect(aws: LocalAWS) -> None:
    """Give Lambda's service its neighbours; needs no moto."""
    service, engine, functions = aws.service, aws.engine, aws.functions

    def retired(arn: str) -> None:
        functions.forget(arn)
        aws.on_loop(engine.retire, arn)

    def provisioned(arn: str, qualifier: str, count: int) -> None:
        aws.on_loop(lambda: asyncio.ensure_future(provision(aws, arn, qualifier, count)))

    service.changed, service.retired, service.provisioned = functions.forget, retired, provisioned
    service.reserved = lambda arn, count: aws.on_loop(engine.set_reserved, arn, count)
    service.account_limit = lambda: engine.settings.account_concurrency
    service.role_trusted = role_trusted
    service.runnable = lambda runtime: runnable(aws, runtime)
    service.source_exists = lambda arn: source_exists(aws, arn)
    service.s3_object = lambda bucket, key, version: s3_object(aws.settings.account, bucket, key, version)
    aws.control.doors["lambda"] = lambda request: lambda_routes.call(service, request)
    aws.control.doors["cloudformation"] = cloudformation.door(aws.stacks)
    aws.control.doors["logs"] = aws.log_groups
    aws.control.doors["dynamodb"] = aws.transactions


def furnish(aws: LocalAWS) -> None:
    """Connect what needs moto."""
    from workshop.localaws.events.sources import SERVICES

    lambda_backend.install(aws.functions, aws.invoke_later)

    def forget_apis(_: Request, __: Response) -> None:
        aws.gateway.invalidate()

    def changed(request: Request, _: Response) -> None:
        aws.sources.changed(request.service)

    for service in ("apigateway", "lambda", "iam", "cloudformation"):
        aws.control.after(service, forget_apis)
    for service in SERVICES:
        aws.control.after(service, changed)
    for service in ("iam", "logs"):
        aws.control.after(service, lambda *_: aws.logs.forget_permissions())
    aws.control.before("iam", no_fence_for_users)
    aws.logs.may_write = lambda spec: may_log(aws, spec)


def no_fence_for_users(request: Request) -> None:
    """moto forgets a user's permissions boundary, and the user would be freer here than on AWS.

    Raises:
        AwsError: the request sets one.
    """
    fenced = request.operation == "CreateUser" and request.form.get("PermissionsBoundary")
    if fenced or request.operation in ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"):
        raise AwsError(
            "UnknownOperationException",
            "Permissions boundaries of users are not available offline; those of roles are.",
            501,
        )


def api_name(aws: LocalAWS, api_id: str) -> tuple[str, str]:
    """The region and name of an API, remembered; metrics have names, not ids."""
    for backend in stores.every("apigateway"):
        if api_id in backend.apis:
            return aws.api_names.setdefault(api_id, (backend.region_name, backend.apis[api_id].name))
    return aws.api_names.setdefault(api_id, (aws.settings.region, api_id))


async def provision(aws: LocalAWS, arn: str, qualifier: str, count: int) -> None:
    """Start environments ahead of requests and say how far that got; none ends them."""
    aws.functions.forget(arn)
    try:
        route = aws.functions.route(arn, qualifier)
        function = aws.service.function(route.reference)
    except AwsError:  # the alias is gone, and what it kept ready goes with it
        aws.engine.retire(arn)
        return
    entry = function.provisioned.get(qualifier)
    if not count or entry is None:
        aws.engine.retire(arn)
        return
    ready = await aws.engine.provision(route.choices[-1][1], count)
    entry |= {
        "AvailableProvisionedConcurrentExecutions": ready,
        "AllocatedProvisionedConcurrentExecutions": ready,
        "Status": "READY" if ready == count else "FAILED",
    }
    if ready < count:
        cap = aws.engine.settings.max_processes
        entry["StatusReason"] = (
            f"The offline cloud runs at most {cap} execution environments at once (max_processes)."
            if len(aws.engine.live) >= cap
            else "FUNCTION_ERROR_INIT_FAILURE"
        )


def runnable(aws: LocalAWS, runtime: str) -> str:
    """Refuse at deployment a runtime that no request could start; say when another version's interpreter will run it.

    Raises:
        AwsError: InvalidParameterValueException, with what to do about it.
    """
    try:
        return aws.engine.check_runtime(runtime) or ""
    except WorkshopError as error:
        raise AwsError("InvalidParameterValueException", error.paragraph()) from None


def source_exists(aws: LocalAWS, arn: str) -> None:
    """Refuse an event source mapping of a queue or a stream that is not there.

    Raises:
        AwsError: InvalidParameterValueException in Lambda's words.
    """
    from botocore.exceptions import ClientError

    _, _, service, region, account, name = arn.split(":", 5)
    try:
        if service == "sqs":
            client = aws.inside.client("sqs", region)
            url = f"{client.meta.endpoint_url}/{account}/{name}"
            client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        elif service == "dynamodb":
            aws.inside.client("dynamodbstreams", region).describe_stream(StreamArn=arn)
        else:
            aws.inside.client("kinesis", region).describe_stream(StreamName=name.partition("/")[2])
    except ClientError as error:
        fault = error.response["Error"]
        asked = {"sqs": "ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue"}.get(
            service, f"DescribeStream. Error Code: {fault['Code']}"
        )
        message = f"Error occurred while {asked}. Error Message: {fault['Message']}"
        raise AwsError("InvalidParameterValueException", message) from None


def role_trusted(arn: str) -> bool:
    """True when the role exists and Lambda may assume it."""
    from workshop.localaws.iam.principals import trusts

    with LOCK:
        return trusts(arn, "Service", "lambda.amazonaws.com")


def may_log(aws: LocalAWS, spec: FunctionSpec) -> bool:
    """May the function's role write its log? Asked of the policies, as CloudWatch Logs does."""
    group = f"arn:aws:logs:{spec.region}:{spec.account_id}:log-group:{spec.log_group}"
    try:
        aws.role_may(spec.role_arn, spec.name, "logs:PutLogEvents", f"{group}:log-stream:stream")
        aws.role_may(spec.role_arn, spec.name, "logs:CreateLogStream", f"{group}:log-stream:stream")
        if not group_exists(spec):
            aws.role_may(spec.role_arn, spec.name, "logs:CreateLogGroup", f"{group}:log-stream:")
    except AwsError:
        return False
    return True


def group_exists(spec: FunctionSpec) -> bool:
    """True when the function's log group is there."""
    logs = stores.existing("logs", spec.account_id, spec.region)
    return logs is not None and spec.log_group in logs.groups


def s3_object(account: str, bucket: str, key: str, version: str | None) -> bytes:
    """The bytes of an object.

    Raises:
        AwsError: InvalidParameterValueException in Lambda's words.
    """
    from werkzeug.exceptions import HTTPException

    with LOCK:
        try:
            found: Any = stores.backend("s3", account).get_object(bucket, key, version_id=version)
            if found is not None and hasattr(found, "value"):
                return bytes(found.value)
            code, sentence = "NoSuchKey", "The specified key does not exist."
        except (HTTPException, stores.error("core", "ServiceException")):
            code, sentence = "NoSuchBucket", "The specified bucket does not exist"
    raise AwsError(
        "InvalidParameterValueException",
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {sentence}",
    )
