"""Layer versions that a service names by ARN: fetched from where boto3 is pointed, for what runs somewhere else.

https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html
"""

from __future__ import annotations

import io
import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.serverless.aws import clients
from workshop.serverless.service import Service


def fetch(service: Service, arn: str) -> bytes:
    """The zip of a layer version.

    Raises:
        WorkshopError: there is none, it may not be read, or what came is no zip.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = clients(service.region, service.profile).get("lambda").get_layer_version_by_arn(Arn=arn)
        with urllib.request.urlopen(found["Content"]["Location"], timeout=60) as answer:
            content = answer.read()
        zipfile.ZipFile(io.BytesIO(content)).close()
    except (BotoCoreError, ClientError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise WorkshopError(f"The layer {arn} cannot be fetched: {error}") from None
    return content


def carry(service: Service, known: dict[str, str]) -> None:
    """Publishes the layer versions that a service names by ARN on the cloud it will run on, and names those instead.

    Args:
        service: one with an `endpoint` of its own.
        known: what was carried there before, ARN to ARN; added to.

    Raises:
        WorkshopError: as `fetch` does.
    """
    api = clients(service.region, "", service.endpoint).get("lambda")
    for holder, number in list(_named(service)):
        arn = holder[number]
        if arn not in known:
            made = api.publish_layer_version(LayerName=arn.split(":")[6], Content={"ZipFile": fetch(service, arn)})
            known[arn] = made["LayerVersionArn"]
        holder[number] = known[arn]


def _named(service: Service) -> Iterator[tuple[Any, int]]:
    """Where such an ARN stands: a list of layers, and the place in it."""
    for block in (service.provider, *service.functions.values()):
        for number, layer in enumerate(block.get("layers") or []):
            if isinstance(layer, str) and ":layer:" in layer:
                yield block["layers"], number
