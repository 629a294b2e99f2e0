"""Files and commits, read and removed. https://docs.github.com/rest/repos/contents · …/rest/commits/commits"""

from __future__ import annotations

import base64
from typing import Any

from starlette.responses import Response

from workshop.partners.github import hooks
from workshop.partners.github.answers import Call, GitHubError, json_response, not_found
from workshop.partners.github.repos import commit_body, move_branch
from workshop.partners.github.store import Repo


def body_of(call: Call, repo: Repo, path: str, blob: str, ref: str) -> dict[str, Any]:
    """A file in a list, or a directory when `blob` is empty."""
    api, html = f"{call.store.url}/repos/{repo.full_name}", f"{call.store.url}/{repo.full_name}"
    url = f"{api}/contents/{path}?ref={ref}"
    kind, where = ("file", "blob") if blob else ("dir", "tree")
    git, page = f"{api}/git/{where}s/{blob or path}", f"{html}/{where}/{ref}/{path}"
    return {
        "type": kind,
        "size": len(repo.blobs[blob]) if blob else 0,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": blob or repo.tree_sha(path),
        "url": url,
        "git_url": git,
        "html_url": page,
        "download_url": f"{html}/raw/{ref}/{path}" if blob else None,
        "_links": {"git": git, "html": page, "self": url},
    }


def get(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/contents/{path}: a file with its content, or what is in a directory"""
    repo = call.repo
    path = str(call.request.path_params.get("path", "")).strip("/")
    ref = call.request.query_params.get("ref") or repo.default_branch
    sha = repo.resolve(ref)
    if not sha:
        raise GitHubError(404, f"No commit found for the ref {ref}")
    tree = repo.commits[sha].tree
    if path in tree:
        content = base64.encodebytes(repo.blobs[tree[path]]).decode()
        return json_response(body_of(call, repo, path, tree[path], ref) | {"encoding": "base64", "content": content})
    within = f"{path}/" if path else ""
    names = sorted({within + each.removeprefix(within).partition("/")[0] for each in tree if each.startswith(within)})
    if not names and path:
        raise not_found()
    return json_response([body_of(call, repo, name, tree.get(name, ""), ref) for name in names])


def remove(call: Call) -> Response:
    """DELETE /repos/{owner}/{repo}/contents/{path}"""
    repo, path = call.repo, call.path("path")
    message = call.text("Commit", "message", required=True) or ""
    given = call.text("Commit", "sha", required=True)
    name = call.text("Commit", "branch") or repo.default_branch
    if name not in repo.branches:
        raise GitHubError(404, f"Branch {name} not found")
    tree = repo.commits[repo.branches[name]].tree
    if path not in tree:
        raise not_found()
    if tree[path] != given:
        raise GitHubError(409, f"{path} does not match {given}")
    made = move_branch(call, repo, name, message, {each: blob for each, blob in tree.items() if each != path})
    return json_response({"content": None, "commit": commit_body(call, repo, made)})


def commits(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/commits, newest first"""
    repo = call.repo
    ref = call.request.query_params.get("sha") or repo.default_branch
    sha = repo.resolve(ref)
    if not sha:
        raise not_found()
    page, headers = call.page_of(list(repo.history(sha)))
    return json_response([commit_body(call, repo, each) for each in page], headers=headers)


def delete_reference(call: Call) -> Response:
    """DELETE /repos/{owner}/{repo}/git/refs/{ref}: a branch; the default one stays"""
    repo, name = call.repo, call.path("ref").removeprefix("heads/")
    if name not in repo.branches:
        raise GitHubError(422, "Reference does not exist")
    if name == repo.default_branch:
        raise GitHubError(422, "Cannot delete the default branch")
    del repo.branches[name]
    return Response(status_code=204)


def reference(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/git/ref/{ref}"""
    repo, name = call.repo, call.path("ref").removeprefix("heads/")
    if name not in repo.branches:
        raise not_found()
    ref = f"refs/heads/{name}"
    api = f"{call.store.url}/repos/{repo.full_name}/git"
    target = {"type": "commit", "sha": repo.branches[name], "url": f"{api}/commits/{repo.branches[name]}"}
    node = hooks.bodies.node_id("Ref", repo.id)
    return json_response({"ref": ref, "node_id": node, "url": f"{api}/{ref}", "object": target})
