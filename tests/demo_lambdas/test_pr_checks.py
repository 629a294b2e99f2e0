"""The pull request checks: pure parts, and the handlers against the GitHub stand-in."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.demo_lambdas.deliveries import SECRET, delivery

FIXTURES = Path(__file__).parents[1] / "fixtures"
NAME, TIME = "Pull Request Name Check", "Time of Day Check"


# The two checks


@pytest.mark.parametrize(
    ("title", "state"),
    [
        ("(TEAM #123) AAC I love this site", "success"),
        ("  (PAY #1) x ", "success"),
        ("(TEAM) AAC I love this site", "failure"),
        ("(TEAM #) AAC I love this site", "failure"),
        ("(#123) AAC I love this site", "failure"),
        ("TEAM #123 AAC I love this site", "failure"),
        ("(TEAM #123)", "failure"),
        ("(TEAM #123) ", "failure"),
        ("(team #123) AAC I love this site", "failure"),
        ("fix (TEAM #123) story", "failure"),
        ("", "failure"),
        ("(TEAM #123) été à Zürich", "success"),
    ],
)
def test_title(service, title, state):
    status = service("pr_checks", "checks").title_check(title)
    assert (status.context, status.state) == (NAME, state)
    assert len(status.description) <= 140


def test_the_pattern_is_configuration(service):
    checks = service("pr_checks", "checks", TITLE_PATTERN=r"[A-Z]+-\d+: .+", TITLE_EXAMPLE="PAY-1: story")
    assert checks.title_check("PAY-7: pay").state == "success"
    assert checks.title_check("(PAY #7) pay").description == "Write it like: PAY-1: story"


@pytest.mark.parametrize(
    ("when", "state"),
    [
        ("2026-01-14T07:59:59+00:00", "pending"),  # winter: London is UTC
        ("2026-01-14T08:00:00+00:00", "success"),
        ("2026-01-14T15:59:59+00:00", "success"),
        ("2026-01-14T16:00:00+00:00", "pending"),
        ("2026-07-15T06:59:59+00:00", "pending"),  # summer: 08:00 in London is 07:00 UTC
        ("2026-07-15T07:00:00+00:00", "success"),
        ("2026-07-15T15:00:00+00:00", "pending"),
        ("2026-03-28T12:00:00+00:00", "pending"),  # Saturday
        ("2026-03-29T12:00:00+00:00", "pending"),  # Sunday, the day the clocks go forward
        ("2026-03-30T07:00:00+00:00", "success"),  # the Monday after
        ("2026-10-26T07:30:00+00:00", "pending"),  # the Monday after they went back
    ],
)
def test_time_of_day_by_londons_clock(service, when, state):
    status = service("pr_checks", "checks").time_check("production", datetime.fromisoformat(when))
    assert (status.context, status.state) == (TIME, state)
    assert len(status.description) <= 140


def test_other_branches_have_no_opening_hours(service):
    night = datetime(2026, 3, 28, 3, tzinfo=UTC)
    assert service("pr_checks", "checks").time_check("main", night).state == "success"


def test_githubs_own_signature_vector(service):
    # https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    handler = service("pr_checks", "handler", GITHUB_API_URL="http://127.0.0.1:9")
    digest = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert handler.is_signed(b"Hello, World!", digest, SECRET)
    assert not handler.is_signed(b"Hello, World?", digest, SECRET)
    assert not handler.is_signed(b"Hello, World!", digest.replace("7", "8", 1), SECRET)
    assert not handler.is_signed(b"Hello, World!", "sha256=é", SECRET)


# The webhook, against a repository on the stand-in


@pytest.fixture
def site(cloud, parameter):
    """The session's GitHub, with a repository of this test's own and the lambda's token in the Parameter Store."""
    url = cloud.partners["github"]
    permissions = {"statuses": "write", "pull_requests": "read"}
    token = httpx.post(f"{url}/_stand_in/tokens", json={"permissions": permissions}).json()["token"]
    parameter("github_token", token)
    parameter("github_webhook_secret", SECRET)
    return url


@pytest.fixture
def owner(site):
    token = httpx.post(f"{site}/_stand_in/tokens", json={}).json()["token"]
    with httpx.Client(base_url=site, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.fixture
def repo(owner):
    name = f"checks-{time.time_ns()}"
    owner.post("/user/repos", json={"name": name}).raise_for_status()
    path = f"/repos/octocat/{name}"
    sha = owner.get(f"{path}/branches/main").json()["commit"]["sha"]
    owner.post(f"{path}/git/refs", json={"ref": "refs/heads/production", "sha": sha}).raise_for_status()
    return path


def open_pull(owner, repo, title, base="production"):
    branch = f"b{time.time_ns()}"
    sha = owner.get(f"{repo}/branches/main").json()["commit"]["sha"]
    owner.post(f"{repo}/git/refs", json={"ref": f"refs/heads/{branch}", "sha": sha}).raise_for_status()
    file = {"message": "Work", "content": "aGk=", "branch": branch}
    owner.put(f"{repo}/contents/{branch}.txt", json=file).raise_for_status()
    return owner.post(f"{repo}/pulls", json={"title": title, "head": branch, "base": base}).json()


def states(owner, repo, sha):
    found = owner.get(f"{repo}/commits/{sha}/status").json()["statuses"]
    return {each["context"]: each["state"] for each in found}


def payload_of(owner, repo, pull, action="opened", **more):
    repository = owner.get(repo).json()
    return {"action": action, "number": pull["number"], "pull_request": pull, "repository": repository, **more}


@pytest.fixture
def webhook(service, site, context):
    """The handler; returns status and body."""
    handler = service("pr_checks", "handler", GITHUB_API_URL=site)

    def call(event):
        answer = handler.webhook(event, context)
        return answer["statusCode"], json.loads(answer["body"])

    return call


def test_a_bad_title_is_red_and_a_good_one_green(webhook, owner, repo):
    pull = open_pull(owner, repo, "I can pay")
    assert webhook(delivery(payload_of(owner, repo, pull))) == (200, {NAME: "failure", TIME: "success"})
    assert states(owner, repo, pull["head"]["sha"]) == {NAME: "failure", TIME: "success"}
    pull = owner.patch(f"{repo}/pulls/{pull['number']}", json={"title": "(PAY #7) I can pay"}).json()
    webhook(delivery(payload_of(owner, repo, pull, "edited")))
    assert states(owner, repo, pull["head"]["sha"]) == {NAME: "success", TIME: "success"}


def test_at_night_production_waits_and_main_does_not(webhook, owner, repo):
    night = datetime(2026, 3, 25, 23, 0, tzinfo=UTC)
    for base, state in (("production", "pending"), ("main", "success")):
        pull = open_pull(owner, repo, "(PAY #7) I can pay", base)
        webhook(delivery(payload_of(owner, repo, pull), when=night))
        assert states(owner, repo, pull["head"]["sha"])[TIME] == state


@pytest.mark.parametrize("action", ["opened", "edited", "synchronize", "reopened"])
def test_the_four_actions(webhook, owner, repo, action):
    pull = open_pull(owner, repo, "(PAY #7) I can pay")
    assert webhook(delivery(payload_of(owner, repo, pull, action)))[0] == 200
    assert states(owner, repo, pull["head"]["sha"])[NAME] == "success"


@pytest.mark.parametrize("action", ["closed", "labeled", "assigned", "converted_to_draft"])
def test_other_actions_are_ignored_politely(webhook, owner, repo, action):
    pull = open_pull(owner, repo, "(PAY #7) I can pay")
    assert webhook(delivery(payload_of(owner, repo, pull, action))) == (200, {"message": f"Ignored: {action}"})
    assert states(owner, repo, pull["head"]["sha"]) == {}


@pytest.mark.parametrize(
    ("event", "message"), [("ping", "pong"), ("push", "Ignored: push"), ("status", "Ignored: status")]
)
def test_ping_and_other_events(webhook, event, message):
    assert webhook(delivery({"zen": "Keep it logically awesome."}, event)) == (200, {"message": message})


def test_the_signature_is_over_the_raw_body(webhook, owner, repo):
    pull = open_pull(owner, repo, "(PAY #7) Übergrößenträger € 5")
    payload = payload_of(owner, repo, pull)
    for raw in (json.dumps(payload, indent=3).encode(), json.dumps(payload, ensure_ascii=False).encode()):
        assert webhook(delivery(None, raw=raw))[0] == 200
    event = delivery(payload)
    event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
    assert webhook(event)[0] == 200
    event = delivery(payload)
    event["headers"] = {name.lower(): value for name, value in event["headers"].items()}
    assert webhook(event)[0] == 200


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=0", "nonsense", "sha256=" + "0" * 64])
def test_a_wrong_signature_is_401_and_nothing_is_done(webhook, owner, repo, header):
    pull = open_pull(owner, repo, "(PAY #7) I can pay")
    event = delivery(payload_of(owner, repo, pull))
    event["headers"]["X-Hub-Signature-256"] = header
    assert webhook(event) == (401, {"message": "The signature does not match."})
    assert states(owner, repo, pull["head"]["sha"]) == {}


def test_no_signature_another_secret_or_a_changed_body_is_401(webhook):
    event = delivery({})
    del event["headers"]["X-Hub-Signature-256"]
    assert webhook(event)[0] == 401
    assert webhook(delivery({}, secret="another"))[0] == 401
    assert webhook(delivery({"a": 1}, body='{"a": 2}'))[0] == 401
    assert webhook(delivery({}, body=None))[0] == 401


NONSENSE = [b"", b"{", b"[]", b"null", b'"text"', b"{}", b'{"action": "opened"}', b'{"action": ["x"]}', b"[" * 100_000]
PULL = {"number": 1, "title": "t", "base": {"ref": "main"}, "head": {"sha": "0" * 40}}
for wrong in ({"title": None}, {"title": ["t"]}, {"number": "1/.."}, {"base": {"ref": 7}}, {"head": {"sha": None}}):
    event = {"action": "opened", "repository": {"full_name": "octocat/shop"}, "pull_request": PULL | wrong}
    NONSENSE.append(json.dumps(event).encode())


@pytest.mark.parametrize("raw", NONSENSE, ids=lambda raw: raw[:40].decode())
def test_signed_nonsense_is_400(webhook, raw):
    status, body = webhook(delivery(None, raw=raw))
    assert status == 400
    assert "not a pull_request event" in body["message"]


def test_a_form_delivery_is_read_too(webhook, owner, repo):
    pull = open_pull(owner, repo, "(PAY #7) I can pay & go = 1")
    raw = urlencode({"payload": json.dumps(payload_of(owner, repo, pull))}).encode()
    event = delivery(None, raw=raw)
    event["headers"]["Content-Type"] = "application/x-www-form-urlencoded"
    assert webhook(event)[0] == 200


def test_a_replayed_or_late_delivery_does_no_harm(webhook, owner, repo):
    pull = open_pull(owner, repo, "no ticket")
    old = delivery(payload_of(owner, repo, pull))
    webhook(old)
    pull = owner.patch(f"{repo}/pulls/{pull['number']}", json={"title": "(PAY #7) I can pay"}).json()
    webhook(delivery(payload_of(owner, repo, pull, "edited")))
    webhook(old)
    assert states(owner, repo, pull["head"]["sha"])[NAME] == "success"


def test_a_failure_of_github_is_reported(webhook, owner, repo, site):
    pull = open_pull(owner, repo, "(PAY #7) I can pay")
    path = f"/repos/octocat/{repo.rpartition('/')[2]}/statuses/*"
    httpx.post(f"{site}/_stand_in/faults", json={"kind": "status", "status": 503, "path": path, "times": 1})
    assert webhook(delivery(payload_of(owner, repo, pull))) == (502, {"message": "GitHub answered 503."})


def test_a_replay_while_github_is_ill_is_not_believed(webhook, owner, repo, site):
    # The delivery says what was; only "you may not see it" (403, 404) makes it count.
    pull = open_pull(owner, repo, "(PAY #7) I can pay")
    old = delivery(payload_of(owner, repo, pull))
    pull = owner.patch(f"{repo}/pulls/{pull['number']}", json={"title": "no ticket"}).json()
    webhook(delivery(payload_of(owner, repo, pull, "edited")))
    fault = {"kind": "status", "status": 500, "path": f"{repo}/pulls/{pull['number']}", "times": 1}
    httpx.post(f"{site}/_stand_in/faults", json=fault)
    assert webhook(old) == (502, {"message": "GitHub answered 500."})
    assert states(owner, repo, pull["head"]["sha"])[NAME] == "failure"


def test_github_away_is_502(service, site, context):
    handler = service("pr_checks", "handler", GITHUB_API_URL="http://127.0.0.1:9")
    payload = json.loads((FIXTURES / "github_pull_request_events.json").read_text(encoding="utf-8"))["opened"]
    answer = handler.webhook(delivery(payload), context)
    assert (answer["statusCode"], answer["body"]) == (502, '{"message": "GitHub cannot be reached."}')


def test_no_answer_holds_the_event_or_a_secret(webhook, owner, repo):
    pull = open_pull(owner, repo, "(PAY #7) I can pay")
    for event in (delivery(payload_of(owner, repo, pull)), delivery({}, secret="x"), delivery({}, "ping")):
        _, body = webhook(event)
        assert len(json.dumps(body)) < 200
        assert SECRET not in json.dumps(body)


# The job of the clock


@pytest.fixture
def job(service, site, repo, context):
    name = repo.removeprefix("/repos/")
    jobs = service("pr_checks", "jobs", GITHUB_API_URL=site, GITHUB_REPOSITORY=name)
    return lambda when: jobs.time_of_day({"time": when}, context)


def test_the_job_reaches_every_open_pull_request_on_every_page(job, owner, repo):
    # 100 a page: the second page has the rest
    opened = [open_pull(owner, repo, f"(PAY #{number}) story") for number in range(103)]
    other = open_pull(owner, repo, "(PAY #1) story", "main")
    owner.patch(f"{repo}/pulls/{opened[0]['number']}", json={"state": "closed"})
    assert job("2026-03-25T16:00:00Z") == {"state": "pending", "pull_requests": 102}
    assert job("2026-03-26T08:00:00Z") == {"state": "success", "pull_requests": 102}
    assert all(states(owner, repo, pull["head"]["sha"]) == {TIME: "success"} for pull in opened[1:])
    assert states(owner, repo, opened[0]["head"]["sha"]) == states(owner, repo, other["head"]["sha"]) == {}


def test_a_job_that_github_refuses_fails_so_that_lambda_runs_it_again(job, owner, repo, site):
    open_pull(owner, repo, "(PAY #7) story")
    path = f"/repos/octocat/{repo.rpartition('/')[2]}/statuses/*"
    httpx.post(f"{site}/_stand_in/faults", json={"kind": "status", "status": 500, "path": path})
    with pytest.raises(RuntimeError, match=r"not for #1 \(500\)"):
        job("2026-03-25T16:00:00Z")
    assert job("2026-03-25T16:00:00Z")["pull_requests"] == 1


def test_one_that_github_refuses_keeps_no_other_waiting(job, owner, repo, site):
    pulls = [open_pull(owner, repo, f"(PAY #{number}) story") for number in range(3)]
    path = f"{repo}/statuses/{pulls[1]['head']['sha']}"
    httpx.post(f"{site}/_stand_in/faults", json={"kind": "status", "status": 422, "path": path})
    with pytest.raises(RuntimeError, match=r"pending for 2 pull requests, but not for #2 \(422\)"):
        job("2026-03-25T16:00:00Z")
    assert [states(owner, repo, pull["head"]["sha"]) for pull in pulls] == [{TIME: "pending"}, {}, {TIME: "pending"}]


def test_a_list_that_github_refuses_fails_too(job, repo, site):
    httpx.post(f"{site}/_stand_in/faults", json={"kind": "status", "status": 500, "path": f"{repo}/pulls"})
    with pytest.raises(RuntimeError, match=r"^GitHub answered 500\.$"):  # without the address, which holds a secret
        job("2026-03-25T16:00:00Z")
