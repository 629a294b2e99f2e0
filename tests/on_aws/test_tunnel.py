"""The tunnel: what a function on AWS asks of a stand-in on this machine arrives there, and its answer comes back.

The entrance is deployed to the session's cloud and met over HTTP, as a deployed service meets it.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

import httpx
import pytest

from tests.on_aws.tunnelled import SUFFIX, last, message
from workshop import lesson
from workshop.core import net
from workshop.core.agreement import guard
from workshop.core.errors import WorkshopError
from workshop.on_aws import confirm, offer, personal, tunnel


def test_a_request_arrives_as_it_was_sent_and_the_answer_as_it_was_given(base: str, stand_in: Any) -> None:
    told = {"Authorization": "Bearer t", "Idempotency-Key": "a-1", "Content-Type": "application/json"}
    answer = httpx.post(f"{base}/orders/A%2017?page=1&page=2&text=a%26b", content='{"ä": 1}'.encode(), headers=told)
    arrived = last(stand_in)
    assert arrived["line"] == "POST /orders/A%2017?page=1&page=2&text=a%26b"
    headers = {name.lower(): value for name, value in arrived["headers"].items()}
    assert {name: headers[name.lower()] for name in told} == told
    assert headers["host"] == f"127.0.0.1:{stand_in.server_address[1]}"
    assert not [name for name in headers if name.startswith(("x-forwarded-", "x-amzn-"))]
    assert arrived["body"] == '{"ä": 1}'.encode()
    assert answer.status_code == 418
    assert [cookie.name for cookie in answer.cookies.jar] == ["a", "b"]


def test_addresses_of_this_machine_in_answers_become_reachable_ones(base: str, stand_in: Any) -> None:
    """As a reverse proxy does with Location; a page's link to the next page is followed by pr_checks, for one."""
    assert httpx.get(f"{base}/page/1").json()["next"] == f"{base}/page/2"
    assert httpx.get(f"{base}/moved").headers["location"] == f"{base}/there"
    content = httpx.get(f"{base}/bytes").content
    assert content[:256] == bytes(range(256))
    assert content[256:] == f"http://127.0.0.1:{stand_in.server_address[1]}".encode()  # not text: as it is


@pytest.mark.parametrize("size", [0, 1, 150_000, 3_000_000])
def test_bodies_of_any_size_arrive_byte_by_byte(base: str, stand_in: Any, size: int) -> None:
    """Long ones go by the bucket: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
    body = os.urandom(size)
    told = {"Content-Type": "application/octet-stream"}
    answer = httpx.put(f"{base}/upload", content=body, headers=told, timeout=60)
    assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()
    assert last(stand_in)["body"] == body


@pytest.mark.parametrize(
    "path",
    [
        "/_stand_in/requests",
        "/%5Fstand_in/requests",
        "/x/../_stand_in/reset",
        "/%255Fstand_in/requests",
        "//_stand_in/requests",
    ],
)
def test_the_doors_of_a_stand_in_are_closed_from_outside(base: str, stand_in: Any, path: str) -> None:
    before = len(stand_in.RequestHandlerClass.arrived)
    assert httpx.get(base + path).status_code == 404
    assert len(stand_in.RequestHandlerClass.arrived) == before


def test_who_does_not_know_the_session_finds_nobody(base: str, stand_in: Any) -> None:
    root = base.rpartition("/")[0].rpartition("/")[0]
    before = len(stand_in.RequestHandlerClass.arrived)
    for path in ("", "/", "/shop", "/favicon.ico", f"/{'0' * 31}/shop", "/../shop"):
        assert httpx.get(root + path).status_code == 404, path
    answer = httpx.get(f"{root}/{'0' * 32}/shop/orders")
    assert answer.status_code == 503 and "has ended" in answer.json()["message"]
    assert httpx.get(f"{base.rpartition('/')[0]}/lab/tree").status_code == 404  # never offered
    assert len(stand_in.RequestHandlerClass.arrived) == before


def test_what_is_not_there_or_hangs_up_is_a_bad_gateway(base: str) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-15.6.3"""
    assert httpx.get(f"{base}/drop").status_code == 502
    with net.bind(0) as free:
        port = free.getsockname()[1]
    tunnel.offer("gone", f"http://127.0.0.1:{port}")
    assert httpx.get(f"{base.rpartition('/')[0]}/gone/x").status_code == 502


def test_a_message_that_comes_twice_is_one_request(base: str, stand_in: Any, client: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html"""
    told = message({"id": "the-same", "stand_in": "shop", "method": "POST", "path": "/pay"})
    for _ in range(2):
        client("sqs").send_message(QueueUrl=tunnel._open["agent"].queue, MessageBody=told)
    httpx.get(f"{base}/after")  # they were in the queue before this one
    lines = [one["line"] for one in stand_in.RequestHandlerClass.arrived]
    assert lines.count("POST /pay") == 1


def test_nonsense_in_the_queue_harms_nobody(base: str, client: Any) -> None:
    nonsense = ("", "[]", "{}", '{"told": 1, "signature": 2}', '{"told": "{}", "signature": null}', message({"id": 1}))
    for body in (*nonsense, message({"stand_in": "shop"}), message({"id": "x", "sha256": "0" * 64})):
        client("sqs").send_message(QueueUrl=tunnel._open["agent"].queue, MessageBody=body or " ")
    assert httpx.get(f"{base}/still").status_code == 418


def test_a_service_gets_the_public_address_and_other_services_of_this_machine_none(
    base: str, stand_in: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(guard, "agreed", set())
    address = f"http://127.0.0.1:{stand_in.server_address[1]}"
    monkeypatch.setenv("MAIL_API_URL", address)
    lesson.deploy("demo_lambdas/access_ssm", quiet=True)
    service = personal.load("demo_lambdas/third_party")
    confirm.before_deploy(service)
    assert service.provider["environment"]["MAIL_API_URL"] == base
    assert guard.agreed
    lesson.remove("demo_lambdas/access_ssm", quiet=True)
    # Where boto3 would talk to AWS itself, what was not offered is refused before anything is made.
    monkeypatch.setenv("MAIL_API_URL", "http://127.0.0.1:1/")
    service.provider["environment"]["MAIL_API_URL"] = os.environ["MAIL_API_URL"]
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(WorkshopError, match="MAIL_API_URL=http://127"):
        confirm.before_deploy(service)


def test_each_variable_is_led_by_its_own_value(base: str, stand_in: Any, monkeypatch: Any) -> None:
    """A path behind the address stays, a function's own real address too, and a longer port is another's."""
    port = stand_in.server_address[1]
    service = personal.load("demo_lambdas/hello_world")
    real = "https://api.stripe.com"
    service.provider["environment"] = {
        "A": f"http://127.0.0.1:{port}/v1?x=1",
        "B": f"http://localhost:{port}/",
        "C": real,
        "D": {"Ref": "AWS::Region"},
        "E": f"http://127.0.0.1:{port}",
        "F": f"http://127.0.0.1:{port}/v1/",
        "G": "http://127.evil.example/",
        "H": 5,
    }
    service.functions["hello"]["environment"] = {"A": real}
    confirm.before_deploy(service)
    assert service.provider["environment"] == {
        "A": f"{base}/v1?x=1",
        "B": base,
        "C": real,
        "D": {"Ref": "AWS::Region"},
        "E": base,
        "F": f"{base}/v1/",
        "G": "http://127.evil.example/",
        "H": 5,
    }
    assert service.functions["hello"]["environment"] == {"A": real}
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for value in (
        f"https://127.0.0.1:{port}",
        f"http://a:b@127.0.0.1:{port}",
        "http://127.0.0.1:1",
        "http://[::1]:2/x",
        "http://127.0.0.1:99999",
    ):
        service.functions["hello"]["environment"] = {"A": value}
        with pytest.raises(WorkshopError, match="cannot reach"):
            confirm.only_here(service)


def test_the_same_service_deployed_twice_is_unchanged(base: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("MAIL_API_URL", "http://127.0.0.1:7")
    tunnel.offer("mail", "http://127.0.0.1:7")
    lesson.deploy("demo_lambdas/access_ssm", quiet=True)
    assert lesson.deploy("demo_lambdas/third_party", quiet=True).changed
    assert not lesson.deploy("demo_lambdas/third_party", quiet=True).changed
    lesson.remove("demo_lambdas/third_party", quiet=True)
    lesson.remove("demo_lambdas/access_ssm", quiet=True)


def test_an_address_is_kept_while_only_the_network_fails(base: str) -> None:
    """What was deployed before has it. It is given up when three answers say that the API, or the queue, is gone."""
    from workshop.on_aws.tunnel.agent import wait_until_open

    answers = iter([0, 502, 504, 200])
    assert wait_until_open(lambda: next(answers), 60)
    assert tunnel.opened() == base.rpartition("/")[0]


def test_the_question_names_its_stack_whatever_the_first_change_is(base: str) -> None:
    """A lesson's first change may be a parameter; what is made before its last is said all the same."""
    said = confirm.statement("SSM: PutParameter", "123456789012", "eu-west-1")
    assert "the stack stand-ins is made as well: an HTTP API, a function and a bucket" in said


def test_what_is_left_names_the_entrance_and_not_the_queue_that_goes_with_the_notebook(base: str) -> None:
    said = offer.left()
    assert "1 stack" in said and "stand-ins" in said and "queue" not in said


def test_it_opens_again_after_everything_was_cleaned(base: str, stand_in: Any, capsys: Any) -> None:
    from workshop.on_aws import cleaning
    from workshop.serverless.aws import clients

    aws = clients(os.environ["AWS_REGION"])
    assert cleaning.clean(aws, cleaning.find(aws, SUFFIX)) == {}
    again = tunnel.opened()
    assert httpx.get(f"{again}/shop/x").status_code == 418
    capsys.readouterr()


def test_it_opens_again_when_not_even_its_name_is_known_any_more(base: str, monkeypatch: Any, capsys: Any) -> None:
    """The name of an API that was deleted leaves the DNS: then no answer comes at all."""
    from workshop.on_aws import cleaning
    from workshop.serverless.aws import clients

    tunnel.opened()
    with net.bind(0) as free:
        monkeypatch.setitem(tunnel._open, "base", f"http://127.0.0.1:{free.getsockname()[1]}/x")
    aws = clients(os.environ["AWS_REGION"])
    assert cleaning.clean(aws, cleaning.find(aws, SUFFIX)) == {}
    again = tunnel.opened()
    assert httpx.get(f"{again}/shop/x").status_code == 418
    monkeypatch.undo()
    tunnel.close()
    capsys.readouterr()


def test_when_the_notebook_has_ended_a_service_is_told_so_at_once(base: str) -> None:
    address = tunnel.opened()
    tunnel.close()
    answer = httpx.get(f"{address}/shop/x")
    assert answer.status_code == 503 and "Run it again" in answer.json()["message"]
    assert httpx.get(f"{tunnel.opened()}/shop/x").status_code == 418  # and a later lesson opens another
