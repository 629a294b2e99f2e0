"""What Lambda remembers: plain data, one `Region` a region."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

LATEST = "$LATEST"


@dataclass(frozen=True, slots=True)
class Package:
    """A zip as uploaded, and where it is unzipped. `sha256` is base64 as AWS gives it; `size` bytes zipped."""

    sha256: str
    size: int
    unzipped: int
    zip_file: Path
    folder: Path


@dataclass(slots=True)
class LayerVersion:
    """One version of a layer."""

    layer_arn: str
    version: int
    package: Package
    created: str
    description: str = ""
    license_info: str = ""
    runtimes: list[str] = field(default_factory=list)
    architectures: list[str] = field(default_factory=list)
    policy: list[dict[str, Any]] = field(default_factory=list)
    policy_revision: str = field(default_factory=lambda: str(uuid4()))

    @property
    def arn(self) -> str:
        """The ARN with the version."""
        return f"{self.layer_arn}:{self.version}"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a function, `$LATEST` included: immutable, replaced as a whole by every update."""

    version: str
    config: dict[str, Any]  # members of AWS's FunctionConfiguration that the caller sets
    package: Package
    modified: str
    revision: str = field(default_factory=lambda: str(uuid4()))
    description: str = ""
    layers: tuple[LayerVersion, ...] = ()  # kept even when the layer's version is deleted, as on AWS
    runtime_note: str = ""  # how this machine's interpreter differs from the runtime
    invalidated: int = 0  # raised when the environments must be replaced though nothing changed here


@dataclass(slots=True)
class Alias:
    """A name for a version, or for two with weights."""

    name: str
    version: str
    description: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    revision: str = field(default_factory=lambda: str(uuid4()))


@dataclass(slots=True)
class Function:
    """A function with all its versions and settings. Settings are keyed by qualifier, `""` for none."""

    name: str
    arn: str
    latest: Version
    versions: dict[str, Version] = field(default_factory=dict)
    published: int = 0
    aliases: dict[str, Alias] = field(default_factory=dict)
    policies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    policy_revisions: dict[str, str] = field(default_factory=dict)
    urls: dict[str, dict[str, Any]] = field(default_factory=dict)
    invoke_configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    provisioned: dict[str, dict[str, Any]] = field(default_factory=dict)
    reserved: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    recursive_loop: str = "Terminate"
    runtime_management: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Layer:
    """A layer's versions; numbers are never used again."""

    name: str
    arn: str
    versions: dict[int, LayerVersion] = field(default_factory=dict)
    last: int = 0


@dataclass(slots=True)
class Region:
    """Lambda in one region."""

    name: str
    functions: dict[str, Function] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)


class Store:
    """All regions. `lock` guards every change; reading one attribute needs none."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.regions: dict[str, Region] = {}
        self.lock = threading.RLock()

    def region(self, name: str) -> Region:
        """A region's Lambda, made on first use."""
        with self.lock:
            return self.regions.setdefault(name, Region(name))

    def layer_version(self, arn: str) -> LayerVersion | None:
        """The layer version with this ARN, in whatever region it is."""
        parts = arn.split(":")
        if len(parts) != 8 or parts[5] != "layer" or not parts[7].isdigit() or parts[3] not in self.regions:
            return None
        layer = self.regions[parts[3]].layers.get(parts[6])
        return layer.versions.get(int(parts[7])) if layer else None

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self.regions.clear()


def changed(version: Version, **fields: Any) -> Version:
    """A copy with a new revision id."""
    return replace(version, revision=str(uuid4()), **fields)
