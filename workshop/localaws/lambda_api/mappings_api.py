"""Event source mappings: what polls a queue or a stream for a function. `localaws/events` does the polling.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names, validate
from workshop.localaws.lambda_api.paging import page
from workshop.localaws.lambda_api.service import Service

ARN = re.compile(r"arn:aws[a-zA-Z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]+):\d{12}:.+")
# Service -> (default batch, largest batch, is a stream).
SOURCES = {"sqs": (10, 10_000, False), "dynamodb": (100, 10_000, True), "kinesis": (100, 10_000, True)}
MEMBERS = (
    "MaximumBatchingWindowInSeconds",
    "FilterCriteria",
    "FunctionResponseTypes",
    "ScalingConfig",
    "DestinationConfig",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError",
    "ParallelizationFactor",
)


def view(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html"""
    return {
        name: value for name, value in {**entry, **changes}.items() if not name.startswith("_") and value is not None
    }


def _checked(body: dict[str, Any], service_name: str) -> None:
    _, largest, stream = SOURCES[service_name]
    size, window = body.get("BatchSize"), body.get("MaximumBatchingWindowInSeconds") or 0
    if size is not None and (not isinstance(size, int) or size < 1):
        raise names.constraint(size, "batchSize", "Member must have value greater than or equal to 1")
    if size is not None and size > largest:
        raise names.constraint(size, "batchSize", f"Member must have value less than or equal to {largest}")
    if not isinstance(window, int) or not 0 <= window <= 300:
        raise names.constraint(
            window, "maximumBatchingWindowInSeconds", "Member must have value less than or equal to 300"
        )
    if service_name == "sqs" and size and size > 10 and not window:
        raise validate.refused(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if body.get("StartingPosition") == "AT_TIMESTAMP":
        raise validate.refused("The offline cloud reads a stream from TRIM_HORIZON or LATEST, not AT_TIMESTAMP.")
    if stream and body.get("StartingPosition") not in ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"):
        raise validate.refused(
            f"StartingPosition is required when creating an event source mapping for {service_name}."
        )


def create(service: Service, request: Request) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    body = request.json()
    arn = str(body.get("EventSourceArn") or "")
    found = ARN.fullmatch(arn)
    if not found or found["service"] not in SOURCES:
        raise validate.refused(
            f"Unrecognized event source: {arn or 'none given'}. The offline cloud polls SQS, DynamoDB and Kinesis."
        )
    reference = names.parse(str(body.get("FunctionName", "")), request.region, service.store.account)
    function = service.function(reference)
    service.version(function, reference)
    _checked(body, found["service"])
    service.source_exists(arn)
    region = service.region(request)
    with service.store.lock:
        for known in region.mappings.values():
            if known["EventSourceArn"] == arn and known["FunctionArn"] == reference.qualified:
                raise AwsError(
                    "ResourceConflictException",
                    f"An event source mapping with {found['service'].upper()} arn "
                    f'(" {arn} ") and function (" {function.name} ") already exists. Please update or delete '
                    f"the existing mapping with UUID {known['UUID']}",
                    409,
                )
        uuid = str(uuid4())
        front = f"arn:aws:lambda:{region.name}:{service.store.account}"
        entry: dict[str, Any] = {
            "UUID": uuid,
            "EventSourceArn": arn,
            "FunctionArn": reference.qualified,
            "EventSourceMappingArn": f"{front}:event-source-mapping:{uuid}",
            "BatchSize": body.get("BatchSize") or SOURCES[found["service"]][0],
            "LastModified": service.clock(),
            "State": "Enabled" if body.get("Enabled", True) else "Disabled",
            "StateTransitionReason": "USER_INITIATED",
            "StartingPosition": body.get("StartingPosition"),
            "MaximumBatchingWindowInSeconds": 0,
            "FunctionResponseTypes": [],
            "_tags": dict(body.get("Tags") or {}),
        }
        entry |= {name: body[name] for name in MEMBERS if body.get(name) is not None}
        region.mappings[uuid] = entry
    service.mappings_changed(region.name)
    return Response.of_json(view(entry, State="Creating"), 202)


def _found(service: Service, request: Request, uuid: str) -> dict[str, Any]:
    entry = service.region(request).mappings.get(uuid)
    if entry is None:
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return entry


def get(service: Service, request: Request, uuid: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    return Response.of_json(view(_found(service, request, uuid)))


def list_all(service: Service, request: Request) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html"""
    source, name = request.arguments.get("EventSourceArn"), request.arguments.get("FunctionName")
    wanted = names.parse(name, request.region, service.store.account).qualified if name else ""
    rows = [
        view(entry)
        for entry in service.region(request).mappings.values()
        if (not source or entry["EventSourceArn"] == source) and (not wanted or entry["FunctionArn"] == wanted)
    ]
    return Response.of_json(page(request, rows, "EventSourceMappings", 100))


def update(service: Service, request: Request, uuid: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    entry, body = _found(service, request, uuid), request.json()
    _checked({"StartingPosition": entry.get("StartingPosition"), **body}, entry["EventSourceArn"].split(":")[2])
    with service.store.lock:
        if body.get("FunctionName"):
            reference = names.parse(body["FunctionName"], request.region, service.store.account)
            service.version(service.function(reference), reference)
            entry["FunctionArn"] = reference.qualified
        entry |= {name: body[name] for name in (*MEMBERS, "BatchSize") if body.get(name) is not None}
        if body.get("Enabled") is not None:
            entry["State"] = "Enabled" if body["Enabled"] else "Disabled"
        entry["LastModified"] = service.clock()
    service.mappings_changed(request.region)
    return Response.of_json(view(entry, State="Updating"), 202)


def delete(service: Service, request: Request, uuid: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html"""
    entry = _found(service, request, uuid)
    with service.store.lock:
        service.region(request).mappings.pop(uuid, None)
    service.mappings_changed(request.region)
    return Response.of_json(view(entry, State="Deleting"), 202)
