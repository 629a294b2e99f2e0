"""The owner's side of a repository on GitHub: open pull requests, edit titles, merge, look at checks and deliveries.

Plain REST calls (https://docs.github.com/rest), so it works with the stand-in and with GitHub itself.
"""

from __future__ import annotations

import base64
import time
from html import escape
from typing import Any

import httpx

from workshop.core.errors import WorkshopError
from workshop.show import Table, View

CHECKS = ("Pull Request Name Check", "Time of Day Check")
MARKS = {
    "success": ("✓", "#1a7f37", "passed"),
    "failure": ("✕", "#cf222e", "failed"),
    "error": ("✕", "#cf222e", "failed"),
    "pending": ("●", "#9a6700", "pending"),
    "expected": ("●", "#9a6700", "not reported yet"),
}


def repository(cloud: Any, name: str = "shop") -> Repository:
    """A new repository on the workshop's GitHub, with a branch `production` that both checks protect.

    One of that name from an earlier run is deleted first.

    Args:
        cloud: what `connect()` returned.
        name: its name; the owner is octocat.

    Raises:
        WorkshopError: the cloud has no stand-in for GitHub.
    """
    site = cloud.stand_in("github")
    token = httpx.post(f"{site}/_stand_in/tokens", json={}).json()["token"]
    repo = Repository(site, token, f"octocat/{name}", cloud.clock)
    repo.http.delete(repo.path)
    repo.ask("POST", "/user/repos", {"name": name})
    repo.ask("POST", f"{repo.path}/git/refs", {"ref": "refs/heads/production", "sha": repo.head("main")})
    repo.protect("production", CHECKS)
    return repo


class Repository:
    """One repository, asked with its owner's token.

    Args:
        site: GitHub's address.
        token: a token that may do everything here.
        full_name: such as `octocat/shop`.
        clock: the clock of the cloud that its webhooks lead to.
    """

    def __init__(self, site: str, token: str, full_name: str, clock: Any = None) -> None:
        self.site, self.full_name, self.path = site, full_name, f"/repos/{full_name}"
        self.http = httpx.Client(base_url=site, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        self.clock, self.hook_id = clock, 0
        self.branches = 0

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One call; its JSON. Raises WorkshopError with GitHub's own words when it refuses."""
        response = self.http.request(method, path, json=body)
        if response.is_error:
            raise WorkshopError(f"GitHub answered {response.status_code}: {response.json()['message']}", where=path)
        return response.json() if response.content else None

    def head(self, branch: str) -> str:
        """The newest commit of a branch."""
        return self.ask("GET", f"{self.path}/branches/{branch}")["commit"]["sha"]

    def protect(self, branch: str, checks: tuple[str, ...]) -> None:
        """Makes status checks required, for administrators too."""
        rules = {
            "required_status_checks": {"strict": False, "contexts": list(checks)},
            "enforce_admins": True,
            "required_pull_request_reviews": None,
            "restrictions": None,
        }
        self.ask("PUT", f"{self.path}/branches/{branch}/protection", rules)

    def token_for_checks(self) -> str:
        """A new token that may read pull requests and write statuses, and nothing else."""
        permissions = {"statuses": "write", "pull_requests": "read"}
        return httpx.post(f"{self.site}/_stand_in/tokens", json={"permissions": permissions}).json()["token"]

    def open(self, title: str, base: str = "production") -> PullRequest:
        """Opens a pull request with one commit on a new branch."""
        self.branches += 1
        branch = f"story-{self.branches}"
        self.ask("POST", f"{self.path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": self.head("main")})
        self._commit(branch, f"{branch}.txt")
        body = {"title": title, "head": branch, "base": base}
        return PullRequest(self, self.ask("POST", f"{self.path}/pulls", body)["number"])

    def _commit(self, branch: str, path: str) -> None:
        content = base64.b64encode(path.encode()).decode()
        self.ask("PUT", f"{self.path}/contents/{path}", {"message": "Work", "content": content, "branch": branch})

    def add_webhook(self, url: Any, secret: str) -> Table:
        """Adds a webhook for pull requests and shows its first delivery: GitHub pings it.

        Args:
            url: an address, an endpoint of a deployment, or a deployment with a function `webhook`.
            secret: what GitHub signs with.
        """
        if hasattr(url, "endpoints"):
            url = self._door_of(url)
        config = {"url": str(getattr(url, "url", url)), "content_type": "json", "secret": secret}
        hook = self.ask("POST", f"{self.path}/hooks", {"events": ["pull_request"], "config": config})
        self.hook_id = hook["id"]
        return self.deliveries()

    def _door_of(self, deployment: Any) -> Any:
        """Where a deployment takes webhooks: its endpoint, or where functions see another time than the story's, an
        address that hands them over with that of the story.
        """
        if self.clock is None or not self.clock.is_told:
            return deployment.endpoints[0]
        from workshop.scenarios.story_time import Courier

        self.clock.cloud.say_once(
            "API Gateway writes the real time into what it hands over. So GitHub's webhooks are handed to the function "
            "here, in the same event, with the time of the story"
        )
        return Courier(deployment.functions["webhook"], self.clock.now)

    def deliveries(self, most: int = 5) -> Table:
        """Recent deliveries, newest first, as GitHub lists them in the webhook's settings."""
        self.settle()
        rows = [
            (each["event"], each["action"] or "", each["status_code"], each["status"], each["redelivery"])
            for each in self._deliveries()[:most]
        ]
        return Table(rows, ["event", "action", "answer", "GitHub says", "redelivery"])

    def _deliveries(self) -> list[dict[str, Any]]:
        return self.ask("GET", f"{self.path}/hooks/{self.hook_id}/deliveries")

    def redeliver(self, action: str) -> Table:
        """Sends the oldest delivery with this action again, as the button "Redeliver" does."""
        self.settle()
        found = [each for each in self._deliveries() if action in (each["action"], each["event"])]
        if not found:
            raise WorkshopError(f"There is no delivery of {action!r}.", fix="Look at deliveries().")
        self.ask("POST", f"{self.path}/hooks/{self.hook_id}/deliveries/{found[-1]['id']}/attempts")
        return self.deliveries(most=1)

    def last_answer(self) -> str:
        """What the webhook answered to the newest delivery."""
        self.settle()
        newest = self._deliveries()[0]["id"]
        path = f"{self.path}/hooks/{self.hook_id}/deliveries/{newest}"
        return self.ask("GET", path)["response"]["payload"]

    def settle(self) -> None:
        """Waits until GitHub has delivered what it had to."""
        if self.http.post("/_stand_in/settle", json={"seconds": 15}).is_error:
            time.sleep(3)


class PullRequest:
    """One pull request. `look()` is its page; what changes it returns the page as it is afterwards."""

    def __init__(self, repo: Repository, number: int) -> None:
        self.repo, self.number = repo, number
        self.path = f"{repo.path}/pulls/{number}"

    def state(self) -> dict[str, str]:
        """The checks of its newest commit: context -> state."""
        sha = self.repo.ask("GET", self.path)["head"]["sha"]
        found = self.repo.ask("GET", f"{self.repo.path}/commits/{sha}/status")
        return {each["context"]: each["state"] for each in found["statuses"]}

    def look(self) -> Page:
        """Its page, once the webhooks are through."""
        self.repo.settle()
        pull = self.repo.ask("GET", self.path)
        status = self.repo.ask("GET", f"{self.repo.path}/commits/{pull['head']['sha']}/status")
        response = self.repo.http.get(f"{self.repo.path}/branches/{pull['base']['ref']}/protection")
        rules = response.json().get("required_status_checks", {}) if response.is_success else {}
        return Page(pull, status["statuses"], rules.get("contexts", []))

    def edit(self, title: str) -> Page:
        """Gives it another title."""
        self.repo.ask("PATCH", self.path, {"title": title})
        return self.look()

    def push(self) -> Page:
        """Adds a commit to its branch."""
        pull = self.repo.ask("GET", self.path)
        self.repo._commit(pull["head"]["ref"], f"more-{time.time_ns()}.txt")
        return self.look()

    def close_and_reopen(self) -> Page:
        """Closes and opens it again."""
        self.repo.ask("PATCH", self.path, {"state": "closed"})
        self.repo.settle()
        self.repo.ask("PATCH", self.path, {"state": "open"})
        return self.look()

    def merge(self) -> Page:
        """Presses the merge button. The page says what GitHub answered, a refusal too."""
        self.repo.settle()
        said = self.repo.http.put(f"{self.path}/merge", json={}).json()["message"]
        page = self.look()
        page.note = f"GitHub says: {said}"
        return page


class Page(View):
    """The page of a pull request as GitHub shows it: title, checks, merge button."""

    def __init__(self, pull: dict[str, Any], statuses: list[dict[str, Any]], required: list[str]) -> None:
        self.title, self.number, self.note = pull["title"], pull["number"], ""
        self.base, self.head = pull["base"]["ref"], pull["head"]["ref"]
        self.word = "Merged" if pull.get("merged") else pull["state"].title()
        rows = [(each["context"], each["state"], each["description"] or "") for each in statuses]
        seen = {context for context, _, _ in rows}
        self.rows = sorted(rows) + [(context, "expected", "") for context in required if context not in seen]
        self.required = set(required)
        blocked = any(state != "success" for context, state, _ in self.rows if context in self.required)
        self.button = (
            ""
            if pull["state"] != "open"
            else ("Merging is blocked: required checks have not all passed." if blocked else "Ready to merge.")
        )

    def __str__(self) -> str:
        rows = [
            (MARKS[state][0], context, MARKS[state][2], text, "required" if context in self.required else "")
            for context, state, text in self.rows
        ]
        table = str(Table(rows)) if rows else "No checks."
        where = f"{self.word}: from {self.head} into {self.base}"
        return "\n".join(filter(None, [f"{self.title}  #{self.number}", where, table, self.button, self.note]))

    def html(self) -> str:
        lines = []
        for context, state, text in self.rows:
            mark, colour, word = MARKS[state]
            tag = " <i>Required</i>" if context in self.required else ""
            tail = f". {escape(text)}" if text else ""
            name = f'<b style="color:{colour}">{mark} {escape(context)}</b>'
            lines.append(f'<div style="padding:3px 0">{name}: {word}{tag}{tail}</div>')
        ready = self.button.startswith("Ready")
        colour = "#1f883d" if ready else "#818b98"
        button = (
            f'<div style="padding-top:8px"><span style="background:{colour};color:#fff;padding:3px 10px;'
            f'border-radius:6px">Merge pull request</span> {escape(self.button)}</div>'
            if self.button
            else ""
        ) + (f'<div style="padding-top:6px"><b>{escape(self.note)}</b></div>' if self.note else "")
        return (
            '<div style="border:1px solid #ccc;border-radius:6px;padding:10px 14px;max-width:720px">'
            f'<div style="font-size:1.2em"><b>{escape(self.title)}</b> #{self.number}</div>'
            f"<div>{self.word}: from {escape(self.head)} into {escape(self.base)}</div>"
            f'<div style="padding-top:6px">{"".join(lines) or "No checks."}</div>{button}</div>'
        )
