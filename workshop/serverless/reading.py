"""What is deployed of a service."""

from __future__ import annotations

from workshop.core.errors import WorkshopError
from workshop.serverless.aws import clients
from workshop.serverless.deployment import Deployment, read
from workshop.serverless.service import Service
from workshop.serverless.stacks import Stack


def info(service: Service) -> Deployment:
    """Reads the stack of a service.

    Raises:
        WorkshopError: it is not deployed.
    """
    aws = clients(service.region, service.profile, service.endpoint)
    stack = Stack(aws, service.stack)
    found = stack.describe()
    if found is None or found["StackStatus"] == "DELETE_COMPLETE":
        raise WorkshopError(
            f"{service.stack} is not deployed in {service.region}.", fix=f"Run: {service.deploy_command}"
        )
    return read(service, aws, found, stack.template())
