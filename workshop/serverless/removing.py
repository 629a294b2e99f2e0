"""Removes a service with everything that deploying it made."""

from __future__ import annotations

import time
from dataclasses import dataclass

from workshop.errors import WorkshopError
from workshop.serverless import naming
from workshop.serverless.aws import Clients, clients
from workshop.serverless.service import Service
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
    outcome = remove_stack(service, aws, tell)
    if not outcome.ok:
        first = outcome.failures[0] if outcome.failures else None
        why = f": {first.logical_id} ({first.type}): {first.reason}" if first else f" ({outcome.status})"
        raise WorkshopError(f"{service.stack} could not be removed{why}.", fix="Mend that, then remove again.")
    return Removal(service.stack, service.stage, service.region, time.perf_counter() - began)


def remove_stack(service: Service, aws: Clients, tell: OnStep) -> Outcome:
    """Empties the bucket and deletes the stack, whatever state it is in."""
    stack = Stack(aws, service.stack)
    own = own_bucket(service)
    bucket = own or _bucket(stack)
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
