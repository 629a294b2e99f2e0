"""Names: the ones the Serverless Framework gives, so that a service can move between the tools.

https://www.serverless.com/framework/docs/providers/aws/guide/resources
"""

from __future__ import annotations

import re
from typing import Any

BUCKET = "ServerlessDeploymentBucket"
BUCKET_POLICY = "ServerlessDeploymentBucketPolicy"
BUCKET_OUTPUT = "ServerlessDeploymentBucketName"
ROLE = "IamRoleLambdaExecution"
REST_API = "ApiGatewayRestApi"
HTTP_API = "HttpApi"


def capital(text: str) -> str:
    """The text with its first letter upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def resource_name(name: str) -> str:
    """A function's, layer's or bus's name as part of a logical id: `third-party` becomes `ThirdDashparty`."""
    return capital(name.replace("-", "Dash").replace("_", "Underscore"))


def letters_only(name: str) -> str:
    """A name without all but letters and digits: `my-topic` becomes `Mytopic`."""
    return capital(re.sub(r"[^0-9A-Za-z]", "", name))


def path_name(path: str) -> str:
    """A REST path as part of a logical id: `orders/{order_id}` becomes `OrdersOrderidVar`."""
    return "".join(_path_part(part) for part in path.split("/"))


def _path_part(part: str) -> str:
    part = re.sub(r"\{(.*)\}", r"\1Var", part.lower().replace("-", "Dash"))
    return capital(re.sub(r"[^0-9A-Za-z]", "", part))


def function_id(function: str) -> str:
    """The logical id of a function."""
    return f"{resource_name(function)}LambdaFunction"


def log_group_id(function: str) -> str:
    """The logical id of a function's log group."""
    return f"{resource_name(function)}LogGroup"


def layer_id(layer: str) -> str:
    """The logical id of a layer's version."""
    return f"{resource_name(layer)}LambdaLayer"


def alias_id(function: str) -> str:
    """The logical id of the alias that provisioned concurrency needs."""
    return f"{resource_name(function)}ProvConcLambdaAlias"


def version_id(function: str, digest: str) -> str:
    """The logical id of a published version; `digest` is base64 and changes with code or configuration."""
    return f"{resource_name(function)}LambdaVersion{re.sub(r'[^0-9A-Za-z]', '', digest)}"


def get_arn(logical_id: str) -> dict[str, Any]:
    """`!GetAtt <logical id>.Arn`."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def join(separator: str, *parts: Any) -> dict[str, Any]:
    """`!Join [separator, parts]`."""
    return {"Fn::Join": [separator, list(parts)]}


def ref(logical_id: str) -> dict[str, Any]:
    """`!Ref <logical id>`."""
    return {"Ref": logical_id}


PARTITION, REGION, ACCOUNT = ref("AWS::Partition"), ref("AWS::Region"), ref("AWS::AccountId")
