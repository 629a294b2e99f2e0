"""The one door to running a function: from an ARN, alias or version to a `FunctionSpec`, and through the engine."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.localaws.faults import AwsError
from workshop.localaws.lambda_api import names
from workshop.localaws.lambda_api.names import Reference
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import LATEST, Function, Version
from workshop.localaws.runtime.model import FunctionSpec, Invocation, Throttled

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: bytes
SYNC_LIMIT = 6 * 1024 * 1024
ASYNC_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests for one qualifier go: specs with their cumulated weights, the last one 1.0."""

    reference: Reference
    choices: tuple[tuple[float, FunctionSpec], ...]

    def pick(self) -> FunctionSpec:
        """A spec by weight."""
        if len(self.choices) == 1:
            return self.choices[0][1]
        drawn = random.random()
        return next(spec for limit, spec in self.choices if drawn < limit)


class Functions:
    """Invokes functions.

    Args:
        service: Lambda's control plane.
        engine: runs specs.
        region: where a bare name is looked up.
        throttled: told of every request that was refused.
        environment: the variables that AWS adds for a role's ARN and a function's name: credentials, endpoint.
    """

    def __init__(
        self,
        service: Service,
        engine: Any,
        region: str,
        environment: Callable[[str, str], dict[str, str]],
        throttled: Callable[[Reference], None] = lambda _: None,
    ) -> None:
        self.service, self.engine, self.region, self.environment = service, engine, region, environment
        self.throttled = throttled
        self._routes: dict[tuple[str, str, str], Route] = {}
        self._generation = 0

    async def invoke(
        self,
        arn: str,
        payload: bytes,
        *,
        source: str | None = None,
        qualifier: str | None = None,
        region: str | None = None,
        request_id: str | None = None,
        client_context: bytes | None = None,
        trace_id: str | None = None,
        tail: bool = False,
    ) -> Invocation:
        """Run a function once and wait for the outcome, its own errors included.

        Args:
            arn: a name, partial ARN or ARN, with or without a qualifier.
            payload: the event, JSON.
            source: who asks, for logs; permissions are the caller's to check.
            qualifier: version or alias, when not in `arn`.
            region: of a bare name; default the cloud's own.
            request_id, client_context, trace_id, tail: as the engine takes them.

        Raises:
            AwsError: no such function, or a runtime this machine cannot run.
            Throttled: too many at once.
        """
        route = self.route(arn, qualifier, region)
        spec = route.pick()
        try:
            return await self.engine.invoke(
                spec,
                payload,
                request_id=request_id,
                client_context=client_context,
                trace_id=trace_id,
                tail=tail,
                invoked_arn=route.reference.qualified,
            )
        except Throttled:
            self.throttled(route.reference)
            raise
        except WorkshopError as error:
            raise AwsError("InvalidRuntimeException", error.paragraph(), 502) from None

    def route(self, arn: str, qualifier: str | None = None, region: str | None = None) -> Route:
        """Where requests for this name go; worked out once and remembered until something changes.

        Raises:
            AwsError: no such function, version or alias.
        """
        key = (arn, qualifier or "", region or self.region)
        found = self._routes.get(key)
        if found is not None:
            return found
        generation = self._generation
        reference = names.parse(arn, key[2], self.service.store.account, qualifier)
        function = self.service.function(reference)
        route = Route(reference, tuple(self._choices(function, reference)))
        if generation == self._generation:
            self._routes[key] = route
        return route

    def _choices(self, function: Function, reference: Reference) -> list[tuple[float, FunctionSpec]]:
        alias = function.aliases.get(reference.qualifier)
        main = self.service.version(function, reference)
        if alias is None or not alias.weights:
            return [(1.0, self.spec(function, main, reference.region))]
        choices, used = [], 0.0
        for version, weight in alias.weights.items():
            used += weight
            other = self.service.version(
                function, Reference(reference.region, reference.account, function.name, version)
            )
            choices.append((used, self.spec(function, other, reference.region)))
        return [*choices, (2.0, self.spec(function, main, reference.region))]

    def spec(self, function: Function, version: Version, region: str) -> FunctionSpec:
        """All that the environments of one version need."""
        config, store = version.config, self.service.store
        logs = config.get("LoggingConfig") or {}
        json_logs = logs.get("LogFormat") == "JSON"
        return FunctionSpec(
            arn=function.arn,
            name=function.name,
            version=version.version,
            runtime=config.get("Runtime") or "provided.al2023",
            handler=config.get("Handler") or "",
            memory_size=config.get("MemorySize", 128),
            timeout=config.get("Timeout", 3),
            code_dir=version.package.folder,
            layer_dirs=tuple(layer.package.folder for layer in version.layers),
            environment={
                **((config.get("Environment") or {}).get("Variables") or {}),
                **self.environment(config["Role"], function.name),
            },
            role_arn=config["Role"],
            region=region,
            account_id=store.account,
            log_group=logs.get("LogGroup") or f"/aws/lambda/{function.name}",
            log_format="JSON" if json_logs else "Text",
            application_log_level=logs.get("ApplicationLogLevel", "INFO") if json_logs else "",
            system_log_level=logs.get("SystemLogLevel", "INFO") if json_logs else "",
            ephemeral_storage=(config.get("EphemeralStorage") or {}).get("Size", 512),
            revision=f"{version.revision}.{version.invalidated}",
        )

    def policy(self, arn: str, qualifier: str | None = None) -> list[dict[str, Any]]:
        """The statements of a function's resource-based policy, for the qualifier or for none; empty when there is
        none.

        https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
        """
        reference = names.parse(arn, self.region, self.service.store.account, qualifier)
        function = self.service.function(reference)
        return list(function.policies.get("" if reference.qualifier == LATEST else reference.qualifier, []))

    def exists(self, arn: str) -> bool:
        """True when the function, version or alias is there."""
        try:
            self.route(arn)
        except AwsError:
            return False
        return True

    def forget(self, arn: str = "") -> None:
        """Work routes out anew. Thread-safe."""
        self._generation += 1
        self._routes.clear()
