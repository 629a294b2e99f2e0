"""The template under construction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workshop.serverless import naming
from workshop.serverless.marks import plain
from workshop.serverless.service import Service


@dataclass(frozen=True)
class Stored:
    """A zip in the deployment bucket: its key, and the base64 SHA-256 and hex SHA-1 of its content."""

    key: str
    sha256: str = ""
    sha1: str = ""


@dataclass
class Artifacts:
    """Where the zips are: one a function and one a layer (several functions may share one)."""

    functions: dict[str, Stored] = field(default_factory=dict)
    layers: dict[str, Stored] = field(default_factory=dict)


class Template:
    """Resources and outputs as they come together."""

    def __init__(self, service: Service, artifacts: Artifacts) -> None:
        self.service, self.artifacts = service, artifacts
        self.resources: dict[str, dict[str, Any]] = {}
        self.outputs: dict[str, dict[str, Any]] = {}
        self.extra: dict[str, Any] = {}

    def add(self, logical_id: str, kind: str, properties: dict[str, Any], **attributes: Any) -> str:
        """Adds a resource; properties that are None are left out. Returns its logical id."""
        kept = {key: value for key, value in properties.items() if value is not None}
        self.resources[logical_id] = {"Type": kind, **attributes, "Properties": kept}
        return logical_id

    def output(self, name: str, value: Any, description: str = "") -> None:
        """Adds an output."""
        self.outputs[name] = ({"Description": description} if description else {}) | {"Value": value}

    def export_outputs(self) -> None:
        """Gives every output the name that other stacks import it by."""
        for name, output in self.outputs.items():
            output.setdefault("Export", {"Name": f"sls-{self.service.name}-{self.service.stage}-{name}"})

    def body(self) -> dict[str, Any]:
        """The template as CloudFormation reads it."""
        return plain(
            {
                "AWSTemplateFormatVersion": "2010-09-09",
                "Description": "The AWS CloudFormation template for this Serverless application",
                **self.extra,
                "Resources": self.resources,
                "Outputs": self.outputs,
            }
        )

    @property
    def bucket(self) -> Any:
        """The deployment bucket: the stack's own, or the one that `provider.deploymentBucket` names."""
        return own_bucket(self.service) or naming.ref(naming.BUCKET)

    def has_alias(self, function: str) -> bool:
        """True when the function's events go to an alias: provisioned concurrency needs one."""
        return bool(self.service.functions[function].get("provisionedConcurrency"))

    def target(self, function: str) -> Any:
        """The ARN that a function's events call."""
        arn = naming.get_arn(naming.function_id(function))
        return naming.join(":", arn, "provisioned") if self.has_alias(function) else arn

    def after(self, function: str) -> dict[str, Any]:
        """What depends on a function's alias says so."""
        return {"DependsOn": naming.alias_id(function)} if self.has_alias(function) else {}

    def permit(
        self,
        logical_id: str,
        function: str,
        principal: str,
        source: Any = None,
        action: str = "lambda:InvokeFunction",
        **more: Any,
    ) -> None:
        """Lets a service of AWS call a function."""
        properties = {
            "FunctionName": self.target(function),
            "Action": action,
            "Principal": principal,
            "SourceArn": source,
        }
        self.add(logical_id, "AWS::Lambda::Permission", properties | more, **self.after(function))

    def events(self, kind: str) -> Iterator[tuple[str, int, Any]]:
        """The events of a kind: function, place in its list (counted from 1), what stands there."""
        for function, settings in self.service.functions.items():
            for number, event in enumerate(settings.get("events") or [], 1):
                if kind in event:
                    yield function, number, event[kind]


def own_bucket(service: Service) -> str:
    """The bucket that `provider.deploymentBucket` names; empty when the stack makes one."""
    setting = service.provider.get("deploymentBucket")
    return (setting.get("name") or "" if isinstance(setting, dict) else setting) or ""


def digest(*values: Any) -> bytes:
    """SHA-256 of values, whatever order their keys have."""
    return hashlib.sha256(json.dumps(plain(list(values)), sort_keys=True).encode()).digest()


def as_json(value: Any) -> str:
    """Compact JSON, as the Framework writes inputs."""
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)


def tag_list(tags: dict[str, Any]) -> list[dict[str, str]] | None:
    """Tags as CloudFormation lists them; None when there are none."""
    return [{"Key": key, "Value": str(value)} for key, value in tags.items()] or None
