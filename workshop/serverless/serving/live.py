"""Keeps a deployed service in step with its folder: looked at when a request comes, so nothing runs in between."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from workshop.core.errors import WorkshopError
from workshop.serverless.aws import Clients, clients
from workshop.serverless.deploying import deploy
from workshop.serverless.deployment import Deployment
from workshop.serverless.foreign_layers import carry
from workshop.serverless.functions import update_code
from workshop.serverless.packaging import Package, package
from workshop.serverless.patterns import Selection
from workshop.serverless.reading import info
from workshop.serverless.removing import remove
from workshop.serverless.service import Service
from workshop.serverless.serving.routes import Route, routes_of

Fingerprint = dict[str, tuple[int, int]]


class Live:
    """One service, deployed and kept up to date.

    Args:
        service: as loaded first.
        reload: loads it again, with the same stage, region and parameters, for a cloud at an endpoint.
        say: takes one line for the terminal.
        watch: look for edits.
    """

    def __init__(
        self, service: Service, reload: Callable[[str], Service], say: Callable[[str], None], *, watch: bool = True
    ) -> None:
        self.service, self.reload, self.say, self.watch = service, reload, say, watch
        self.endpoint = ""
        self._carried: dict[str, str] = {}
        self.deployment: Deployment
        self.packaged: Package
        self.routes: list[Route] = []
        self.existed = self.deployed = False
        self.broken: WorkshopError | None = None
        self._seen: Fingerprint = {}
        self._definition: Fingerprint = {}
        self._lock = threading.Lock()

    @property
    def aws(self) -> Clients:
        """The clients of its region."""
        return clients(self.service.region, self.service.profile, self.service.endpoint)

    def start(self, endpoint: str = "") -> None:
        """Deploys it as it is.

        Args:
            endpoint: the cloud to deploy it to; without one, where boto3 is pointed.

        Raises:
            WorkshopError: as `deploy` does.
        """
        if endpoint:
            self.endpoint, self._carried = endpoint, {}
            self._read()
        self.existed = self._is_there()
        self._look()
        self._deploy()

    def refresh(self) -> None:
        """Puts edits live that were made since the last time. Several requests at once wait for one another.

        Raises:
            WorkshopError: what is in the folder now cannot be deployed; raised again until it is edited.
        """
        if not self.watch:
            return
        with self._lock:
            code, definition = self._changes()
            if not code and not definition:
                if self.broken:
                    raise self.broken
                return
            began = time.perf_counter()
            try:
                if definition or self.broken:
                    self._read()
                    self._deploy()
                    what = "deployed"
                else:
                    what = self._update()
                self.broken = None
            except WorkshopError as error:
                self.broken = error
                self.say(f"✖ {error.paragraph()}")
                raise
            if what:
                self.say(
                    f"✔ {', '.join(sorted(code | definition))} edited: {what} "
                    f"({(time.perf_counter() - began) * 1000:.0f} ms)"
                )

    def take_away(self) -> None:
        """Removes it, unless it was there before `start`, or somebody has removed it meanwhile."""
        if not self.existed and self.deployed and self._is_there():
            remove(self.service)
        self.deployed = False

    def _is_there(self) -> bool:
        try:
            info(self.service)
        except WorkshopError:
            return False
        return True

    def _read(self) -> None:
        """Reads the file again. Layers that it names by ARN are where boto3 is pointed: another cloud gets copies."""
        self.service = self.reload(self.endpoint)
        if self.endpoint:
            carry(self.service, self._carried)

    def _deploy(self) -> None:
        self.packaged = package(self.service)
        self.deployment = deploy(self.service, packaged=self.packaged)
        self.deployed = True
        self.routes = routes_of(self.service)

    def _update(self) -> str:
        """Replaces the code of the functions whose zip changed; a layer needs the stack. Says what was done."""
        before, self.packaged = self.packaged, package(self.service)
        layers = [name for name, one in self.packaged.layers.items() if one.sha256 != before.layers[name].sha256]
        if layers:
            self._deploy()
            return "deployed"
        changed = [name for name, one in self.packaged.functions.items() if one.sha256 != before.functions[name].sha256]
        for name in changed:
            update_code(self.aws, self.service, name, self.packaged.functions[name])
        return f"{', '.join(changed)} updated" if changed else ""

    def _look(self) -> None:
        self._seen, self._definition = self._fingerprint(), self._of_definition()

    def _changes(self) -> tuple[set[str], set[str]]:
        """The files that changed, appeared or went: of the code, and of the definition."""
        before, definition_before = self._seen, self._definition
        self._look()
        return _differences(before, self._seen), _differences(definition_before, self._definition)

    def _fingerprint(self) -> Fingerprint:
        """Time and size of every file that a package may hold."""
        folder = self.service.folder
        wanted = Selection(["requirements.txt"], node=False)
        found: Fingerprint = {}
        for name, path in wanted.files(folder):
            _add(found, name, path)
        return found

    def _of_definition(self) -> Fingerprint:
        """Time and size of `serverless.yml` and the files it includes."""
        found: Fingerprint = {}
        for path in (self.service.folder / self.service.file, *self.service.files):
            _add(found, path.name, path)
        return found


def _add(found: Fingerprint, name: str, path: Path) -> None:
    try:
        about = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, at every request
    except OSError:
        return
    found[name] = (about.st_mtime_ns, about.st_size)


def _differences(before: Fingerprint, after: Fingerprint) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
