"""The page of a pull request, for a browser: its checks, its title to edit, its merge button.

GET  /{owner}/{repo}/pull/{number}
POST the same, with a form: `title=…` edits it, `merge=1` merges. Whoever opens the page is the owner.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from workshop.partners.github import checks, pulls
from workshop.partners.github.answers import Call, GitHubError
from workshop.partners.github.store import Pull, Repo, Store, Token

MARKS = {
    "success": ("✓", "#1a7f37", "Successful"),
    "failure": ("✕", "#cf222e", "Failing"),
    "error": ("✕", "#cf222e", "Failing"),
    "pending": ("●", "#9a6700", "Pending"),
    "expected": ("●", "#9a6700", "Expected: waiting for the status to be reported"),
}
BOX = "border:1px solid #d1d9e0;border-radius:6px;padding:12px 16px;margin:16px 0"
BUTTON = "border:1px solid #d1d9e0;border-radius:6px;padding:6px 14px;font:inherit"


def rows(repo: Repo, pull: Pull) -> list[tuple[str, str, str, bool]]:
    """The check rows: context, state, description, required. Required ones not reported yet are `expected`."""
    required = [context.lower() for context in checks.required_contexts(repo, pull.base)]
    newest = checks.latest(repo, pull.head_sha)
    runs = checks.run_states(repo, pull.head_sha)
    seen = {status.context.lower() for status in newest} | {name.lower() for name in runs}
    out = [(name, state, "", name.lower() in required) for name, state in runs.items()]
    out += [(each.context, each.state, each.description or "", each.context.lower() in required) for each in newest]
    missing = [name for name in checks.required_contexts(repo, pull.base) if name.lower() not in seen]
    return sorted(out) + [(name, "expected", "", True) for name in missing]


def html(repo: Repo, pull: Pull, note: str = "") -> str:
    """The page."""
    where = f"{escape(repo.owner)} wants to merge into <b>{escape(pull.base)}</b> from <b>{escape(pull.head)}</b>"
    state = "Merged" if pull.merged_at else pull.state.title()
    title = escape(pull.title, quote=True)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{title} · Pull Request #{pull.number}</title></head>",
        '<body style="font:16px/1.5 system-ui,sans-serif;max-width:760px;margin:32px auto;padding:0 16px">',
        f"<p>{escape(repo.full_name)}</p>",
        f'<h1 style="font-weight:400">{title} <span style="color:#59636e">#{pull.number}</span></h1>',
        f"<p><b>{state}</b> · {where}</p>",
        f'<p role="status"><b>{escape(note)}</b></p>' if note else "",
        f'<form method="post" style="{BOX}"><label>Title <input name="title" value="{title}" size="60"',
        f' style="font:inherit"></label> <button style="{BUTTON}">Save</button></form>',
        f'<div style="{BOX}">{_checks_html(repo, pull)}</div>',
        _merge_html(repo, pull),
        "<p>Reload the page to see what changed.</p></body></html>",
    ]
    return "\n".join(part for part in parts if part)


def _checks_html(repo: Repo, pull: Pull) -> str:
    found = rows(repo, pull)
    if not found:
        return "No checks have been reported."
    lines = []
    for context, state, description, required in found:
        mark, colour, word = MARKS[state]
        tail = f": {escape(description)}" if description else ""
        tag = " <i>Required</i>" if required else ""
        lines.append(f'<p><b style="color:{colour}">{mark}</b> <b>{escape(context)}</b> {word}{tail}{tag}</p>')
    return "\n".join(lines)


def _merge_html(repo: Repo, pull: Pull) -> str:
    if pull.state != "open":
        return ""
    blocked = checks.mergeable_state(repo, pull) in ("blocked", "behind", "draft")
    colour = "#818b98" if blocked else "#1f883d"
    why = "<p>Merging is blocked: required checks have not all succeeded.</p>" if blocked else ""
    button = f'style="{BUTTON};background:{colour};color:#fff"{" disabled" if blocked else ""}'
    return (
        f'<form method="post" style="{BOX}">{why}<button name="merge" value="1" {button}>Merge pull request</button>'
        "</form>"
    )


def routes(store: Store) -> list[Route]:
    """The page's routes."""

    async def show(request: Request) -> Response:
        call, repo, pull = _found(store, request)
        if pull is None:
            return HTMLResponse("<h1>404</h1><p>This is not the page you are looking for.</p>", 404)
        if request.method == "GET":
            return HTMLResponse(html(repo, pull))
        form = parse_qs((await request.body())[:100_000].decode("utf-8", "replace"))
        note = _act(call, repo, pull, form)
        later: list[Callable[[], Any]] = call.later
        for then in later:
            then()
        if note:
            return HTMLResponse(html(repo, pull, note), 409)
        return RedirectResponse(str(request.url.path), 303)

    return [Route("/{owner}/{repo}/pull/{number}", show, methods=["GET", "POST"])]


def _found(store: Store, request: Request) -> tuple[Call, Repo, Pull] | tuple[Call, None, None]:
    call = Call(store, request, "", Token(request.path_params["owner"], {}))
    try:
        repo = call.repo
        pull = repo.pulls.get(call.number("number"))
    except GitHubError:
        return call, None, None
    return (call, repo, pull) if pull else (call, None, None)


def _act(call: Call, repo: Repo, pull: Pull, form: dict[str, list[str]]) -> str:
    """Does what the form asks. Returns why not, or nothing."""
    if "merge" in form:
        try:
            pulls.try_merge(call, repo, pull)
        except GitHubError as error:
            return error.message
        return ""
    title = form.get("title", [""])[0].strip()[:256]
    if not title:
        return "A title is needed."
    pulls.edit(call, repo, pull, {"title": title})
    return ""
