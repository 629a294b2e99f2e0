"""The same deliveries to two status checkers, side by side: one with the faults of a published one, and ours."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from workshop.scenarios.pull_requests import CHECKS, PullRequest, Repository, repository
from workshop.show import Table

NAME_CHECK, TIME_CHECK = CHECKS
TITLE = "(TEAM #123) AAC I love this site"


class Version:
    """One version: its deployment, and a repository of its own that its webhook and its job look after."""

    def __init__(self, cloud: Any, name: str, deployment: Any, secret: str) -> None:
        self.url, self.secret = deployment.endpoints[0].url, secret
        self.repo: Repository = repository(cloud, name)
        self.repo.add_webhook(deployment, secret)
        self._point_the_job_at_it(deployment.functions["time-of-day"])

    def _point_the_job_at_it(self, function: str) -> None:
        import boto3

        client = boto3.client("lambda")
        variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        variables["GITHUB_REPOSITORY"] = self.repo.full_name
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        client.get_waiter("function_updated_v2").wait(FunctionName=function)

    def last_status(self) -> int:
        """How the webhook answered the newest delivery: an HTTP status."""
        self.repo.settle()
        return self.repo._deliveries()[0]["status_code"]

    def status_of(self, pull: PullRequest, context: str) -> str:
        """What a check says. A version that posts after it answered needs a nudge: another request thaws it."""
        self.repo.settle()
        for _ in range(60):
            state = pull.state().get(context, "")
            if state:
                return state
            httpx.post(self.url, content=b"{}", timeout=30)
            time.sleep(0.05)
        return "nothing"

    def posts(self, pull: PullRequest, context: str) -> int:
        """How often a check was posted to the newest commit.

        https://docs.github.com/rest/commits/statuses#list-commit-statuses-for-a-reference
        """
        sha = self.repo.ask("GET", pull.path)["head"]["sha"]
        found = self.repo.ask("GET", f"{self.repo.path}/commits/{sha}/statuses")
        return sum(each["context"] == context for each in found)

    def posts_again(self, pull: PullRequest, context: str, before: int) -> None:
        """Waits until a check was posted once more. Where a function stands still after its answer, others let it
        go on with what it began.
        """
        for _ in range(100):
            if self.posts(pull, context) > before:
                return
            httpx.post(self.url, content=b"{}", timeout=30)
            time.sleep(0.05)

    def ping(self) -> str:
        """GitHub's first delivery to every new webhook."""
        self.repo.ask("POST", f"{self.repo.path}/hooks/{self.repo.hook_id}/pings")
        return str(self.last_status())

    def signed_with_sha1_only(self) -> str:
        """A delivery that carries only the old signature."""
        body = json.dumps({"action": "closed", "pull_request": self._payload()["pull_request"]}).encode()
        digest = hmac.new(self.secret.encode(), body, hashlib.sha1).hexdigest()
        headers = {"X-GitHub-Event": "pull_request", "X-Hub-Signature": f"sha1={digest}"}
        status = httpx.post(self.url, content=body, headers=headers, timeout=30).status_code
        return f"{status}, {'accepted' if status < 300 else 'refused'}"

    def unsigned(self) -> str:
        """A stranger's request: what does the answer tell?"""
        headers = {"X-GitHub-Event": "pull_request", "X-Internal": "a header of the request"}
        answer = httpx.post(self.url, content=b"{}", headers=headers, timeout=30)
        return f"{answer.status_code}, {len(answer.content):,} bytes back"

    def _payload(self) -> dict[str, Any]:
        pull = self.repo.open(TITLE)
        self.repo.settle()
        return {"pull_request": self.repo.ask("GET", pull.path)}

    def into_main(self) -> str:
        """A pull request into `main`, which nobody closes at night."""
        return self.status_of(self.repo.open(TITLE, "main"), TIME_CHECK)

    def into_production(self) -> str:
        """A pull request into `production`, now."""
        return self.status_of(self.repo.open(TITLE), TIME_CHECK)

    def posted_when_it_answered(self) -> str:
        """How many statuses GitHub has a moment after the webhook answered 200."""
        pull = self.repo.open(TITLE)
        status = self.last_status()
        time.sleep(0.3)
        return f"{status}, {len(pull.state())} of 2 posted"


class TwoVersions:
    """Both versions, told the same.

    Args:
        cloud: what `connect()` returned.
        naive, ours: the two deployments.
        secret: what GitHub signs with.
    """

    def __init__(self, cloud: Any, naive: Any, ours: Any, secret: str) -> None:
        self.cloud = cloud
        self.naive = Version(cloud, f"naive-{time.time_ns()}", naive, secret)
        self.ours = Version(cloud, f"ours-{time.time_ns()}", ours, secret)

    def table(self, *rows: tuple[str, str]) -> Table:
        """One row a question: its words and the method of `Version` that asks it."""
        return Table(
            [(words, getattr(self.naive, name)(), getattr(self.ours, name)()) for words, name in rows],
            ["", "naive", "ours"],
        )

    def at_the_door(self) -> Table:
        """A ping, an old signature, a stranger; and are the statuses there when the webhook has answered?"""
        return self.table(
            ("GitHub's first ping", "ping"),
            ("signed with SHA-1 only", "signed_with_sha1_only"),
            ("not signed at all", "unsigned"),
            ("a pull request is opened", "posted_when_it_answered"),
        )

    def at(self, when: str, words: str, work: Callable[[Version], str] = Version.into_production) -> tuple[str, ...]:
        """One row: the clock is moved, then both do the work."""
        self.cloud.clock.move_to(when)
        return (words, work(self.naive), work(self.ours))

    def the_clock(self) -> Table:
        """The check of the time of day, at hard moments."""
        night, saturday = "2026-03-25T23:00:00Z", "2026-03-28T12:00:00Z"
        here = self.cloud.is_offline
        if here:
            self.cloud.settings(freeze=False)  # one fault at a time: here both get their posts out
        try:
            rows = [
                self.at(night, "Wednesday 23:00, into production"),
                self.at(night, "Wednesday 23:00, into main", Version.into_main),
                self._open_since_friday(saturday),
                self.at(saturday, "Saturday noon, opened on Saturday"),
                self._delivered_late(),
            ]
        finally:
            if here:
                self.cloud.settings(freeze=True)
        return Table(rows, ["seen", "naive", "ours"])

    def _open_since_friday(self, saturday: str) -> tuple[str, ...]:
        """Opened on Friday in working hours; the job of the afternoon comes by, and nobody works until Saturday."""
        self.cloud.clock.move_to("2026-03-27T12:00:00Z")
        pulls = [(version, version.repo.open(TITLE)) for version in (self.naive, self.ours)]
        for version, pull in pulls:
            version.status_of(pull, TIME_CHECK)
        self.cloud.clock.move_to(saturday)
        return ("Saturday noon, opened on Friday", *(pull.state().get(TIME_CHECK, "nothing") for _, pull in pulls))

    def _delivered_late(self) -> tuple[str, ...]:
        """Opened in working hours; GitHub delivers again at night, for instance because the first time failed."""
        self.cloud.clock.move_to("2026-03-25T12:00:00Z")
        pulls = [(version, version.repo.open(TITLE)) for version in (self.naive, self.ours)]
        for version, pull in pulls:
            version.status_of(pull, TIME_CHECK)
        self.cloud.clock.move_to("2026-03-25T23:00:00Z")
        states = []
        for version, pull in pulls:
            newest, before = version.repo._deliveries()[0]["id"], version.posts(pull, TIME_CHECK)
            path = f"{version.repo.path}/hooks/{version.repo.hook_id}/deliveries/{newest}/attempts"
            version.repo.ask("POST", path)
            version.repo.settle()
            version.posts_again(pull, TIME_CHECK, before)
            states.append(version.status_of(pull, TIME_CHECK))
        return ("Wednesday 23:00, opened at noon, told again", *states)
