"""From `serverless.yml` to a running service: read, package, deploy, look at, remove.

    service = load("demo_lambdas/hello_world")
    deployment = deploy(service)
    print(deployment.endpoints[0].url)
    remove(service)

Knows boto3 and HTTP, and no emulator: where AWS is, boto3 decides (`AWS_ENDPOINT_URL`). Names are loaded when first
used, so that importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "service": ("Service", "load"),
    "packaging": ("Package", "Schedule", "package"),
    "deploying": ("deploy",),
    "deployment": ("Deployment", "Endpoint"),
    "removing": ("Removal", "remove", "to_remove"),
    "reading": ("info",),
    "invoking": ("Answer", "invoke"),
    "invoking_locally": ("invoke_local",),
    "functions": ("deploy_function",),
    "rolling_back": ("deployments", "rollback"),
    "reading_logs": ("LogEvent", "logs"),
    "reading_metrics": ("Metrics", "metrics"),
    "creating": ("create", "templates"),
    "printing": ("resolved",),
    "serving.server": ("Offline", "offline"),
    "steps": ("Interrupted", "Step"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    """Load the module that holds a public name when the name is first used."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
