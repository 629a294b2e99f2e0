"""What is deployed: endpoints, functions, layers and outputs, read off the stack and its template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workshop.serverless import naming
from workshop.serverless.aws import Clients
from workshop.serverless.packaging import Schedule
from workshop.serverless.service import Service


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that answers: `GET https://…/hello`."""

    method: str
    url: str

    def __str__(self) -> str:
        return f"{self.method} - {self.url}"


@dataclass
class Deployment:
    """The outcome of a deploy, or what `info` found.

    Attributes:
        stack, stage, region: where it is.
        endpoints: what answers over HTTP.
        functions: name in the file -> ARN.
        layers: name in the file -> ARN of the version.
        outputs: the stack's outputs.
        seconds: how long the deploy took.
        changed: False when there was nothing to deploy.
        sizes: function -> bytes of its zip.
    """

    stack: str
    stage: str
    region: str
    endpoints: list[Endpoint] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    layers: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    changed: bool = True
    sizes: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    api_keys: dict[str, str] = field(default_factory=dict)
    service: str = ""
    status: str = ""

    def to_json(self) -> dict[str, Any]:
        """The contract of `workshop deploy --json`."""
        return {
            "stack": self.stack,
            "stage": self.stage,
            "region": self.region,
            "endpoints": [{"method": one.method, "url": one.url} for one in self.endpoints],
            "functions": self.functions,
            "layers": self.layers,
            "outputs": self.outputs,
            "seconds": round(self.seconds, 3),
        }

    def __str__(self) -> str:
        from workshop.serverless.words import deployed

        return deployed(self)

    def __repr__(self) -> str:
        return str(self)


def read(service: Service, clients: Clients, stack: dict[str, Any], template: dict[str, Any]) -> Deployment:
    """Reads a stack.

    Args:
        stack: as `describe_stacks` gives it.
        template: what the stack was made from.
    """
    partition, region, account = _place(stack["StackId"], service)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    resources = template.get("Resources", {})
    functions = {}
    for name in service.functions:
        resource = resources.get(naming.function_id(name))
        if resource:
            full = resource["Properties"].get("FunctionName", service.function_name(name))
            functions[name] = f"arn:{partition}:lambda:{region}:{account}:function:{full}"
    layers = {
        name: outputs[f"{naming.layer_id(name)}QualifiedArn"]
        for name in service.layers
        if f"{naming.layer_id(name)}QualifiedArn" in outputs
    }
    return Deployment(
        stack=service.stack,
        stage=service.stage,
        region=service.region,
        endpoints=list(endpoints(service, clients, outputs, resources)),
        functions=functions,
        layers=layers,
        outputs=outputs,
        service=service.name,
        status=stack["StackStatus"],
    )


def _place(stack_id: str, service: Service) -> tuple[str, str, str]:
    match = re.match(r"arn:([^:]+):cloudformation:([^:]+):(\d+):", stack_id)
    return (match[1], match[2], match[3]) if match else ("aws", service.region, "000000000000")


def endpoints(
    service: Service, clients: Clients, outputs: dict[str, str], resources: dict[str, Any]
) -> Iterator[Endpoint]:
    """The addresses of a stack. Off AWS an API answers at a path of the endpoint instead of a host of its own."""
    base = "" if clients.is_aws else f"{clients.endpoint.rstrip('/')}/_aws/execute-api"
    rest = re.match(r"https://([^.]+)\.execute-api\.", outputs.get("ServiceEndpoint", ""))
    if rest:
        stage = outputs["ServiceEndpoint"].rstrip("/").rpartition("/")[2]
        root = f"{base}/{rest[1]}/{stage}" if base else outputs["ServiceEndpoint"].rstrip("/")
        for method, path in rest_routes(resources):
            yield Endpoint(method, root + path)
    if "HttpApiId" in outputs:
        root = f"{base}/{outputs['HttpApiId']}/$default" if base else outputs["HttpApiUrl"].rstrip("/")
        for resource in resources.values():
            if resource["Type"] == "AWS::ApiGatewayV2::Route":
                key = resource["Properties"]["RouteKey"]
                method, _, path = key.partition(" ") if " " in key else ("*", "", "/")
                yield Endpoint(method, root + path)
    for name in service.functions:
        url = outputs.get(f"{naming.function_id(name)}Url")
        if url:
            here = re.match(r"https://([^.]+)\.lambda-url\.", url)
            local = f"{clients.endpoint.rstrip('/')}/_aws/lambda-url/{here[1]}/" if base and here else url
            yield Endpoint("ANY", local)


def rest_routes(resources: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and path of every REST method that calls a function."""

    def path_of(where: Any) -> str:
        if "Ref" not in where:
            return ""
        properties = resources[where["Ref"]]["Properties"]
        return f"{path_of(properties['ParentId'])}/{properties['PathPart']}"

    for resource in resources.values():
        if resource["Type"] == "AWS::ApiGateway::Method":
            properties = resource["Properties"]
            if properties.get("Integration", {}).get("Type") != "MOCK":
                yield properties["HttpMethod"], path_of(properties["ResourceId"]) or "/"
