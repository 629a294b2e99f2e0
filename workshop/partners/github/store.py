"""What GitHub remembers: users, tokens, repositories, commits, pull requests, statuses, webhooks. Data, no HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# What a fine-grained personal access token may be given here, in GitHub's words.
# https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
PERMISSIONS = ("administration", "checks", "contents", "issues", "pull_requests", "statuses", "webhooks")
LEVELS = ("none", "read", "write")
MOST_DELIVERIES = 500


@dataclass(frozen=True, slots=True)
class Token:
    """A fine-grained personal access token, or an app's: whose it is and what it may do."""

    login: str
    permissions: dict[str, str]
    app: bool = False

    def may(self, permission: str, level: str) -> bool:
        """True when this token has the permission at that level or above; `metadata` is everyone's to read."""
        held = self.permissions.get(permission, "read" if permission == "metadata" else "none")
        return LEVELS.index(held) >= LEVELS.index(level)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `parent` is empty for the first of a repository. `tree`: each file's path and the SHA of its blob."""

    sha: str
    parent: str
    message: str
    login: str
    at: str
    tree: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Comment:
    """A comment on a pull request."""

    id: int
    number: int
    login: str
    body: str
    created_at: str
    updated_at: str


@dataclass(slots=True)
class CheckRun:
    """One run of a check on one commit."""

    id: int
    sha: str
    name: str
    suite: int
    status: str = "queued"
    conclusion: str | None = None
    output: dict[str, str] = field(default_factory=dict)
    details_url: str | None = None
    external_id: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """One commit status. The newest of a context is the one that counts."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: str
    at: str


@dataclass(slots=True)
class Pull:
    """A pull request; `head_sha` moves with its branch while it is open."""

    id: int
    number: int
    title: str
    body: str | None
    login: str
    head: str
    base: str
    head_sha: str
    base_sha: str
    created_at: str
    updated_at: str
    draft: bool = False
    state: str = "open"
    closed_at: str | None = None
    merged_at: str | None = None
    merged_by: str = ""
    merge_commit_sha: str | None = None


@dataclass(slots=True)
class Hook:
    """A repository webhook and how its last delivery went."""

    id: int
    url: str
    events: list[str]
    content_type: str
    secret: str
    active: bool
    created_at: str
    updated_at: str
    last: tuple[int | None, str, str | None] = (None, "unused", None)


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver one event to one hook. A redelivery has the same guid and another id."""

    id: int
    guid: str
    hook_id: int
    event: str
    action: str | None
    payload: dict[str, Any]
    body: bytes
    headers: dict[str, str]
    redelivery: bool
    at: str
    status_code: int = 0
    status: str = "pending"
    seconds: float = 0.0
    answer: str = ""


@dataclass(slots=True)
class Repo:
    """A repository with everything in it."""

    id: int
    owner: str
    name: str
    description: str | None
    private: bool
    created_at: str
    default_branch: str = "main"
    pushed_at: str = ""
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: dict[str, list[Status]] = field(default_factory=dict)  # sha -> oldest first
    pulls: dict[int, Pull] = field(default_factory=dict)
    protection: dict[str, dict[str, Any]] = field(default_factory=dict)  # branch -> rules
    hooks: dict[int, Hook] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def tree_sha(self, path: str) -> str:
        """A name for a directory, in the shape of a SHA."""
        return hashlib.sha1(f"tree {self.full_name}/{path}".encode()).hexdigest()

    def suite_of(self, sha: str, next_id: Callable[[], int]) -> int:
        """The check suite of a commit: one for all runs of it."""
        return next((run.suite for run in self.check_runs.values() if run.sha == sha), 0) or next_id()

    def history(self, sha: str) -> Iterator[Commit]:
        """A commit and its ancestors, newest first."""
        while sha in self.commits:
            yield self.commits[sha]
            sha = self.commits[sha].parent

    def resolve(self, ref: str) -> str:
        """The SHA that a branch, a full SHA or a SHA shortened to seven letters or more names; empty for none."""
        name = ref.removeprefix("refs/").removeprefix("heads/")
        if name in self.branches:
            return self.branches[name]
        if len(ref) >= 7:
            return next((sha for sha in self.commits if sha.startswith(ref.lower())), "")
        return ""

    def new_commits(self, pull: Pull) -> list[Commit]:
        """The commits a pull request would bring into its base, newest first."""
        merged = {commit.sha for commit in self.history(self.branches.get(pull.base, pull.base_sha))}
        return [commit for commit in self.history(pull.head_sha) if commit.sha not in merged]


class Store:
    """All of it, with the clock and the numbering.

    Args:
        clock: epoch seconds.
        url: this server's address; links in bodies begin with it.
    """

    def __init__(self, clock: Callable[[], float], url: str = "") -> None:
        self.clock, self.url = clock, url
        self.flying: set[asyncio.Task[None]] = set()  # deliveries under way
        self.clear()

    def clear(self) -> None:
        """Back to an empty site with one user."""
        for task in list(self.flying):
            task.cancel()
        self.ids = itertools.count(1_000_001)
        self.users: dict[str, int] = {}
        self.tokens: dict[str, Token] = {}
        self.repos: dict[str, Repo] = {}
        self.user_id("octocat")

    def now(self) -> str:
        """The time as GitHub writes it: `2019-05-15T15:20:33Z`."""
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def next_id(self) -> int:
        """The next of the site's ids."""
        return next(self.ids)

    def user_id(self, login: str) -> int:
        """A user's id; a user is made when first named."""
        return self.users.setdefault(login, 583231 + len(self.users))

    def new_token(self, login: str, permissions: dict[str, str], *, app: bool = False) -> str:
        """A new personal access token, or an app's installation token, in the shapes GitHub gives them."""
        token = (
            f"ghs_{secrets.token_hex(18)}"
            if app
            else f"github_pat_{secrets.token_hex(11)}_{secrets.token_hex(30)[:59]}"
        )
        self.user_id(login)
        self.tokens[token] = Token(login, dict(permissions), app)
        return token

    def repo(self, owner: str, name: str) -> Repo | None:
        """A repository by its name; letters' case does not matter."""
        return self.repos.get(f"{owner}/{name}".lower())

    def add_repo(self, owner: str, name: str, description: str | None, private: bool) -> Repo:
        """A new repository with a first commit on `main`."""
        repo = Repo(self.next_id(), owner, name, description, private, self.now())
        self.repos[repo.full_name.lower()] = repo
        repo.branches["main"] = self.commit(repo, "", "Initial commit", owner).sha
        return repo

    def commit(self, repo: Repo, parent: str, message: str, login: str, tree: dict[str, str] | None = None) -> Commit:
        """A new commit on top of another, with the same files unless told otherwise."""
        if tree is None:
            tree = dict(repo.commits[parent].tree) if parent in repo.commits else {}
        seed = f"{repo.full_name}\0{len(repo.commits)}\0{parent}\0{message}"
        made = Commit(hashlib.sha1(seed.encode()).hexdigest(), parent, message, login, self.now(), tree)
        repo.commits[made.sha] = made
        repo.pushed_at = made.at
        return made

    def new_guid(self) -> str:
        """A delivery's guid."""
        return str(uuid.uuid4())
