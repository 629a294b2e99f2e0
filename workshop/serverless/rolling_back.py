"""Goes back to an earlier deployment, from what the bucket has kept of it.

https://www.serverless.com/framework/docs/providers/aws/cli-reference/rollback
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

from workshop.core.errors import WorkshopError
from workshop.serverless import naming
from workshop.serverless.aws import clients
from workshop.serverless.deployment import Deployment, read
from workshop.serverless.service import Service
from workshop.serverless.stacks import Stack
from workshop.serverless.steps import OnStep, silent
from workshop.serverless.store import TEMPLATE, Store
from workshop.serverless.template.build import own_bucket, tag_list


def deployments(service: Service) -> list[tuple[str, datetime, bool]]:
    """The deployments that one can go back to, oldest first: timestamp, when, whether it is the present one.

    Raises:
        WorkshopError: the service is not deployed.
    """
    stack, store = _store(service)
    deployed = json.dumps(stack.template())
    found = []
    for folder in store.folders():
        stamp = folder.rpartition("/")[2].partition("-")[0]
        found.append((stamp, datetime.fromtimestamp(int(stamp) / 1000, UTC), folder in deployed))
    return found


def rollback(service: Service, timestamp: str, *, on_step: OnStep | None = None) -> Deployment:
    """Deploys an earlier deployment again.

    Args:
        timestamp: one that `deployments` lists.
        on_step: told everything that happens.

    Raises:
        WorkshopError: there is no such deployment, or CloudFormation refused.
    """
    began = time.perf_counter()
    stack, store = _store(service)
    folders = {folder.rpartition("/")[2].partition("-")[0]: folder for folder in store.folders()}
    if timestamp not in folders:
        known = ", ".join(folders) or "none"
        raise WorkshopError(
            f"There is no deployment {timestamp!r} of {service.stack}.",
            fix=f"Known: {known}. Run: workshop rollback",
            used_wrongly=True,
        )
    template = store.read_json(f"{folders[timestamp]}/{TEMPLATE}")
    if template is None:
        raise WorkshopError(f"The deployment {timestamp} is not complete in the bucket.", fix="Choose another one.")
    url = store.url(f"{folders[timestamp]}/{TEMPLATE}")
    tags = tag_list({"STAGE": service.stage, **(service.provider.get("tags") or {}), **service.tags}) or []
    outcome = stack.update(template, url, tags, on_step or silent)
    if outcome is not None and not outcome.ok:
        why = f"{outcome.failures[0].logical_id}: {outcome.failures[0].reason}" if outcome.failures else outcome.status
        raise WorkshopError(f"The rollback failed ({why}). Everything is as it was before it.")
    found = stack.describe()
    assert found is not None
    deployment = read(service, stack.clients, found, template)
    deployment.seconds, deployment.changed = time.perf_counter() - began, outcome is not None
    return deployment


def _store(service: Service) -> tuple[Stack, Store]:
    aws = clients(service.region, service.profile, service.endpoint)
    stack = Stack(aws, service.stack)
    found = stack.describe()
    if found is None or found["StackStatus"] == "DELETE_COMPLETE":
        raise WorkshopError(
            f"{service.stack} is not deployed in {service.region}.", fix=f"Run: {service.deploy_command}"
        )
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    return stack, Store(aws, outputs.get(naming.BUCKET_OUTPUT) or own_bucket(service), service)
