"""What requests of each service need, by the parameters that name their resources.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from workshop.localaws.iam import attached
from workshop.localaws.iam.evaluation import UNKNOWN, Need

if TYPE_CHECKING:
    from workshop.localaws.iam.requests import Asked


def _ssm(asked: Asked) -> list[Need]:
    action = f"ssm:{asked.operation}"
    names = asked.parameters.get("Names")
    if asked.operation == "GetParametersByPath":
        names = [asked.text("Path").rstrip("/") or "/"]
    elif not isinstance(names, list):
        names = [asked.text("Name", "ResourceId")]
    if asked.operation in ("DescribeParameters", "DescribeDocument") or names == [""]:
        return [asked.need(action, asked.arn("ssm", "*"))]
    found = [asked.need(action, _parameter(asked, str(name))) for name in names]
    if asked.parameters.get("WithDecryption") is True:
        for name in names:
            key = attached.parameter_key(asked.account, asked.region, str(name))
            if key:
                found.append(asked.need("kms:Decrypt", key, resource_policy=attached.key(key), delegates=True))
    return found


def _parameter(asked: Asked, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return asked.arn("ssm", "parameter/" + re.sub(r":[\w.-]+$", "", name).lstrip("/"))


_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def _dynamodb(asked: Asked) -> list[Need]:
    given = asked.parameters

    def table(name: str) -> str:
        return asked.arn("dynamodb", f"table/{name}")

    if asked.operation in ("TransactWriteItems", "TransactGetItems"):
        return [
            asked.need(f"dynamodb:{_WRITES.get(kind, 'GetItem')}", table(str(detail.get("TableName", ""))))
            for item in given.get("TransactItems") or []
            for kind, detail in item.items()
        ]
    if asked.operation in ("BatchGetItem", "BatchWriteItem"):
        return [asked.need(f"dynamodb:{asked.operation}", table(name)) for name in given.get("RequestItems") or {}]
    if asked.operation in ("ExecuteStatement", "BatchExecuteStatement"):
        texts = (
            [asked.text("Statement")]
            if asked.operation == "ExecuteStatement"
            else [str(one.get("Statement", "")) for one in given.get("Statements") or []]
        )
        return [_partiql(asked, text, table) for text in texts]
    if asked.operation in ("ListTables", "ListStreams", "ListBackups"):
        return [asked.need(f"dynamodb:{asked.operation}", table("*") if asked.operation == "ListTables" else UNKNOWN)]
    name = asked.text("TableName", "ResourceArn", "StreamArn")
    resource = table(name) if name else UNKNOWN
    if asked.operation in ("Query", "Scan") and asked.text("IndexName"):
        resource = f"{resource}/index/{asked.text('IndexName')}"
    key = given.get("Key") or given.get("Item")
    need = asked.need(f"dynamodb:{asked.operation}", resource)
    if isinstance(key, dict) and key:
        leading = [str(value) for part in list(key.values())[:1] for value in part.values()]
        need = asked.need(need.action, resource, more_context={"dynamodb:LeadingKeys": leading})
    return [need]


def _partiql(asked: Asked, text: str, table: Callable[[str], str]) -> Need:
    verb = {"SELECT": "Select", "INSERT": "Insert", "UPDATE": "Update", "DELETE": "Delete"}
    word = text.split(maxsplit=1)[0].upper() if text.split() else "SELECT"
    name = re.search(r"(?:FROM|INTO|UPDATE)\s+\"?([\w.-]+)", text, re.IGNORECASE)
    return asked.need(f"dynamodb:PartiQL{verb.get(word, 'Select')}", table(name[1] if name else "*"))


def _logs(asked: Asked) -> list[Need]:
    group = asked.text("logGroupName", "logGroupIdentifier").removesuffix(":*")
    group = group.rpartition(":log-group:")[2]
    groups = [group] if group else [str(one) for one in asked.parameters.get("logGroupNames") or [""]]
    stream = asked.text("logStreamName")
    action = f"logs:{asked.operation}"
    return [asked.need(action, asked.arn("logs", f"log-group:{one}:log-stream:{stream}")) for one in groups]


def _sns(asked: Asked) -> list[Need]:
    operation = "Publish" if asked.operation == "PublishBatch" else asked.operation
    arn = asked.text("TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn")
    if not arn and asked.text("Name"):
        arn = asked.arn("sns", asked.text("Name"))
    arn = ":".join(arn.split(":")[:6]) if "SubscriptionArn" in asked.parameters else arn
    return [asked.need(f"sns:{operation}", arn or asked.arn("sns", "*"), resource_policy=attached.topic(arn))]


def _sqs(asked: Asked) -> list[Need]:
    url, operation = asked.text("QueueUrl"), asked.operation.removesuffix("Batch")
    name = url.rstrip("/").rpartition("/")[2] or asked.text("QueueName")
    arn = asked.arn("sqs", name or "*")
    found = [asked.need(f"sqs:{operation}", arn, resource_policy=attached.queue(arn))]
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html: tags take a permission
    # of their own.
    if operation == "CreateQueue" and asked.parameters.get("tags"):
        found.append(asked.need("sqs:TagQueue", arn))
    return found


def _lambda(asked: Asked) -> list[Need]:
    path = unquote(asked.request.path)
    found = re.search(r"/functions/([^/]+)", path)
    if "/event-source-mappings" in path:
        return [_mapping(asked, path)]
    if not found and asked.operation == "CreateFunction" and (name := asked.text("FunctionName")):
        made = asked.need("lambda:CreateFunction", asked.arn("lambda", f"function:{name}"))
        return [made, *_passed(asked, asked.text("Role"), "lambda.amazonaws.com")]
    if not found:
        layer = re.search(r"/layers/([^/]+)", path)
        return [asked.need(f"lambda:{asked.operation}", asked.arn("lambda", f"layer:{layer[1]}") if layer else UNKNOWN)]
    name = found[1]
    if not name.startswith("arn:"):
        name = name.partition("function:")[2] or name
        name = asked.arn("lambda", f"function:{name}")
    qualifier = asked.request.arguments.get("Qualifier")
    if qualifier and name.count(":") == 6:
        name += f":{qualifier}"
    invoking = re.search(r"/(invocations|invoke-async|response-streaming-invocations)/?$", path)
    return [asked.need("lambda:InvokeFunction" if invoking else f"lambda:{asked.operation}", name)]


def _mapping(asked: Asked, path: str) -> Need:
    """An event source mapping: its function is a condition key, `lambda:FunctionArn`.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    """
    uuid = path.rpartition("/event-source-mappings/")[2].strip("/")
    function = asked.text("FunctionName")
    if uuid and not function:
        function = attached.function_of_mapping(asked.account, asked.region, uuid)
    if function and not function.startswith("arn:"):
        function = asked.arn("lambda", f"function:{function}")
    more = {"lambda:FunctionArn": function} if function else {}
    on = asked.arn("lambda", f"event-source-mapping:{uuid or '*'}")
    return asked.need(f"lambda:{asked.operation}", on if uuid else UNKNOWN, more_context=more)


def _passed(asked: Asked, role: str, service: str) -> list[Need]:
    """Handing a role to a service takes `iam:PassRole` on it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return [asked.need("iam:PassRole", role, more_context={"iam:PassedToService": service})] if role else []


def _events(asked: Asked) -> list[Need]:
    def bus(name: str) -> str:
        return asked.arn("events", f"event-bus/{name or 'default'}")

    if asked.operation == "PutEvents":
        buses = {str(one.get("EventBusName") or "default") for one in asked.parameters.get("Entries") or [{}]}
        return [asked.need("events:PutEvents", bus(name)) for name in sorted(buses)]
    if "Rule" in asked.operation or "Target" in asked.operation:
        name, on = asked.text("Name", "Rule"), asked.text("EventBusName")
        path = f"rule/{name or '*'}" if on in ("", "default") else f"rule/{on}/{name or '*'}"
        return [asked.need(f"events:{asked.operation}", asked.arn("events", path))]
    return [asked.need(f"events:{asked.operation}", bus(asked.text("Name", "EventBusName")))]


def _kms(asked: Asked) -> list[Need]:
    given = asked.text("KeyId") or attached.key_of_ciphertext(asked.account, asked.region, asked.text("CiphertextBlob"))
    arn = attached.key_arn(asked.account, asked.region, given) if given else ""
    if not arn:
        return [asked.need(f"kms:{asked.operation}", UNKNOWN)]
    return [asked.need(f"kms:{asked.operation}", arn, resource_policy=attached.key(arn), delegates=True)]


def _secrets(asked: Asked) -> list[Need]:
    name = asked.text("SecretId", "Name")
    if not name:
        return [asked.need(f"secretsmanager:{asked.operation}")]
    return [asked.need(f"secretsmanager:{asked.operation}", attached.secret_arn(asked.account, asked.region, name))]


def _sts(asked: Asked) -> list[Need]:
    arn = asked.text("RoleArn")
    policy = attached.trust(arn)
    return [asked.need(f"sts:{asked.operation}", arn or UNKNOWN, resource_policy=policy, delegates=bool(arn))]


def _iam(asked: Asked) -> list[Need]:
    # A role's boundary is a condition key of what is done to it: the one that is asked for, else the one that it has.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    fence = asked.text("PermissionsBoundary") or attached.boundary_of(asked.account, asked.text("RoleName"))
    if fence:
        asked.context["iam:PermissionsBoundary"] = fence
    for name, kind in (("RoleName", "role"), ("UserName", "user"), ("GroupName", "group"), ("PolicyName", "policy")):
        if asked.text(name):
            return [asked.need(f"iam:{asked.operation}", f"arn:aws:iam::{asked.account}:{kind}/{asked.text(name)}")]
    return [asked.need(f"iam:{asked.operation}", asked.text("PolicyArn") or UNKNOWN)]


def _cloudformation(asked: Asked) -> list[Need]:
    name = asked.text("StackName")
    stack = name if name.startswith("arn:") else asked.arn("cloudformation", f"stack/{name}/*") if name else UNKNOWN
    return [asked.need(f"cloudformation:{asked.operation}", stack)]


def _apigateway(asked: Asked) -> list[Need]:
    path = unquote(asked.request.path)
    arn = f"arn:aws:apigateway:{asked.region}::{path}"
    # What is below an API has the API's tags.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
    found = re.match(r"/(?:restapis|v2/apis|apis)/([^/]+)", path)
    if found:
        for key, value in attached.api_tags(asked.account, asked.region, found[1]).items():
            asked.context[f"aws:ResourceTag/{key}"] = value
    return [asked.need(f"apigateway:{asked.request.method}", arn)]


def _ses(asked: Asked) -> list[Need]:
    sender = asked.text("Source", "FromEmailAddress")
    address = re.search(r"<([^>]+)>", sender)
    resource = asked.arn("ses", f"identity/{address[1] if address else sender}") if sender else UNKNOWN
    return [asked.need(f"ses:{asked.operation}", resource)]


def _scheduler(asked: Asked) -> list[Need]:
    name = asked.request.path.rpartition("/schedules/")[2] if "/schedules/" in asked.request.path else ""
    group = asked.request.arguments.get("groupName") or asked.text("GroupName") or "default"
    need = asked.need(f"scheduler:{asked.operation}", asked.arn("scheduler", f"schedule/{group}/{name or '*'}"))
    target = asked.parameters.get("Target")
    role = str(target.get("RoleArn") or "") if isinstance(target, dict) else ""
    return [need, *_passed(asked, role, "scheduler.amazonaws.com")]


SERVICES: dict[str, Callable[[Asked], list[Need]]] = {
    "ssm": _ssm,
    "dynamodb": _dynamodb,
    "logs": _logs,
    "sns": _sns,
    "sqs": _sqs,
    "lambda": _lambda,
    "events": _events,
    "kms": _kms,
    "secretsmanager": _secrets,
    "sts": _sts,
    "iam": _iam,
    "cloudformation": _cloudformation,
    "apigateway": _apigateway,
    "ses": _ses,
    "scheduler": _scheduler,
}
