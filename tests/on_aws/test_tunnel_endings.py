"""How the tunnel begins and ends, in processes of their own as kernels are: side by side, offline, refused, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from tests.on_aws.by_cell import ROOT, as_aws
from tests.support import LONGEST
from workshop.cloud.clouds import Cloud
from workshop.cloud.switch import start_local

SUFFIX = "e5n1"
OPEN = """
import sys
from workshop import connect
from workshop.core.errors import WorkshopError
from workshop.on_aws import tunnel
connect()
try:
    print("open", tunnel.opened(), flush=True)
except WorkshopError as error:
    print("refused", error, flush=True)
"""
HANGS = """
import threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Hangs(BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked", flush=True)
        time.sleep(1200)
    def log_message(self, *_): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Hangs)
threading.Thread(target=server.serve_forever, daemon=True).start()
tunnel.offer("shop", f"http://127.0.0.1:{server.server_address[1]}")
"""
UNTIL_TOLD = "sys.stdin.readline()\n"
NO_STOP = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot stop a process for a while")


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    """What the readers here take for AWS; it can be made not to answer."""
    cloud = start_local()
    yield cloud
    cloud.close()


def reader(aws: Cloud, code: str, **more: str) -> subprocess.Popen[str]:
    """A kernel of a reader on AWS."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **as_aws(aws.endpoint, SUFFIX), **more}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def until(process: subprocess.Popen[str], word: str) -> str:
    """The first line that begins with a word; what came before it is passed over."""
    assert process.stdout is not None
    said, watch = [], threading.Timer(100, process.kill)
    watch.start()
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith(word):
                return line.strip()
    finally:
        watch.cancel()
    process.wait()
    raise AssertionError("".join(said))


def client(aws: Cloud, service: str, **keys: str) -> Any:
    keys = keys or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.session.Session(**keys, region_name="eu-west-1").client(service, endpoint_url=aws.endpoint)


def queues(aws: Cloud) -> list[str]:
    return client(aws, "sqs").list_queues().get("QueueUrls", [])


def test_three_notebooks_of_one_reader_open_it_at_the_same_moment(aws: Cloud) -> None:
    """One stack, which one of them makes; a session each."""
    processes = [reader(aws, OPEN + UNTIL_TOLD) for _ in range(3)]
    try:
        addresses = [until(process, "open").removeprefix("open ") for process in processes]
        assert len(set(addresses)) == len(queues(aws)) == 3
        assert [httpx.get(address).status_code for address in addresses] == [200] * 3
        processes[0].communicate("\n", timeout=LONGEST)
        assert [httpx.get(address).status_code for address in addresses] == [503, 200, 200]
    finally:
        for process in processes:
            process.communicate("\n" if process.poll() is None else None, timeout=LONGEST)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert queues(aws) == []


def test_a_kernel_ends_while_a_stand_in_still_thinks(aws: Cloud) -> None:
    process = reader(aws, OPEN + HANGS + UNTIL_TOLD)
    address = until(process, "open").removeprefix("open ")
    threading.Thread(target=lambda: httpx.get(f"{address}/shop/x", timeout=60), daemon=True).start()
    until(process, "asked")
    process.communicate("\n", timeout=LONGEST)  # the stand-in would take twenty minutes
    assert process.returncode == 0
    assert queues(aws) == []


@NO_STOP
def test_a_kernel_ends_while_aws_does_not_answer(aws: Cloud) -> None:
    process = reader(aws, OPEN + UNTIL_TOLD)
    until(process, "open")
    assert aws._process is not None
    os.kill(aws._process.pid, signal.SIGSTOP)
    try:
        process.communicate("\n", timeout=LONGEST)
    finally:
        os.kill(aws._process.pid, signal.SIGCONT)
    assert process.returncode == 0


@NO_STOP
def test_it_works_again_when_the_network_is_back(aws: Cloud) -> None:
    process = reader(aws, OPEN + UNTIL_TOLD)
    address = until(process, "open").removeprefix("open ")
    assert aws._process is not None
    os.kill(aws._process.pid, signal.SIGSTOP)
    with pytest.raises(httpx.TimeoutException):
        httpx.get(address, timeout=3)
    os.kill(aws._process.pid, signal.SIGCONT)
    assert httpx.get(address, timeout=LONGEST).status_code == 200
    process.communicate("\n", timeout=LONGEST)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_a_cell_that_is_interrupted_can_be_run_again(aws: Cloud) -> None:
    """Ctrl-C stops the looking, not CloudFormation; the next try waits for it, or goes on with what is there."""
    again = OPEN.replace("try:", "try:\n    tunnel.opened()\nexcept KeyboardInterrupt:\n    print('stopped')\ntry:")
    process = reader(aws, again + UNTIL_TOLD, WORKSHOP_SUFFIX="c7r1")
    until(process, "package stand-ins")
    process.send_signal(signal.SIGINT)
    address = until(process, "open").removeprefix("open ")
    assert httpx.get(address).status_code == 200
    rest, _ = process.communicate("\n", timeout=LONGEST)
    assert process.returncode == 0, rest


def test_a_kernel_that_was_killed_leaves_a_queue_that_clean_finds(aws: Cloud) -> None:
    before = queues(aws)
    process = reader(aws, OPEN + UNTIL_TOLD)
    until(process, "open")
    process.kill()
    process.communicate()
    [left] = set(queues(aws)) - set(before)
    command = [sys.executable, "-m", "workshop", "clean", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **as_aws(aws.endpoint, SUFFIX)}
    found = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=LONGEST).stdout
    assert left.rpartition("/")[2] in found
    client(aws, "sqs").delete_queue(QueueUrl=left)


def test_after_a_kill_a_service_is_told_at_once(aws: Cloud) -> None:
    """It stops giving signs of life. Without them a request waited for Lambda's time-out, half a minute."""
    process = reader(aws, OPEN + UNTIL_TOLD, WORKSHOP_SUFFIX="k9l2")
    address = until(process, "open").removeprefix("open ")
    process.kill()
    process.communicate()
    statuses: list[int] = []
    while not statuses or (statuses[-1] != 503 and len(statuses) < 60):
        statuses.append(httpx.get(f"{address}/shop/x", timeout=60).status_code)
    # What was sent before the signs ended is not known to have been made (504); then nothing is sent any more (503).
    assert statuses[-1] == 503 and set(statuses[:-1]) <= {504}
    store = next(one for one in client(aws, "s3").list_buckets()["Buckets"] if "k9l2-store" in one["Name"])["Name"]
    left = client(aws, "s3").list_objects_v2(Bucket=store).get("Contents", [])
    assert [one["Key"].partition("/")[0] for one in left] == ["alive"]
    [queue] = [one for one in queues(aws) if "k9l2" in one]
    assert httpx.get(address, timeout=60).status_code == 503
    client(aws, "sqs").delete_queue(QueueUrl=queue)


def keys_of(aws: Cloud, name: str, denied: list[str]) -> dict[str, str]:
    """Keys of a user who may do everything but this."""
    iam = client(aws, "iam")
    iam.create_user(UserName=name)
    rules = [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": denied, "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": rules if denied else rules[:1]})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.mark.parametrize("denied", ["sqs:CreateQueue", "sqs:TagQueue", "sqs:ReceiveMessage"])
def test_without_a_permission_there_is_one_paragraph_that_names_it(aws: Cloud, denied: str) -> None:
    """To tag a queue when it is made takes a permission of its own:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    """
    process = reader(aws, OPEN, **keys_of(aws, denied.replace(":", "-"), [denied]))
    said, _ = process.communicate(timeout=LONGEST)
    [refused] = [line for line in said.splitlines() if line.startswith("refused")]
    assert denied.lower() in refused.lower() and "docs/workshop-policy.json" in refused
    assert "Traceback" not in said
    assert queues(aws) == []


def test_credentials_that_end_are_said_once_and_nothing_spins(aws: Cloud) -> None:
    keys = keys_of(aws, "ends", [])
    process = reader(aws, OPEN + UNTIL_TOLD, **keys)
    address = until(process, "open").removeprefix("open ")
    client(aws, "iam").update_access_key(UserName="ends", AccessKeyId=keys["AWS_ACCESS_KEY_ID"], Status="Inactive")
    for _ in range(2):  # each ends a long poll; the next one is refused
        with pytest.raises(httpx.TimeoutException):  # for the answer cannot be written either
            httpx.get(address, timeout=2)
    said = until(process, "At the moment AWS cannot reach")
    assert "credentials" in said
    rest, _ = process.communicate("\n", timeout=LONGEST)
    assert "At the moment" not in rest and "Traceback" not in rest
    for queue in queues(aws):
        client(aws, "sqs").delete_queue(QueueUrl=queue)
