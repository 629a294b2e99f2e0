"""A repository on the stand-in, met over HTTP as any client of GitHub meets it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def site(stand_in: Callable[..., str]) -> str:
    """The stand-in's address."""
    return stand_in("github")


@pytest.fixture
def token(site: str) -> Callable[..., str]:
    """`token(statuses="write")`: a new token with only these permissions; with every one when none is given."""

    def make(**permissions: str) -> str:
        body = {"permissions": permissions} if permissions else {}
        return httpx.post(f"{site}/_stand_in/tokens", json=body).json()["token"]

    return make


@pytest.fixture
def github(site: str, token: Callable[..., str]) -> Iterator[httpx.Client]:
    """A client with the owner's token, and the repository octocat/shop."""
    with httpx.Client(base_url=site, headers={"Authorization": f"Bearer {token()}"}) as client:
        assert client.post("/user/repos", json={"name": "shop"}).status_code == 201
        yield client


@pytest.fixture
def pull(github: httpx.Client) -> Callable[..., dict[str, Any]]:
    """`pull("title")`: opens a pull request from a new branch."""
    made: list[int] = []

    def make(title: str = "(PAY #7) I can pay", base: str = "main") -> dict[str, Any]:
        branch = f"branch-{len(made)}"
        made.append(1)
        repo = "/repos/octocat/shop"
        sha = github.get(f"{repo}/branches/main").json()["commit"]["sha"]
        github.post(f"{repo}/git/refs", json={"ref": f"refs/heads/{branch}", "sha": sha}).raise_for_status()
        file = {"message": "Work", "content": "aGk=", "branch": branch}
        github.put(f"{repo}/contents/{branch}.txt", json=file).raise_for_status()
        answer = github.post(f"{repo}/pulls", json={"title": title, "head": branch, "base": base})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture(scope="session")
def valid() -> Callable[[Any, str], None]:
    """`valid(body, "status")`: holds a body against GitHub's own schema of that name."""
    document = json.loads((FIXTURES / "github_status_schemas.json").read_text(encoding="utf-8"))

    def check(body: Any, name: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(body)

    return check


@pytest.fixture
def receiver() -> Iterator[Any]:
    """A server that keeps what webhooks bring: `.url`, `.got` (headers, body), `.status` to answer with."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append((dict(self.headers), body))
            self.send_response(self.server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/webhook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
