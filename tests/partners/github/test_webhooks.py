"""Webhooks: made, pinged, signed, delivered again. https://docs.github.com/webhooks"""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import parse_qs

import httpx
import pytest

from tests.support import LONGEST
from workshop.partners.github.delivering import signatures

REPO = "/repos/octocat/shop"
SECRET = "a secret between two"


def settle(site):
    assert httpx.post(f"{site}/_stand_in/settle", json={"seconds": LONGEST}, timeout=LONGEST).json() == {"under_way": 0}


def hook(github, receiver, events=("pull_request",), **config):
    config = {"url": receiver.url, "content_type": "json", "secret": SECRET, **config}
    answer = github.post(f"{REPO}/hooks", json={"events": list(events), "config": config})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_githubs_own_signature_vector():
    # https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signatures("It's a Secret to Everybody", b"Hello, World!")["X-Hub-Signature-256"] == expected


def test_a_new_hook_gets_a_ping_and_its_secret_is_never_shown(github, receiver, site, valid):
    made = hook(github, receiver)
    settle(site)
    headers, body = receiver.got[0]
    assert headers["X-GitHub-Event"] == "ping"
    valid(json.loads(body), "webhook-ping")
    assert made["config"]["secret"] == "********"
    assert SECRET not in body.decode()
    assert github.get(f"{REPO}/hooks/{made['id']}").json()["last_response"]["code"] == 200


@pytest.mark.parametrize("action", ["opened", "edited", "synchronize", "reopened"])
def test_every_change_of_a_pull_request_is_delivered_signed(github, receiver, pull, site, valid, action):
    hook(github, receiver)
    opened = pull("Ein Titel mit Umläuten: für € 5")
    path = f"{REPO}/pulls/{opened['number']}"
    if action == "edited":
        github.patch(path, json={"title": "(PAY #1) neu"})
    elif action == "reopened":
        github.patch(path, json={"state": "closed"})
        settle(site)
        github.patch(path, json={"state": "open"})
    elif action == "synchronize":
        file = {"message": "More", "content": "aGk=", "branch": opened["head"]["ref"]}
        github.put(f"{REPO}/contents/more.txt", json=file)
    settle(site)
    headers, body = next(each for each in receiver.got if json.loads(each[1]).get("action") == action)
    payload = json.loads(body)
    valid(payload, f"webhook-pull-request-{action}")
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert headers["X-Hub-Signature"].startswith("sha1=")
    assert headers["X-GitHub-Event"] == "pull_request"
    assert headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert headers["X-GitHub-Hook-Installation-Target-Type"] == "repository"
    if action == "edited":
        assert payload["changes"] == {"title": {"from": "Ein Titel mit Umläuten: für € 5"}}


def test_only_subscribed_events_come(github, receiver, pull, site):
    hook(github, receiver, events=("push", "status"))
    opened = pull()
    github.post(f"{REPO}/statuses/{opened['head']['sha']}", json={"state": "success"})
    settle(site)
    assert {headers["X-GitHub-Event"] for headers, _ in receiver.got} == {"ping", "push", "status"}


def test_a_form_hook_carries_the_payload_in_a_field(github, receiver, site):
    hook(github, receiver, content_type="form")
    settle(site)
    headers, body = receiver.got[0]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert json.loads(parse_qs(body.decode())["payload"][0])["zen"]


def test_a_redelivery_has_the_same_guid_and_payload(github, receiver, pull, site):
    # https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
    made = hook(github, receiver)
    pull()
    settle(site)
    path = f"{REPO}/hooks/{made['id']}/deliveries"
    first = github.get(path).json()[0]
    assert (first["event"], first["status"], first["redelivery"]) == ("pull_request", "OK", False)
    assert github.post(f"{path}/{first['id']}/attempts").status_code == 202
    settle(site)
    again = github.get(path).json()[0]
    assert again["guid"] == first["guid"]
    assert again["id"] != first["id"]
    assert again["redelivery"] is True
    bodies = [body for headers, body in receiver.got if headers["X-GitHub-Delivery"] == first["guid"]]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert github.get(f"{path}/{again['id']}").json()["request"]["payload"]["action"] == "opened"


def test_deliveries_are_read_by_cursor(github, receiver, site):
    # "cursor: the starting delivery from which the page of deliveries is fetched. Refer to the link header":
    # https://docs.github.com/rest/repos/webhooks#list-deliveries-for-a-repository-webhook
    made = hook(github, receiver)
    for _ in range(4):
        github.post(f"{REPO}/hooks/{made['id']}/pings")
    settle(site)
    path = f"{REPO}/hooks/{made['id']}/deliveries"
    everything = [each["id"] for each in github.get(path).json()]
    assert everything == sorted(everything, reverse=True)
    answer, seen = github.get(path, params={"per_page": 2}), []
    while True:
        seen += [each["id"] for each in answer.json()]
        assert set(answer.links) <= {"next", "prev"}
        if "next" not in answer.links:
            break
        assert "cursor=" in answer.links["next"]["url"]
        assert "page=" not in answer.links["next"]["url"].replace("per_page=", "")
        answer = github.get(answer.links["next"]["url"])
    assert seen == everything
    assert [each["id"] for each in github.get(answer.links["prev"]["url"]).json()] == everything[2:4]
    assert "link" not in github.get(path).headers
    assert github.get(path, params={"cursor": "x"}).status_code == 422


def test_a_failed_delivery_is_not_repeated_by_itself(github, receiver, site):
    # https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
    receiver.status = 500
    made = hook(github, receiver)
    settle(site)
    shown = github.get(f"{REPO}/hooks/{made['id']}/deliveries").json()
    assert [(each["status_code"], each["status"]) for each in shown] == [(500, "Invalid HTTP Response: 500")]
    assert len(receiver.got) == 1


def test_a_hook_to_nowhere_fails_and_says_so(github, site):
    config = {"url": "http://127.0.0.1:9/", "content_type": "json"}
    made = github.post(f"{REPO}/hooks", json={"config": config}).json()
    settle(site)
    assert github.get(f"{REPO}/hooks/{made['id']}/deliveries").json()[0]["status"] == "failed to connect to host"


def test_hooks_that_cannot_be(github, receiver):
    assert github.post(f"{REPO}/hooks", json={}).status_code == 422
    for url in ("nowhere", "http://", "http://[half", "ftp://example.com", 7, None):
        assert github.post(f"{REPO}/hooks", json={"config": {"url": url}}).status_code == 422
    assert github.post(f"{REPO}/hooks", json={"config": {"url": receiver.url}, "events": []}).status_code == 422
    made = hook(github, receiver)
    assert (
        github.post(f"{REPO}/hooks", json={"events": ["pull_request"], "config": {"url": receiver.url}}).json()[
            "errors"
        ][0]["message"]
        == "Hook already exists on this repository"
    )
    assert github.delete(f"{REPO}/hooks/{made['id']}").status_code == 204
    assert github.get(f"{REPO}/hooks").json() == []
