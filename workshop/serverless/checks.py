"""What can be known before a deploy, checked before a deploy: nothing here asks AWS or runs the service's code."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workshop.core.errors import WorkshopError
from workshop.core.schedule_words import describe
from workshop.core.schedules import InvalidSchedule, upcoming
from workshop.serverless.marks import did_you_mean, fault, mark_of
from workshop.serverless.schema import PLUGINS
from workshop.serverless.service import DEFAULT_RUNTIME, DEFAULT_TIMEOUT, Service
from workshop.serverless.template import http, http_api
from workshop.serverless.template.role import own_statements
from workshop.serverless.template.schedule import rates_of

if TYPE_CHECKING:
    from workshop.serverless.packaging import Schedule

# Seconds: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
_PATIENCE = {"http": 29, "httpApi": 30}
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_LAYERS = 5
_RESERVED = re.compile(
    r"AWS_REGION|AWS_DEFAULT_REGION|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_EXECUTION_ENV"
    r"|AWS_LAMBDA_\w+|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR|_HANDLER|_X_AMZN_TRACE_ID|AWS_XRAY_\w+"
)


def check_file(service: Service) -> list[str]:
    """Checks what the file alone tells. Returns warnings."""
    warnings = [
        f"{mark_of(service.config, 'plugins')}: the plugin {name} is not needed: {PLUGINS[name]}"
        for name in service.plugins
    ]
    if any(not service.setting(name, "runtime") for name in service.functions):
        warnings.append(
            f"{mark_of(service.config, 'provider')}: no runtime is named: {DEFAULT_RUNTIME} is taken. "
            f"The original tool would take Node.js: add runtime: {DEFAULT_RUNTIME}"
        )
    _routes(service)
    for name, settings in service.functions.items():
        _environment(service, name)
        _concurrency(service, name, settings)
        if len(service.setting(name, "layers") or []) > MOST_LAYERS:
            raise fault(f"functions.{name}: Lambda allows {MOST_LAYERS} layers at most.", settings, "layers")
    _destinations(service)
    _event_details(service)
    for name, layer in service.layers.items():
        _layer(service, name, layer)
    return warnings + _timeouts(service) + _statements(service) + _clear_secrets(service)


def _timeouts(service: Service) -> list[str]:
    """API Gateway waits for less time than a function may take."""
    warnings = []
    for name, settings in service.functions.items():
        seconds = service.setting(name, "timeout", DEFAULT_TIMEOUT)
        kinds = {kind for event in settings.get("events") or [] for kind in event}
        most = min((_PATIENCE[kind] for kind in kinds & set(_PATIENCE)), default=seconds)
        if isinstance(seconds, int) and seconds > most:
            place = mark_of(settings if "timeout" in settings else service.provider, "timeout")
            warnings.append(f"{place}: {name} may take {seconds} seconds, but API Gateway answers 504 after {most}")
    return warnings


def _routes(service: Service) -> None:
    """Two functions cannot answer one route, and one path part cannot have two names.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
    """
    seen: dict[tuple[str, str], str] = {}
    variables: dict[str, tuple[str, str]] = {}
    for route in http.routes_of(service):
        where = service.where("functions", route.function, "events")
        key = (route.method, route.path)
        if key in seen:
            raise WorkshopError(
                f"The route {route.method} /{route.path} stands twice: in {seen[key]} and in {route.function}.",
                where=str(where or ""),
                fix="Give one of them another path or method.",
            )
        seen[key] = route.function
        parts = route.path.split("/")
        for depth, part in enumerate(parts):
            if ("{" in part or "}" in part) and not re.fullmatch(r"\{[a-zA-Z0-9._:-]+\+?\}", part):
                raise WorkshopError(
                    f"The path part {part!r} will not do: a variable fills its part whole, as in orders/{{order_id}}.",
                    where=str(where or ""),
                )
            if part and "{" not in part and not re.fullmatch(r"[a-zA-Z0-9._:,-]+", part):
                raise WorkshopError(
                    f"The path part {part!r} will not do: API Gateway takes letters, digits and . _ : , - only.",
                    where=str(where or ""),
                )
            if part.endswith("+}") and depth != len(parts) - 1:
                raise WorkshopError(f"{part} takes the rest of a path, so it must come last.", where=str(where or ""))
            if part.startswith("{"):
                parent = "/".join(parts[:depth])
                other = variables.setdefault(parent, (part, route.path))
                if other[0] != part and not (other[0].endswith("+}") or part.endswith("+}")):
                    raise WorkshopError(
                        f"/{other[1]} and /{route.path} name the same place {other[0]} and {part}; "
                        "API Gateway allows one name there.",
                        where=str(where or ""),
                        fix=f"Use {other[0]} in both.",
                    )
    keys: dict[str, str] = {}
    for function, method, path in http_api.routes_of(service):
        key_text = http_api.route_key(method, path)
        if key_text in keys:
            raise WorkshopError(
                f"The route {key_text} stands twice: in {keys[key_text]} and in {function}.",
                where=str(service.where("functions", function, "events") or ""),
            )
        keys[key_text] = function


def _environment(service: Service, name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    settings = service.functions[name]
    for holder, path in ((service.provider, "provider"), (settings, f"functions.{name}")):
        variables = holder.get("environment") or {}
        for key in variables:
            if _RESERVED.fullmatch(key):
                raise fault(f"{path}.environment.{key}: Lambda reserves this name.", variables, key, fix="Rename it.")
    together = {**(service.provider.get("environment") or {}), **(settings.get("environment") or {})}
    size = sum(len(f"{key}{value}".encode()) for key, value in together.items())
    if size > 4096:
        holder = settings if settings.get("environment") else service.provider
        raise fault(f"functions.{name}: its environment has {size} bytes; Lambda allows 4096.", holder, "environment")


def _concurrency(service: Service, name: str, settings: Any) -> None:
    provisioned = settings.get("provisionedConcurrency")
    reserved = settings.get("reservedConcurrency")
    if isinstance(provisioned, int) and isinstance(reserved, int) and provisioned > reserved:
        raise fault(
            f"functions.{name}: {provisioned} provisioned environments do not fit in {reserved} reserved ones.",
            settings,
            "provisionedConcurrency",
        )
    if provisioned and not service.provider.get("versionFunctions", True):
        raise fault(
            f"functions.{name}: provisioned concurrency needs versions; versionFunctions is false.",
            settings,
            "provisionedConcurrency",
        )


def _destinations(service: Service) -> None:
    for name, settings in service.functions.items():
        destinations = settings.get("destinations") or {}
        for key, value in destinations.items():
            if isinstance(value, str) and not value.startswith("arn:") and value not in service.functions:
                raise fault(
                    f"functions.{name}.destinations.{key}: {value!r} is neither an ARN nor a function of this service.",
                    destinations,
                    key,
                    fix=did_you_mean(value, service.functions),
                )


def _event_details(service: Service) -> None:
    """What the shapes of events alone do not tell."""
    for name, settings in service.functions.items():
        for number, event in enumerate(settings.get("events") or []):
            ((kind, given),) = event.items()
            path = f"functions.{name}.events.{number}.{kind}"
            if kind == "eventBridge" and not given.get("pattern") and not given.get("schedule"):
                raise fault(
                    f"{path}: a rule needs a pattern or a schedule.", event, kind, fix="Add pattern: source: [...]"
                )
            if not isinstance(given, dict):
                continue
            if kind == "sns" and not given.get("arn") and not given.get("topicName"):
                raise fault(f"{path}: 'topicName' or 'arn' is missing.", event, kind)
            if kind == "sns" and isinstance(given.get("arn"), dict) and not given.get("topicName"):
                raise fault(
                    f"{path}: with !Ref the topic's name must be given too.", event, kind, fix="Add topicName: ..."
                )
            if kind == "httpApi" and given.get("path") != "*" and not given.get("method"):
                raise fault(f"{path}: 'method' is missing.", event, kind, fix="Add method: GET, or * for all.")
            inputs = [key for key in ("input", "inputPath", "inputTransformer") if given.get(key) is not None]
            if len(inputs) > 1:
                raise fault(f"{path}: only one of {', '.join(inputs)} can be given.", given, inputs[1])
            if (
                kind == "schedule"
                and given.get("method") == "scheduler"
                and {"inputPath", "inputTransformer"} & set(inputs)
            ):
                raise fault(f"{path}: EventBridge Scheduler knows `input` only.", given, inputs[0])
            if kind == "schedule" and given.get("timezone") and given.get("method") != "scheduler":
                raise fault(
                    f"{path}.timezone: a rule runs in UTC; only EventBridge Scheduler knows time zones.",
                    given,
                    "timezone",
                    fix="Add method: scheduler",
                )
            if kind == "schedule" and given.get("name") and len(rates_of(given)) > 1:
                raise fault(f"{path}.name: one name cannot serve {len(rates_of(given))} rates.", given, "name")


def _layer(service: Service, name: str, layer: Any) -> None:
    if (layer.get("package") or {}).get("artifact"):
        return
    if "path" not in layer:
        raise fault(f"layers.{name}: 'path' is missing.", service.layers, name, fix="Add path: layer")
    folder = service.folder / layer["path"]
    if not folder.is_dir():
        near = [path.name for path in service.folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        raise fault(
            f"layers.{name}.path: there is no folder {layer['path']!r}.",
            layer,
            "path",
            fix=did_you_mean(layer["path"], near),
        )


def _statements(service: Service) -> list[str]:
    """A role that may do everything, or on everything, is worth a word.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
    """
    warnings = []
    for number, statement in enumerate(own_statements(service), 1):
        if statement.get("Effect") != "Allow":
            continue
        for key in ("Action", "Resource"):
            values = statement.get(key)
            for value in values if isinstance(values, list) else [values]:
                if value == "*" or (key == "Action" and isinstance(value, str) and value.endswith(":*")):
                    what = "actions" if key == "Action" else "resources"
                    place = mark_of(statement, key)
                    warnings += [f"{place}: statement {number} allows {key} {value}: name the {what} it needs"]
        if not statement.get("Action") and not statement.get("NotAction"):
            raise fault(f"iam.role.statements: statement {number} has no Action.", statement)
        if not statement.get("Resource") and not statement.get("NotResource"):
            raise fault(f"iam.role.statements: statement {number} has no Resource.", statement)
    return warnings


def _clear_secrets(service: Service) -> list[str]:
    """A SecureString in the environment stands in clear in the template and in the console."""
    warnings = []
    for holder in (service.provider, *service.functions.values()):
        variables = holder.get("environment") or {}
        for key, value in variables.items():
            if isinstance(value, str) and value in service.secrets:
                warnings.append(
                    f"{mark_of(variables, key)}: {key} holds a SecureString; it will stand in clear in the template. "
                    "Read it at run time instead"
                )
    return warnings


def schedules(service: Service, now: datetime | None = None) -> list[Schedule]:
    """Every schedule in words with its next three runs.

    Raises:
        WorkshopError: an expression that AWS would refuse, with the line and the reason.
    """
    from workshop.serverless.packaging import Schedule

    found = []
    moment = now or datetime.now(UTC)
    for name, settings in service.functions.items():
        for event in settings.get("events") or []:
            ((kind, given),) = event.items()
            if kind == "eventBridge" and given.get("schedule"):
                given, zone = {"rate": given["schedule"], "enabled": given.get("enabled", True)}, "UTC"
            elif kind != "schedule":
                continue
            else:
                zone = given.get("timezone", "UTC") if isinstance(given, dict) else "UTC"
            tz = _zone(zone, given)
            for rate in rates_of(given):
                try:
                    runs = upcoming(rate, moment, 3, tz)
                    words = describe(rate, zone)
                except InvalidSchedule as error:
                    raise fault(f"functions.{name}: {rate!r} will not do: {error}", event, kind) from None
                if not runs:
                    raise fault(f"functions.{name}: {rate!r} never runs: no such time is to come.", event, kind)
                enabled = given.get("enabled", True) if isinstance(given, dict) else True
                found.append(Schedule(name, rate, words, zone, tuple(runs), enabled))
    return found


def _zone(name: str, given: Any) -> Any:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fault(f"{name!r} is no time zone.", given, "timezone", fix="Use a name such as Europe/London.") from None
