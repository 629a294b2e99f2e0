"""Repositories, branches, commits and branch protection. https://docs.github.com/rest/repos"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from starlette.responses import Response

from workshop.partners.github import bodies, elsewhere, hooks
from workshop.partners.github.answers import Call, GitHubError, invalid, json_response, not_found
from workshop.partners.github.store import Commit, Repo

NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def me(call: Call) -> Response:
    """GET /user"""
    return json_response(bodies.user(call.store, call.login))


def create(call: Call) -> Response:
    """POST /user/repos"""
    name = call.text("Repository", "name", required=True) or ""
    if not NAME.fullmatch(name) or name in (".", ".."):
        raise invalid("Repository", "name", "custom", "name is invalid")
    if call.store.repo(call.login, name):
        raise invalid("Repository", "name", "custom", "name already exists on this account")
    description = call.text("Repository", "description")
    repo = call.store.add_repo(call.login, name, description, call.body.get("private") is True)
    body = bodies.full_repo(call.store, repo)
    return json_response(body, 201, {"Location": body["url"]})


def get(call: Call) -> Response:
    """GET /repos/{owner}/{repo}"""
    return json_response(bodies.full_repo(call.store, call.repo))


def delete(call: Call) -> Response:
    """DELETE /repos/{owner}/{repo}, by its owner only"""
    if call.login != call.repo.owner:
        raise GitHubError(403, "Must have admin rights to Repository.")
    del call.store.repos[call.repo.full_name.lower()]
    return Response(status_code=204)


def commit_body(call: Call, repo: Repo, commit: Commit) -> dict[str, Any]:
    """A commit, its essentials."""
    url = f"{call.store.url}/repos/{repo.full_name}/commits/{commit.sha}"
    who = {"name": commit.login, "email": f"{commit.login}@users.noreply.github.com", "date": commit.at}
    return {
        "sha": commit.sha,
        "node_id": bodies.node_id("Commit", int(commit.sha[:12], 16)),
        "url": url,
        "html_url": f"{call.store.url}/{repo.full_name}/commit/{commit.sha}",
        "commit": {"message": commit.message, "author": who, "committer": who},
        "author": bodies.user(call.store, commit.login),
        "committer": bodies.user(call.store, commit.login),
        "parents": [{"sha": commit.parent}] if commit.parent else [],
    }


def commit(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/commits/{ref}"""
    repo = call.repo
    sha = repo.resolve(call.path("ref"))
    if not sha:
        method, path = call.request.method, call.request.url.path
        if elsewhere.knows(method, path):  # such as …/commits/{ref}/check-suites
            raise GitHubError(404, elsewhere.refusal(method, path))
        raise GitHubError(422, f"No commit found for SHA: {call.path('ref')}")
    return json_response(commit_body(call, repo, repo.commits[sha]))


def branches(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/branches"""
    repo = call.repo
    page, headers = call.page_of(sorted(repo.branches))
    return json_response([_branch(call, repo, name) for name in page], headers=headers)


def _branch(call: Call, repo: Repo, name: str) -> dict[str, Any]:
    api, sha = f"{call.store.url}/repos/{repo.full_name}", repo.branches[name]
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{api}/commits/{sha}"},
        "protected": name in repo.protection,
        "protection_url": f"{api}/branches/{name}/protection",
    }


def branch(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/branches/{branch}"""
    repo, name = call.repo, call.path("branch")
    if name not in repo.branches:
        raise GitHubError(404, "Branch not found")
    commit = commit_body(call, repo, repo.commits[repo.branches[name]])
    return json_response(_branch(call, repo, name) | {"commit": commit})


def create_ref(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/git/refs: a new branch"""
    repo = call.repo
    ref = call.text("Reference", "ref", required=True) or ""
    sha = call.text("Reference", "sha", required=True) or ""
    name = ref.removeprefix("refs/heads/")
    if not ref.startswith("refs/heads/") or not re.fullmatch(r"[^\s~^:?*\[\\]+", name) or name.endswith("/"):
        raise GitHubError(422, "Reference name must start with 'refs/heads/' and hold a valid branch name here")
    if name in repo.branches:
        raise GitHubError(422, "Reference already exists")
    if sha not in repo.commits:
        raise GitHubError(422, "Object does not exist")
    repo.branches[name] = sha
    url = f"{call.store.url}/repos/{repo.full_name}/git/{ref}"
    body = {"ref": ref, "url": url, "object": {"type": "commit", "sha": sha}}
    return json_response(body, 201, {"Location": url})


def put_file(call: Call) -> Response:
    """PUT /repos/{owner}/{repo}/contents/{path}: a commit on a branch, which moves its open pull requests"""
    repo, path = call.repo, call.path("path")
    message = call.text("Commit", "message", required=True) or ""
    content = call.text("Commit", "content", required=True, most=10_000_000) or ""
    name = call.text("Commit", "branch") or repo.default_branch
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise GitHubError(422, "content is not valid Base64") from None
    if name not in repo.branches:
        raise GitHubError(404, f"Branch {name} not found")
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    tree = repo.commits[repo.branches[name]].tree
    held = tree.get(path)
    if held and not call.body.get("sha"):
        raise GitHubError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if held and call.body["sha"] != held:
        raise GitHubError(409, f"{path} does not match {call.body['sha']}")
    repo.blobs[blob] = data
    made = move_branch(call, repo, name, message, {**tree, path: blob})
    content_body = {"name": path.rpartition("/")[2], "path": path, "sha": blob, "size": len(data), "type": "file"}
    return json_response({"content": content_body, "commit": commit_body(call, repo, made)}, 200 if held else 201)


def move_branch(call: Call, repo: Repo, name: str, message: str, tree: dict[str, str]) -> Commit:
    """A commit with these files on a branch; its open pull requests move with it."""
    before = repo.branches[name]
    made = call.store.commit(repo, before, message, call.login, tree)
    repo.branches[name] = made.sha
    call.later.append(lambda: hooks.pushed(call, repo, name, before, made))
    for pull in repo.pulls.values():
        if pull.state == "open" and pull.head == name:
            pull.head_sha, pull.updated_at = made.sha, call.store.now()
            call.later.append(
                lambda pull=pull: hooks.pull_changed(call, repo, pull, "synchronize", before=before, after=made.sha)
            )
    return made


def protection(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/branches/{branch}/protection"""
    repo, name = call.repo, call.path("branch")
    if name not in repo.branches:
        raise GitHubError(404, "Branch not found")
    if name not in repo.protection:
        raise GitHubError(404, "Branch not protected")
    return json_response(_protection(call, repo, name))


def protect(call: Call) -> Response:
    """PUT /repos/{owner}/{repo}/branches/{branch}/protection"""
    repo, name = call.repo, call.path("branch")
    if name not in repo.branches:
        raise GitHubError(404, "Branch not found")
    needed = ("required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions")
    missing = [f'"{key}" wasn\'t supplied.' for key in needed if key not in call.body]
    if missing:
        raise GitHubError(422, "Invalid request.\n\n" + "\n".join(missing))
    wanted = call.body["required_status_checks"]
    if wanted is not None:
        contexts = _contexts(wanted) if isinstance(wanted, dict) else [None]
        if not all(isinstance(each, str) for each in contexts):
            raise GitHubError(422, 'Invalid request.\n\n"contexts" is a list of strings, "checks" one of objects.')
        wanted = {"strict": bool(wanted.get("strict")), "contexts": contexts}
    admins = bool(call.body["enforce_admins"])
    repo.protection[name] = {"required_status_checks": wanted, "enforce_admins": admins}
    return json_response(_protection(call, repo, name))


def _contexts(wanted: dict[str, Any]) -> list[Any]:
    """The names of required checks: from `contexts`, or from `checks`, which GitHub takes in their place by now."""
    checks, contexts = wanted.get("checks"), wanted.get("contexts")
    if isinstance(checks, list) and checks:
        return [each.get("context") if isinstance(each, dict) else None for each in checks]
    return contexts if isinstance(contexts, list) else [None]


def _protection(call: Call, repo: Repo, name: str) -> dict[str, Any]:
    url = f"{call.store.url}/repos/{repo.full_name}/branches/{name}/protection"
    rules = repo.protection[name]
    checks = rules["required_status_checks"]
    shown = {"url": url, "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": rules["enforce_admins"]}}
    if checks:
        each = [{"context": context, "app_id": None} for context in checks["contexts"]]
        shown["required_status_checks"] = {"url": f"{url}/required_status_checks", **checks, "checks": each}
    return shown


def unprotect(call: Call) -> Response:
    """DELETE /repos/{owner}/{repo}/branches/{branch}/protection"""
    if call.repo.protection.pop(call.path("branch"), None) is None:
        raise not_found()
    return Response(status_code=204)
