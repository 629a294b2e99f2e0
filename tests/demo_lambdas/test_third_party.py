"""The mail lambda against the mail stand-in."""

from __future__ import annotations

import json
import logging

import httpx
import pytest

GOOD = {"template": "order-confirmation", "to": "ada@example.com", "data": {"name": "Ada", "order": "A-17"}}


@pytest.fixture
def key(cloud, parameter):
    made = httpx.post(f"{cloud.partners['mail']}/_stand_in/keys").json()["key"]
    parameter("secret_api_key", made)
    return made


@pytest.fixture
def send(service, cloud, key, context):
    handler = service("third_party", MAIL_API_URL=cloud.partners["mail"], MAIL_FROM="shop@example.com")

    def call(body):
        answer = handler.send({"body": body if isinstance(body, str | None) else json.dumps(body)}, context)
        return answer["statusCode"], json.loads(answer["body"])

    return call


@pytest.fixture
def inbox(cloud):
    def look():
        return httpx.get(f"{cloud.partners['mail']}/_stand_in/inbox").json()

    return look


def test_a_listed_template_is_sent(send, inbox):
    status, body = send(GOOD)
    assert status == 200
    message = next(each for each in inbox() if each["id"] == body["id"])
    assert (message["to"], message["template"]) == ("ada@example.com", "order-confirmation")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (None, "Expecting value"),
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ([], "A JSON object"),
        ({}, "The template is one of"),
        (GOOD | {"template": "newsletter"}, "The template is one of"),
        (GOOD | {"template": ["order-confirmation"]}, "The template is one of"),
        (GOOD | {"to": "nobody"}, "The recipient"),
        (GOOD | {"to": "a@example.com, b@example.com"}, "The recipient"),
        (GOOD | {"to": "a@example.com\nBcc: b@example.com"}, "The recipient"),
        (GOOD | {"to": ["a@example.com"]}, "The recipient"),
        (GOOD | {"to": "\ud800@example.com"}, "The recipient"),  # half of a letter
        ("[" * 100_000, "recursion"),
        (GOOD | {"to": "a" * 250 + "@example.com"}, "The recipient"),
        (GOOD | {"data": {}}, "The data of order-confirmation is: name, order"),
        (GOOD | {"data": {"name": "Ada", "order": "A-17", "text": "x"}}, "The data of order-confirmation"),
        (GOOD | {"data": {"name": "x" * 101, "order": "A-17"}}, "at most 100"),
        (GOOD | {"data": {"name": "Ada\nBuy now", "order": "A-17"}}, "one line"),
        (GOOD | {"data": {"name": 7, "order": "A-17"}}, "one line"),
    ],
)
def test_anything_else_is_400_with_a_reason(send, inbox, body, why):
    before = len(inbox())
    status, answer = send(body)
    assert status == 400
    assert why in answer["message"]
    assert len(inbox()) == before


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "status", "status": 500}, "refused"),
        ({"kind": "drop"}, "cannot be reached"),
    ],
)
def test_a_failing_provider_is_502(send, cloud, fault, message):
    httpx.post(f"{cloud.partners['mail']}/_stand_in/faults", json=fault)
    status, body = send(GOOD)
    assert status == 502
    assert message in body["message"]


def test_a_slow_provider_is_502(send, service, cloud, context):
    httpx.post(f"{cloud.partners['mail']}/_stand_in/faults", json={"kind": "slow", "seconds": 1})
    import handler  # the one `send` calls

    handler.mail.timeout = 0.2
    assert send(GOOD) == (502, {"message": "The mail provider cannot be reached."})


def test_the_key_and_the_recipient_are_in_no_log_and_no_answer(send, key, cloud, caplog):
    caplog.set_level(logging.DEBUG, logger="handler")
    answers = [send(GOOD)]
    httpx.post(f"{cloud.partners['mail']}/_stand_in/faults", json={"kind": "status", "status": 500})
    answers.append(send(GOOD))
    httpx.request("DELETE", f"{cloud.partners['mail']}/_stand_in/keys", json={"key": key})
    answers.append(send(GOOD))
    ours = [record.getMessage() for record in caplog.records if record.name == "handler"]
    assert len(ours) == 3
    said = json.dumps(answers) + "".join(ours)
    assert key not in said
    assert "ada@example.com" not in said
