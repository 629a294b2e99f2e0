"""The preflight: is this machine ready? Each check is one line with its mend, and the seconds it took."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workshop.core import net
from workshop.core.checks import Check, check
from workshop.core.errors import WorkshopError

KERNEL_SECONDS = 60  # a virus scanner may look through every module at the first start
ROOT = Path(__file__).resolve().parent.parent


def checks(cloud: Any = None, *, deploy: bool | None = None) -> Iterator[Check]:
    """All checks in order, each yielded as soon as it is known.

    Args:
        cloud: a connected `Cloud` to try hello world in; None starts one for this.
        deploy: try hello world; default: yes, but on AWS only when asked, since that makes something there.
    """
    yield check("Python", python_version, "Start with another Python: the line above says which command.")
    packages = check("Packages", installed_packages, "Run: python3 -m workshop (it installs what is missing)")
    yield packages
    if packages.ok:
        yield check("Kernel", kernel, "Run: workshop lab --debug, and report what it prints.")
    yield check("Disk", free_disk, "Make 0.5 GB of room: function packages are unzipped to the temporary folder.")
    yield check("Ports", ports, "Something blocks loopback ports: look at the firewall or security software.")
    yield check("Secrets", no_live_keys, "Unset the live key.")
    if not packages.ok:
        return
    on_aws = cloud.mode == "aws" if cloud else os.environ.get("WORKSHOP_CLOUD") == "aws"
    if on_aws:
        from workshop.on_aws import identity

        well = True
        for finding in identity.checks():
            well = well and finding.ok
            yield finding
        if not deploy or not well:
            return
    if deploy is not False:
        yield from hello_world(cloud)


def python_version() -> str:
    """The version: one that the workshop's packages have wheels for."""
    from workshop.setup import supported

    if refused := supported.refusal():
        raise WorkshopError(refused)
    return sys.version.split()[0]


def installed_packages() -> str:
    """Every package that pyproject.toml names is there, at the locked version."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    wanted: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", lock, re.M):
        wanted.setdefault(name, set()).add(version)
    direct = ("jupyterlab", "boto3", "stripe", "httpx", "moto", "uvicorn", "starlette", "typer", "matplotlib")
    missing, other = [], []
    for name in direct:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if version not in wanted.get(name, {version}):
            other.append(f"{name} {version} (locked: {', '.join(wanted[name])})")
    if missing:
        raise WorkshopError(f"missing: {', '.join(missing)}.")
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("jupyterlab", "boto3", "moto", "stripe")
    )
    return versions + (f"; not as locked: {', '.join(other)}" if other else "")


def kernel() -> str:
    """A notebook's kernel starts and answers, the way JupyterLab will talk to it."""
    from jupyter_client.manager import KernelManager

    from workshop.lab import sockets_in_files

    way = "ipc" if sockets_in_files() else "tcp"
    manager = KernelManager(kernel_name="python3", transport=way)
    manager.start_kernel(extra_arguments=["--IPKernelApp.log_level=ERROR"])
    try:
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=KERNEL_SECONDS)
        except RuntimeError as error:
            raise WorkshopError(f"No kernel answers over {way}: {error}".rstrip(".") + ".") from None
        finally:
            client.stop_channels()
    finally:
        manager.shutdown_kernel(now=True)
    return f"it starts and answers over {'sockets in files' if way == 'ipc' else 'loopback ports'}"


def free_disk() -> str:
    """Room in the temporary folder, where function packages are unzipped."""
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    if free < 0.5:
        raise WorkshopError(f"{free:.1f} GB free in {tempfile.gettempdir()}.")
    return f"{free:.0f} GB free"


def ports() -> str:
    """Loopback ports can be bound; tells when the usual ones are taken (nothing needs those two)."""
    net.bind(0).close()
    taken = []
    for port in (4566, 3000):
        try:
            net.bind(port).close()
        except WorkshopError:
            taken.append(str(port))
    return "loopback ports are free" + (f" ({' and '.join(taken)} in use; others will be taken)" if taken else "")


def no_live_keys() -> str:
    """No live Stripe key in the environment."""
    from workshop.cloud.switch import refuse_live_keys

    refuse_live_keys()
    return "Stripe test key set: Stripe itself answers" if os.environ.get("STRIPE_TEST_KEY") else "no real keys needed"


def reach(endpoint: str) -> str:
    """What a function may do on this machine; docs/security.md has more."""
    import httpx

    return str(httpx.get(f"{endpoint}/_workshop/status", timeout=30, trust_env=False).json()["functions"])


def hello_world(cloud: Any) -> Iterator[Check]:
    """The cloud comes up, and a hello world is deployed, called and removed in it, under a stage of its own."""
    from workshop.cloud.switch import connect

    connected: list[Any] = []

    def up() -> str:
        connected.append(cloud or connect())
        return repr(connected[0])

    finding = check("Cloud", up, "Run the command again with --debug; unset WORKSHOP_CLOUD to use the offline cloud.")
    yield finding
    if not finding.ok:
        return
    if connected[0].mode == "local":
        yield check("Functions", lambda: reach(connected[0].endpoint), "See docs/security.md.")
    from workshop import serverless
    from workshop.on_aws import arrivals, confirm, personal

    stage = f"dev-check{os.getpid()}"
    state: dict[str, Any] = {}

    def deploy() -> str:
        state["service"] = personal.load(ROOT / "demo_lambdas" / "hello_world", stage=stage)
        confirm.before_deploy(state["service"])
        state["deployment"] = serverless.deploy(state["service"])
        return f"stack {state['deployment'].stack}"

    def call() -> str:
        import httpx

        url = state["deployment"].endpoints[0].url
        answer = arrivals.answered(lambda: httpx.get(url, timeout=30))
        if answer.status_code != 200:
            raise WorkshopError(f"the endpoint answered {answer.status_code}: {answer.text[:100]}")
        return f"HTTP {answer.status_code} {answer.text[:60]}"

    def remove() -> str:
        serverless.remove(state["service"])
        return "nothing left"

    mend = "Run: workshop doctor --debug, and report what it prints."
    for name, work in (("Hello world: deploy", deploy), ("Hello world: call", call), ("Hello world: remove", remove)):
        if "deployment" in state or work is deploy:
            yield check(name, work, mend)
