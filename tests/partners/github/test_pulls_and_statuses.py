"""Pull requests, statuses and protection as https://docs.github.com/rest describes them."""

from __future__ import annotations

import httpx
import pytest

REPO = "/repos/octocat/shop"
CHECK = "Pull Request Name Check"


def post_status(github, sha, state, context=CHECK, **more):
    return github.post(f"{REPO}/statuses/{sha}", json={"state": state, "context": context, **more})


def test_bodies_follow_githubs_own_schemas(github, pull, valid):
    # https://docs.github.com/rest/commits/statuses and /rest/pulls/pulls
    opened = pull()
    sha = opened["head"]["sha"]
    status = post_status(github, sha, "failure", description="No", target_url="https://example.com/1")
    assert status.status_code == 201
    assert status.headers["location"] == status.json()["url"]
    valid(status.json(), "status")
    valid(opened, "pull-request")
    valid(github.get(f"{REPO}/pulls").json()[0], "pull-request-simple")
    valid(github.get(f"{REPO}/commits/{sha}/status").json(), "combined-commit-status")
    valid(github.get(f"{REPO}/commits/{sha}/statuses").json()[0], "status")
    valid(github.get(REPO).json(), "repository")
    valid(github.get("/user").json(), "simple-user")


@pytest.mark.parametrize(
    ("states", "combined"),
    [
        ([], "pending"),
        (["success"], "success"),
        (["success", "pending"], "pending"),
        (["pending", "failure"], "failure"),
        (["success", "error"], "failure"),
    ],
)
def test_combined_status(github, pull, states, combined):
    # https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference
    opened = pull()
    for number, state in enumerate(states):
        post_status(github, opened["head"]["sha"], state, f"check {number}")
    answer = github.get(f"{REPO}/commits/{opened['head']['ref']}/status").json()
    assert (answer["state"], answer["total_count"]) == (combined, len(states))


def test_the_newest_status_of_a_context_counts_and_the_list_is_newest_first(github, pull):
    sha = pull()["head"]["sha"]
    for state in ("pending", "failure", "success"):
        post_status(github, sha, state)
    assert github.get(f"{REPO}/commits/{sha}/status").json()["state"] == "success"
    states = [each["state"] for each in github.get(f"{REPO}/commits/{sha}/statuses").json()]
    assert states == ["success", "failure", "pending"]
    legacy = [each["state"] for each in github.get(f"{REPO}/statuses/{sha}").json()]
    assert legacy == states  # "also available via a legacy route", says the same page


def test_at_most_1000_statuses_of_a_sha_and_context(github, pull):
    # "there is a limit of 1000 statuses per sha and context": the documentation of create-a-commit-status
    sha = pull()["head"]["sha"]
    for _ in range(1000):
        answer = post_status(github, sha, "pending")
    assert answer.status_code == 201
    refused = post_status(github, sha, "pending")
    assert refused.status_code == 422
    assert "maximum number of statuses" in refused.json()["errors"][0]["message"]
    assert post_status(github, sha, "pending", "another").status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "state"),
        ({"state": "green"}, "state"),
        ({"state": 7}, "state"),
        ({"state": "success", "description": "x" * 141}, "description"),
        ({"state": "success", "target_url": "ftp://example.com"}, "target_url"),
        ({"state": "success", "target_url": "http://[half"}, "target_url"),
    ],
)
def test_a_status_that_is_none_is_422(github, pull, valid, body, field):
    answer = github.post(f"{REPO}/statuses/{pull()['head']['sha']}", json=body)
    assert answer.status_code == 422
    valid(answer.json(), "validation-error")
    assert answer.json()["errors"][0]["field"] == field
    assert answer.json()["documentation_url"].endswith("commits/statuses#create-a-commit-status")


def test_a_status_of_an_unknown_commit_is_422(github):
    answer = post_status(github, "0" * 40, "success")
    assert (answer.status_code, answer.json()["message"]) == (422, f"No commit found for SHA: {'0' * 40}")


def test_lists_come_in_pages_with_links(github, pull):
    # https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
    for _ in range(35):
        pull()
    first = github.get(f"{REPO}/pulls", params={"state": "open"})
    assert len(first.json()) == 30
    assert set(first.links) == {"next", "last"}
    second = github.get(first.links["next"]["url"])
    assert len(second.json()) == 5
    assert set(second.links) == {"first", "prev"}
    assert "state=open" in first.links["next"]["url"]
    numbers = [each["number"] for each in first.json() + second.json()]
    assert numbers == list(range(35, 0, -1))
    assert len(github.get(f"{REPO}/pulls?per_page=100").json()) == 35
    assert "link" not in github.get(f"{REPO}/pulls?per_page=100").headers
    assert github.get(f"{REPO}/pulls?page=9").json() == []


def test_pulls_are_found_by_state_base_and_head(github, pull):
    one, two = pull("(A #1) one"), pull("(A #2) two")
    github.patch(f"{REPO}/pulls/{one['number']}", json={"state": "closed"})
    assert [each["number"] for each in github.get(f"{REPO}/pulls").json()] == [two["number"]]
    assert len(github.get(f"{REPO}/pulls?state=all").json()) == 2
    assert len(github.get(f"{REPO}/pulls?head=octocat:{two['head']['ref']}").json()) == 1
    assert github.get(f"{REPO}/pulls?base=production").json() == []
    assert github.get(f"{REPO}/pulls?state=odd").status_code == 422


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"head": "x", "base": "main"}, ("title", "missing_field")),
        ({"title": "t", "head": "none", "base": "main"}, ("head", "invalid")),
        ({"title": "t", "head": "main", "base": "none"}, ("base", "invalid")),
        ({"title": "t", "head": "main", "base": "main"}, (None, "custom")),
    ],
)
def test_a_pull_request_that_cannot_be_is_422(github, body, error):
    answer = github.post(f"{REPO}/pulls", json=body)
    first = answer.json()["errors"][0]
    assert (answer.status_code, first.get("field"), first["code"]) == (422, *error)


def test_required_checks_block_the_merge(github, pull):
    # https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches
    rules = {
        "required_status_checks": {"strict": False, "contexts": [CHECK]},
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    assert github.put(f"{REPO}/branches/main/protection", json=rules).status_code == 200
    opened = pull()
    path, sha = f"{REPO}/pulls/{opened['number']}", opened["head"]["sha"]
    for state, word in ((None, "expected"), ("pending", "pending"), ("failure", "failing")):
        if state:
            post_status(github, sha, state)
        refused = github.put(f"{path}/merge", json={})
        assert refused.status_code == 405
        assert refused.json()["message"] == f'Required status check "{CHECK}" is {word}.'
        assert github.get(path).json()["mergeable_state"] == "blocked"
    post_status(github, sha, "success")
    assert github.get(path).json()["mergeable_state"] == "clean"
    assert github.put(f"{path}/merge", json={"sha": "0" * 40}).status_code == 409
    assert github.put(f"{path}/merge", json={"sha": sha}).json()["merged"] is True
    assert github.get(path).json()["state"] == "closed"
    assert github.put(f"{path}/merge", json={}).status_code == 405


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([None, None], "2 of 2 required status checks are expected."),
        (["pending", "pending"], "2 of 2 required status checks are pending."),
        (["error", "failure"], "2 of 2 required status checks are failing."),
        ([None, "failure"], "2 of 2 required status checks have not succeeded: 1 expected and 1 failing."),
        (["success", "pending"], 'Required status check "b" is pending.'),
    ],
)
def test_several_checks_are_counted_in_githubs_words(github, pull, states, message):
    # GitHub's own answers, as people quote them: "2 of 2 required status checks have not succeeded: 1 expected and
    # 1 pending." (alphagov/seal), "2 of 2 required status checks are in progress." (lyra-os-linux/vegad)
    rules = {
        "required_status_checks": {"strict": False, "contexts": ["a", "b"]},
        "enforce_admins": True,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    github.put(f"{REPO}/branches/main/protection", json=rules)
    opened = pull()
    for context, state in zip("ab", states, strict=True):
        if state:
            post_status(github, opened["head"]["sha"], state, context)
    refused = github.put(f"{REPO}/pulls/{opened['number']}/merge", json={})
    assert (refused.status_code, refused.json()["message"]) == (405, message)


def test_administrators_pass_unless_the_rules_hold_for_them_too(github, pull):
    rules = {
        "required_status_checks": {"strict": False, "contexts": [CHECK]},
        "enforce_admins": False,
        "required_pull_request_reviews": None,
        "restrictions": None,
    }
    github.put(f"{REPO}/branches/main/protection", json=rules)
    assert github.put(f"{REPO}/pulls/{pull()['number']}/merge", json={}).status_code == 200
    assert github.put(f"{REPO}/branches/main/protection", json={"restrictions": None}).status_code == 422


def test_required_checks_are_named_by_contexts_or_by_checks(github):
    # https://docs.github.com/rest/branches/branch-protection#update-branch-protection
    path = f"{REPO}/branches/main/protection"
    rest = {"enforce_admins": True, "required_pull_request_reviews": None, "restrictions": None}
    for wanted in ({"contexts": [CHECK]}, {"checks": [{"context": CHECK, "app_id": -1}], "contexts": []}):
        made = github.put(path, json={"required_status_checks": {"strict": True} | wanted, **rest})
        assert made.json()["required_status_checks"]["contexts"] == [CHECK]
    for wanted in ("x", {}, {"contexts": "x"}, {"contexts": [1]}, {"checks": ["x"]}, {"checks": [{}]}):
        assert github.put(path, json={"required_status_checks": wanted, **rest}).status_code == 422
    branch = github.get(f"{REPO}/branches/main").json()
    assert branch["protected"] is True
    assert branch["protection_url"].endswith(path)


def test_unstable_when_a_check_that_is_not_required_fails(github, pull):
    opened = pull()
    post_status(github, opened["head"]["sha"], "failure", "lint")
    path = f"{REPO}/pulls/{opened['number']}"
    assert github.get(path).json()["mergeable_state"] == "unstable"
    assert github.put(f"{path}/merge", json={}).status_code == 200


def test_a_new_commit_moves_the_pull_request_and_has_no_statuses_yet(github, pull):
    opened = pull()
    post_status(github, opened["head"]["sha"], "success")
    file = {"message": "More", "content": "aGk=", "branch": opened["head"]["ref"]}
    commit = github.put(f"{REPO}/contents/more.txt", json=file).json()["commit"]
    now = github.get(f"{REPO}/pulls/{opened['number']}").json()
    assert now["head"]["sha"] == commit["sha"] != opened["head"]["sha"]
    assert github.get(f"{REPO}/commits/{commit['sha']}/status").json()["state"] == "pending"


def test_the_page_shows_the_checks_and_edits_the_title(github, pull, site):
    opened = pull("no ticket <b>")
    post_status(github, opened["head"]["sha"], "failure", description="Needs a ticket")
    page = f"{site}/octocat/shop/pull/{opened['number']}"
    assert opened["html_url"] == page
    shown = httpx.get(page).text
    assert "Failing: Needs a ticket" in shown
    assert "no ticket &lt;b&gt;" in shown
    assert httpx.post(page, data={"title": "(PAY #8) I can"}).status_code == 303
    assert github.get(f"{REPO}/pulls/{opened['number']}").json()["title"] == "(PAY #8) I can"
    assert httpx.post(page, data={"merge": "1"}).status_code == 303
    assert "Merged" in httpx.get(page).text
    assert httpx.get(f"{site}/octocat/shop/pull/99").status_code == 404
