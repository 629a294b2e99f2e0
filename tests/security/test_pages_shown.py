"""Script in what a lesson's other side wrote: the stand-ins' pages show it, and do not run it."""

from __future__ import annotations

import re
from typing import Any

import httpx

EVIL = "evil<img src=x onerror=alert(1)><script>alert(1)</script>\"'><svg onload=alert(1)>"
TAG = re.compile(r"<(img src=x|svg onload|script>alert)")


def harmless(page: httpx.Response) -> str:
    """A page's text; none of the tags in it are the stranger's."""
    assert page.headers["content-type"].startswith("text/html"), page.headers
    assert not TAG.search(page.text), TAG.search(page.text)
    return page.text


def not_run(answer: httpx.Response) -> None:
    """A browser runs nothing of an answer: it is data or plain text, or its tags are not the stranger's."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if not answer.content or kind in ("application/json", "text/plain"):
        return
    assert kind in ("text/html", "application/xml", "text/xml"), kind
    assert not TAG.search(answer.text), TAG.search(answer.text)


def test_a_pull_requests_title_checks_and_owner(cloud: Any) -> None:
    from workshop.scenarios.pull_requests import repository

    repo = repository(cloud, "shown")
    pull = repo.open(EVIL)
    status = {"state": "failure", "context": EVIL, "description": EVIL}
    repo.ask("POST", f"{repo.path}/statuses/{repo.head(f'story-{repo.branches}')}", status)
    text = harmless(httpx.get(f"{repo.site}/{repo.full_name}/pull/{pull.number}"))
    assert text.count("evil&lt;img") >= 3
    assert "<img" not in pull.look().html() and "<script" not in pull.look().html()


def test_the_page_of_sent_mail(cloud: Any) -> None:
    mail = cloud.partners["mail"]
    key = httpx.post(f"{mail}/_stand_in/keys", json={}).json()["key"]
    body = {"From": "a@example.com", "To": "b@example.com", "Subject": EVIL, "TextBody": EVIL}
    httpx.post(f"{mail}/email", json=body, headers={"X-Postmark-Server-Token": key}).raise_for_status()
    assert "evil&lt;img" in harmless(httpx.get(mail))


def test_names_of_parameters_functions_and_orders(cloud: Any, client: Any) -> None:
    """What a page of the cloud says of a path, a parameter or an order that is not there."""
    for path in (EVIL, f"?x={EVIL}", f"_aws/execute-api/{EVIL}/dev/orders/{EVIL}/payment", f"_workshop/{EVIL}"):
        answer = httpx.get(f"{cloud.endpoint}/{path}", headers={"Accept": "text/html"})
        not_run(answer)


def test_pages_that_say_what_is_not_there(cloud: Any) -> None:
    stripe, paypal = cloud.partners["stripe"], cloud.partners["paypal"]
    for base in (stripe, paypal, cloud.partners["github"], cloud.partners["mail"], cloud.partners["backend"]):
        for path in (EVIL, f"checkoutnow?token={EVIL}", f"receipts/{EVIL}", f"{EVIL}/repo/pull/1"):
            answer = httpx.get(f"{base}/{path}", headers={"Accept": "text/html"})
            not_run(answer)
