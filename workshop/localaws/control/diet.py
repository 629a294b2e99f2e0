"""Imports of moto made light: what costs a second and is never used here is stood in for, before moto is imported."""

from __future__ import annotations

import functools
import os
import sys
import types
from typing import Any, NoReturn

NO_OPENAPI = "Importing an OpenAPI document is not supported here: describe the API in CloudFormation or call by call."


def prepare() -> None:
    """Does all of it; safe to call twice. Must run before the first import of moto."""
    os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    stand_in_for_openapi()
    spare_region_lookups()


def stand_in_for_openapi() -> None:
    """moto.apigateway imports `openapi_spec_validator` (80 MB with its dependencies) for ImportRestApi alone."""
    try:
        import importlib.util

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
