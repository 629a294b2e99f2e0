"""AWS on this machine: all the rooms of `localaws` put together behind one ASGI app."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

from workshop.core import net, temporary
from workshop.localaws.asynchronous import AsyncQueue
from workshop.localaws.cloudformation.service import Stacks
from workshop.localaws.control import neighbours, preload
from workshop.localaws.control.conflicts import Conflicts
from workshop.localaws.control.inside import Inside
from workshop.localaws.control.plane import ControlPlane
from workshop.localaws.delivery import Delivery
from workshop.localaws.events.clock import Clock
from workshop.localaws.functions import Functions
from workshop.localaws.http import Request
from workshop.localaws.lambda_api.packages import Packages
from workshop.localaws.lambda_api.service import Service
from workshop.localaws.lambda_api.store import LATEST, Store
from workshop.localaws.logs.door import LogsDoor
from workshop.localaws.logs.sink import LogBuffer
from workshop.localaws.metrics.store import Metrics
from workshop.localaws.moto import calls, stores
from workshop.localaws.moto.current import CURRENT
from workshop.localaws.runtime.engine import Engine
from workshop.localaws.runtime.settings import EngineSettings
from workshop.localaws.server import Server
from workshop.localaws.settings import Settings
from workshop.localaws.sink import Sink

log = logging.getLogger(__name__)
# Names of deployed APIs and function URLs, the only ones that AWS answers to everybody:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
# https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
PUBLIC_HOSTS = r"[a-z0-9]+\.(execute-api\.[a-z0-9-]+\.amazonaws\.com|lambda-url\.[a-z0-9-]+\.on\.aws)"
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
        self.folder = temporary.folder("workshop-cloud-")
        self.service = Service(Store(self.settings.account), Packages(self.folder), clock=self.clock.time)
        self.logs = LogBuffer(self.settings.log_events_per_group)
        self.metrics = Metrics()
        self.sink = Sink(
            self.logs, self.metrics, self.clock.time, lambda arn: self.engine.concurrency.running.get(arn, 0)
        )
        self.engine = Engine(self.sink, engine_settings, clock=self.clock.time)
        self.functions = Functions(
            self.service, self.engine, self.settings.region, self.environment_for, self.throttled
        )
        self.control = ControlPlane(self.check)
        self.transactions = Conflicts(calls.call, self.settings, self.clock.time)
        self.inside = Inside(self.control, lambda: self.url)
        self.delivery = Delivery(self.inside.client, self.credentials_for, self.invoke_later, self.role_may)
        self.log_groups = LogsDoor(self.settings.account, self.logs.flush, self.clock.time)
        self.stacks = Stacks(self.inside.client, self.settings.account, lambda: self.url, self.clock.time)
        self.queue = AsyncQueue(self.functions, self.clock, self.settings.retry_seconds, self.delivery)
        self.iam: Any = None
        self.gateway: Any = None
        self.sources: Any = None
        self.api_names: dict[str, tuple[str, str]] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.ready = threading.Event()
        self.server = Server(self)
        self.asgi = net.LoopbackOnly(self.server, self.server.public, PUBLIC_HOSTS)
        neighbours.connect(self)
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
        self.warming = threading.Thread(
            target=preload.run, args=(self.furnish, self.wake, self.own_client), name="preload", daemon=True
        )
        self.warming.start()
        self._chores.append(asyncio.create_task(self._reap()))
        threading.Thread(target=temporary.sweep, name="sweep", daemon=True).start()  # what killed clouds left

    def own_client(self, service: str) -> Any:
        """A boto3 client of a service in the cloud's region, inside the process."""
        return self.inside.client(service, self.settings.region)

    def furnish(self) -> None:
        """Make the rooms that need moto. Runs in the preloading thread."""
        from workshop.localaws.apigateway import ApiGateway
        from workshop.localaws.events.sources import EventSources
        from workshop.localaws.iam import Iam

        self.iam = Iam(self.settings, self.functions, self.clock.time)
        self.gateway = ApiGateway(
            self.functions, self.iam, self.clock, self.settings, observe=self.served, append=self.logs.append
        )
        self.sources = EventSources(self.functions, self.queue, self.iam, self.clock, self.settings, self.on_loop)
        CURRENT.metrics = self.metrics
        neighbours.furnish(self)

    def wake(self) -> None:
        """Let the requests in that waited for the rooms. Runs in the preloading thread."""
        self.ready.set()
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.server.open)

    async def stop(self) -> None:
        """End every environment and remove what was unpacked."""
        for chore in self._chores:
            chore.cancel()
        try:
            self.queue.close()
            if self.sources is not None:
                self.sources.stop()
            await self.clock.close()
            await self.engine.close()
        finally:
            self.stacks.close()
            self.server.close()
            await asyncio.to_thread(temporary.remove, self.folder)

    async def reset(self) -> None:
        """Back to the first state: nothing deployed, nobody running, real time."""
        await asyncio.to_thread(self.ready.wait, 60)  # a cloud that has just started is still being furnished
        self.queue.close()
        with self.service.store.lock:
            arns = [
                function.arn for region in self.service.store.regions.values() for function in region.functions.values()
            ]
            self.service.store.clear()
        for arn in arns:
            self.engine.set_reserved(arn, None)
            self.engine.retire(arn)
        await self.clock.reset()
        await asyncio.to_thread(self._empty)
        self.gateway.invalidate()
        self.sources.reset()

    def _empty(self) -> None:
        stores.forget_everything()
        self.stacks.clear()
        self.service.packages.clear()
        self.iam.reset()
        for kept in (self.logs, self.log_groups, self.metrics, self.sink, self.transactions):
            kept.clear()
        self.functions.forget()

    def throttled(self, reference: Any) -> None:
        """A request for a function was refused."""
        self.metrics.throttled(reference.name, reference.qualifier or LATEST, reference.region, self.clock.time())

    def served(self, api: str, stage: str, status: int, milliseconds: float, integration: float) -> None:
        """API Gateway answered a request."""
        region, name = self.api_names.get(api) or neighbours.api_name(self, api)
        self.metrics.served(region, name, stage, status, milliseconds, integration, self.clock.time())

    def on_loop(self, callback: Any, *arguments: Any) -> None:
        """Run something on the event loop soon, from any thread."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(callback, *arguments)

    def invoke_later(self, arn: str, payload: bytes) -> None:
        """Put an asynchronous invocation, from any thread.

        Raises:
            AwsError: no such function.
        """
        reference = self.functions.route(arn).reference
        self.on_loop(self.queue.put, reference, payload)

    def check(self, request: Request) -> None:
        """Refuse a request that whoever signed it may not make.

        Raises:
            AwsError: with AWS's sentence.
        """
        if self.iam is not None:
            self.iam.check(request)

    def credentials_for(self, role_arn: str, session: str) -> Any:
        """Temporary credentials of a role."""
        return self.iam.credentials_for(role_arn, session)

    def role_may(self, role_arn: str, session: str, action: str, resource: str) -> None:
        """Raises AwsError unless the role may do this."""
        principal = self.iam.principal_of(self.credentials_for(role_arn, session).access_key_id)
        if self.settings.enforce_iam:
            self.iam.authorize(principal, action, resource)

    def environment_for(self, role_arn: str, name: str) -> dict[str, str]:
        """What the cloud adds to a function's variables: credentials of its role, and where AWS is."""
        found = self.credentials_for(role_arn, name)
        return {
            "AWS_ACCESS_KEY_ID": found.access_key_id,
            "AWS_SECRET_ACCESS_KEY": found.secret_access_key,
            "AWS_SESSION_TOKEN": found.session_token,
            "AWS_ENDPOINT_URL": self.url,
        }

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(REAP_EVERY)
            self.engine.reap()
