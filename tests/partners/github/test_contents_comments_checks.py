"""Files, comments and check runs, and what the stand-in does not do by name."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.partners.serving import eventually

REPO = "/repos/octocat/shop"
FIXTURES = Path(__file__).parents[2] / "fixtures"
SCHEMAS: dict[str, Any] = {}
for name in ("github_status_schemas.json", "github_more_schemas.json"):
    SCHEMAS |= json.loads((FIXTURES / name).read_text(encoding="utf-8"))["components"]["schemas"]


def check(body: Any, name: str) -> None:
    """Holds a body against GitHub's own schema of that name."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(schema).validate(body)


@pytest.fixture
def robot(site, github):
    """A client with a GitHub App's token."""
    token = httpx.post(f"{site}/_stand_in/tokens", json={"app": True}).json()["token"]
    with httpx.Client(base_url=site, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


def put(github, path, text, **more):
    content = base64.b64encode(text.encode()).decode()
    return github.put(f"{REPO}/contents/{path}", json={"message": "m", "content": content, **more})


def test_a_file_is_read_as_it_was_written(github):
    # https://docs.github.com/rest/repos/contents#get-repository-content
    put(github, "a/b.txt", "Zürich\n")
    found = github.get(f"{REPO}/contents/a/b.txt").json()
    check(found, "content-file")
    assert base64.b64decode(found["content"]).decode() == "Zürich\n"
    changed = put(github, "a/b.txt", "two", sha=found["sha"])
    assert changed.status_code == 200
    first = github.get(f"{REPO}/commits").json()[1]
    before = github.get(f"{REPO}/contents/a/b.txt", params={"ref": first["sha"]}).json()
    assert base64.b64decode(before["content"]).decode() == "Zürich\n"
    assert github.get(f"{REPO}/contents/none.txt").status_code == 404
    assert github.get(f"{REPO}/contents/a/b.txt", params={"ref": "none"}).status_code == 404


def test_directories_branches_and_removal(github):
    for path in ("README.md", "src/a.py", "src/deep/b.py"):
        put(github, path, path)
    assert [(each["path"], each["type"]) for each in github.get(f"{REPO}/contents").json()] == [
        ("README.md", "file"),
        ("src", "dir"),
    ]
    assert [each["name"] for each in github.get(f"{REPO}/contents/src").json()] == ["a.py", "deep"]
    sha = github.get(f"{REPO}/git/ref/heads/main").json()["object"]["sha"]
    check(github.get(f"{REPO}/git/ref/heads/main").json(), "git-ref")
    github.post(f"{REPO}/git/refs", json={"ref": "refs/heads/work", "sha": sha})
    blob = github.get(f"{REPO}/contents/README.md", params={"ref": "work"}).json()["sha"]
    gone = {"message": "rm", "sha": blob, "branch": "work"}
    wrong = github.request("DELETE", f"{REPO}/contents/README.md", json=gone | {"sha": "0"})
    assert wrong.status_code == 409
    assert github.request("DELETE", f"{REPO}/contents/README.md", json=gone).status_code == 200
    assert github.get(f"{REPO}/contents/README.md", params={"ref": "work"}).status_code == 404
    assert github.get(f"{REPO}/contents/README.md").status_code == 200
    assert github.delete(f"{REPO}/git/refs/heads/work").status_code == 204
    assert github.delete(f"{REPO}/git/refs/heads/main").status_code == 422


def test_comments(github, pull, receiver):
    # https://docs.github.com/rest/issues/comments
    hook = {"config": {"url": receiver.url, "content_type": "json"}, "events": ["issue_comment"]}
    github.post(f"{REPO}/hooks", json=hook)
    number = pull()["number"]
    made = github.post(f"{REPO}/issues/{number}/comments", json={"body": "Hello"})
    check(made.json(), "issue-comment")
    assert made.status_code == 201
    path = f"{REPO}/issues/comments/{made.json()['id']}"
    assert github.patch(path, json={"body": "Better"}).json()["body"] == "Better"
    assert [each["body"] for each in github.get(f"{REPO}/issues/{number}/comments").json()] == ["Better"]
    assert github.delete(path).status_code == 204
    assert github.get(path).status_code == 404
    assert github.post(f"{REPO}/issues/{number}/comments", json={}).status_code == 422
    assert github.post(f"{REPO}/issues/99/comments", json={"body": "x"}).status_code == 404

    def told() -> list[str]:
        heard = [json.loads(body) for headers, body in receiver.got if headers["X-GitHub-Event"] == "issue_comment"]
        return sorted(each["action"] for each in heard)

    assert eventually(lambda: told() == ["created", "deleted", "edited"])


def test_only_an_app_writes_check_runs(github, robot, pull):
    # https://docs.github.com/rest/checks/runs#create-a-check-run
    sha = pull()["head"]["sha"]
    refused = github.post(f"{REPO}/check-runs", json={"name": "lint", "head_sha": sha})
    assert (refused.status_code, refused.json()["message"]) == (403, "You must authenticate via a GitHub App.")
    made = robot.post(f"{REPO}/check-runs", json={"name": "lint", "head_sha": sha, "status": "in_progress"})
    check(made.json(), "check-run")
    path = f"{REPO}/check-runs/{made.json()['id']}"
    output = {"title": "t", "summary": "s"}
    done = robot.patch(path, json={"conclusion": "failure", "output": output}).json()
    check(done, "check-run")
    assert (done["status"], done["conclusion"], done["output"]["summary"]) == ("completed", "failure", "s")
    listed = github.get(f"{REPO}/commits/{sha}/check-runs").json()
    assert (listed["total_count"], listed["check_runs"]) == (1, [done])


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"status": "done"},
        {"conclusion": "good"},
        {"status": "completed"},
        {"output": "x"},
        {"output": {"title": "t"}},
        {"output": {"title": "t", "summary": "s", "annotations": []}},
        {"actions": []},
        {"details_url": "nonsense"},
        {"head_sha": "0" * 40},
    ],
)
def test_check_runs_that_cannot_be(github, robot, pull, body):
    sha = pull()["head"]["sha"]
    assert robot.post(f"{REPO}/check-runs", json={"name": "lint", "head_sha": sha} | body).status_code == 422
    assert github.get(f"{REPO}/commits/{sha}/check-runs").json()["total_count"] == 0


@pytest.mark.parametrize(("conclusion", "status"), [("success", 200), ("neutral", 200), ("failure", 405), (None, 405)])
def test_a_required_check_may_be_a_run(github, robot, pull, conclusion, status):
    # https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
    rules = {"required_status_checks": {"strict": False, "contexts": ["lint"]}, "enforce_admins": True}
    rules |= {"required_pull_request_reviews": None, "restrictions": None}
    opened = pull()
    github.put(f"{REPO}/branches/main/protection", json=rules)
    run = {"name": "lint", "head_sha": opened["head"]["sha"]} | ({"conclusion": conclusion} if conclusion else {})
    assert robot.post(f"{REPO}/check-runs", json=run).status_code == 201
    assert github.put(f"{REPO}/pulls/{opened['number']}/merge", json={}).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "knows"),
    [
        ("POST", f"{REPO}/issues", True),
        ("GET", f"{REPO}/pulls/1/files", True),
        ("GET", "/search/repositories", True),
        ("GET", "/orgs/octo-org/repos", True),
        ("PATCH", REPO, True),
        ("GET", f"{REPO}/nonsense", False),
        ("GET", "/nothing", False),
        ("PUT", "/gists", False),
    ],
)
def test_what_github_has_and_what_nobody_has(github, method, path, knows):
    answer = github.request(method, path)
    assert (answer.status_code, "does not do" in answer.json()["message"]) == (404, knows)
    check(answer.json(), "basic-error")
