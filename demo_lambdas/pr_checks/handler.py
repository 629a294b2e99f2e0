"""GitHub tells us that a pull request changed; we answer with two commit statuses."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx
from access_ssm import get_ssm
from checks import Status, time_check, title_check
from github import GitHub

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

ACTIONS = {"opened", "edited", "synchronize", "reopened"}


def webhook(event, context):
    """POST /webhook, called by GitHub. https://docs.github.com/webhooks"""
    token, secret = get_ssm(["github_token", "github_webhook_secret"])
    headers = {name.lower(): value for name, value in event["headers"].items()}
    body = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else (event["body"] or "").encode()

    if not is_signed(body, headers.get("x-hub-signature-256", ""), secret):
        return answer(401, "The signature does not match.")
    kind = headers.get("x-github-event")
    if kind == "ping":
        return answer(200, "pong")
    if kind != "pull_request":
        return answer(200, f"Ignored: {kind}")
    try:
        payload = parse(body, headers.get("content-type", ""))
        action, repo, told = payload["action"], payload["repository"]["full_name"], payload["pull_request"]
        number, title, base, sha = told["number"], told["title"], told["base"]["ref"], told["head"]["sha"]
        if [type(each) for each in (repo, number, title, base, sha)] != [str, int, str, str, str]:
            raise TypeError("a title is a text, a number is a number")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return answer(400, f"This is not a pull_request event: {error!r}")
    if action not in ACTIONS:
        return answer(200, f"Ignored: {action}")

    now = datetime.fromtimestamp(event["requestContext"]["requestTimeEpoch"] / 1000, UTC)
    try:
        statuses = asyncio.run(check(token, repo, number, (title, base, sha), now))
    except httpx.HTTPStatusError as error:
        logger.error("GitHub answered %s for %s #%s", error.response.status_code, repo, number)
        return answer(502, f"GitHub answered {error.response.status_code}.")
    except httpx.HTTPError as error:
        logger.error("GitHub cannot be reached for %s #%s: %r", repo, number, error)
        return answer(502, "GitHub cannot be reached.")
    logger.info("%s #%s %s: %s", repo, number, action, [status.state for status in statuses])
    return answer(200, {status.context: status.state for status in statuses})


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """True when GitHub signed exactly these bytes. Compared in constant time, so that guessing teaches nothing."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def parse(body: bytes, content_type: str) -> dict:
    """The payload: JSON as it is, or in a form's field, as the webhook's settings say."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return json.loads(parse_qs(body.decode())["payload"][0])
    return json.loads(body)


async def check(token: str, repo: str, number: int, told: tuple[str, str, str], now: datetime) -> list[Status]:
    """Checks a pull request and posts both statuses; returns when GitHub has them.

    A delivery may come late, twice or out of order. So it is only the occasion: what is checked is the pull request
    as GitHub knows it now, and what was told counts only when GitHub does not show it.
    """
    async with GitHub(token) as github:
        pull = await github.pull(repo, number)
        title, base, sha = (pull["title"], pull["base"]["ref"], pull["head"]["sha"]) if pull else told
        statuses = [title_check(title), time_check(base, now)]
        await asyncio.gather(*(github.post_status(repo, sha, status) for status in statuses))
    return statuses


def answer(status: int, message) -> dict:
    """What GitHub shows under Recent deliveries: little, and nothing of the event."""
    body = message if isinstance(message, dict) else {"message": message}
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
