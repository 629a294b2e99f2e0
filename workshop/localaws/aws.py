"""AWS on this machine: all the rooms of `localaws` put together behind one ASGI app."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from pathlib import Path

from workshop import net
from workshop.localaws.control import neighbours
from workshop.localaws.events.clock import Clock
from workshop.localaws.functions import Functions
from workshop.localaws.lambda_api.packages import Packages
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import Store
from workshop.localaws.logs.sink import LogBuffer
from workshop.localaws.runtime.engine import Engine
from workshop.localaws.runtime.settings import EngineSettings
from workshop.localaws.server import Server
from workshop.localaws.settings import Settings
from workshop.localaws.sink import Sink

log = logging.getLogger(__name__)
REAP_EVERY = 5.0  # seconds


class LocalAWS:
    """The offline AWS. `asgi` is the app to serve; `start` and `stop` run on the serving event loop.

    Args:
        settings: see `Settings`.
        engine_settings: see `EngineSettings`.
    """

    def __init__(self, settings: Settings | None = None, engine_settings: EngineSettings | None = None) -> None:
        self.settings = settings or Settings()
        self.clock = Clock()
        self.url, self.partners = "", {}
        self.folder = Path(tempfile.mkdtemp(prefix="workshop-cloud-"))
        self.service = Service(Store(self.settings.account), Packages(self.folder), clock=self.clock.time)
        self.logs = LogBuffer(self.settings.log_events_per_group)
        self.sink = Sink(self.logs)
        self.engine = Engine(self.sink, engine_settings, clock=self.clock.time)
        self.functions = Functions(self.service, self.engine, self.settings.region, self.environment_for)
        neighbours.connect(self)
        self.server = Server(self)
        self.asgi = net.LoopbackOnly(self.server, also_hosts=(".amazonaws.com",))
        self._chores: list[asyncio.Task[None]] = []

    def set_url(self, url: str) -> None:
        """Where the app is served, such as http://127.0.0.1:4566."""
        self.url = self.service.url = url.rstrip("/")

    def set_partners(self, urls: dict[str, str]) -> None:
        """The third parties' addresses, for `/_workshop/status`."""
        self.partners = dict(urls)

    async def start(self) -> None:
        """Be ready for requests; imports that take long go on in a thread."""
        self.loop = asyncio.get_running_loop()
        self.clock.start()
        await self.engine.start()
        self.server.preload()
        self._chores.append(asyncio.create_task(self._reap()))

    async def stop(self) -> None:
        """End every environment and remove what was unpacked."""
        for chore in self._chores:
            chore.cancel()
        await self.clock.close()
        await self.engine.close()
        self.server.close()
        await asyncio.to_thread(shutil.rmtree, self.folder, True)

    def environment_for(self, role_arn: str, region: str) -> dict[str, str]:
        """What AWS adds to a function's variables: credentials of its role, the region and where AWS is."""
        from workshop.localaws import iam

        given: dict[str, str] = {"AWS_ENDPOINT_URL": self.url}
        if hasattr(iam, "credentials_for"):
            found = iam.credentials_for(role_arn)
            given |= {
                "AWS_ACCESS_KEY_ID": found.access_key_id,
                "AWS_SECRET_ACCESS_KEY": found.secret_access_key,
                "AWS_SESSION_TOKEN": found.session_token,
            }
        else:
            given |= {
                "AWS_ACCESS_KEY_ID": "ASIAWORKSHOPLOCAL000",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_SESSION_TOKEN": "local",
            }
        return given

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(REAP_EVERY)
            with contextlib.suppress(Exception):
                self.engine.reap()
