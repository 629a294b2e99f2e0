"""From `serverless.yml` to a running service: read, package, deploy, look at, remove.

    service = load("demo_lambdas/hello_world")
    deployment = deploy(service)
    print(deployment.endpoints[0].url)
    remove(service)

Knows boto3 and HTTP, and no emulator: where AWS is, boto3 decides (`AWS_ENDPOINT_URL`). Names are loaded when first
used, so that importing this costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.core.lazy import attach

if TYPE_CHECKING:
    from workshop.serverless.creating import create, templates
    from workshop.serverless.deploying import deploy
    from workshop.serverless.deployment import Deployment, Endpoint
    from workshop.serverless.functions import deploy_function
    from workshop.serverless.invoking import Answer, invoke
    from workshop.serverless.invoking_locally import invoke_local
    from workshop.serverless.packaging import Package, Schedule, package
    from workshop.serverless.printing import resolved
    from workshop.serverless.reading import info
    from workshop.serverless.reading_logs import LogEvent, logs
    from workshop.serverless.reading_metrics import Metrics, metrics
    from workshop.serverless.removing import Removal, remove, to_remove
    from workshop.serverless.rolling_back import deployments, rollback
    from workshop.serverless.service import Service, load
    from workshop.serverless.serving.server import Offline, offline
    from workshop.serverless.steps import Interrupted, Step

__all__, __getattr__, __dir__ = attach(__name__, __file__)
