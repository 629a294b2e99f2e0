"""Repository webhooks: made, pinged, delivered, delivered again. https://docs.github.com/rest/repos/webhooks"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from workshop.partners.github import bodies, delivering
from workshop.partners.github.answers import Call, GitHubError, invalid, is_web_address, json_response, not_found
from workshop.partners.github.checks import mergeable_state
from workshop.partners.github.store import Commit, Delivery, Hook, Pull, Repo, Status

ZEN = "Half measures are as bad as nothing at all."
CONTENT_TYPES = ("form", "json")


def body_of(call: Call, repo: Repo, hook: Hook) -> dict[str, Any]:
    """A hook; its secret is never shown."""
    url = f"{call.store.url}/repos/{repo.full_name}/hooks/{hook.id}"
    code, status, message = hook.last
    config = {"content_type": hook.content_type, "insecure_ssl": "0", "url": hook.url}
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config | ({"secret": "********"} if hook.secret else {}),
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": code, "status": status, "message": message},
    }


def _hook(call: Call) -> tuple[Repo, Hook]:
    repo = call.repo
    hook = repo.hooks.get(call.number("hook_id"))
    if hook is None:
        raise not_found()
    return repo, hook


def _configure(call: Call, hook: Hook, config: dict[str, Any]) -> None:
    url = config.get("url", hook.url)
    if not is_web_address(url):
        raise invalid("Hook", "url", "custom", "url must be a valid http or https address")
    content_type = config.get("content_type", hook.content_type)
    if content_type not in CONTENT_TYPES:
        raise invalid("Hook", "content_type", "custom", "content_type is form or json")
    events = call.body.get("events", hook.events)
    if not isinstance(events, list) or not events or not all(isinstance(each, str) for each in events):
        raise invalid("Hook", "events", "custom", "events is a list of event names")
    hook.url, hook.content_type, hook.events = url, content_type, events
    hook.secret = str(config.get("secret", hook.secret) or "")
    hook.active = call.body.get("active", hook.active) is not False
    hook.updated_at = call.store.now()


def create(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/hooks; the new hook gets a ping"""
    repo, config = call.repo, call.body.get("config")
    if not isinstance(config, dict) or "url" not in config:
        raise invalid("Hook", "config", "missing_field", "config must hold a url")
    if call.body.get("name", "web") != "web":
        raise invalid("Hook", "name", "custom", "name must be web")
    hook = Hook(call.store.next_id(), "", ["push"], "form", "", True, call.store.now(), "")
    _configure(call, hook, config)
    if any((each.url, each.events) == (hook.url, hook.events) for each in repo.hooks.values()):
        raise invalid("Hook", "", "custom", "Hook already exists on this repository")
    repo.hooks[hook.id] = hook
    call.later.append(lambda: _ping(call, repo, hook))
    body = body_of(call, repo, hook)
    return json_response(body, 201, {"Location": body["url"]})


def _ping(call: Call, repo: Repo, hook: Hook) -> None:
    payload = {"zen": ZEN, "hook_id": hook.id, "hook": body_of(call, repo, hook)}
    delivering.send(call.store, repo, hook, "ping", None, payload | _context(call, repo))


def listed(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/hooks"""
    repo = call.repo
    page, headers = call.page_of(list(repo.hooks.values()))
    return json_response([body_of(call, repo, hook) for hook in page], headers=headers)


def get(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/hooks/{hook_id}"""
    return json_response(body_of(call, *_hook(call)))


def update(call: Call) -> Response:
    """PATCH /repos/{owner}/{repo}/hooks/{hook_id}"""
    repo, hook = _hook(call)
    config = call.body.get("config", {})
    if not isinstance(config, dict):
        raise invalid("Hook", "config", "invalid")
    _configure(call, hook, config)
    return json_response(body_of(call, repo, hook))


def delete(call: Call) -> Response:
    """DELETE /repos/{owner}/{repo}/hooks/{hook_id}"""
    repo, hook = _hook(call)
    del repo.hooks[hook.id]
    return Response(status_code=204)


def ping(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/hooks/{hook_id}/pings"""
    repo, hook = _hook(call)
    call.later.append(lambda: _ping(call, repo, hook))
    return Response(status_code=204)


def _delivery_body(repo: Repo, delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": delivery.at,
        "redelivery": delivery.redelivery,
        "duration": round(delivery.seconds, 2),
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": None,
        "repository_id": repo.id,
        "throttled_at": None,
    }


def deliveries(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries, newest first, by cursor"""
    repo, hook = _hook(call)
    mine = [each for each in repo.deliveries if each.hook_id == hook.id][::-1]
    page, headers = call.page_from([each.id for each in mine])
    return json_response([_delivery_body(repo, each) for each in mine[page]], headers=headers)


def _delivery(call: Call) -> tuple[Repo, Hook, Delivery]:
    repo, hook = _hook(call)
    number = call.number("delivery_id")
    for each in repo.deliveries:
        if (each.id, each.hook_id) == (number, hook.id):
            return repo, hook, each
    raise not_found()


def delivery(call: Call) -> Response:
    """GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}: with what was sent and answered"""
    repo, hook, found = _delivery(call)
    sent = {"headers": found.headers, "payload": found.payload}
    answered = {"headers": {}, "payload": found.answer}
    return json_response(_delivery_body(repo, found) | {"url": hook.url, "request": sent, "response": answered})


def redeliver(call: Call) -> Response:
    """POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts"""
    repo, hook, found = _delivery(call)
    if not hook.active:
        raise GitHubError(422, "The hook is not active")
    call.later.append(
        lambda: delivering.send(call.store, repo, hook, found.event, found.action, found.payload, again=found)
    )
    return json_response({}, 202)


def _context(call: Call, repo: Repo) -> dict[str, Any]:
    return {
        "repository": bodies.full_repo(call.store, repo),
        "sender": bodies.user(call.store, call.login or repo.owner),
    }


def _send(call: Call, repo: Repo, event: str, action: str | None, payload: dict[str, Any]) -> None:
    for hook in repo.hooks.values():
        if hook.active and (event in hook.events or "*" in hook.events):
            delivering.send(call.store, repo, hook, event, action, payload)


def pull_changed(call: Call, repo: Repo, pull: Pull, action: str, **more: Any) -> None:
    """Sends a `pull_request` event. https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request"""
    body = bodies.full_pull(call.store, repo, pull, mergeable_state(repo, pull))
    payload = {"action": action, "number": pull.number, "pull_request": body, **more, **_context(call, repo)}
    _send(call, repo, "pull_request", action, payload)


def status_created(call: Call, repo: Repo, status: Status) -> None:
    """Sends a `status` event. https://docs.github.com/webhooks/webhook-events-and-payloads#status"""
    payload = bodies.simple_status(call.store, repo, status) | {"sha": status.sha, "name": repo.full_name}
    _send(call, repo, "status", None, payload | _context(call, repo))


def commented(call: Call, repo: Repo, pull: Pull, comment: dict[str, Any], action: str, **more: Any) -> None:
    """Sends an `issue_comment` event. https://docs.github.com/webhooks/webhook-events-and-payloads#issue_comment"""
    api, html = f"{call.store.url}/repos/{repo.full_name}", f"{call.store.url}/{repo.full_name}/pull/{pull.number}"
    issue = {
        "url": f"{api}/issues/{pull.number}",
        "number": pull.number,
        "title": pull.title,
        "state": pull.state,
        "body": pull.body,
        "user": bodies.user(call.store, pull.login),
        "pull_request": {"url": f"{api}/pulls/{pull.number}", "html_url": html},
    }
    payload = {"action": action, "issue": issue, "comment": comment, **more, **_context(call, repo)}
    _send(call, repo, "issue_comment", action, payload)


def check_run(call: Call, repo: Repo, run: dict[str, Any], action: str) -> None:
    """Sends a `check_run` event. https://docs.github.com/webhooks/webhook-events-and-payloads#check_run"""
    _send(call, repo, "check_run", action, {"action": action, "check_run": run, **_context(call, repo)})


def pushed(call: Call, repo: Repo, branch: str, before: str, commit: Commit) -> None:
    """Sends a `push` event. https://docs.github.com/webhooks/webhook-events-and-payloads#push"""
    head = {"id": commit.sha, "message": commit.message, "timestamp": commit.at}
    payload = {"ref": f"refs/heads/{branch}", "before": before, "after": commit.sha, "head_commit": head}
    _send(call, repo, "push", None, payload | {"commits": [head]} | _context(call, repo))
