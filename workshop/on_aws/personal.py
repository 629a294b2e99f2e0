"""A service as this reader deploys it: the one place where stage, tags, region and log retention are made personal."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workshop import serverless
from workshop.on_aws.names import LOG_DAYS, TAG, prefix, suffix, tag_value


def load(
    folder: str | Path,
    *,
    stage: str | None = None,
    region: str | None = None,
    params: Mapping[str, str] | None = None,
    endpoint: str = "",
) -> Any:
    """Reads a service, as `serverless.load` does; where names carry a suffix it gets its own stage, tag and parameters.

    On a cloud of its own (`endpoint`) it has the stage, by which it names the reader's other stacks, and nothing more:
    nobody else is there.

    Raises:
        WorkshopError: as `serverless.load`; or the suffix will not do.
    """
    mine = suffix()
    stage, region = _where(folder, stage, region)
    service = serverless.load(folder, stage=stage, region=region, params=params, endpoint=endpoint)
    service.tags = {TAG: tag_value()}
    if mine and not endpoint:
        make_personal(service, mine)
    return service


def to_remove(
    folder: str | Path,
    *,
    stage: str | None = None,
    region: str | None = None,
    params: Mapping[str, str] | None = None,
) -> Any:
    """Reads of a service what removing it takes, as `serverless.to_remove` does: this reader's stage of it.

    Raises:
        WorkshopError: as `serverless.to_remove`; or the suffix will not do.
    """
    stage, region = _where(folder, stage, region)
    return serverless.to_remove(folder, stage=stage, region=region, params=params)


def _where(folder: str | Path, stage: str | None, region: str | None) -> tuple[str | None, str | None]:
    """Stage and region as this reader's; None for what the file says by itself."""
    mine = suffix()
    if mine:
        stage = with_suffix(stage or stage_of(Path(folder)), mine)
    if os.environ.get("WORKSHOP_CLOUD") == "aws":
        region = region or os.environ.get("AWS_REGION")
    return stage, region


def with_suffix(stage: str, mine: str) -> str:
    """`dev` becomes `dev-k3f9`; a stage that has the suffix already stays."""
    return stage if stage.endswith(f"-{mine}") else f"{stage}-{mine}"


def stage_of(folder: Path) -> str:
    """The stage that the file itself names; `dev` when it names none, or by a variable."""
    from workshop.serverless.service import find_file
    from workshop.serverless.yaml_source import read_yaml

    file = find_file(folder)
    raw = read_yaml(folder / file, file)
    provider = raw.get("provider") if isinstance(raw, dict) else None
    stage = provider.get("stage") if isinstance(provider, dict) else None
    return str(stage) if isinstance(stage, str) and "${" not in stage else "dev"


def make_personal(service: Any, mine: str) -> None:
    """Gives a service that was read its owner: tag, log retention, layer names, and parameters under a prefix."""
    provider = service.provider
    provider["tags"] = {**(provider.get("tags") or {}), TAG: mine}
    provider.setdefault("logRetentionInDays", LOG_DAYS)
    for name, layer in service.layers.items():
        layer["name"] = f"{layer.get('name') or name}-{mine}"
    if not service.functions:
        return
    # Where an administrator asks for it, no role is made without this: `workshop policy --boundary`.
    fence, role = os.environ.get("WORKSHOP_BOUNDARY", ""), (provider.get("iam") or {}).get("role")
    if fence and not isinstance(role, str):
        provider["iam"] = {**(provider.get("iam") or {}), "role": {**(role or {}), "permissionsBoundary": fence}}
    provider["environment"] = {**(provider.get("environment") or {}), "SSM_PREFIX": prefix(mine)}
    if provider.get("iam"):
        provider["iam"] = _under(provider["iam"], prefix(mine).strip("/"))
    listed = service.config.get("resources")
    resources = (listed.get("Resources") or {}) if isinstance(listed, dict) else {}
    for name, made in resources.items():  # roles that functions bring themselves: `role: PayRole`
        if isinstance(made, dict) and made.get("Type") == "AWS::IAM::Role":
            resources[name] = _under(made, prefix(mine).strip("/"))
            if fence:
                resources[name]["Properties"]["PermissionsBoundary"] = fence


def _under(value: Any, folder: str) -> Any:
    """The same policy, for parameters below a folder of their own."""
    if isinstance(value, dict):
        copy = value.copy()
        for key, one in value.items():
            copy[key] = _under(one, folder)
        return copy
    if isinstance(value, list):
        return [_under(one, folder) for one in value]
    if isinstance(value, str) and ":parameter/" in value:
        return re.sub(rf":parameter/(?!{folder}/)", f":parameter/{folder}/", value)
    return value
