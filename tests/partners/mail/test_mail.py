"""The mail provider, against the codes of https://postmarkapp.com/developer/api/overview#error-codes"""

from __future__ import annotations

import httpx
import pytest

LETTER = {"From": "shop@example.com", "To": "ada@example.com", "Subject": "Hi", "TextBody": "Hello"}
CONFIRMATION = {
    "From": "shop@example.com",
    "To": "ada@example.com",
    "TemplateAlias": "order-confirmation",
    "TemplateModel": {"name": "Ada", "order": "A-17"},
}


@pytest.fixture
def site(stand_in):
    return stand_in("mail")


@pytest.fixture
def mail(site):
    key = httpx.post(f"{site}/_stand_in/keys").json()["key"]
    with httpx.Client(base_url=site, headers={"X-Postmark-Server-Token": key}) as client:
        yield client


def inbox(site):
    return httpx.get(f"{site}/_stand_in/inbox").json()


def test_a_template_is_filled_and_sent(mail, site):
    answer = mail.post("/email/withTemplate", json=CONFIRMATION)
    assert answer.status_code == 200
    assert (answer.json()["ErrorCode"], answer.json()["Message"]) == (0, "OK")
    [message] = inbox(site)
    assert message["id"] == answer.json()["MessageID"]
    assert message["subject"] == "Your order A-17"
    assert message["text"] == "Hello Ada, thank you for your order A-17."
    assert "Your order A-17" in httpx.get(site).text


def test_with_the_key_anyone_sends_anything(mail, site):
    assert mail.post("/email", json=LETTER).status_code == 200
    assert inbox(site)[0]["text"] == "Hello"


@pytest.mark.parametrize("headers", [{}, {"X-Postmark-Server-Token": "wrong"}])
def test_no_key_or_a_bad_one_is_401(site, headers):
    answer = httpx.post(f"{site}/email", json=LETTER, headers=headers)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (401, 10)
    assert inbox(site) == []


def test_a_revoked_key_is_bad(mail, site):
    key = mail.headers["X-Postmark-Server-Token"]
    httpx.request("DELETE", f"{site}/_stand_in/keys", json={"key": key})
    assert mail.post("/email", json=LETTER).status_code == 401


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("/email", {"To": "nobody"}, 300),
        ("/email", {"To": "a@example.com, nobody"}, 300),
        ("/email", {"To": ", ".join(f"a{number}@example.com" for number in range(51))}, 300),
        ("/email", {"Cc": "nobody"}, 300),
        ("/email", {"Bcc": 7}, 300),
        ("/email", {"From": "Ada <nobody>"}, 300),
        ("/email", {"From": 'Ada" <a@example.com>'}, 300),
        ("/email", {"To": "Ada\r\nBcc: b@example.com <a@example.com>"}, 300),
        ("/email", {"TextBody": ""}, 300),
        ("/email", {"TextBody": "", "HtmlBody": 7}, 300),
        ("/email", {"Tag": 7}, 300),
        ("/email", {"Attachments": [{"Name": "a.txt"}]}, 300),
        ("/email", {"Colour": "red"}, 300),
        ("/email", {"MessageStream": "broadcast"}, 1235),
        ("/email/withTemplate", {"TemplateAlias": "none"}, 1101),
        ("/email/withTemplate", {"TemplateModel": "x"}, 403),
    ],
)
def test_letters_that_cannot_be_sent_are_422(mail, site, path, change, code):
    base = LETTER if path == "/email" else CONFIRMATION
    answer = mail.post(path, json=base | change)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (422, code)
    assert inbox(site) == []


def test_html_only(mail, site):
    """https://postmarkapp.com/developer/api/email-api#send-a-single-email: TextBody or HtmlBody or both"""
    letter = {name: value for name, value in LETTER.items() if name != "TextBody"}
    assert mail.post("/email", json=letter | {"HtmlBody": "<b>Hello</b>"}).status_code == 200
    [message] = inbox(site)
    assert (message["html"], message["text"]) == ("<b>Hello</b>", "")
    assert "&lt;b&gt;Hello&lt;/b&gt;" in httpx.get(site).text
    answer = mail.post("/email", json=letter)
    assert answer.json()["Message"] == "Provide either email TextBody or HtmlBody or both."


@pytest.mark.parametrize("name", ["Ada", "Ada Lovelace", '"Lovelace, Ada"', "Zoë", ""])
def test_a_name_before_the_address(mail, site, name):
    named = f"{name} <ada@example.com>"
    answer = mail.post("/email", json=LETTER | {"From": f"{name} <shop@example.com>", "To": named})
    assert (answer.status_code, answer.json()["To"]) == (200, named.strip())
    [message] = inbox(site)
    assert (message["from"], message["recipients"]) == ("shop@example.com", ["ada@example.com"])


def test_several_recipients_and_copies(mail, site):
    """https://postmarkapp.com/developer/api/email-api: up to 50 in To, Cc and Bcc together, with commas"""
    copies = {
        "To": 'a@example.com, "B, C" <b@example.com>',
        "Cc": "c@example.com",
        "Bcc": "d@example.com,e@example.com",
    }
    answer = mail.post(
        "/email", json=LETTER | copies | {"ReplyTo": "r@example.com", "Tag": "t", "Metadata": {"o": "1"}}
    )
    assert answer.json() | copies == answer.json()
    [message] = inbox(site)
    assert message["recipients"] == [f"{letter}@example.com" for letter in "abcde"]
    assert (message["cc"], message["replyto"], message["metadata"]) == ("c@example.com", "r@example.com", {"o": "1"})


def test_the_key_for_tests_sends_nothing(site):
    """https://postmarkapp.com/developer/user-guide/sandbox-mode"""
    answer = httpx.post(f"{site}/email", json=LETTER, headers={"X-Postmark-Server-Token": "POSTMARK_API_TEST"})
    assert (answer.status_code, answer.json()["Message"]) == (200, "Test job accepted")
    assert inbox(site) == []


@pytest.mark.parametrize(
    ("method", "path", "knows"),
    [
        ("POST", "/email/batch", True),
        ("GET", "/bounces/1", True),
        ("GET", "/messages/outbound", True),
        ("GET", "/x", False),
    ],
)
def test_what_postmark_has_and_what_nobody_has(mail, method, path, knows):
    answer = mail.request(method, path)
    assert (answer.status_code, "does not do" in answer.json()["Message"]) == (404, knows)


def test_what_is_no_json_is_422(mail):
    assert mail.post("/email", content=b"{").json()["ErrorCode"] == 402
    assert mail.post("/email", content=b"[]").json()["ErrorCode"] == 402


@pytest.mark.parametrize("said", [b"{", b"[1]", b"\xff", b"7"])
def test_a_door_that_is_told_nonsense_says_so(site, said):
    for door in ("keys", "faults"):
        answer = httpx.post(f"{site}/_stand_in/{door}", content=said)
        assert answer.status_code == 400
        assert answer.json()["message"]


def test_the_page_shows_text_not_markup(mail, site):
    mail.post("/email", json=LETTER | {"TextBody": "<script>1</script>"})
    assert "&lt;script&gt;" in httpx.get(site).text
