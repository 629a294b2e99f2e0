"""boto3 clients, made once and kept: where AWS is, is boto3's business (`AWS_ENDPOINT_URL`, profile, region).

Unless an endpoint is named: then these clients go there, whatever boto3 is pointed at.
"""

from __future__ import annotations

import contextlib
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from workshop.core.agreement import guard, is_aws_host

INVOKING = "lambda, once"  # a client of Lambda that asks once, and waits as long as a function may run
_NAMES = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


class Clients:
    """The clients of one region, made when first asked for.

    Args:
        region, profile: boto3's.
        named: the address of an offline cloud. It gets no credentials of the reader's.
    """

    def __init__(self, region: str, profile: str, named: str = "") -> None:
        import boto3

        guard.install()  # whoever deploys, from a command, a notebook or a program of their own, is asked first
        keys: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if named else {}
        self.session = boto3.session.Session(profile_name=profile or None, region_name=region, **keys)
        self.region, self._named = region, named
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Any:
        """A client: `get("lambda")`."""
        with self._lock:
            if name not in self._made:
                session: Any = self.session  # its type knows only services spelled out
                self._made[name] = session.client(
                    name.partition(",")[0], config=_config(name, self._named), endpoint_url=self._named or None
                )
            return self._made[name]

    @property
    def endpoint(self) -> str:
        """Where CloudFormation answers."""
        return str(self.get("cloudformation").meta.endpoint_url)

    @property
    def is_aws(self) -> bool:
        """True on AWS itself, False at an emulator's endpoint."""
        return is_aws_host(self.endpoint)


def _config(name: str, named: str) -> Any:
    from botocore.config import Config

    # What is set for AWS is not meant for an address of this machine: a company's proxy, FIPS's own host names.
    own: dict[str, Any] = {"proxies": {}, "use_fips_endpoint": False, "use_dualstack_endpoint": False} if named else {}
    far = is_aws() and not named
    # A function may run for fifteen minutes, and asking twice would run it twice: for invoking, `INVOKING`.
    # https://docs.aws.amazon.com/botocore/latest/reference/config.html: here the first attempt counts too.
    if name == INVOKING:
        return Config(read_timeout=910, retries={"mode": "standard", "total_max_attempts": 1}, **own)
    # Another host than AWS has no names of its own for buckets.
    style: dict[str, Any] = {"s3": {"addressing_style": "auto" if far else "path"}}
    return Config(retries={"mode": "standard", "max_attempts": 4 if far else 1}, **style, **own)


def clients(region: str, profile: str = "", named: str = "") -> Clients:
    """The clients for a region and profile; the same ones as long as endpoint and credentials stay the same.

    Args:
        region, profile: boto3's.
        named: an endpoint other than the one that boto3 is pointed at: a service's own (`Service.endpoint`).
    """
    # A profile named in the file is meant for AWS; an emulator knows no profiles.
    used = profile if is_aws() and not named else ""
    return _clients(region, used, named, *(os.environ.get(name, "") for name in _NAMES))


@lru_cache(maxsize=16)
def _clients(region: str, profile: str, named: str, *_key: str) -> Clients:
    return Clients(region, profile, named)


def is_aws() -> bool:
    """True when boto3 would talk to AWS itself.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return True
    endpoint = os.environ.get("AWS_ENDPOINT_URL_CLOUDFORMATION") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        return is_aws_host(endpoint)
    config = Path(os.environ.get("AWS_CONFIG_FILE") or Path.home() / ".aws" / "config")
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if "endpoint_url" in config.read_text(encoding="utf-8"):
            import boto3

            return is_aws_host(boto3.client("cloudformation", region_name="us-east-1").meta.endpoint_url)
    return True


def error_code(error: Exception) -> str:
    """AWS's code of an error boto3 raised; empty for other errors."""
    response = getattr(error, "response", None)
    return response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
