"""Who may do what, the rate limit, errors. https://docs.github.com/rest/using-the-rest-api"""

from __future__ import annotations

import httpx
import pytest

REPO = "/repos/octocat/shop"


def as_(site, token):
    return httpx.Client(base_url=site, headers={"Authorization": f"Bearer {token}"})


def test_bad_credentials_are_401_even_for_what_anyone_may_read(github, site):
    answer = httpx.get(f"{site}{REPO}", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    expected = {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}
    assert answer.json() == expected


def test_without_a_token_one_reads_but_does_not_write(github, site):
    assert httpx.get(f"{site}{REPO}").status_code == 200
    assert httpx.post(f"{site}{REPO}/statuses/{'0' * 40}", json={"state": "success"}).status_code == 404
    assert httpx.get(f"{site}/user").status_code == 401


def test_a_token_does_only_what_it_was_given(github, pull, site, token):
    sha = pull()["head"]["sha"]
    with as_(site, token(statuses="write", pull_requests="read")) as lambdas:
        assert lambdas.post(f"{REPO}/statuses/{sha}", json={"state": "success"}).status_code == 201
        assert lambdas.get(f"{REPO}/pulls").status_code == 200
        refused = lambdas.patch(f"{REPO}/pulls/1", json={"title": "mine"})
        assert refused.status_code == 403
        assert refused.json()["message"] == "Resource not accessible by personal access token"
        assert refused.headers["x-accepted-github-permissions"] == "pull_requests=write"
        assert lambdas.get(f"{REPO}/hooks").status_code == 403


def test_a_private_repository_does_not_exist_for_others(github, site):
    github.post("/user/repos", json={"name": "secret", "private": True})
    assert github.get("/repos/octocat/secret").status_code == 200
    assert httpx.get(f"{site}/repos/octocat/secret").status_code == 404


NOWHERE = ["/nothing", "/repos/octocat/none", f"{REPO}/pulls/99", f"{REPO}/pulls/one", f"{REPO}/hooks/1", f"{REPO}/"]


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_there_is_404_in_githubs_words(github, valid, path):
    answer = github.get(path)
    assert answer.status_code == 404
    assert answer.json()["message"] == "Not Found"
    valid(answer.json(), "basic-error")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Problems parsing JSON"),
        (b"\xff", "Problems parsing JSON"),
        (b"[" * 100_000, "Problems parsing JSON"),
        (b'{"title": "\\ud800", "head": "main", "base": "main"}', "Problems parsing JSON"),  # half of a letter
        (b"[1]", "Body should be a JSON object"),
    ],
)
def test_bodies_that_are_no_json_object(github, body, message):
    # https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
    answer = github.post(f"{REPO}/pulls", content=body)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


def test_a_request_without_user_agent_is_refused(site):
    answer = httpx.get(f"{site}/zen")
    assert answer.status_code == 200
    answer = httpx.get(f"{site}/user", headers={"User-Agent": ""})
    assert answer.status_code == 403
    assert "User-Agent" in answer.json()["message"]


def test_the_rate_limit_counts_down_refuses_and_opens_again(stand_in):
    # https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    now = [1_000_000.0]
    site = stand_in("github", clock=lambda: now[0])
    token = httpx.post(f"{site}/_stand_in/tokens", json={}).json()["token"]
    with as_(site, token) as client:
        first = client.get("/user")
        assert first.headers["x-ratelimit-limit"] == "5000"
        assert first.headers["x-ratelimit-remaining"] == "4999"
        assert first.headers["x-ratelimit-reset"] == "1003600"
        httpx.post(f"{site}/_stand_in/rate_limit", json={"remaining": 1})
        assert client.get("/user").status_code == 200
        refused = client.get("/user")
        assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
        assert "API rate limit exceeded" in refused.json()["message"]
        assert client.get("/rate_limit").json()["rate"]["remaining"] == 0
        now[0] += 3600
        assert client.get("/user").status_code == 200
    assert httpx.get(f"{site}/repos/octocat/none").headers["x-ratelimit-limit"] == "60"


def test_a_fault_answers_as_github_does_and_reset_forgets(github, site):
    httpx.post(f"{site}/_stand_in/faults", json={"kind": "status", "status": 502, "path": REPO})
    assert github.get(REPO).status_code == 502
    assert github.get(REPO).status_code == 200
    httpx.post(f"{site}/_stand_in/reset")
    assert github.get(REPO).status_code == 401


def test_names_of_repositories(github):
    assert github.post("/user/repos", json={"name": "shop"}).json()["errors"][0]["message"].startswith("name already")
    assert github.post("/user/repos", json={"name": "a/b"}).status_code == 422
    assert github.get("/repos/OctoCat/SHOP").status_code == 200


def test_a_repository_is_deleted_by_its_owner_only(github, site):
    other = httpx.post(f"{site}/_stand_in/tokens", json={"login": "hubot"}).json()["token"]
    with as_(site, other) as stranger:
        assert stranger.delete(REPO).status_code == 403
    assert github.delete(REPO).status_code == 204
    assert github.get(REPO).status_code == 404
