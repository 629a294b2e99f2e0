"""A connected cloud: where this kernel's AWS is, its clock, and the offline cloud's own doors."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

from workshop.core.doors import as_json, door
from workshop.core.errors import WorkshopError
from workshop.core.paths import shown

# The stand-in takes this key as Stripe takes a reader's own test key.
STAND_IN_STRIPE_KEY = "sk_test_workshop"
PARTNERS = ("stripe", "paypal", "github", "mail", "backend")


@dataclass
class Cloud:
    """Where this kernel's AWS is.

    Attributes:
        mode: `"local"`, `"aws"` or `"endpoint"`.
        endpoint: the address boto3 talks to; empty on AWS.
        region, account: as AWS names them.
        partners: the third parties' addresses by name: stripe, paypal, github, mail, backend.
    """

    mode: str
    endpoint: str
    region: str
    partners: dict[str, str] = field(default_factory=dict)
    _stripe_key: str = field(default=STAND_IN_STRIPE_KEY, repr=False)
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)
    _account: str = field(default="", repr=False)
    _log: Any = field(default=None, repr=False)
    _time: datetime | None = field(default=None, repr=False)
    _said: set[str] = field(default_factory=set, repr=False)

    @property
    def account(self) -> str:
        """The account's number, asked of STS (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html)."""
        if not self._account:
            import boto3

            self._account = boto3.client("sts").get_caller_identity()["Account"]
        return self._account

    @property
    def stripe_key(self) -> str:
        """The Stripe test key to use.

        Raises:
            WorkshopError: this kernel was connected without stand-ins, and there is no key of the reader's own.
        """
        if not self._stripe_key:
            raise WorkshopError(
                "There is no Stripe test key, and this kernel was connected without the stand-in for Stripe.",
                fix="Set STRIPE_TEST_KEY to your test key (sk_test_…) and restart the kernel.",
            )
        return self._stripe_key

    @door()
    def stand_in(self, name: str) -> str:
        """The address of a third party's stand-in on this machine.

        Args:
            name: stripe, paypal, github, mail or backend.

        Raises:
            WorkshopError: this kernel talks to the third party itself.
        """
        if name not in PARTNERS:
            known = ", ".join(PARTNERS)
            raise WorkshopError(f"There is no stand-in {shown(name)}.", fix=f"There are: {known}.", used_wrongly=True)
        address = self.partners.get(name, "")
        if not address.startswith("http://127.0.0.1:"):
            raise WorkshopError(
                f"This lesson needs the stand-in for {name}, and this kernel was connected without it.",
                fix="Restart the kernel and run the first cell as it was: connect() starts the stand-ins.",
            )
        return address

    @property
    def clock(self) -> Clock:
        """The cloud's clock; it can be moved in the offline cloud only."""
        return Clock(self)

    @property
    def is_offline(self) -> bool:
        """True when this is the workshop's own offline cloud, started here or by `workshop up`."""
        return self.mode == "local" or (self.mode == "endpoint" and bool(status_of(self.endpoint)))

    @door()
    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Calls one of the offline cloud's own doors, `/_workshop/…` (docs/architecture.md). Returns its JSON.

        Raises:
            WorkshopError: this is not the offline cloud, or it refused.
        """
        if not path.startswith("/"):
            raise WorkshopError(f"{shown(path)} is no path of the cloud's own.", fix="They begin with /_workshop/.")
        if not self.is_offline:
            raise WorkshopError(
                f"Only the offline cloud can do this ({path}); this kernel is connected to {self.endpoint or 'AWS'}.",
                fix="Set WORKSHOP_CLOUD=local and restart the kernel.",
            )
        return ask(self.endpoint + path, body)

    def environments(self) -> list[dict[str, Any]]:
        """The execution environments that are alive: id, function, pid, state, invocations, init time."""
        if not self.is_offline:
            return self._cannot("its execution environments cannot be looked at, so none are listed", [])
        return self.ask("/_workshop/environments")["environments"]

    @door()
    def invocations(self, since: float = 0.0) -> list[dict[str, Any]]:
        """Who ran where and when, oldest first; `since` in epoch seconds."""
        if not self.is_offline:
            return self._cannot("it keeps no list of invocations; use a LogView", [])
        return self.ask(f"/_workshop/invocations?since={since}")["invocations"]

    @door()
    def settings(self, **changes: Any) -> dict[str, Any]:
        """The offline cloud's settings, after changing those given: `idle_seconds`, `max_processes`, `freeze`, …"""
        if not self.is_offline:
            return self._cannot("it has no such settings, so nothing was changed", {})
        return self.ask("/_workshop/settings", changes or None)

    def _cannot(self, words: str, instead: Any) -> Any:
        """Says, once, what only the offline cloud can do; gives the nearest thing."""
        self.say_once(words)
        return instead

    def say_once(self, words: str) -> None:
        """Says, once, what follows from this not being the offline cloud."""
        if words not in self._said:
            self._said.add(words)
            from workshop.core.telling import say

            say(f"{self.endpoint or 'AWS'} is not the offline cloud: {words}.")

    def close(self) -> None:
        """Ends the offline cloud and every function process; elsewhere the stand-ins, and what leads to them."""
        if self.mode == "aws":
            from workshop.on_aws import tunnel

            tunnel.close()
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe and pipe.close()
            try:
                process.wait(8)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):  # whoever presses Ctrl-C twice waits no longer
                process.kill()
                process.wait()
        if self._log is not None:
            self._log.close()
            Path(self._log.name).unlink(missing_ok=True)
            self._log = None

    def __repr__(self) -> str:
        if self.mode == "aws":
            return f"AWS, account ending in {self.account[-4:]}, region {self.region}"
        kind = "Offline cloud on this machine" if self.mode == "local" else f"AWS-compatible endpoint {self.endpoint}"
        return f"{kind}, region {self.region}"


@dataclass
class Clock:
    """The cloud's clock. Real time drives it; offline, a lesson can move it, and what was due then happens.

    Elsewhere the clock cannot be moved. There, moving it calls each function that a schedule would have called, with
    the event it would have got, and `now()` tells the time moved to.
    """

    cloud: Cloud

    def now(self) -> datetime:
        """The cloud's time, in UTC."""
        if not self.cloud.is_offline:
            return self.cloud._time or datetime.now(UTC)
        return datetime.fromisoformat(self.cloud.ask("/_workshop/clock")["now"])

    @door()
    def move_to(self, when: datetime | str) -> list[dict[str, Any]]:
        """Moves the clock (a datetime, or ISO text such as `2026-03-30T03:00Z`). Returns what fired, in order."""
        if isinstance(when, datetime):
            if when.tzinfo is None:
                raise WorkshopError(
                    "The clock needs a time with a time zone.",
                    fix="Add tzinfo, for example datetime(2026, 3, 30, 3, tzinfo=UTC).",
                )
            when = when.astimezone(UTC).isoformat()
        if not self.cloud.is_offline:
            return self._call_what_is_due(when)
        return self.cloud.ask("/_workshop/clock", {"to": when})["fired"]

    @door()
    def advance(self, **step: float) -> list[dict[str, Any]]:
        """Moves the clock on, in the words of `timedelta`: `advance(hours=3)`. Returns what fired, in order."""
        try:
            seconds = timedelta(**step).total_seconds()
        except (TypeError, OverflowError):
            raise WorkshopError(
                f"advance() takes days, hours, minutes and seconds, not {shown(step)}.", used_wrongly=True
            ) from None
        if not self.cloud.is_offline:
            from workshop.on_aws import queue_waits

            fired = self._call_what_is_due((self.now() + timedelta(seconds=seconds)).isoformat())
            queue_waits.wait(seconds)
            return fired
        return self.cloud.ask("/_workshop/clock", {"advance": seconds})["fired"]

    def reset(self) -> None:
        """Back to real time."""
        if not self.cloud.is_offline:
            from workshop.on_aws import moved_clock

            self.cloud._time = None
            self._tell_github()
            moved_clock.forget()
            return
        self.cloud.ask("/_workshop/clock", {"reset": True})

    @property
    def is_told(self) -> bool:
        """True where the time is a story's, and functions on AWS see the real one."""
        return not self.cloud.is_offline and self.cloud._time is not None

    def _tell_github(self) -> None:
        """GitHub's stand-in goes by the time of the story; it writes times into what it sends. The others sign with
        theirs, and functions that see the real time would not believe them.
        """
        address = self.cloud.partners.get("github", "")
        if address.startswith("http://127.0.0.1:"):
            ask(f"{address}/_stand_in/clock", {"to": self.cloud._time and self.cloud._time.isoformat()})

    def _call_what_is_due(self, until: str) -> list[dict[str, Any]]:
        """Where the clock cannot be moved: schedules that would come due are called with their event."""
        from workshop.on_aws import moved_clock

        try:
            moment = datetime.fromisoformat(until.replace("Z", "+00:00"))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise WorkshopError(
                f"{until!r} is no time with a time zone.", fix="Write it like 2026-03-30T03:00Z.", used_wrongly=True
            )
        self.cloud.say_once(
            "its clock cannot be moved. Functions see the real time; what a schedule would call is called now, with "
            "the event it would get"
        )
        # The first move only says when the story begins: what lies between today and then is not ours to call.
        began, self.cloud._time = self.cloud._time, moment
        self._tell_github()
        return moved_clock.move(began, moment) if began and began < moment else []


def status_of(endpoint: str) -> dict[str, Any]:
    """What the offline cloud at an address says of itself; empty when something else, or nothing, answers."""
    with contextlib.suppress(WorkshopError, ValueError, AttributeError):
        status = ask(endpoint + "/_workshop/status", timeout=10)
        return status if "partners" in status else {}
    return {}


def ask(url: str, body: dict[str, Any] | None = None, timeout: float = 60) -> Any:
    """One JSON request to a server on this machine; past any proxy."""
    data = None if body is None else as_json(body, "What was sent").encode()
    try:
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    except ValueError:
        raise WorkshopError(f"{shown(url)} is no address.", used_wrongly=True) from None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        words = error.read().decode("utf-8", "replace")
        with contextlib.suppress(ValueError, AttributeError):
            said = json.loads(words)
            words = str(said.get("message") or said.get("error") or words)
        raise WorkshopError(words.strip()[:500] or f"{url} answered {error.code}.") from None
    except ValueError:  # not JSON, or no address
        raise WorkshopError(f"{shown(url)} gave no answer in JSON.", fix="Check the path.", used_wrongly=True) from None
    except HTTPException as error:
        raise WorkshopError(f"{shown(url)} cannot be asked: {error}.", used_wrongly=True) from None
    except OSError as error:
        raise WorkshopError(
            f"{url} does not answer ({getattr(error, 'reason', error)}).",
            fix="Restart the kernel to get a fresh offline cloud.",
        ) from None
