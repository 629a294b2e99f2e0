"""Removes a service with everything that deploying it made."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.serverless import naming
from workshop.serverless.aws import Clients, clients
from workshop.serverless.marks import Map, mark_of
from workshop.serverless.schema import check
from workshop.serverless.service import Service, check_names, resolver_of
from workshop.serverless.stacks import Outcome, Stack
from workshop.serverless.steps import OnStep, silent, timed
from workshop.serverless.store import Store
from workshop.serverless.template.build import own_bucket


@dataclass
class Removal:
    """What was removed, and how long it took."""

    stack: str
    stage: str
    region: str
    seconds: float

    def __str__(self) -> str:
        return f"✔ Service {self.stack} has been successfully removed ({self.seconds:.2f}s)"

    def __repr__(self) -> str:
        return str(self)


def to_remove(
    folder: str | Path,
    *,
    stage: str | None = None,
    region: str | None = None,
    params: Mapping[str, str] | None = None,
) -> Service:
    """Reads of a service only what removing it takes: whose stack it is, and where.

    The other variables of its file may stand for something that is gone: a stack that was removed first, a parameter,
    an environment variable of another day. Removing goes by the stack's name alone, so they are not asked for. (The
    Framework resolves them all, and refuses.)

    Args:
        folder: the service's folder.
        stage: overrides `provider.stage`.
        region: overrides `provider.region`.
        params: values for `${param:…}`.

    Raises:
        WorkshopError: the file is missing or is not YAML, or service, stage, region or one of the other few cannot be
            told.
    """
    resolver, file = resolver_of(folder, stage=stage, region=region, params=params)
    raw, context = resolver.root, resolver.context
    given, mark = raw.get("provider"), mark_of(raw, "provider")
    short = given if isinstance(given, str) and "${" not in given else "aws"  # `provider: aws`
    provider = Map({"name": short}, mark, {"name": mark} if mark else {})
    config = Map({"provider": provider} if "provider" in raw else {}, raw.mark, raw.marks)
    if "service" in raw:
        config["service"] = _told("service's name", lambda: resolver.at("service"))
    for key, what in (("name", "provider"), ("stackName", "stack's name"), ("profile", "profile for AWS")):
        value = _told(what, lambda key=key: resolver.at("provider", key))
        if value is not None:
            _put(provider, key, value, given)
    stage = _told("stage", lambda: context.stage(resolver), "Name it: --stage, or in a notebook stage=.")
    region = _told("region", lambda: context.region(resolver), "Name it: --region.")
    try:
        bucket = resolver.at("provider", "deploymentBucket")
    except WorkshopError:
        bucket = None  # the stack itself says which one it was
    if bucket is not None:
        _put(provider, "deploymentBucket", bucket, given)
    check(config)
    service = Service(
        folder=Path(folder).resolve(),
        file=file,
        name=config["service"],
        stage=stage,
        region=region,
        config=config,
        profile=str(provider.get("profile") or ""),
    )
    service.stack = provider.get("stackName") or f"{service.name}-{service.stage}"
    check_names(service, stage, region)
    return service


def _put(provider: Map, key: str, value: Any, given: Any) -> None:
    """One setting of the provider, with the line where it stands."""
    provider[key] = value
    mark = mark_of(given, key) or provider.mark
    if mark:
        provider.marks[key] = mark


def _told(what: str, look: Any, fix: str = "") -> Any:
    """One of the few things that removing takes.

    Raises:
        WorkshopError: it cannot be told; which one, and why.
    """
    try:
        return look()
    except WorkshopError as error:
        raise WorkshopError(
            f"The {what} cannot be told, and removing takes it: {error.what}", where=error.where, fix=fix or error.fix
        ) from None


def remove(service: Service, *, on_step: OnStep | None = None) -> Removal:
    """Removes a service's stack, after emptying its bucket.

    Raises:
        WorkshopError: it is not deployed, or something could not be deleted; says what and why.
    """
    began = time.perf_counter()
    tell = on_step or silent
    aws = clients(service.region, service.profile, service.endpoint)
    stack = Stack(aws, service.stack).describe()
    if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
        raise WorkshopError(f"{service.stack} is not deployed in {service.region}: there is nothing to remove.")
    if stack["StackStatus"].endswith("_IN_PROGRESS") and stack["StackStatus"] != "REVIEW_IN_PROGRESS":
        raise WorkshopError(
            f"{service.stack} is being changed just now ({stack['StackStatus']}).", fix="Try again when that is over."
        )
    outcome = remove_stack(service, aws, tell, stack["StackId"])
    if not outcome.ok:
        first = outcome.failures[0] if outcome.failures else None
        why = f": {first.logical_id} ({first.type}): {first.reason}" if first else f" ({outcome.status})"
        raise WorkshopError(f"{service.stack} could not be removed{why}.", fix="Mend that, then remove again.")
    return Removal(service.stack, service.stage, service.region, time.perf_counter() - began)


def remove_stack(service: Service, aws: Clients, tell: OnStep, stack_id: str = "") -> Outcome:
    """Empties the bucket and deletes the stack, whatever state it is in.

    Args:
        stack_id: only the stack with this ARN, not a newer one of the same name.
    """
    stack = Stack(aws, service.stack, stack_id)
    own = own_bucket(service)
    bucket = own or _bucket(stack)
    if not bucket:
        own = bucket = _named_bucket(stack)
    if bucket:
        with timed(tell, "empty", bucket, "AWS::S3::Bucket"):
            Store(aws, bucket, service).empty(whole=not own)
    return stack.delete(tell)


def _bucket(stack: Stack) -> str:
    """The stack's bucket; empty when it never had one."""
    try:
        resources = stack.resources()
    except stack.api.exceptions.ClientError:
        return ""
    for resource in resources:
        if resource["LogicalResourceId"] == naming.BUCKET and resource["ResourceStatus"] != "DELETE_COMPLETE":
            return resource.get("PhysicalResourceId", "")
    return ""


def _named_bucket(stack: Stack) -> str:
    """The bucket that a stack without one of its own was deployed from, by its output; empty when it says none."""
    found = stack.describe() or {}
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    return outputs.get(naming.BUCKET_OUTPUT, "")
