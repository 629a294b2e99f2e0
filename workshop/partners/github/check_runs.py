"""Check runs, which only a GitHub App may write. https://docs.github.com/rest/checks/runs"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from workshop.partners.github import bodies, hooks
from workshop.partners.github.answers import Call, GitHubError, invalid, is_web_address, json_response, not_found
from workshop.partners.github.store import CheckRun, Repo

STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required")
BEYOND = ("actions",)


def body_of(call: Call, repo: Repo, run: CheckRun) -> dict[str, Any]:
    """A check run."""
    url = f"{call.store.url}/repos/{repo.full_name}/check-runs/{run.id}"
    html = f"{call.store.url}/{repo.full_name}/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": bodies.node_id("CheckRun", run.id),
        "head_sha": run.sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": html,
        "details_url": run.details_url or html,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "output": {
            **{name: run.output.get(name) for name in ("title", "summary", "text")},
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "name": run.name,
        "check_suite": {"id": run.suite},
        "app": None,
        "pull_requests": [],
    }


def _run(call: Call) -> tuple[Repo, CheckRun]:
    repo = call.repo
    run = repo.check_runs.get(call.number("check_run_id"))
    if run is None:
        raise not_found()
    return repo, run


def _only_apps(call: Call) -> None:
    """Raises 403 for whoever is no app; a personal token may not write checks, whatever it was given."""
    if call.token is None or not call.token.app:
        raise GitHubError(403, "You must authenticate via a GitHub App.")


def _apply(call: Call, run: CheckRun) -> None:
    """Sets what a request says of a run, all of it or nothing."""
    for name in BEYOND:
        if name in call.body:
            raise GitHubError(422, f"The workshop's stand-in for GitHub does not do `{name}` of a check run.")
    status, conclusion = call.body.get("status", run.status), call.body.get("conclusion", run.conclusion)
    if conclusion is not None and conclusion not in CONCLUSIONS:
        raise invalid("CheckRun", "conclusion", "invalid", f"conclusion is one of {', '.join(CONCLUSIONS)}")
    if "conclusion" in call.body and conclusion:
        status = "completed"  # "Providing conclusion will automatically set the status parameter to completed"
    if status not in STATUSES:
        raise invalid("CheckRun", "status", "invalid", f"status is one of {', '.join(STATUSES)}")
    if status == "completed" and not conclusion:
        raise invalid("CheckRun", "conclusion", "missing_field")
    output = call.body.get("output", {})
    if not isinstance(output, dict) or not all(isinstance(each, str) for each in output.values()):
        wrong = "The stand-in's output of a check run is title, summary and text; annotations and images it does not do"
        raise invalid("CheckRun", "output", "invalid", wrong)
    if output and not output.get("summary"):
        raise invalid("CheckRun", "output.summary", "missing_field")
    details, external = call.text("CheckRun", "details_url"), call.text("CheckRun", "external_id")
    if details and not is_web_address(details):
        raise invalid("CheckRun", "details_url", "invalid")
    name = call.text("CheckRun", "name") or run.name
    now = call.store.now()
    run.name, run.status, run.conclusion = name, status, conclusion if status == "completed" else None
    run.output |= output
    run.details_url, run.external_id = details or run.details_url, external or run.external_id
    run.started_at = call.text("CheckRun", "started_at") or run.started_at or now
    run.completed_at = (call.text("CheckRun", "completed_at") or now) if status == "completed" else None


def create(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/check-runs"""
    _only_apps(call)
    repo = call.repo
    name = call.text("CheckRun", "name", required=True) or ""
    sha = (call.text("CheckRun", "head_sha", required=True) or "").lower()
    if sha not in repo.commits:
        raise GitHubError(422, f"No commit found for SHA: {sha}")
    run = CheckRun(call.store.next_id(), sha, name, repo.suite_of(sha, call.store.next_id))
    _apply(call, run)
    repo.check_runs[run.id] = run
    body = body_of(call, repo, run)
    call.later.append(lambda: hooks.check_run(call, repo, body, "created"))
    if run.status == "completed":
        call.later.append(lambda: hooks.check_run(call, repo, body, "completed"))
    return json_response(body, 201, {"Location": body["url"]})


def update(call: Call) -> Response:
    """PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}"""
    _only_apps(call)
    repo, run = _run(call)
    before = run.status
    _apply(call, run)
    body = body_of(call, repo, run)
    if run.status == "completed" and before != "completed":
        call.later.append(lambda: hooks.check_run(call, repo, body, "completed"))
    return json_response(body)


def get(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/check-runs/{check_run_id}"""
    return json_response(body_of(call, *_run(call)))


def list_annotations(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations: never any here"""
    _run(call)
    return json_response([])


def listed(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/commits/{ref}/check-runs, the newest of each name unless `filter=all`"""
    repo, query = call.repo, call.request.query_params
    sha = repo.resolve(call.path("ref"))
    if not sha:
        raise GitHubError(422, f"No commit found for SHA: {call.path('ref')}")
    runs = [each for each in repo.check_runs.values() if each.sha == sha]
    if call.choice("filter", ("latest", "all")) == "latest":
        runs = list({each.name: each for each in runs}.values())
    found = [
        each
        for each in runs
        if query.get("check_name", each.name) == each.name and query.get("status", each.status) == each.status
    ]
    page, headers = call.page_of(found[::-1])
    shown = [body_of(call, repo, each) for each in page]
    return json_response({"total_count": len(found), "check_runs": shown}, headers=headers)
