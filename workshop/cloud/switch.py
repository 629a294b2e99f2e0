"""One switch: the offline cloud, AWS, or any AWS-compatible endpoint.

`WORKSHOP_CLOUD` says which: `local` (the default: an offline cloud private to this kernel or command), `aws` (boto3's
usual credentials, profile and region) or `http://…` (an AWS-compatible endpoint that is already running).
`connect()` sets what boto3 itself reads, so that lessons use plain `boto3.client("lambda")` in all three.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workshop.cloud.clouds import Cloud, status_of
from workshop.core import temporary
from workshop.core.doors import door
from workshop.core.errors import WorkshopError
from workshop.core.live_keys import ONLY_TESTS, has_live_key
from workshop.core.paths import shown

REGION = "eu-west-1"  # the talk's
PARTNER_VARIABLES = {
    "stripe": "STRIPE_API_BASE",
    "paypal": "PAYPAL_API_BASE",
    "github": "GITHUB_API_URL",
    "mail": "MAIL_API_URL",
    "backend": "BACKEND_URL",
}
# Whom a command on AWS means: its stand-ins would end with it. A notebook has stand-ins, which AWS reaches by a tunnel.
REAL_PARTNERS = {
    "stripe": "https://api.stripe.com",
    "paypal": "https://api-m.sandbox.paypal.com",
    "github": "https://api.github.com",
}


_current: Cloud | None = None


@door()
def connect(*, to: str | None = None, stand_ins: bool = True) -> Cloud:
    """Connects this kernel or command to its cloud, once; later calls return the same.

    Args:
        to: overrides `WORKSHOP_CLOUD`: `"local"`, `"aws"` or an address `"http://…"`.
        stand_ins: on AWS, run the third parties' stand-ins on this machine for as long as this process lives.

    Raises:
        WorkshopError: the switch is nonsense, nothing answers at the address, or a live Stripe key is set.
    """
    global _current
    if _current is not None and (_current._process is None or _current._process.poll() is None) and to is None:
        return _current
    refuse_live_keys()
    wanted = (to or os.environ.get("WORKSHOP_CLOUD") or "local").strip()
    if wanted == "local":
        cloud = start_local()
    elif wanted == "aws":
        cloud = use_aws(stand_ins=stand_ins)
    elif wanted.startswith(("http://", "https://")):
        cloud = use_endpoint(wanted.rstrip("/"))
    else:
        raise WorkshopError(
            f"WORKSHOP_CLOUD is {shown(wanted)}, which is none of: local, aws, http://…",
            fix="Set it to one of these, or unset it for the offline cloud.",
            used_wrongly=True,
        )
    set_environment(cloud)
    _current = cloud
    return cloud


def is_elsewhere() -> bool:
    """True when this process is connected to something else than the workshop's offline cloud."""
    return _current is not None and not _current.is_offline


def connect_command(*, stand_ins: bool = False) -> Cloud:
    """`connect()` for a command: unless `WORKSHOP_CLOUD` says otherwise, a `workshop up` of this checkout is used.

    Without one, the command gets an offline cloud of its own, which ends with it.

    Args:
        stand_ins: as `connect` takes it; for a command that serves on this machine, as long as it runs.
    """
    from workshop.cloud.up import registry

    if not os.environ.get("WORKSHOP_CLOUD"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            endpoint = json.loads(registry().read_text(encoding="utf-8"))["aws"]
            if status_of(endpoint):
                return connect(to=endpoint)
    return connect(stand_ins=stand_ins)


def refuse_live_keys() -> None:
    """Live keys move real money: refused by name, wherever they are set.

    https://docs.stripe.com/keys
    """
    for name, value in os.environ.items():
        if has_live_key(value):
            raise WorkshopError(
                f"{name} holds a live Stripe key. {ONLY_TESTS}",
                fix=f"Unset {name}, or set STRIPE_TEST_KEY to a test key (sk_test_…).",
            )
    key = os.environ.get("STRIPE_TEST_KEY", "")
    if key and not key.startswith(("sk_test_", "rk_test_")):
        raise WorkshopError(
            "STRIPE_TEST_KEY does not hold a Stripe test key: those begin with sk_test_.",
            fix="Copy it again from Stripe's dashboard, or unset it to use the stand-in.",
        )


def start_local(*arguments: str) -> Cloud:
    """Starts an offline cloud that lives as long as this process."""
    from workshop.cloud.up import free_of_the_reader

    log = tempfile.NamedTemporaryFile("w+", prefix="workshop-cloud-", suffix=".log", delete=False, encoding="utf-8")  # noqa: SIM115
    temporary.lock(log.fileno())  # the cloud inherits it: the log goes when both are gone
    flags: dict[str, Any] = {"process_group": 0}
    if sys.platform == "win32":
        flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    root = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        # The switch that counts is this process's; -X utf8 for Windows code pages.
        [sys.executable, "-X", "utf8", "-m", "workshop.cloud.up", "--lifeline", "--log", log.name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        encoding="utf-8",
        env=free_of_the_reader(dict(os.environ)) | {"PYTHONPATH": root},
        **flags,  # its own group: interrupting a cell must not interrupt the cloud
    )
    assert process.stdout is not None
    cloud = Cloud("local", "", REGION, _process=process, _log=log)
    try:
        line = process.stdout.readline()
    except BaseException:  # Ctrl-C: a traceback that is kept would keep it running
        cloud.close()
        raise
    if not line:
        process.wait()
        log.flush()
        words = Path(log.name).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        cloud.close()
        raise WorkshopError(
            f"The offline cloud did not start: {' '.join(words) or 'no reason given'}.", fix="Run: workshop doctor"
        )
    status = json.loads(line)
    cloud.endpoint, cloud.partners = status["aws"], status["partners"]
    atexit.register(cloud.close)
    return cloud


def use_aws(*, stand_ins: bool = True) -> Cloud:
    """The reader's own AWS account, by boto3's usual credentials.

    Args:
        stand_ins: start the third parties' stand-ins on this machine. What is deployed to AWS reaches them through
            `workshop.on_aws.tunnel`. Without them the third parties are the real ones.
    """
    import boto3

    session = boto3.session.Session()
    # boto3 itself reads AWS_DEFAULT_REGION only; the other SDKs and the AWS CLI prefer AWS_REGION.
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    region = os.environ.get("AWS_REGION") or session.region_name or REGION
    if not stand_ins:
        return Cloud("aws", "", region, dict(REAL_PARTNERS), os.environ.get("STRIPE_TEST_KEY", ""))
    from workshop.on_aws import tunnel

    cloud = start_local("--partners-only")
    cloud.mode, cloud.endpoint, cloud.region = "aws", "", region
    for name, address in cloud.partners.items():
        tunnel.offer(name, address)
    return cloud


def use_endpoint(endpoint: str) -> Cloud:
    """An AWS-compatible endpoint that is already running: `workshop up`, or any other emulator."""
    try:
        parts = urlsplit(endpoint)
        found = parts.hostname if parts.port != 0 else ""  # asking for the port reads it
    except ValueError:
        found = ""
    if not found:
        raise WorkshopError(
            f"WORKSHOP_CLOUD is {shown(endpoint)}, which is no address.",
            fix="Write it like http://127.0.0.1:4566",
            used_wrongly=True,
        )
    status = status_of(endpoint)
    if status:
        return Cloud(
            "endpoint", endpoint, status.get("region", REGION), status["partners"], _account=status.get("account", "")
        )
    try:
        urllib.request.urlopen(endpoint, timeout=10).close()
    except urllib.error.HTTPError:
        pass  # an answer of any kind: something is there
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise WorkshopError(
            f"Nothing answers at {endpoint} ({reason}).",
            fix="Start it first (for the offline cloud: workshop up), or unset WORKSHOP_CLOUD.",
        ) from None
    stand_ins = start_local("--partners-only")
    stand_ins.mode, stand_ins.endpoint = "endpoint", endpoint
    return stand_ins


def set_environment(cloud: Cloud) -> None:
    """Sets what boto3 and the demo services read from the environment, for this process and those it starts.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    environment = os.environ
    if cloud.mode != "aws":
        for name in [name for name in environment if name.startswith("AWS_ENDPOINT_URL_")] + [
            "AWS_PROFILE",
            "AWS_SESSION_TOKEN",
        ]:
            environment.pop(name, None)
        environment |= {
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            # With it boto3 would pass AWS_ENDPOINT_URL over, and talk to the account of a service's `profile`.
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        }
        environment["WORKSHOP_CLOUD"] = cloud.endpoint
    else:
        environment["WORKSHOP_CLOUD"] = "aws"
        # What AWS throttles is tried again, in lessons' own clients too; boto3's default is an older mode.
        # https://docs.aws.amazon.com/boto3/latest/guide/retries.html
        environment.setdefault("AWS_RETRY_MODE", "standard")
        environment.setdefault("AWS_MAX_ATTEMPTS", "5")
    # A company's proxy must not be asked for loopback addresses.
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in environment.get(name, "").split(",") if host]
        environment[name] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))
    environment |= {"AWS_DEFAULT_REGION": cloud.region, "AWS_REGION": cloud.region}
    own_key = environment.get("STRIPE_TEST_KEY")
    if own_key:
        cloud._stripe_key = own_key
        cloud.partners["stripe"] = REAL_PARTNERS["stripe"]
    for partner, variable in PARTNER_VARIABLES.items():
        if partner in cloud.partners:
            environment[variable] = cloud.partners[partner]
    if "boto3" in sys.modules:  # a session made before would keep the old endpoint
        setattr(sys.modules["boto3"], "DEFAULT_SESSION", None)  # noqa: B010
    from workshop.on_aws import hooks

    hooks.install(cloud)
