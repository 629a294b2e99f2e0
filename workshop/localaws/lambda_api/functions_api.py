"""Functions and versions: create, read, update, publish, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request, Response
from workshop.localaws.lambda_api import names, validate, views
from workshop.localaws.lambda_api.paging import page
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import LATEST, Function, Package, Version, changed

# Members of CreateFunction and UpdateFunctionConfiguration that a version carries.
MEMBERS = (
    "Runtime",
    "Role",
    "Handler",
    "Description",
    "Timeout",
    "MemorySize",
    "Environment",
    "Layers",
    "DeadLetterConfig",
    "TracingConfig",
    "VpcConfig",
    "EphemeralStorage",
    "LoggingConfig",
    "Architectures",
    "SnapStart",
    "KMSKeyArn",
)


def create(service: Service, request: Request) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
    body = request.json()
    reference = names.parse(str(body.get("FunctionName", "")), request.region, service.store.account)
    config = {name: body[name] for name in MEMBERS if body.get(name) is not None}
    if body.get("PackageType", "Zip") != "Zip":
        raise validate.refused("Container images are not supported offline: PackageType must be Zip.")
    if not config.get("Role"):
        raise names.constraint("null", "role", "Member must not be null")
    if not config.get("Runtime") or not config.get("Handler"):
        raise validate.refused(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    validate.configuration(config)
    if reference.name in service.region(request).functions:
        raise AwsError("ResourceConflictException", f"Function already exist: {reference.name}", 409)
    validate.role(config["Role"], service.role_trusted)
    note = service.runnable(config["Runtime"])
    package = service.package(body.get("Code") or {})
    layers = validate.layers(config.get("Layers") or [], service.store)
    validate.total_size(package, layers)
    version = Version(LATEST, config, package, views.stamp(service.clock()), layers=layers, runtime_note=note)
    function = Function(reference.name, reference.arn, version, tags=dict(body.get("Tags") or {}))
    with service.store.lock:
        if reference.name in service.region(request).functions:
            raise AwsError("ResourceConflictException", f"Function already exist: {reference.name}", 409)
        service.region(request).functions[reference.name] = function
    answer = views.configuration(function, function.latest, pending=True)
    if body.get("Publish"):
        published = publish_now(service, function, config.get("Description", ""))
        answer = views.configuration(function, published, pending=True)
    service.changed(function.arn)
    return Response.of_json(answer, 201)


def get(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html"""
    reference = service.reference(request, name)
    function = service.function(reference)
    version = service.version(function, reference)
    answer: dict[str, Any] = {
        "Configuration": views.configuration(function, version, qualifier=reference.qualifier),
        "Code": {"RepositoryType": "S3", "Location": service.code_url(version.package)},
    }
    if function.tags:
        answer["Tags"] = function.tags
    if function.reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
    return Response.of_json(answer)


def get_configuration(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html"""
    reference = service.reference(request, name)
    function = service.function(reference)
    version = service.version(function, reference)
    return Response.of_json(views.configuration(function, version, qualifier=reference.qualifier))


def list_all(service: Service, request: Request) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html"""
    functions = sorted(service.region(request).functions.values(), key=lambda function: function.name)
    everything = request.arguments.get("FunctionVersion") == "ALL"
    rows = []
    for function in functions:
        for version in [function.latest, *(function.versions.values() if everything else ())]:
            qualifier = LATEST if everything and version is function.latest else ""
            rows.append(_without_state(views.configuration(function, version, qualifier=qualifier)))
    return Response.of_json(page(request, rows, "Functions"))


def _without_state(configuration: dict[str, Any]) -> dict[str, Any]:
    """ListFunctions does not return these (see its page)."""
    return {
        name: value
        for name, value in configuration.items()
        if name not in ("State", "LastUpdateStatus", "RuntimeVersionConfig")
    }


def list_versions(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html"""
    function = service.function(service.reference(request, name))
    rows = [views.configuration(function, function.latest, qualifier=LATEST)]
    rows += [views.configuration(function, version) for version in function.versions.values()]
    return Response.of_json(page(request, rows, "Versions"))


def _updatable(service: Service, request: Request, name: str, body: dict[str, Any]) -> Function:
    reference = service.reference(request, name)
    function = service.function(reference)
    if reference.qualifier not in ("", LATEST):
        raise validate.refused("The only supported qualifier for this operation is $LATEST.")
    asked = body.get("RevisionId")
    if asked and asked != function.latest.revision:
        raise AwsError(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the "
            "GetFunction/GetAlias API to retrieve the latest RevisionId",
            412,
        )
    return function


def update_code(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html"""
    body = request.json()
    function = _updatable(service, request, name, body)
    package = service.package(body)
    validate.total_size(package, function.latest.layers)
    with service.store.lock:
        config = function.latest.config
        if body.get("Architectures"):
            validate.configuration({"Architectures": body["Architectures"]})
            config = {**config, "Architectures": body["Architectures"]}
        updated = changed(function.latest, package=package, config=config, modified=views.stamp(service.clock()))
        if body.get("DryRun"):
            return Response.of_json(views.configuration(function, updated))
        function.latest = updated
        answer_for = publish_now(service, function, "") if body.get("Publish") else updated
    service.retired(function.arn)
    return Response.of_json(views.configuration(function, answer_for))


def update_configuration(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html"""
    body = request.json()
    function = _updatable(service, request, name, body)
    given = {name: body[name] for name in MEMBERS if body.get(name) is not None}
    validate.configuration(
        {
            name: value
            for name, value in given.items()
            if name != "Runtime" or value != function.latest.config.get("Runtime")
        }
    )
    if "Role" in given:
        validate.role(given["Role"], service.role_trusted)
    note = service.runnable(given["Runtime"]) if "Runtime" in given else function.latest.runtime_note
    with service.store.lock:
        config = {**function.latest.config, **given}
        layers = validate.layers(given["Layers"], service.store) if "Layers" in given else function.latest.layers
        validate.total_size(function.latest.package, layers)
        now = views.stamp(service.clock())
        function.latest = changed(function.latest, config=config, layers=layers, modified=now, runtime_note=note)
    service.retired(function.arn)
    return Response.of_json(views.configuration(function, function.latest))


def publish(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html"""
    body = request.json()
    function = _updatable(service, request, name, body)
    if body.get("CodeSha256") and body["CodeSha256"] != function.latest.package.sha256:
        raise validate.refused(
            f"CodeSHA256 ({body['CodeSha256']}) is different from current CodeSHA256 in $LATEST "
            f"({function.latest.package.sha256}). Please try again with the CodeSHA256 in $LATEST."
        )
    version = publish_now(service, function, body.get("Description") or "")
    service.changed(function.arn)
    return Response.of_json(views.configuration(function, version), 201)


def publish_now(service: Service, function: Function, description: str) -> Version:
    """A new version from `$LATEST`, or the last one when nothing changed since."""
    with service.store.lock:
        latest, last = function.latest, function.versions.get(str(function.published))
        if last and same(last, latest):
            return last
        function.published += 1
        config = {**latest.config, **({"Description": description} if description else {})}
        version = Version(
            str(function.published),
            config,
            latest.package,
            views.stamp(service.clock()),
            layers=latest.layers,
            runtime_note=latest.runtime_note,
        )
        function.versions[version.version] = version
        return version


def same(one: Version, other: Version) -> bool:
    """True when code and configuration are equal; a description alone makes no new version."""

    def compared(version: Version) -> tuple[Package, dict[str, Any]]:
        return version.package, {name: value for name, value in version.config.items() if name != "Description"}

    return compared(one) == compared(other)


def delete(service: Service, request: Request, name: str) -> Response:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html"""
    reference = service.reference(request, name)
    function = service.function(reference)
    with service.store.lock:
        if not reference.qualifier:
            del service.store.region(reference.region).functions[function.name]
            service.reserved(function.arn, None)
        elif reference.qualifier == LATEST:
            raise validate.refused("$LATEST version cannot be deleted without deleting the function.")
        else:
            service.version(function, reference)
            users = [
                alias.name
                for alias in function.aliases.values()
                if reference.qualifier == alias.version or reference.qualifier in alias.weights
            ]
            if users or reference.qualifier in function.aliases:
                raise AwsError(
                    "ResourceConflictException",
                    f"Version: {reference.qualifier} is referenced by alias: "
                    f"{', '.join(users)}. Remove the reference and try again.",
                    409,
                )
            del function.versions[reference.qualifier]
    service.retired(function.arn)
    return Response(204)


def touch(service: Service, function: Function) -> None:
    """Make new requests start new environments, though nothing visible changed."""
    with service.store.lock:
        function.latest = replace(function.latest, invalidated=function.latest.invalidated + 1)
    service.retired(function.arn)
