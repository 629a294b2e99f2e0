"""The services deployed, as a reader deploys them, and met through their own doors: API Gateway, GitHub, the clock."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import threading
import time

import boto3
import httpx
import pytest

from tests.support import LONGEST
from workshop import WorkshopError, deploy, offline, remove
from workshop.lesson import ROOT
from workshop.scenarios import back_end as other_side
from workshop.scenarios import chunks, copies, layers, mail, schedules
from workshop.scenarios.pull_requests import CHECKS
from workshop.scenarios.runtime_api import Waiting

NAME, TIME = CHECKS


def logs_of(function):
    pages = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
    return "\n".join(event["message"] for page in pages for event in page["events"])


# Pull request checks


def test_a_webhook_of_github_turns_the_checks_red_and_green(shop, deployed, parameter, clock):
    parameter("github_webhook_secret", "between two")
    checks = deployed("pr_checks")
    assert "200" in str(shop.add_webhook(checks.endpoints[0], "between two"))
    pull = shop.open("Über (TEAM) ohne Nummer")
    shop.settle()
    assert pull.state() == {NAME: "failure", TIME: "success"}
    pull.edit("(TEAM #123) AAC I love this site")
    assert pull.state() == {NAME: "success", TIME: "success"}
    clock.move_to("2026-03-25T23:00:00Z")
    pull.push()
    assert pull.state() == {NAME: "success", TIME: "pending"}
    assert "is pending" in pull.merge().note
    shop.redeliver("opened")
    assert pull.state()[NAME] == "success"
    pull.close_and_reopen()
    assert pull.state()[NAME] == "success"


def test_the_clock_opens_and_closes_every_pull_request(shop, deployed, clock):
    deployed("pr_checks")
    pulls = [shop.open(f"(TEAM #{number}) story") for number in range(3)]
    fired = clock.move_to("2026-03-25T16:00:00Z")
    assert [one["error"] for one in fired] == [""]
    assert {pull.state()[TIME] for pull in pulls} == {"pending"}
    clock.move_to("2026-03-26T08:00:00Z")
    assert {pull.state()[TIME] for pull in pulls} == {"success"}
    weekend = clock.move_to("2026-03-30T06:59:00Z")  # the clocks go forward on Sunday the 29th
    assert [one["time"][:16] for one in weekend] == ["2026-03-26T16:00", "2026-03-27T08:00", "2026-03-27T16:00"]
    assert [one["time"][:16] for one in clock.move_to("2026-03-30T07:00:00Z")] == ["2026-03-30T07:00"]


def test_a_job_that_fails_once_is_run_again(shop, shared, deployed, clock):
    deployed("pr_checks")
    pull = shop.open("(TEAM #1) story")
    fault = {"kind": "status", "status": 500, "path": f"{shop.path}/pulls"}
    httpx.post(f"{shop.site}/_stand_in/faults", json=fault)
    assert clock.move_to("2026-03-25T16:00:00Z")[0]["error"]
    assert pull.state() == {}
    clock.advance(minutes=2)
    until = time.monotonic() + LONGEST
    while not pull.state() and time.monotonic() < until:
        time.sleep(0.05)
    assert pull.state() == {TIME: "pending"}


def test_the_report_runs_on_working_nights(deployed, clock):
    clock.move_to("2026-03-27T12:00:00Z")
    report = deployed("nightly_report")
    table = boto3.resource("dynamodb").Table(report.outputs["OrdersTable"])
    for day in ("26", "27", "28", "29"):
        table.put_item(Item={"day": f"2026-03-{day}", "order": "A-1", "amount": 250, "currency": "GBP"})
    assert [one["time"][:16] for one in clock.move_to("2026-03-30T03:00:00Z")] == ["2026-03-30T03:00"]
    bucket = boto3.resource("s3").Bucket(report.outputs["ReportsBucket"])
    [found] = bucket.objects.all()
    assert schedules.newest_report(bucket.name).rows[2:] == [["orders", "3"], ["total", "7.50 GBP"]]
    assert json.loads(found.get()["Body"].read())["totals"] == {"GBP": 750}
    assert '"orders": 3' in logs_of("nightly-report-dev-report")
    bucket.objects.delete()


# The middleman


@pytest.fixture
def middle(shared, deployed, parameter, monkeypatch):
    monkeypatch.setenv("BACKEND_TIMEOUT", "2")
    parameter("middleman_api_key", "k")
    server = other_side.BackEnd()
    monkeypatch.setenv("BACKEND_URL", server.url)
    made = deployed("middleman")
    forward, queued = [endpoint.url.replace("{proxy+}", "orders") for endpoint in made.endpoints]
    yield server, forward, queued, made
    server.close()


@pytest.mark.parametrize("size", [0, 1, 1_000, 65_536, 4_000_000])
def test_chunks_of_any_bytes_arrive_byte_equal(middle, size):
    server, forward, *_ = middle
    body = os.urandom(size)
    pieces = [body[at : at + 100_003] for at in range(0, size, 100_003)]
    assert chunks.send_in_chunks(server.url + "/orders", pieces, pause=0).status == 411
    answer = chunks.send_in_chunks(forward, pieces, headers={"X-Api-Key": "k"}, pause=0)
    assert answer.status == 201
    assert json.loads(answer.body)["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_path_arrives_as_it_was_sent(middle):
    """A REST API does not decode it, so neither it nor the lambda may encode it again."""
    server, forward, *_ = middle
    address = forward.replace("/orders", "/a%20b/100%25/%C3%BC")
    assert httpx.post(address, params={"q": "& ü"}, content=b"x", headers={"X-Api-Key": "k"}).status_code == 201
    taken = httpx.get(f"{server.url}/_stand_in/received").json()[-1]
    assert (taken["path"], taken["query"]) == ("/a b/100%/ü", "q=%26+%C3%BC")


def test_an_answer_in_chunks_is_read_to_its_end():
    """As some servers send it: https://www.rfc-editor.org/rfc/rfc9112#name-chunked-transfer-coding"""

    def serve(listener):
        with listener.accept()[0] as sock:
            while b"0\r\n\r\n" not in sock.recv(65536):
                """The request has not come to its end."""
            head = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
            sock.sendall(head + b"3\r\nabc\r\na;x=1\r\n0123456789\r\n0\r\n\r\n")
            sock.recv(1)  # stays open: the end is known without hanging up

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        answer = chunks.send_in_chunks(address, [b"x"], pause=0, timeout=LONGEST)
        thread.join(LONGEST)
    assert (answer.status, answer.body) == (201, b"abc0123456789")
    assert not other_side.same(answer, b"abc")


def test_a_queue_loses_nothing(middle, clock):
    server, _, queued, made = middle
    answers = other_side.send_many(queued, 30, key="k", halfway=server.kill)
    assert answers.rows == [["202", "30"]]
    for _ in range(6):
        other_side.all_tried(made)
        clock.advance(minutes=6)
    server.start()
    other_side.redrive(made)
    assert server.wait_for(30)["taken"] == 30


# Secrets


@pytest.fixture
def letters(shared, deployed, parameter):
    account = mail.MailAccount(shared)
    key = account.new_key("test")
    parameter("secret_api_key", key)
    parameter("stripe_test_key", "not for mails")
    return account, key, deployed("third_party")


ORDER = {"template": "order-confirmation", "to": "ada@example.com", "data": {"name": "Ada", "order": "A-17"}}


def test_the_key_is_in_no_answer_and_no_log(letters):
    account, key, service = letters
    url = service.endpoints[0].url
    answers = [httpx.post(url, json=ORDER, timeout=LONGEST)]
    account.fail_once(500)
    answers += [httpx.post(url, json=body, timeout=LONGEST) for body in (ORDER, {}, ORDER | {"to": "x"})]
    assert [answer.status_code for answer in answers] == [200, 502, 400, 400]
    said = "".join(answer.text + str(answer.headers) for answer in answers) + logs_of("third-party-dev-third-party")
    assert "Sent order-confirmation" in said
    assert key not in said
    assert "ada@example.com" not in said


def test_the_role_reads_one_parameter_and_no_other(letters, deployed):
    copy = copies.copy_of("third_party")
    handler, file = (ROOT / copy / name for name in ("handler.py", "serverless.yml"))
    curious = handler.read_text(encoding="utf-8").replace(
        '[key] = get_ssm(["secret_api_key"])', 'key, _ = get_ssm(["secret_api_key", "stripe_test_key"])'
    )
    handler.write_text(curious, encoding="utf-8")
    service = deployed(copy)
    said = " ".join(mail.error_of(service.functions["third-party"], ORDER).text.split())
    assert "is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:" in said
    assert "parameter/stripe_test_key because no identity-based policy allows" in said
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("parameter/secret_api_key", "parameter/*"), encoding="utf-8")
    service = deploy(copy, quiet=True)
    assert httpx.post(service.endpoints[0].url, json=ORDER, timeout=LONGEST).status_code == 200


def test_a_missing_parameter_is_named_in_the_log(letters):
    _, _, service = letters
    boto3.client("ssm").delete_parameter(Name="secret_api_key")
    assert httpx.post(service.endpoints[0].url, json=ORDER, timeout=LONGEST).status_code == 502
    assert "MissingParameter: Not in the Parameter Store: secret_api_key" in logs_of("third-party-dev-third-party")


# Layers


def test_a_function_keeps_its_version_until_it_is_deployed_again(letters, shared):
    before = layers.who_uses("access-ssm").rows
    copy = copies.copy_of("access_ssm", keep_name=True)
    file = ROOT / copy / "layer" / "python" / "access_ssm.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n# version 2\n", encoding="utf-8")
    deploy(copy, quiet=True)
    assert layers.who_uses("access-ssm").rows == before
    assert httpx.post(letters[2].endpoints[0].url, json=ORDER, timeout=LONGEST).status_code == 200
    deploy("demo_lambdas/third_party", quiet=True)
    assert layers.who_uses("access-ssm").rows != before
    assert httpx.post(letters[2].endpoints[0].url, json=ORDER, timeout=LONGEST).status_code == 200


def test_the_same_import_works_in_workshop_offline(letters):
    account = letters[0]
    before = len(account.sent(100).rows)
    with offline("demo_lambdas/third_party", port=0) as api:
        assert httpx.post(f"{api.url}/send", json=ORDER, timeout=LONGEST).status_code == 200
    assert len(account.sent(100).rows) == before + 1


@pytest.mark.parametrize("where", ["zip", "layer"])
def test_the_library_is_found_where_it_travels(deployed, where):
    answer = layers.ask(deployed(f"stripe_in_{where}").functions["hello"])
    assert answer["stripe"]
    assert answer["from"].endswith("/python") == (where == "layer")


@pytest.fixture(scope="module")
def runtimes(shared):
    yield deploy("demo_lambdas/custom_runtimes", quiet=True)
    remove("demo_lambdas/custom_runtimes", quiet=True)


@pytest.mark.parametrize(("program", "language"), [("bash", "bash"), ("php", "PHP"), ("node", "JavaScript")])
def test_hello_in_another_language(runtimes, program, language):
    if shutil.which(program) is None:
        pytest.skip(f"no {program} on this machine")
    function = runtimes.functions[layers.LANGUAGES[program]]
    for name in ("Ada", "Grace"):
        assert layers.ask(function, {"name": name})["message"].startswith(f"Hello {name}, from {language}")
    assert layers.ask(function, {})["message"].startswith("Hello world")


@pytest.mark.parametrize("program", ["bash", "php", "node"])
def test_a_runtime_has_about_thirty_lines(program):
    from tests.demo_lambdas.conftest import SERVICES

    lines = (SERVICES / "custom_runtimes" / program / "bootstrap").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 35


def by_hand() -> object:
    """What the one who invoked gets when a reader speaks the Runtime API."""
    waiting = Waiting("custom-runtimes-dev-by-hand", {"name": "Ada"})
    api = waiting.runtime_api()
    work = httpx.get(f"{api}/invocation/next", timeout=LONGEST)
    assert work.json() == {"name": "Ada"}
    number = work.headers["Lambda-Runtime-Aws-Request-Id"]
    assert httpx.post(f"{api}/invocation/{number}/response", json={"by": "hand"}).status_code == 202
    return waiting.result()


def test_a_reader_is_the_runtime(runtimes):
    assert by_hand() == {"by": "hand"}


def test_the_reader_finds_the_address_when_the_clock_was_moved(runtimes, clock):
    """As after lesson 04 on the same `workshop up`: the log's times are not this machine's."""
    clock.move_to("2026-03-25T12:00:00Z")
    assert by_hand() == {"by": "hand"}


def test_mistakes_are_refused_by_name_and_leave_nothing(shared):
    said = dict(layers.mistakes().rows)
    assert "layer:no-such-layer:7" in said["a layer version that is not there"]
    assert "5 layers at most" in said["six layers"]
    assert "python/json.py" in said["a layer that hides a module"]
    assert "no folder 'shard'" in said["a layer without its folder"]
    assert "allows 250 MB" in said["more than 250 MB"]
    assert "deployed!" not in said.values()
    stacks = boto3.client("cloudformation").list_stacks()["StackSummaries"]
    left = [one for one in stacks if "mistake" in one["StackName"] and one["StackStatus"] != "DELETE_COMPLETE"]
    assert left == []


def test_more_than_a_function_may_unzip_to_is_refused(shared, tmp_path):
    # 250 MB unzipped, layers included: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    (tmp_path / "layer" / "python").mkdir(parents=True)
    with (tmp_path / "layer" / "python" / "data.bin").open("wb") as file:
        file.truncate(263_000_000)
    (tmp_path / "handler.py").write_text("def hello(event, context):\n    return {}\n", encoding="utf-8")
    (tmp_path / "serverless.yml").write_text(
        "service: big\nprovider:\n  name: aws\n  runtime: python3.13\nlayers:\n  data:\n    path: layer\n"
        "functions:\n  hello:\n    handler: handler.hello\n    layers:\n      - Ref: DataLambdaLayer\n",
        encoding="utf-8",
    )
    with pytest.raises(WorkshopError, match=r"251 MB.*allows 250 MB.*python/data\.bin \(layer data\)"):
        deploy(tmp_path, quiet=True)
