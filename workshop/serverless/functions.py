"""Deploys the code of one function past the stack: quick, for while one is working on it.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.serverless.aws import Clients, clients
from workshop.serverless.kinds import is_intrinsic
from workshop.serverless.packaging import package
from workshop.serverless.service import DEFAULT_MEMORY, DEFAULT_TIMEOUT, Service
from workshop.serverless.zips import Zip

_LONGEST_UPDATE = 300.0  # seconds: a function in a VPC takes the longest


@dataclass
class FunctionDeployment:
    """What happened: `code` and `configuration` are True when they were changed."""

    function: str
    name: str
    code: bool
    configuration: bool
    size: int
    seconds: float

    def __str__(self) -> str:
        if not self.code and not self.configuration:
            return f"✔ No changes to deploy. Deployment skipped. ({self.seconds:.2f}s)"
        what = " and ".join(word for word, done in (("code", self.code), ("configuration", self.configuration)) if done)
        return f"✔ Function {what} of {self.name} deployed ({self.seconds:.2f}s)"

    def __repr__(self) -> str:
        return str(self)


def deploy_function(service: Service, function: str) -> FunctionDeployment:
    """Packages the service and replaces the code and the settings of one function.

    The stack does not learn of it: the next `deploy` puts everything in order again.

    Raises:
        WorkshopError: the package is wrong, or the function is not deployed yet.
    """
    began = time.perf_counter()
    service.function(function)
    zipped = package(service).functions[function]
    aws = clients(service.region, service.profile, service.endpoint)
    code = update_code(aws, service, function, zipped)
    configuration = _update_configuration(aws, service, function)
    seconds = time.perf_counter() - began
    return FunctionDeployment(function, service.function_name(function), code, configuration, zipped.size, seconds)


def update_code(aws: Clients, service: Service, function: str, zipped: Zip) -> bool:
    """Replaces the code of a function when it differs, and waits until it is live. Returns whether it differed."""
    api, full = aws.get("lambda"), service.function_name(function)
    found = _configuration(api, full, service)
    if found["CodeSha256"] == zipped.sha256:
        return False
    if zipped.size > 50_000_000:
        raise WorkshopError(
            f"{zipped.name} has {zipped.size / 1e6:.0f} MB; 50 MB is the most that can be sent directly.",
            fix=f"Run: {service.deploy_command}",
        )
    api.update_function_code(FunctionName=full, ZipFile=zipped.content)
    _wait(api, full)
    return True


def _configuration(api: Any, full: str, service: Service) -> dict[str, Any]:
    try:
        return api.get_function_configuration(FunctionName=full)
    except api.exceptions.ResourceNotFoundException:
        raise WorkshopError(
            f"The function {full} is not deployed yet.", fix=f"Run first: {service.deploy_command}"
        ) from None


def _update_configuration(aws: Clients, service: Service, function: str) -> bool:
    """Replaces the settings that the file says in so many words; what CloudFormation works out stays as it is."""
    api, full = aws.get("lambda"), service.function_name(function)
    settings = service.functions[function]
    wanted: dict[str, Any] = {
        "Handler": settings["handler"],
        "MemorySize": service.setting(function, "memorySize", DEFAULT_MEMORY),
        "Timeout": service.setting(function, "timeout", DEFAULT_TIMEOUT),
        "Description": settings.get("description", ""),
        "Runtime": service.runtime(function),
    }
    variables = {**(service.provider.get("environment") or {}), **(settings.get("environment") or {})}
    found = _configuration(api, full, service)
    if not any(is_intrinsic(value) for value in variables.values()):
        wanted["Environment"] = {"Variables": {key: str(value) for key, value in variables.items()}}
    current = {key: found.get(key) for key in wanted}
    if "Environment" in current:
        current["Environment"] = {"Variables": (found.get("Environment") or {}).get("Variables", {})}
    current["Description"] = found.get("Description") or ""
    if current == wanted:
        return False
    api.update_function_configuration(FunctionName=full, **wanted)
    _wait(api, full)
    return True


def _wait(api: Any, full: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"""
    wait, until = 0.005, time.monotonic() + _LONGEST_UPDATE
    while time.monotonic() < until:
        found = api.get_function_configuration(FunctionName=full)
        status = found.get("LastUpdateStatus", "Successful")
        if status == "Successful":
            return
        if status == "Failed":
            raise WorkshopError(
                f"{full} could not be updated: {found.get('LastUpdateStatusReason', 'no reason given')}"
            )
        time.sleep(wait)
        wait = min(wait * 1.6, 1.0)
    raise WorkshopError(
        f"{full} is still being updated after {_LONGEST_UPDATE:.0f} s.", fix="Look at it with: workshop info"
    )
