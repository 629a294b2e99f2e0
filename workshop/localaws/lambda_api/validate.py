"""The limits of a function's configuration, with AWS's messages.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.lambda_api import runtimes
from workshop.localaws.lambda_api.names import constraint
from workshop.localaws.lambda_api.packages import MAX_UNZIPPED
from workshop.localaws.lambda_api.store import LayerVersion, Package, Store

HANDLER = re.compile(r"[^\s]+")
ROLE = re.compile(r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
VARIABLE = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")
DEAD_LETTERS = re.compile(r"(arn:aws[a-zA-Z-]*:(sqs|sns):[a-z0-9-]+:\d{12}:.+)?")
LOG_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
APPLICATION_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
SYSTEM_LEVELS = ("DEBUG", "INFO", "WARN")
MAX_ENVIRONMENT = 4096
MAX_DESCRIPTION = 256
MAX_LAYERS = 5
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def refused(message: str) -> AwsError:
    """InvalidParameterValueException with a sentence."""
    return AwsError("InvalidParameterValueException", message)


def configuration(given: dict[str, Any]) -> None:
    """Check the members that are there.

    Raises:
        AwsError: the first one that AWS would refuse.
    """
    if (handler := given.get("Handler")) is not None and (len(handler) > 128 or not HANDLER.fullmatch(handler)):
        raise constraint(handler, "handler", "Member must satisfy regular expression pattern: [^\\s]+")
    _between(given, "MemorySize", "memorySize", 128, 10240)
    _between(given, "Timeout", "timeout", 1, 900)
    if (runtime := given.get("Runtime")) is not None:
        runtimes.check(runtime)
    if (role := given.get("Role")) is not None and not ROLE.fullmatch(role):
        raise constraint(role, "role", f"Member must satisfy regular expression pattern: {ROLE.pattern}")
    if (storage := (given.get("EphemeralStorage") or {}).get("Size")) is not None and not 512 <= storage <= 10240:
        raise constraint(storage, "ephemeralStorage.size", "Member must have value between 512 and 10240, inclusive")
    architectures = given.get("Architectures")
    if architectures is not None and architectures not in (["x86_64"], ["arm64"]):
        raise constraint(architectures, "architectures", "Member must satisfy enum value set: [x86_64, arm64]")
    if len(description := given.get("Description") or "") > MAX_DESCRIPTION:
        raise constraint(description, "description", f"Member must have length less than or equal to {MAX_DESCRIPTION}")
    _one_of((given.get("TracingConfig") or {}).get("Mode"), "tracingConfig.mode", ("Active", "PassThrough"))
    target = (given.get("DeadLetterConfig") or {}).get("TargetArn") or ""
    if not DEAD_LETTERS.fullmatch(target):
        raise constraint(target, "deadLetterConfig.targetArn", "Member must be the ARN of an SQS queue or an SNS topic")
    environment((given.get("Environment") or {}).get("Variables") or {})
    logging(given.get("LoggingConfig") or {})


def _between(given: dict[str, Any], name: str, member: str, low: int, high: int) -> None:
    value = given.get(name)
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise AwsError("SerializationException", f"{name} must be a number, not {value!r}.")
    if value < low:
        raise constraint(value, member, f"Member must have value greater than or equal to {low}")
    if value > high:
        raise constraint(value, member, f"Member must have value less than or equal to {high}")


def _one_of(value: Any, member: str, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise constraint(value, member, f"Member must satisfy enum value set: [{', '.join(known)}]")


def environment(variables: dict[str, str]) -> None:
    """Names, reserved names and the 4 KB of all variables together."""
    reserved = sorted(set(variables) & RESERVED)
    if reserved:
        raise refused(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )
    for name, value in variables.items():
        if not VARIABLE.fullmatch(name):
            raise constraint(
                variables,
                "environment.variables",
                "Map keys must satisfy constraint: [Member must satisfy regular "
                f"expression pattern: {VARIABLE.pattern}]",
            )
        if not isinstance(value, str):
            raise AwsError(
                "SerializationException", f"The environment variable {name} must be a string, not {value!r}."
            )
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > MAX_ENVIRONMENT:
        raise refused(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {size}"
        )


def logging(given: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html"""
    form = given.get("LogFormat", "Text")
    _one_of(form, "loggingConfig.logFormat", ("JSON", "Text"))
    _one_of(given.get("ApplicationLogLevel"), "loggingConfig.applicationLogLevel", APPLICATION_LEVELS)
    _one_of(given.get("SystemLogLevel"), "loggingConfig.systemLogLevel", SYSTEM_LEVELS)
    group = given.get("LogGroup")
    if group is not None and not LOG_GROUP.fullmatch(group):
        raise constraint(
            group, "loggingConfig.logGroup", f"Member must satisfy regular expression pattern: {LOG_GROUP.pattern}"
        )
    if form == "Text" and (given.get("ApplicationLogLevel") or given.get("SystemLogLevel")):
        raise refused(
            'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change '
            'the LogFormat to "JSON" and try again.'
        )


def layers(arns: list[str], store: Store) -> tuple[LayerVersion, ...]:
    """The layer versions: at most five, each there, one version of each."""
    if len(arns) > MAX_LAYERS:
        raise refused(f"Cannot reference more than {MAX_LAYERS} layers.")
    found: list[LayerVersion] = []
    for arn in arns:
        known = store.layer_version(arn) if isinstance(arn, str) else None
        if known is None:
            raise refused(f"Layer version {arn} does not exist.")
        if any(known.layer_arn == other.layer_arn for other in found):
            raise refused(
                "Two different versions of the same layer are not allowed to be referenced in the same "
                f"function. {known.layer_arn}"
            )
        found.append(known)
    return tuple(found)


def total_size(package: Package, layered: tuple[LayerVersion, ...]) -> None:
    """Code and layers together stay under 250 MB."""
    total = package.unzipped + sum(layer.package.unzipped for layer in layered)
    if total >= MAX_UNZIPPED:
        raise refused(
            f"Function code combined with layers exceeds the maximum allowed size of {MAX_UNZIPPED} bytes. "
            f"The actual size is {total} bytes."
        )


def role(arn: str, trusted: Callable[[str], bool]) -> None:
    """The role must be there and trust lambda.amazonaws.com."""
    if not trusted(arn):
        raise refused("The role defined for the function cannot be assumed by Lambda.")
