"""A stand-in for GitHub: repositories, pull requests, commit statuses and signed webhooks, over its REST API.

Clients meet it by its address (`GITHUB_API_URL`); the same code then talks to https://api.github.com. The page of a
pull request is at `/{owner}/{repo}/pull/{number}`. Doors besides the common ones, all on the same port:

    POST /_stand_in/tokens       {"login", "permissions": {"statuses": "write", …}} -> {"token"}; default: all; with
                                 "app": true that of a GitHub App, which may write check runs
    POST /_stand_in/rate_limit   {"remaining": 0}: leaves every caller so many requests in this hour
    POST /_stand_in/settle       {"seconds": 5}: waits until no webhook is under way -> {"under_way": 0}

Files: `store` what is remembered · `bodies` its JSON · `answers` errors, pages, the rate limit · `repos`, `contents`,
`pulls`, `comments`, `statuses`, `check_runs`, `hooks` the endpoints · `elsewhere` what it does not do · `delivering`
webhooks on their way · `checks` what may be merged · `page` the HTML.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workshop.core.net import ASGIApp
from workshop.partners import PartnerContext
from workshop.partners.common import BadBody, JsonAnswer, StandIn, json_body
from workshop.partners.github import (
    check_runs,
    comments,
    contents,
    delivering,
    elsewhere,
    hooks,
    page,
    pulls,
    repos,
    statuses,
)
from workshop.partners.github.answers import DOCS, RATE_DOCS, Call, GitHubError, RateLimit, json_response, request_id
from workshop.partners.github.store import LEVELS, PERMISSIONS, Store

Endpoint = Callable[[Call], Response]
REPO = "/repos/{owner}/{repo}"
HOOK = REPO + "/hooks/{hook_id}"
PULL = REPO + "/pulls/{number}"
RUN = REPO + "/check-runs/{check_run_id}"
COMMENTS, COMMENT = REPO + "/issues/{number}/comments", REPO + "/issues/comments/{comment_id}"
# method, path, endpoint, its documentation, the permission it needs ("user" for: any token)
ENDPOINTS: list[tuple[str, str, Endpoint, str, str]] = [
    ("GET", "/user", repos.me, "users/users#get-the-authenticated-user", "user"),
    ("POST", "/user/repos", repos.create, "repos/repos#create-a-repository-for-the-authenticated-user", "user"),
    ("GET", REPO, repos.get, "repos/repos#get-a-repository", "metadata=read"),
    ("DELETE", REPO, repos.delete, "repos/repos#delete-a-repository", "administration=write"),
    ("GET", REPO + "/branches", repos.branches, "branches/branches#list-branches", "contents=read"),
    (
        "GET",
        REPO + "/branches/{branch:path}/protection",
        repos.protection,
        "branches/branch-protection#get-branch-protection",
        "administration=read",
    ),
    (
        "PUT",
        REPO + "/branches/{branch:path}/protection",
        repos.protect,
        "branches/branch-protection#update-branch-protection",
        "administration=write",
    ),
    (
        "DELETE",
        REPO + "/branches/{branch:path}/protection",
        repos.unprotect,
        "branches/branch-protection#delete-branch-protection",
        "administration=write",
    ),
    ("GET", REPO + "/branches/{branch:path}", repos.branch, "branches/branches#get-a-branch", "contents=read"),
    (
        "DELETE",
        REPO + "/git/refs/{ref:path}",
        contents.delete_reference,
        "git/refs#delete-a-reference",
        "contents=write",
    ),
    ("POST", REPO + "/git/refs", repos.create_ref, "git/refs#create-a-reference", "contents=write"),
    (
        "PUT",
        REPO + "/contents/{path:path}",
        repos.put_file,
        "repos/contents#create-or-update-file-contents",
        "contents=write",
    ),
    ("GET", REPO + "/contents", contents.get, "repos/contents#get-repository-content", "contents=read"),
    ("GET", REPO + "/contents/{path:path}", contents.get, "repos/contents#get-repository-content", "contents=read"),
    ("DELETE", REPO + "/contents/{path:path}", contents.remove, "repos/contents#delete-a-file", "contents=write"),
    ("GET", REPO + "/commits", contents.commits, "commits/commits#list-commits", "contents=read"),
    ("GET", REPO + "/git/ref/{ref:path}", contents.reference, "git/refs#get-a-reference", "contents=read"),
    ("POST", REPO + "/check-runs", check_runs.create, "checks/runs#create-a-check-run", "checks=write"),
    ("GET", RUN, check_runs.get, "checks/runs#get-a-check-run", "checks=read"),
    ("PATCH", RUN, check_runs.update, "checks/runs#update-a-check-run", "checks=write"),
    ("GET", RUN + "/annotations", check_runs.list_annotations, "checks/runs#list-check-run-annotations", "checks=read"),
    (
        "GET",
        REPO + "/commits/{ref:path}/check-runs",
        check_runs.listed,
        "checks/runs#list-check-runs-for-a-git-reference",
        "checks=read",
    ),
    ("GET", COMMENTS, comments.listed, "issues/comments#list-issue-comments", "issues=read"),
    ("POST", COMMENTS, comments.create, "issues/comments#create-an-issue-comment", "issues=write"),
    ("GET", COMMENT, comments.get, "issues/comments#get-an-issue-comment", "issues=read"),
    ("PATCH", COMMENT, comments.update, "issues/comments#update-an-issue-comment", "issues=write"),
    ("DELETE", COMMENT, comments.delete, "issues/comments#delete-an-issue-comment", "issues=write"),
    ("GET", REPO + "/pulls", pulls.listed, "pulls/pulls#list-pull-requests", "pull_requests=read"),
    ("POST", REPO + "/pulls", pulls.create, "pulls/pulls#create-a-pull-request", "pull_requests=write"),
    ("GET", PULL, pulls.get, "pulls/pulls#get-a-pull-request", "pull_requests=read"),
    ("PATCH", PULL, pulls.update, "pulls/pulls#update-a-pull-request", "pull_requests=write"),
    (
        "GET",
        PULL + "/commits",
        pulls.commits,
        "pulls/pulls#list-commits-on-a-pull-request",
        "pull_requests=read",
    ),
    ("PUT", PULL + "/merge", pulls.merge, "pulls/pulls#merge-a-pull-request", "contents=write"),
    ("POST", REPO + "/statuses/{sha}", statuses.create, "commits/statuses#create-a-commit-status", "statuses=write"),
    (  # "This resource is also available via a legacy route"
        "GET",
        REPO + "/statuses/{ref:path}",
        statuses.listed,
        "commits/statuses#list-commit-statuses-for-a-reference",
        "statuses=read",
    ),
    (
        "GET",
        REPO + "/commits/{ref:path}/statuses",
        statuses.listed,
        "commits/statuses#list-commit-statuses-for-a-reference",
        "statuses=read",
    ),
    (
        "GET",
        REPO + "/commits/{ref:path}/status",
        statuses.combined,
        "commits/statuses#get-the-combined-status-for-a-specific-reference",
        "statuses=read",
    ),
    ("GET", REPO + "/commits/{ref:path}", repos.commit, "commits/commits#get-a-commit", "contents=read"),
    ("GET", REPO + "/hooks", hooks.listed, "repos/webhooks#list-repository-webhooks", "webhooks=read"),
    ("POST", REPO + "/hooks", hooks.create, "repos/webhooks#create-a-repository-webhook", "webhooks=write"),
    ("GET", HOOK, hooks.get, "repos/webhooks#get-a-repository-webhook", "webhooks=read"),
    ("PATCH", HOOK, hooks.update, "repos/webhooks#update-a-repository-webhook", "webhooks=write"),
    ("DELETE", HOOK, hooks.delete, "repos/webhooks#delete-a-repository-webhook", "webhooks=write"),
    ("POST", HOOK + "/pings", hooks.ping, "repos/webhooks#ping-a-repository-webhook", "webhooks=read"),
    (
        "GET",
        HOOK + "/deliveries",
        hooks.deliveries,
        "repos/webhooks#list-deliveries-for-a-repository-webhook",
        "webhooks=read",
    ),
    (
        "GET",
        HOOK + "/deliveries/{delivery_id}",
        hooks.delivery,
        "repos/webhooks#get-a-delivery-for-a-repository-webhook",
        "webhooks=read",
    ),
    (
        "POST",
        HOOK + "/deliveries/{delivery_id}/attempts",
        hooks.redeliver,
        "repos/webhooks#redeliver-a-delivery-for-a-repository-webhook",
        "webhooks=write",
    ),
]
NO_USER_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent header "
    f"({DOCS}/using-the-rest-api/getting-started-with-the-rest-api#user-agent)."
)


class GitHub:
    """The site: its store, its rate limit and the way a request takes through both."""

    def __init__(self, context: PartnerContext) -> None:
        self.store = Store(context.clock, context.urls.get("github", ""))
        self.limit = RateLimit(context.clock)

    def reset(self) -> None:
        """Back to the first state."""
        self.store.clear()
        self.limit.clear()

    def routes(self) -> list[Route]:
        """Every endpoint of the API and the pages."""
        out = [Route("/rate_limit", self.rate_limit), Route("/zen", self.zen)]
        for method, path, endpoint, docs, permission in ENDPOINTS:
            out.append(Route(path, self.answering(endpoint, f"{DOCS}/{docs}", permission), methods=[method]))
        return out + page.routes(self.store)

    def answering(self, endpoint: Endpoint, docs: str, permission: str) -> Callable[[Request], Any]:
        """An endpoint with credentials, limit, body and errors around it."""

        async def answer(request: Request) -> Response:
            call = Call(self.store, request, docs)
            try:
                self._identify(call)
                self._permit(call, permission)
                call.body = await self._body(request)
                response = endpoint(call)
            except GitHubError as error:
                response = json_response(error.body(docs), error.status, error.headers)
            response.headers.update(self._headers(call))
            for then in call.later:
                then()
            return response

        return answer

    def _identify(self, call: Call) -> None:
        """Who asks; counts the request. Raises 401, 403."""
        self.store.url = self.store.url or str(call.request.base_url).rstrip("/")
        if not call.request.headers.get("user-agent"):
            raise GitHubError(403, NO_USER_AGENT)
        scheme, _, secret = call.request.headers.get("authorization", "").partition(" ")
        if scheme:
            call.token = self.store.tokens.get(secret.strip()) if scheme.lower() in ("bearer", "token") else None
            if call.token is None:
                raise GitHubError(401, "Bad credentials", docs=DOCS)
        if not self.limit.take(call.login):
            whose = f"user ID {self.store.user_id(call.login)}" if call.token else "127.0.0.1"
            raise GitHubError(403, f"API rate limit exceeded for {whose}.", docs=RATE_DOCS)

    def _permit(self, call: Call, permission: str) -> None:
        """Raises what a caller without the permission gets: 401, 403 or 404."""
        if permission == "user":
            if call.token is None:
                raise GitHubError(401, "Requires authentication")
            return
        name, _, level = permission.partition("=")
        if level == "read" and name not in ("administration", "webhooks"):
            return  # anyone may read what is public; a private repository is not found by those who may not
        if call.token is None:
            raise GitHubError(404, "Not Found")
        if not call.token.may(name, level):
            refusal = "Resource not accessible by personal access token"
            raise GitHubError(403, refusal, headers={"X-Accepted-GitHub-Permissions": permission})

    @staticmethod
    async def _body(request: Request) -> dict[str, Any]:
        if request.method == "GET":
            return {}
        try:
            body = await json_body(request)
        except BadBody:
            raise GitHubError(400, "Problems parsing JSON") from None
        if not isinstance(body, dict):
            raise GitHubError(400, "Body should be a JSON object")
        return body

    def _headers(self, call: Call) -> dict[str, str]:
        return {
            **self.limit.headers(call.login),
            "X-GitHub-Request-Id": request_id(),
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": call.request.headers.get("x-github-api-version", "2022-11-28"),
        }

    async def rate_limit(self, request: Request) -> Response:
        """GET /rate_limit: does not count. https://docs.github.com/rest/rate-limit/rate-limit"""
        secret = request.headers.get("authorization", "").partition(" ")[2].strip()
        token = self.store.tokens.get(secret)
        state = self.limit.state(token.login if token else "")
        return json_response({"resources": {"core": state}, "rate": state})

    async def zen(self, _: Request) -> Response:
        """GET /zen: one of GitHub's sentences."""
        return Response(hooks.ZEN, media_type="text/plain")

    def doors(self) -> list[Route]:
        """What a test or a lesson tells this stand-in."""

        async def tokens(request: Request) -> Response:
            body = await json_body(request)
            permissions = body.get("permissions", dict.fromkeys(PERMISSIONS, "write"))
            wrong = [name for name, level in permissions.items() if name not in PERMISSIONS or level not in LEVELS]
            if wrong:
                return JsonAnswer({"message": f"No such permission: {', '.join(wrong)}."}, 400)
            app = body.get("app", False) is True
            return JsonAnswer({"token": self.store.new_token(body.get("login", "octocat"), permissions, app=app)}, 201)

        async def rate_limit(request: Request) -> Response:
            self.limit.leave(int((await json_body(request)).get("remaining", 0)))
            return JsonAnswer({"windows": len(self.limit.windows)})

        async def settle(request: Request) -> Response:
            seconds = float((await json_body(request)).get("seconds", 5))
            return JsonAnswer({"under_way": await delivering.settle(self.store, min(seconds, 60))})

        return [
            Route("/tokens", tokens, methods=["POST"]),
            Route("/rate_limit", rate_limit, methods=["POST"]),
            Route("/settle", settle, methods=["POST"]),
        ]


async def _unknown(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:  # GitHub knows no 405 for a path: what is not there is not found
        status = 404
    message = "Not Found" if status == 404 else "Server Error"
    if status == 404 and elsewhere.knows(request.method, request.url.path):
        message = elsewhere.refusal(request.method, request.url.path)
    return json_response({"message": message, "documentation_url": DOCS, "status": str(status)}, status)


def error_body(status: int) -> Any:
    """What GitHub sends with an error of its own, for a fault that answers one."""
    if status in (403, 429):
        sentence = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return {"message": sentence, "documentation_url": f"{RATE_DOCS}#about-secondary-rate-limits"}
    return {"message": "Server Error", "documentation_url": DOCS, "status": str(status)}


def app(context: PartnerContext) -> ASGIApp:
    """The stand-in as an ASGI app."""
    site = GitHub(context)
    inner = Starlette(routes=site.routes(), exception_handlers={HTTPException: _unknown})
    inner.router.redirect_slashes = False  # /repos/octocat/shop/ is not found
    return StandIn(inner, context, doors=site.doors(), reset=site.reset, error_body=error_body)
