"""Reserved and provisioned concurrency, and the account's limits.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names, validate, views
from workshop.localaws.lambda_api.paging import page
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import LATEST, Function

UNRESERVED_MINIMUM = 100


def put(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html"""
    reference = service.reference(request, name)
    function = service.function(reference)
    wanted = request.json().get("ReservedConcurrentExecutions")
    if not isinstance(wanted, int) or wanted < 0:
        raise names.constraint(
            wanted, "reservedConcurrentExecutions", "Member must have value greater than or equal to 0"
        )
    functions = service.store.region(reference.region).functions.values()  # the limit is a region's
    others = sum(each.reserved or 0 for each in functions if each is not function)
    if wanted and service.account_limit() - others - wanted < UNRESERVED_MINIMUM:  # 0 stops a function, anywhere
        raise validate.refused(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MINIMUM}]."
        )
    function.reserved = wanted
    service.reserved(function.arn, wanted)
    return Response.of_json({"ReservedConcurrentExecutions": wanted})


def get(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html"""
    function = service.function(service.reference(request, name))
    return Response.of_json({} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved})


def delete(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html"""
    function = service.function(service.reference(request, name))
    function.reserved = None
    service.reserved(function.arn, None)
    return Response(204)


def _qualified(service: Service, request: Request, name: str) -> tuple[Function, str]:
    reference = service.reference(request, name)
    function = service.function(reference)
    if not reference.qualifier:
        raise names.constraint("null", "qualifier", "Member must not be null")
    if reference.qualifier == LATEST:
        raise validate.refused("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    service.version(function, reference)
    return function, reference.qualifier


def put_provisioned(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html"""
    function, qualifier = _qualified(service, request, name)
    wanted = request.json().get("ProvisionedConcurrentExecutions")
    if not isinstance(wanted, int) or wanted < 1:
        raise names.constraint(
            wanted, "provisionedConcurrentExecutions", "Member must have value greater than or equal to 1"
        )
    if function.reserved is not None and wanted > function.reserved:
        raise validate.refused(
            "Specified ProvisionedConcurrentExecutions is greater than the function's "
            f"ReservedConcurrentExecutions [{function.reserved}]."
        )
    entry: dict[str, Any] = {
        "RequestedProvisionedConcurrentExecutions": wanted,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": views.stamp(service.clock()),
    }
    function.provisioned[qualifier] = entry
    answer = dict(entry)
    service.provisioned(function.arn, qualifier, wanted)
    return Response.of_json(answer, 202)


def get_provisioned(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html, and the list of them."""
    if request.arguments.get("List") == "ALL":
        function = service.function(service.reference(request, name))
        rows = [
            {"FunctionArn": f"{function.arn}:{qualifier}", **entry} for qualifier, entry in function.provisioned.items()
        ]
        return Response.of_json(page(request, rows, "ProvisionedConcurrencyConfigs"))
    function, qualifier = _qualified(service, request, name)
    entry = function.provisioned.get(qualifier)
    if entry is None:
        raise AwsError(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
            404,
        )
    return Response.of_json(entry)


def delete_provisioned(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteProvisionedConcurrencyConfig.html"""
    function, qualifier = _qualified(service, request, name)
    function.provisioned.pop(qualifier, None)
    service.provisioned(function.arn, qualifier, 0)
    return Response(204)


def account_settings(service: Service, request: Request) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html"""
    functions = service.region(request).functions.values()
    reserved = sum(each.reserved or 0 for each in functions)
    limit = service.account_limit()
    size = sum(each.latest.package.size for each in functions)
    return Response.of_json(
        {
            "AccountLimit": {
                "TotalCodeSize": 80530636800,
                "CodeSizeUnzipped": 262144000,
                "CodeSizeZipped": 52428800,
                "ConcurrentExecutions": limit,
                "UnreservedConcurrentExecutions": limit - reserved,
            },
            "AccountUsage": {"TotalCodeSize": size, "FunctionCount": len(functions)},
        }
    )
