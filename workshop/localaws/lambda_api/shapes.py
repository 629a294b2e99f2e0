"""Members that are missing or of the wrong type, found by AWS's own description of its API, which botocore brings.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.lambda_api.names import constraint

KINDS: dict[str, tuple[Any, str]] = {
    "structure": (dict, "a structure"),
    "map": (dict, "a map"),
    "list": (list, "a list"),
    "string": (str, "a String"),
    "blob": (str, "a Blob"),
    "boolean": (bool, "a Boolean"),
    "integer": (int, "an Integer"),
    "long": (int, "a Long"),
    "float": ((int, float), "a Float"),
    "double": ((int, float), "a Double"),
}
TOKENS = {dict: "START_OBJECT", list: "START_ARRAY", str: "STRING_VALUE", bool: "BOOLEAN_VALUE"}


# Members that AWS has and the offline cloud does not do: refused, never dropped. A test holds every operation's members
# against this list and against what is kept.
STREAMS_ELSEWHERE = (
    "AmazonManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "KMSKeyArn",
    "LoggingConfig",
    "MetricsConfig",
    "ProvisionedPollerConfig",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "TumblingWindowInSeconds",
)
ON_OTHER_MACHINES = (
    *("AcceleratorConfig", "CapacityProviderConfig", "DurableConfig", "FileSystemConfigs", "ImageConfig"),
    "RuntimeConfig",
)
NOT_DONE: dict[str, tuple[str, ...]] = {
    "CreateEventSourceMapping": (
        *STREAMS_ELSEWHERE,
        "Queues",
        "SelfManagedEventSource",
        "StartingPositionTimestamp",
        "Topics",
    ),
    "UpdateEventSourceMapping": STREAMS_ELSEWHERE,
    "CreateFunction": (*ON_OTHER_MACHINES, "CodeSigningConfigArn", "PublishTo", "TenancyConfig"),
    "UpdateFunctionConfiguration": ON_OTHER_MACHINES,
    "UpdateFunctionCode": ("PublishTo", "S3ObjectStorageMode", "SourceKMSKeyArn"),
    "PublishVersion": ("PublishTo",),
}


def template(path: str) -> str:
    """A path without its date and the names of its parts: `functions/{}/code`."""
    return re.sub(r"\{[^}]*\}", "{}", re.sub(r"^/[\d-]+/", "", path)).strip("/")


@cache
def bodies() -> dict[tuple[str, str], Any]:
    """(method, path) -> that operation's name, and what its body looks like."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    model = ServiceModel(Loader().load_service_model("lambda", "service-2"), "lambda")
    found = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.input_shape is not None and "payload" not in operation.input_shape.serialization:
            found[operation.http["method"], template(operation.http["requestUri"])] = (name, operation.input_shape)
    return found


def check(method: str, path: str, body: Any) -> None:
    """Check a request's body.

    Args:
        method: of the request.
        path: of the operation, with its parts in braces.
        body: as it was sent, decoded.

    Raises:
        AwsError: SerializationException or ValidationException, with the member's name;
            InvalidParameterValueException for a member that is not done here.
    """
    name, shape = bodies().get((method, template(path)), ("", None))
    if shape is None:
        return
    _check(shape, body, "")
    for member in NOT_DONE.get(name, ()):
        if body.get(member):
            raise AwsError(
                "InvalidParameterValueException",
                f"{member} of {name} is known to AWS, but the offline cloud does not do it. Leave it out here, or use "
                "AWS itself.",
            )


def _check(shape: Any, value: Any, place: str) -> None:
    kind, name = KINDS.get(shape.type_name, (object, ""))
    if not isinstance(value, kind) or (isinstance(value, bool) and shape.type_name not in ("boolean", "timestamp")):
        token = TOKENS.get(type(value), "NUMBER_VALUE")
        raise AwsError(
            "SerializationException", f"{token} can not be converted to {name}, at {place or 'the request body'!r}."
        )
    inside = f"{place}." if place else ""
    if shape.type_name == "structure":
        for member, below in shape.members.items():
            if "location" in below.serialization:  # in the path, the query or a header
                continue
            at = inside + member[0].lower() + member[1:]
            if value.get(member) is not None:
                _check(below, value[member], at)
            elif member in shape.required_members:
                raise constraint("null", at, "Member must not be null")
    elif shape.type_name == "map":
        for key, item in value.items():
            _check(shape.value, item, f"{inside}{key}")
    elif shape.type_name == "list":
        for number, item in enumerate(value, 1):
            _check(shape.member, item, f"{inside}{number}.member")
