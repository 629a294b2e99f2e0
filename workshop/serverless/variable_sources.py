"""Where variables get their values: the command line, the environment, files, and AWS.

https://www.serverless.com/framework/docs/providers/aws/guide/variables
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workshop.core import text_files
from workshop.core.errors import WorkshopError
from workshop.core.paths import is_file, path_of, resolved
from workshop.serverless.yaml_source import parse_yaml, read_yaml

if TYPE_CHECKING:
    from workshop.serverless.variables import Resolver

FILE = "serverless.yml"


class Unresolved(Exception):
    """A variable without a value."""

    def __init__(self, what: str, fix: str = "") -> None:
        self.what, self.fix = what, fix
        super().__init__(what)


@dataclass
class Context:
    """What a service is read with.

    Attributes:
        folder: the service's folder.
        options: the command line's: `stage`, `region`.
        params: `--param name=value`.
        aws: makes a boto3 client: `aws("ssm", region)`. Used only when a variable needs it.
        secrets: values that came from a SecureString; never to be printed.
        files: what was read, by path.
    """

    folder: Path
    options: Mapping[str, str]
    params: Mapping[str, str]
    aws: Callable[[str, str], Any]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    secrets: set[str] = field(default_factory=set)
    files: dict[Path, Any] = field(default_factory=dict)

    def stage(self, resolver: Resolver) -> str:
        """`--stage`, else `provider.stage`, else `dev`."""
        return self.options.get("stage") or str(resolver.at("provider", "stage") or "dev")

    def region(self, resolver: Resolver) -> str:
        """`--region`, else `provider.region`, else the Framework's default."""
        return self.options.get("region") or str(resolver.at("provider", "region") or "us-east-1")


def file(context: Context, arguments: list[Any]) -> Any:
    """`${file(path):key}`: YAML and JSON as values, other files as text; None when there is no such file."""
    if len(arguments) != 1:
        raise Unresolved("${file(…)} takes one path in its brackets.")
    path = resolved(context.folder / path_of(str(arguments[0]), "a path for ${file(…)}"))
    if path not in context.files:
        context.files[path] = _read(path, str(arguments[0]).removeprefix("./"))
    return context.files[path]


def _read(path: Path, shown_as: str) -> Any:
    if path.suffix in (".js", ".cjs", ".mjs", ".ts"):
        raise Unresolved(f"{shown_as} is JavaScript, which this tool does not run.", "Use a YAML or JSON file.")
    if not is_file(path):
        return None
    if path.suffix in (".yml", ".yaml", ".json"):
        return read_yaml(path, shown_as)
    return text_files.read(path, shown_as).strip()


def _env(context: Context, resolver: Resolver, arguments: list[Any], address: str) -> Any:
    return context.environment.get(address)


def _opt(context: Context, resolver: Resolver, arguments: list[Any], address: str) -> Any:
    return context.options.get(address)


def _sls(context: Context, resolver: Resolver, arguments: list[Any], address: str) -> Any:
    if address == "instanceId":
        return f"{os.getpid():x}"
    raise Unresolved(f"${{sls:{address}}} is unknown.", "Known are ${sls:stage} and ${sls:instanceId}.")


def _aws(context: Context, resolver: Resolver, arguments: list[Any], address: str) -> Any:
    region = context.region(resolver)
    if address == "region":
        return region
    if address == "accountId":
        return _ask(lambda: context.aws("sts", region).get_caller_identity()["Account"])
    if address == "partition":
        return _ask(lambda: context.aws("sts", region).get_caller_identity()["Arn"].split(":")[1])
    raise Unresolved(
        f"${{aws:{address}}} is unknown.", "Known are ${aws:accountId}, ${aws:region} and ${aws:partition}."
    )


def _cf(context: Context, resolver: Resolver, arguments: list[Any], address: str) -> Any:
    stack, dot, output = address.rpartition(".")
    if not dot:
        raise Unresolved(f"${{cf:{address}}} needs a stack and an output.", "Write it like ${cf:stack.Output}")
    region = str(arguments[0]) if arguments else context.region(resolver)
    from botocore.exceptions import ClientError

    try:
        found = _ask(lambda: context.aws("cloudformation", region).describe_stacks(StackName=stack))
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Stacks"][0].get("Outputs", [])}
    return outputs.get(output)


def _ssm(context: Context, resolver: Resolver, arguments: list[Any], address: str) -> Any:
    words = [str(argument) for argument in arguments]
    flags = {word for word in words if word in ("raw", "noDecrypt")}
    region = next((word for word in words if word not in flags), context.region(resolver))
    from botocore.exceptions import ClientError

    try:
        found = _ask(
            lambda: context.aws("ssm", region).get_parameter(Name=address, WithDecryption="noDecrypt" not in flags)
        )["Parameter"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    value = found["Value"]
    if found["Type"] == "StringList" and "raw" not in flags:
        return value.split(",")
    if found["Type"] == "SecureString":
        context.secrets.add(value)
        if "raw" not in flags and value.lstrip().startswith("{"):
            return _json_secret(context, value, address)
    return value


def _json_secret(context: Context, value: str, address: str) -> Any:
    """A secret that is JSON is taken apart, as in the original; each of its values is a secret too."""
    try:
        json.loads(value)
    except ValueError:
        return value
    parsed = parse_yaml(value, address)
    todo = [parsed]
    while todo:
        one = todo.pop()
        if isinstance(one, (dict, list)):
            todo += one.values() if isinstance(one, dict) else one
        elif isinstance(one, str) and one:
            context.secrets.add(one)
    return parsed


def _bool(context: Context, resolver: Resolver, arguments: list[Any], address: str) -> Any:
    word = arguments[0] if len(arguments) == 1 else None
    known = {"true": True, "1": True, "false": False, "0": False, "": False}
    text = str(word).lower().strip()
    if word is None or text not in known:
        raise Unresolved(f"strToBool takes true, false, 1 or 0, not {word!r}.")
    return known[text]


READERS: dict[str, Callable[[Context, Any, list[Any], str], Any]] = {
    "env": _env,
    "opt": _opt,
    "sls": _sls,
    "aws": _aws,
    "cf": _cf,
    "ssm": _ssm,
    "strToBool": _bool,
}
_ELSEWHERE = {"s3": "S3 objects", "git": "git, by a plugin", "vault": "HashiCorp Vault", "terraform": "Terraform"}
_WHY = {
    "env": "that environment variable is not set",
    "opt": "that option was not given",
    "self": "nothing stands there in the file",
    "file": "there is no such file, or no such key in it",
    "cf": "there is no such stack, or it has no such output",
    "ssm": "there is no such parameter in the Parameter Store",
    "param": "no such parameter under params or given by --param",
}


def why_missing(kind: str) -> str:
    """Why a source of this kind has no value."""
    return _WHY.get(kind, "it has no value")


def elsewhere(kind: str) -> str:
    """What to say of a source that this tool does not have."""
    if kind in _ELSEWHERE:
        return f"the source {kind!r} ({_ELSEWHERE[kind]}) is one this tool does not have."
    return f"{kind!r} is not a source of variables."


def _ask(call: Callable[[], Any]) -> Any:
    """One question to AWS; what keeps it from being asked is said in one sentence."""
    from botocore.exceptions import BotoCoreError

    try:
        return call()
    except BotoCoreError as error:
        raise WorkshopError(
            f"A variable of the file needs AWS, which could not be asked: {str(error).rstrip('.')}.",
            fix="Connect first (workshop up, or AWS credentials), or give the variable a fallback.",
        ) from None
