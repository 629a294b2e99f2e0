"""Comments on a pull request, which GitHub keeps with its issue. https://docs.github.com/rest/issues/comments"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from workshop.partners.github import bodies, hooks
from workshop.partners.github.answers import Call, json_response, not_found
from workshop.partners.github.store import Comment, Pull, Repo


def body_of(call: Call, repo: Repo, comment: Comment) -> dict[str, Any]:
    """A comment."""
    api, page = f"{call.store.url}/repos/{repo.full_name}/issues", f"{call.store.url}/{repo.full_name}/pull"
    return {
        "id": comment.id,
        "node_id": bodies.node_id("IssueComment", comment.id),
        "url": f"{api}/comments/{comment.id}",
        "html_url": f"{page}/{comment.number}#issuecomment-{comment.id}",
        "issue_url": f"{api}/{comment.number}",
        "body": comment.body,
        "user": bodies.user(call.store, comment.login),
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
        "author_association": "OWNER" if comment.login == repo.owner else "CONTRIBUTOR",
    }


def _pull(call: Call) -> tuple[Repo, Pull]:
    repo = call.repo
    pull = repo.pulls.get(call.number("number"))
    if pull is None:
        raise not_found()
    return repo, pull


def _comment(call: Call) -> tuple[Repo, Comment]:
    repo = call.repo
    comment = repo.comments.get(call.number("comment_id"))
    if comment is None:
        raise not_found()
    return repo, comment


def listed(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/issues/{number}/comments, oldest first"""
    repo, pull = _pull(call)
    page, headers = call.page_of([each for each in repo.comments.values() if each.number == pull.number])
    return json_response([body_of(call, repo, each) for each in page], headers=headers)


def create(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/issues/{number}/comments"""
    repo, pull = _pull(call)
    text = call.text("IssueComment", "body", required=True) or ""
    now = call.store.now()
    comment = Comment(call.store.next_id(), pull.number, call.login, text, now, now)
    repo.comments[comment.id] = comment
    body = body_of(call, repo, comment)
    call.later.append(lambda: hooks.commented(call, repo, pull, body, "created"))
    return json_response(body, 201, {"Location": body["url"]})


def get(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/issues/comments/{comment_id}"""
    return json_response(body_of(call, *_comment(call)))


def update(call: Call) -> Response:
    """PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}"""
    repo, comment = _comment(call)
    before = comment.body
    comment.body = call.text("IssueComment", "body", required=True) or ""
    comment.updated_at = call.store.now()
    body = body_of(call, repo, comment)
    changes = {"body": {"from": before}}
    pull = repo.pulls[comment.number]
    call.later.append(lambda: hooks.commented(call, repo, pull, body, "edited", changes=changes))
    return json_response(body)


def delete(call: Call) -> Response:
    """DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}"""
    repo, comment = _comment(call)
    del repo.comments[comment.id]
    body, pull = body_of(call, repo, comment), repo.pulls[comment.number]
    call.later.append(lambda: hooks.commented(call, repo, pull, body, "deleted"))
    return Response(status_code=204)
