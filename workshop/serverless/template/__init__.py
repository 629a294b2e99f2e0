"""From a service to CloudFormation: one module a kind of resource or event, each adds its own to one template.

Logical ids, names and properties are the Serverless Framework's.
https://www.serverless.com/framework/docs/providers/aws/guide/resources
"""

from __future__ import annotations

from typing import Any

from workshop.serverless.service import Service
from workshop.serverless.template import (
    bucket,
    event_bridge,
    functions,
    http,
    http_api,
    layers,
    role,
    s3,
    schedule,
    sns,
    sqs,
    user,
)
from workshop.serverless.template.build import Artifacts, Template

__all__ = ["Artifacts", "Template", "create_template", "update_template"]


def create_template(service: Service) -> dict[str, Any]:
    """The template that a first deploy begins with: the bucket that the rest is uploaded to."""
    template = Template(service, Artifacts())
    bucket.add(template)
    return template.body()


def update_template(service: Service, artifacts: Artifacts) -> dict[str, Any]:
    """The whole template.

    Args:
        service: what to deploy.
        artifacts: the zips' keys and hashes.
    """
    template = Template(service, artifacts)
    bucket.add(template)
    functions.add_log_groups(template)
    role.add(template)
    layers.add(template)
    functions.add(template)
    for event in (schedule, s3, http, sns, event_bridge, sqs, http_api):
        event.add(template)
    template.export_outputs()
    user.merge(template)
    user.add_outputs(template)
    user.check_references(template)
    return template.body()
