"""Commit statuses. https://docs.github.com/rest/commits/statuses"""

from __future__ import annotations

from starlette.responses import Response

from workshop.partners.github import bodies, checks, hooks
from workshop.partners.github.answers import Call, GitHubError, invalid, is_web_address, json_response
from workshop.partners.github.store import Status

STATES = ("error", "failure", "pending", "success")
MOST = 1000  # statuses of one SHA and context


def create(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/statuses/{sha}"""
    repo, sha = call.repo, call.path("sha").lower()
    state = call.text("Status", "state", required=True)
    if state not in STATES:
        raise invalid("Status", "state", "custom", "state is not included in the list")
    target = call.text("Status", "target_url")
    if target and not is_web_address(target):
        raise invalid("Status", "target_url", "custom", "target_url must use http(s) scheme")
    description = call.text("Status", "description", most=140)
    context = call.text("Status", "context", most=255) or "default"
    if sha not in repo.commits:
        raise GitHubError(422, f"No commit found for SHA: {call.path('sha')}")
    held = repo.statuses.setdefault(sha, [])
    if sum(status.context == context for status in held) >= MOST:
        raise invalid("Status", "", "custom", "This SHA and context has reached the maximum number of statuses.")
    status = Status(call.store.next_id(), sha, state, context, description, target, call.login, call.store.now())
    held.append(status)
    call.later.append(lambda: hooks.status_created(call, repo, status))
    body = bodies.full_status(call.store, repo, status)
    return json_response(body, 201, {"Location": body["url"]})


def _commit(call: Call) -> str:
    sha = call.repo.resolve(call.path("ref"))
    if not sha:
        raise GitHubError(422, f"No commit found for SHA: {call.path('ref')}")
    return sha


def listed(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/commits/{ref}/statuses, newest first"""
    repo = call.repo
    page, headers = call.page_of(repo.statuses.get(_commit(call), [])[::-1])
    return json_response([bodies.full_status(call.store, repo, status) for status in page], headers=headers)


def combined(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/commits/{ref}/status"""
    repo, sha = call.repo, _commit(call)
    newest = checks.latest(repo, sha)
    page, headers = call.page_of(newest)
    url = f"{call.store.url}/repos/{repo.full_name}/commits/{sha}"
    body = {
        "state": checks.combined_state(newest),
        "statuses": [bodies.simple_status(call.store, repo, status) for status in page],
        "sha": sha,
        "total_count": len(newest),
        "repository": bodies.minimal_repo(call.store, repo),
        "commit_url": url,
        "url": f"{url}/status",
    }
    return json_response(body, headers=headers)
