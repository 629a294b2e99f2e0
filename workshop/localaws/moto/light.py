"""Imports of moto made light: what costs a second and is never used here is stood in for, before moto is imported."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import os
import re
import sys
import types
from pathlib import Path
from typing import Any, NoReturn

# A quotation mark inside of a text is escaped, so this is never found in one.
DOCUMENTATION = re.compile(rb'"documentation":\s*"[^"\\]*(?:\\.[^"\\]*)*"')
NO_OPENAPI = "Importing an OpenAPI document is not supported here: describe the API in CloudFormation or call by call."


def prepare() -> None:
    """Does all of it; safe to call twice. Must run before the first import of moto."""
    os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    read_descriptions_once()
    stand_in_for_openapi()
    spare_region_lookups()
    import_ec2_when_asked()


def stand_in_for_openapi() -> None:
    """moto.apigateway imports `openapi_spec_validator` (80 MB with its dependencies) for ImportRestApi alone."""
    try:
        if "openapi_spec_validator" in sys.modules or importlib.util.find_spec("openapi_spec_validator"):
            return
    except (ImportError, ValueError):
        pass

    class OpenAPIValidationError(Exception):
        """What moto turns into AWS's BadRequestException."""

        message = NO_OPENAPI

    def validate(*_: Any, **__: Any) -> NoReturn:
        raise OpenAPIValidationError(NO_OPENAPI)

    names = (
        "openapi_spec_validator",
        "openapi_spec_validator.validation",
        "openapi_spec_validator.validation.exceptions",
    )
    package, validation, exceptions = (types.ModuleType(name) for name in names)
    package.validate = package.validate_spec = validate  # type: ignore[attr-defined]
    package.__path__ = validation.__path__ = []  # type: ignore[attr-defined]
    exceptions.OpenAPIValidationError = OpenAPIValidationError  # type: ignore[attr-defined]
    package.validation, validation.exceptions = validation, exceptions  # type: ignore[attr-defined]
    sys.modules.update(zip(names, (package, validation, exceptions), strict=True))


def read_descriptions_once() -> None:
    """botocore's descriptions of services: plain dictionaries, without their documentation, one for all who ask.

    botocore makes an OrderedDict of every JSON object, and moto, our clients and Lambda's checks each read the file
    anew. An idle cloud has a dozen of them in memory: 48 MB that way, 17 MB this way, and they are read in half the
    time.
    """
    from botocore.loaders import JSONFileLoader

    if hasattr(JSONFileLoader, "read_once"):
        return

    @functools.cache
    def read(path: str, open_file: Any) -> Any:
        with open_file(path, "rb") as file:
            return json.loads(DOCUMENTATION.sub(b'"documentation":""', file.read()))

    def load_file(self: Any, full_path: str, open_method: Any) -> Any:
        return read(full_path, open_method) if Path(full_path).is_file() else None

    JSONFileLoader._load_file = load_file  # type: ignore[attr-defined]
    JSONFileLoader.read_once = read  # type: ignore[attr-defined]


class Ec2Backends:
    """What `moto.ec2` calls `ec2_backends`; the package behind it is imported by whoever asks for a backend."""

    def __getitem__(self, account: str) -> Any:
        return self.real[account]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.real, name)

    @functools.cached_property
    def real(self) -> Any:
        """moto's own."""
        return importlib.import_module("moto.ec2.models").ec2_backends


def import_ec2_when_asked() -> None:
    """moto.ssm imports moto.ec2, 70 MB of instance types, to send commands to instances.

    The package's own `__init__.py` imports its models. The one made here does not, and has the same modules in it.
    """
    if "moto.ec2" in sys.modules:
        return
    folder = Path(importlib.util.find_spec("moto").origin).parent  # type: ignore[union-attr,arg-type]
    package = types.ModuleType("moto.ec2")
    package.__path__ = [str(folder / "ec2")]
    package.ec2_backends = Ec2Backends()  # type: ignore[attr-defined]
    sys.modules["moto.ec2"] = package


def spare_region_lookups() -> None:
    """moto asks a new boto3 session for the regions of every service; each session would read endpoints.json anew.

    One botocore session answers for all, and each question is answered once: importing moto.ec2 goes from 0.8 s to
    0.1 s.
    """
    import boto3
    import botocore.session

    if getattr(boto3.Session.get_available_regions, "spared", False):
        return
    one = functools.cache(botocore.session.Session)

    @functools.cache
    def regions(service: str, partition: str, non_regional: bool) -> tuple[str, ...]:
        return tuple(one().get_available_regions(service, partition, non_regional))

    def get_available_regions(
        self: Any, service_name: str, partition_name: str = "aws", allow_non_regional: bool = False
    ) -> list[str]:
        return list(regions(service_name, partition_name, allow_non_regional))

    get_available_regions.spared = True  # type: ignore[attr-defined]
    boto3.Session.get_available_regions = get_available_regions  # type: ignore[method-assign]
