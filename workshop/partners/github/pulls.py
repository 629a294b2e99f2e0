"""Pull requests. https://docs.github.com/rest/pulls/pulls"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from workshop.partners.github import bodies, checks, hooks
from workshop.partners.github.answers import Call, GitHubError, invalid, json_response, not_found
from workshop.partners.github.store import Pull, Repo


def _pull(call: Call) -> tuple[Repo, Pull]:
    repo = call.repo
    pull = repo.pulls.get(call.number("number"))
    if pull is None:
        raise not_found()
    return repo, pull


def _body(call: Call, repo: Repo, pull: Pull) -> dict[str, Any]:
    return bodies.full_pull(call.store, repo, pull, checks.mergeable_state(repo, pull))


def listed(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/pulls"""
    repo, query = call.repo, call.request.query_params
    state = call.choice("state", ("open", "closed", "all"))
    sort = call.choice("sort", ("created", "updated", "popularity", "long-running"))
    down = "desc" if sort == "created" else "asc"
    direction = call.choice("direction", (down, "asc", "desc"))
    found = [
        pull
        for pull in repo.pulls.values()
        if (state in ("all", pull.state))
        and query.get("base", pull.base) == pull.base
        and query.get("head", f"{repo.owner}:{pull.head}") == f"{repo.owner}:{pull.head}"
    ]
    keys: dict[str, Callable[[Pull], tuple[str, int]]] = {"updated": lambda pull: (pull.updated_at, pull.number)}
    found.sort(key=keys.get(sort, lambda pull: (pull.created_at, pull.number)), reverse=direction == "desc")
    page, headers = call.page_of(found)
    return json_response([bodies.simple_pull(call.store, repo, pull) for pull in page], headers=headers)


def get(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/pulls/{number}"""
    return json_response(_body(call, *_pull(call)))


def create(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/pulls"""
    repo = call.repo
    title = call.text("PullRequest", "title", required=True, most=256) or ""
    head = (call.text("PullRequest", "head", required=True) or "").removeprefix(f"{repo.owner}:")
    base = call.text("PullRequest", "base", required=True) or ""
    body = call.text("PullRequest", "body")
    for name, branch in (("head", head), ("base", base)):
        if branch not in repo.branches:
            raise invalid("PullRequest", name, "invalid")
    if any(pull.state == "open" and (pull.head, pull.base) == (head, base) for pull in repo.pulls.values()):
        raise invalid("PullRequest", "", "custom", f"A pull request already exists for {repo.owner}:{head}.")
    now, number = call.store.now(), len(repo.pulls) + 1
    head_sha, base_sha = repo.branches[head], repo.branches[base]
    draft = bool(call.body.get("draft", False))
    pull = Pull(call.store.next_id(), number, title, body, call.login, head, base, head_sha, base_sha, now, now, draft)
    if not repo.new_commits(pull):
        raise invalid("PullRequest", "", "custom", f"No commits between {base} and {head}")
    repo.pulls[number] = pull
    call.later.append(lambda: hooks.pull_changed(call, repo, pull, "opened"))
    answer = _body(call, repo, pull)
    return json_response(answer, 201, {"Location": answer["url"]})


def update(call: Call) -> Response:
    """PATCH /repos/{owner}/{repo}/pulls/{number}: title, body, state, base"""
    repo, pull = _pull(call)
    if "title" in call.body:
        call.text("PullRequest", "title", required=True, most=256)
    call.text("PullRequest", "body")
    state, base = call.body.get("state", pull.state), call.body.get("base", pull.base)
    if state not in ("open", "closed"):
        raise invalid("PullRequest", "state", "invalid")
    if base not in repo.branches:
        raise invalid("PullRequest", "base", "invalid")
    if pull.merged_at and state == "open":
        raise invalid("PullRequest", "state", "custom", "The pull request is merged and cannot be reopened.")
    edit(call, repo, pull, {**call.body, "state": state, "base": base})
    return json_response(_body(call, repo, pull))


def edit(call: Call, repo: Repo, pull: Pull, wanted: dict[str, Any]) -> None:
    """Applies changes to a pull request and sends the events they cause: `edited`, `closed`, `reopened`."""
    changes: dict[str, Any] = {}
    for name in ("title", "body"):
        if name in wanted and wanted[name] != getattr(pull, name):
            changes[name] = {"from": getattr(pull, name) or ""}
            setattr(pull, name, wanted[name])
    base = wanted.get("base", pull.base)
    if base != pull.base:
        changes["base"] = {"ref": {"from": pull.base}, "sha": {"from": pull.base_sha}}
        pull.base, pull.base_sha = base, repo.branches[base]
    state = wanted.get("state", pull.state)
    if changes or state != pull.state:
        pull.updated_at = call.store.now()
    if changes:
        call.later.append(lambda: hooks.pull_changed(call, repo, pull, "edited", changes=changes))
    if state != pull.state:
        pull.state, pull.closed_at = state, call.store.now() if state == "closed" else None
        if state == "open":
            pull.head_sha = repo.branches.get(pull.head, pull.head_sha)
        action = "closed" if state == "closed" else "reopened"
        call.later.append(lambda: hooks.pull_changed(call, repo, pull, action))


def commits(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/pulls/{number}/commits, oldest first"""
    repo, pull = _pull(call)
    page, headers = call.page_of(repo.new_commits(pull)[::-1])
    return json_response([{"sha": each.sha, "commit": {"message": each.message}} for each in page], headers=headers)


def merge(call: Call) -> Response:
    """PUT /repos/{owner}/{repo}/pulls/{number}/merge"""
    repo, pull = _pull(call)
    wanted = call.text("PullRequest", "sha")
    if wanted and wanted != pull.head_sha:
        raise GitHubError(409, "Head branch was modified. Review and try the merge again.")
    try_merge(call, repo, pull)
    return json_response({"sha": pull.merge_commit_sha, "merged": True, "message": "Pull Request successfully merged"})


def try_merge(call: Call, repo: Repo, pull: Pull) -> None:
    """Merges, or raises 405 with what stands in the way. The owner passes rules that spare administrators."""
    if pull.state != "open" or pull.draft:
        raise GitHubError(405, "Pull Request is not mergeable")
    spared = call.login == repo.owner and not repo.protection.get(pull.base, {}).get("enforce_admins")
    missing = checks.unmet(repo, pull)
    if missing and not spared:
        raise GitHubError(405, checks.refusal(missing, len(checks.required_contexts(repo, pull.base))))
    if checks.behind(repo, pull) and not spared:
        raise GitHubError(405, "The head branch is not up to date with the base branch.")
    both = {**repo.commits[repo.branches[pull.base]].tree, **repo.commits[pull.head_sha].tree}
    message = f"Merge pull request #{pull.number}\n\n{pull.title}"
    made = call.store.commit(repo, pull.head_sha, message, call.login, both)
    repo.branches[pull.base] = made.sha
    now = call.store.now()
    pull.state, pull.closed_at, pull.merged_at, pull.updated_at = "closed", now, now, now
    pull.merged_by, pull.merge_commit_sha = call.login, made.sha
    call.later.append(lambda: hooks.pull_changed(call, repo, pull, "closed"))
