"""The roles of a service's functions: one for all, with log statements, its own statements, and what its events need.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from typing import Any

from workshop.serverless import naming
from workshop.serverless.service import Service
from workshop.serverless.template.build import Template

# What a function needs to send its results on: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
_SEND = {
    "lambda": "lambda:InvokeFunction",
    "function": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "eventBus": "events:PutEvents",
}


def settings_of(service: Service) -> Any:
    """`provider.iam.role`: a mapping, or the ARN of a role made elsewhere."""
    return (service.provider.get("iam") or {}).get("role") or {}


def own_statements(service: Service) -> list[Any]:
    """The statements the service's file asks for, in either of the two places."""
    role = settings_of(service)
    listed = role.get("statements") or [] if isinstance(role, dict) else []
    return [*(service.provider.get("iamRoleStatements") or []), *listed]


def arn_of_role(service: Service, function: str) -> Any:
    """The ARN of the role that a function runs as: its own one, else the service's.

    https://www.serverless.com/framework/docs/providers/aws/guide/iam#custom-iam-roles
    """
    own = service.functions[function].get("role")
    if own is not None:
        named = isinstance(own, str) and not own.startswith("arn:")
        return naming.get_arn(own) if named else own
    role = settings_of(service)
    return role if isinstance(role, str) else naming.get_arn(naming.ROLE)


def add(template: Template) -> None:
    """Adds the role, unless the file names one or no function needs it: each brings its own."""
    service = template.service
    role = settings_of(service)
    shared = [name for name, settings in service.functions.items() if "role" not in settings]
    if not shared or isinstance(role, str):
        return
    scheduler = bool(_scheduled(template))
    principals = ["lambda.amazonaws.com", *(["scheduler.amazonaws.com"] if scheduler else [])]
    trust = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": ["sts:AssumeRole"]}
    statements = [*_log_statements(service), *_as_lists(own_statements(service)), *_event_statements(template)]
    name = role.get("name") or naming.join("-", service.name, service.stage, naming.REGION, "lambdaRole")
    policy = {
        "PolicyName": naming.join("-", service.name, service.stage, "lambda"),
        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
    }
    template.add(
        naming.ROLE,
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [policy],
            "Path": "/",
            "RoleName": name,
            "ManagedPolicyArns": role.get("managedPolicies") or None,
            "PermissionsBoundary": role.get("permissionsBoundary") or None,
        },
    )


def _as_lists(statements: list[Any]) -> list[dict[str, Any]]:
    """The file may write one action as text; the Framework's template has lists."""
    out = []
    for statement in statements:
        copy = dict(statement)
        for key in ("Action", "NotAction"):
            if isinstance(copy.get(key), str):
                copy[key] = [copy[key]]
        out.append(copy)
    return out


def _log_statements(service: Service) -> list[dict[str, Any]]:
    """Leave to write logs, to the log groups of this service's functions only."""
    usual = f"{service.name}-{service.stage}"
    names = [service.function_name(name) for name in service.functions]
    groups = [name for name in names if not name.startswith(usual)]
    if len(groups) < len(names):
        groups.append(f"{usual}*")

    def arns(end: str) -> list[dict[str, str]]:
        head = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/"
        return [{"Fn::Sub": f"{head}{group}:{end}"} for group in groups]

    streams = ["logs:CreateLogStream", "logs:CreateLogGroup", "logs:TagResource"]
    return [
        {"Effect": "Allow", "Action": streams, "Resource": arns("*")},
        {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": arns("*:*")},
    ]


def _event_statements(template: Template) -> list[dict[str, Any]]:
    """What destinations, EventBridge Scheduler and queues need."""
    service = template.service
    statements: list[dict[str, Any]] = []
    for settings in service.functions.values():
        statements += [_destination(service, value) for value in (settings.get("destinations") or {}).values()]
    scheduled = _scheduled(template)
    if scheduled:
        arns = [_function_arn(service, name) for name in scheduled]
        both = [form for arn in arns for form in ({"Fn::Sub": arn}, {"Fn::Sub": f"{arn}:*"})]
        statements.append({"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": both})
    queues: list[Any] = []
    for _, _, event in template.events("sqs"):
        arn = event if isinstance(event, str) else event["arn"]
        if arn not in queues:
            queues.append(arn)
    if queues:
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": queues})
    return statements


def _destination(service: Service, value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value in service.functions:
        return _allow("lambda:InvokeFunction", {"Fn::Sub": _function_arn(service, value)})
    if isinstance(value, dict):
        return _allow(_SEND[value["type"]], value["arn"])
    return _allow(_SEND.get(value.split(":")[2], "lambda:InvokeFunction"), value)


def _allow(action: str, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _function_arn(service: Service, name: str) -> str:
    full = service.function_name(name)
    return "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:" + full


def _scheduled(template: Template) -> list[str]:
    """The functions that EventBridge Scheduler calls; it assumes the role to do so."""
    return list(
        dict.fromkeys(
            function
            for function, _, event in template.events("schedule")
            if isinstance(event, dict) and event.get("method") == "scheduler"
        )
    )
