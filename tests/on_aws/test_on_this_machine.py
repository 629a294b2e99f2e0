"""Connected to AWS, or to another emulator: `offline` and the Runtime API by hand run on this machine, and end there.

"AWS" is the session's offline cloud. The programs below are told that it is AWS: what goes there is AWS's code path.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.on_aws.by_cell import ROOT, as_aws
from tests.serverless.conftest import service_name, write
from tests.support import LONGEST, fresh_environment, gone
from workshop import lesson

__all__ = ["service_name", "write"]  # fixtures
SECRET = "not-for-any-function"
SERVICE = """\
service: {name}

provider:
  name: aws
  runtime: python3.13
  stage: dev
  region: eu-west-1

functions:
  hello:
    handler: handler.hello
    events:
      - http: GET /hello
"""
CODE = """\
import json
import os


def hello(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"word": "{word}", "environment": dict(os.environ)}})}}
"""
# What each program begins with. Nobody agreed to a change (WORKSHOP_CONFIRM): one would be refused.
BEGIN = """
import json, os, sys, time
import httpx, psutil
from pathlib import Path
from tests.support import descendants
from workshop import connect, deploy, offline
cloud = connect()
before = descendants()  # the stand-ins
def started():
    return [pid for pid in descendants() if pid not in before]
def tell(**facts):
    print(json.dumps(facts), flush=True)
def environment_of(pid):
    try:
        return psutil.Process(pid).environ()
    except psutil.Error:  # a system that does not show it
        return {}
"""


@pytest.fixture
def folder(write: Callable[..., Path], service_name: str) -> Path:
    """A service with one route."""
    return write({"serverless.yml": SERVICE.format(name=service_name), "handler.py": CODE.format(word="one")})


@pytest.fixture
def on_aws(cloud: Any) -> dict[str, str]:
    """The environment of a program that is connected to AWS, with keys of its own."""
    there = as_aws(cloud.endpoint, "m4c9") | {
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
    }
    del there["WORKSHOP_CONFIRM"]
    return fresh_environment(**there)


@pytest.fixture
def start() -> Iterator[Callable[..., Any]]:
    """Starts programs; ends them at the latest when the test is over."""
    started: list[subprocess.Popen[str]] = []

    def program(environment: dict[str, str], source: str = "", *words: str) -> subprocess.Popen[str]:
        arguments = ["-m", "workshop", *words] if words else ["-c", BEGIN + source]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, cwd=ROOT, stdout=pipe, stderr=pipe, encoding="utf-8"
        )
        started.append(process)
        return process

    yield program
    for process in started:
        process.kill()
        process.communicate()


def done(process: subprocess.Popen[str]) -> tuple[list[Any], str]:
    """What a program told, line by line, and what else it printed."""
    out, errors = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, errors
    lines = out.splitlines()
    return [json.loads(line) for line in lines if line[0] == "{"], "\n".join(line for line in lines if line[0] != "{")


def stacks(client: Any, part: str) -> list[str]:
    """Every stack that was ever made there with this in its name; CloudFormation lists deleted ones, too."""
    pages = client("cloudformation").get_paginator("list_stacks").paginate()
    return [one["StackName"] for page in pages for one in page["StackSummaries"] if part in one["StackName"]]


SERVED = """
folder = sys.argv[1] if len(sys.argv) > 1 else os.environ["FOLDER"]
with offline(folder, port=0) as local:
    local.client("ssm").put_parameter(Name="a_secret", Value="only here", Type="SecureString")
    first = httpx.get(local.url + "/hello", timeout=60).json()
    handler = Path(folder) / "handler.py"
    handler.write_text(handler.read_text().replace("one", "two"))
    second = httpx.get(local.url + "/hello", timeout=60).json()
    log, inside = local.log(), started()
    environments = [environment_of(pid) for pid in inside]
    elsewhere = local.endpoint
with offline(folder, port=0) as again:
    pass
again.stop()
tell(mode=cloud.mode, words=[first["word"], second["word"]], seen=[first["environment"], *environments],
     log=log, inside=inside, after=started(), elsewhere=elsewhere, pointed=os.environ["AWS_ENDPOINT_URL"])
"""


def test_offline_serves_here_and_leaves_aws_alone(
    folder: Path, service_name: str, on_aws: dict[str, str], start: Any, client: Any, cloud: Any
) -> None:
    [told], said = done(start(on_aws | {"FOLDER": str(folder)}, SERVED))
    assert (told["mode"], told["words"]) == ("aws", ["one", "two"])
    assert told["log"][0].endswith("cold")
    assert said.count("`offline` leaves it alone") == 1  # of two
    assert told["pointed"] == cloud.endpoint != told["elsewhere"]
    assert len(told["inside"]) >= 2 and told["after"] == [] and gone(told["inside"])
    assert SECRET not in json.dumps(told["seen"])
    assert stacks(client, service_name) == []


def test_offline_needs_no_credentials(folder: Path, on_aws: dict[str, str], start: Any) -> None:
    """Where a file asks AWS for nothing, nobody has to be signed in, and no proxy is asked for this machine."""
    environment = {name: value for name, value in on_aws.items() if not name.startswith("AWS_")}
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true", "FOLDER": str(folder)}
    environment |= {
        "AWS_ENDPOINT_URL": "https://cloudformation.eu-west-1.amazonaws.com",
        "AWS_USE_FIPS_ENDPOINT": "true",
    }
    environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "localhost"}
    [told], _ = done(start(environment, SERVED))
    assert told["words"] == ["one", "two"]


def test_variables_and_layers_come_from_aws(
    write: Any, service_name: str, on_aws: dict[str, str], start: Any, client: Any, cloud: Any
) -> None:
    """As in serverless-offline, `${ssm:}` and `${cf:}` are read where `deploy` would read them; nothing is written."""
    import boto3

    from workshop import serverless

    ssm, aws = client("ssm"), client("lambda")
    ssm.put_parameter(Name=f"/{service_name}/greeting", Value="from AWS", Type="String")
    serverless.deploy(serverless.load(ROOT / "demo_lambdas/access_ssm", stage=f"dev-{service_name}"))
    before = aws.list_layer_versions(LayerName="access-ssm")["LayerVersions"]
    may_read = """
  iam:
    role:
      statements:
        - Effect: Allow
          Action: ssm:GetParameters
          Resource: arn:aws:ssm:${aws:region}:${aws:accountId}:parameter/a_secret
"""
    layer = f"""\
    layers:
      - ${{cf:access-ssm-dev-{service_name}.AccessDashssmLambdaLayerQualifiedArn}}
    environment:
      GREETING: ${{ssm:/{service_name}/greeting}}
"""
    text = SERVICE.format(name=service_name).replace("\n\nfunctions:", f"{may_read}\nfunctions:") + layer
    code = CODE.format(word="one").replace(
        "    return", "    os.environ['SECRET'] = get_ssm(['a_secret'])[0]\n    return"
    )
    code = f"from access_ssm import get_ssm\n{code}"
    [told], _ = done(start(on_aws | {"FOLDER": str(write({"serverless.yml": text, "handler.py": code}))}, SERVED))
    assert told["seen"][0]["GREETING"] == "from AWS"
    assert told["seen"][0]["SECRET"] == "only here"
    assert aws.list_layer_versions(LayerName="access-ssm")["LayerVersions"] == before
    assert stacks(client, service_name) == [f"access-ssm-dev-{service_name}"]
    serverless.remove(serverless.load(ROOT / "demo_lambdas/access_ssm", stage=f"dev-{service_name}"))
    assert boto3.client("ssm").delete_parameters(Names=[f"/{service_name}/greeting"])["InvalidParameters"] == []


def test_a_layer_that_is_not_there_starts_nothing(write: Any, service_name: str, on_aws: Any, start: Any) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:layer:nobody-has-this:7"
    text = SERVICE.format(name=service_name) + f"    layers:\n      - {arn}\n"
    source = """
from workshop.core.errors import WorkshopError
try:
    offline(os.environ["FOLDER"], port=0).start()
except WorkshopError as error:
    tell(error=error.paragraph(), after=started())
"""
    [told], _ = done(start(on_aws | {"FOLDER": str(write({"serverless.yml": text}))}, source))
    assert f"The layer {arn} cannot be fetched" in told["error"] and told["after"] == []


def test_the_region_is_what_aws_region_says(on_aws: dict[str, str], start: Any) -> None:
    """docs/on-aws.md says so; boto3 alone reads AWS_DEFAULT_REGION.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    """
    source = "import boto3\ntell(region=cloud.region, boto3=boto3.client('lambda').meta.region_name)"
    [told], _ = done(start(on_aws | {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-2"}, source))
    assert told == {"region": "us-east-1", "boto3": "us-east-1"}


ENDINGS = {
    "it returns": ("", None),
    "it raises": ("raise SystemExit(0)", None),
    "it is interrupted": ("time.sleep(600)", signal.SIGINT),
    "it is killed": ("time.sleep(600)", getattr(signal, "SIGKILL", signal.SIGTERM)),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_its_cloud_does_not_outlive_the_kernel(ending: str, folder: Path, on_aws: Any, start: Any) -> None:
    then, send = ENDINGS[ending]
    source = f"""
local = offline(os.environ["FOLDER"], port=0).start()
httpx.get(local.url + "/hello", timeout=60)
tell(inside=started())
{then}
"""
    process = start(on_aws | {"FOLDER": str(folder)}, source)
    assert "is not the offline cloud" in process.stdout.readline()
    pids = json.loads(process.stdout.readline())["inside"]
    if send is not None:
        process.send_signal(send)
    process.wait(LONGEST)
    assert len(pids) >= 2 and gone(pids)


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process on Windows")
def test_the_command_serves_here_until_ctrl_c(
    folder: Path, service_name: str, on_aws: Any, start: Any, client: Any
) -> None:
    process = start(on_aws | {"PYTHONUNBUFFERED": "1"}, "", "offline", str(folder), "--port", "0")
    lines: list[str] = []
    while not lines or "Ctrl-C" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines) + process.stderr.read()
    url = next(line for line in lines if "Offline at" in line).split()[-1]
    assert "leaves it alone" in lines[0]
    assert httpx.get(f"{url}/hello", timeout=60).status_code == 200
    pids = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=LONGEST)
    assert (process.returncode, errors) == (0, "") and "nothing is left running" in rest
    assert len(pids) >= 2 and gone(pids) and stacks(client, service_name) == []


def test_ctrl_c_while_it_deploys_says_that_nothing_is_left(
    write: Any, service_name: str, on_aws: Any, start: Any
) -> None:
    """It said that CloudFormation goes on by itself; that CloudFormation ends with it."""
    many = "".join(f"  more{number}:\n    handler: handler.hello\n" for number in range(20))
    folder = write({"serverless.yml": SERVICE.format(name=service_name) + many, "handler.py": CODE.format(word="one")})
    source = """
import _thread, threading
import boto3
local = offline(os.environ["FOLDER"], port=0)
def press():
    while local.endpoint == os.environ["AWS_ENDPOINT_URL"]:
        time.sleep(0.01)
    stacks = boto3.session.Session().client("cloudformation", endpoint_url=local.endpoint)
    while not stacks.describe_stacks()["Stacks"]:
        time.sleep(0.01)
    _thread.interrupt_main()
threading.Thread(target=press, daemon=True).start()
try:
    local.start()
except KeyboardInterrupt as error:
    tell(error=str(error), after=started())
"""
    [told], _ = done(start(on_aws | {"FOLDER": str(folder)}, source))
    assert told == {"error": "Stopped; nothing of it is left running.", "after": []}


def test_another_emulator_is_left_alone_too(folder: Path, on_aws: Any, start: Any) -> None:
    """It may have no API Gateway that can be called, and would keep what is deployed at every edit."""
    asked: list[str] = []

    class Emulator(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_error(404)

        do_POST = do_PUT = do_GET

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        [told], said = done(start(on_aws | {"WORKSHOP_CLOUD": url, "FOLDER": str(folder)}, SERVED))
    finally:
        server.shutdown()
        server.server_close()
    assert (told["mode"], told["words"]) == ("endpoint", ["one", "two"])
    assert f"{url} is not the offline cloud: `offline` leaves it alone" in said
    assert set(asked) <= {"GET /", "GET /_workshop/status"}


def test_on_workshop_up_a_reader_with_a_suffix_serves_a_stage_of_their_own(
    mine: str, folder: Path, service_name: str, cloud: Any
) -> None:
    """`offline` deployed without the suffix: two readers of one cloud overwrote each other's service."""
    from workshop import serverless

    with lesson.offline(folder, port=0) as running:
        assert httpx.get(f"{running.url}/hello", timeout=60).status_code == 200
        assert running.endpoint == cloud.endpoint
        service = serverless.load(folder, stage=f"dev-{mine}")
        assert serverless.info(service).stack == f"{service_name}-dev-{mine}"


BY_HAND = """
from workshop.core.errors import WorkshopError
from workshop.scenarios.runtime_api import Waiting
deploy("demo_lambdas/custom_runtimes", quiet=True)
abandoned = Waiting("custom-runtimes-dev-by-hand", {"name": "Ada"})
abandoned.runtime_api()
waiting = Waiting("custom-runtimes-dev-by-hand", {"name": "Grace"})  # the first cell once more, before the second
try:
    abandoned.result()
except WorkshopError as error:
    lost = str(error)
api = waiting.runtime_api()
work = httpx.get(api + "/invocation/next", timeout=30)
inside = started()
request_id = work.headers["Lambda-Runtime-Aws-Request-Id"]
httpx.post(f"{api}/invocation/{request_id}/response", json={"message": "Hello " + work.json()["name"]})
tell(result=waiting.result(), again=waiting.result(), lost=lost, inside=inside, after=started())
"""


def test_the_runtime_api_is_answered_by_hand_on_this_machine(on_aws: Any, start: Any, cloud: Any, client: Any) -> None:
    import time

    from workshop import serverless

    began = time.time()
    [told], said = done(start(on_aws | {"WORKSHOP_CONFIRM": "yes"}, BY_HAND))
    assert told["result"] == told["again"] == {"message": "Hello Grace"}
    assert "The invocation failed" in told["lost"]
    assert len(told["inside"]) >= 2 and told["after"] == [] and gone(told["inside"])
    assert said.count("runs on an offline cloud of this machine") == 1
    assert stacks(client, "custom-runtimes-dev-m4c9") == ["custom-runtimes-dev-m4c9"]
    assert not [one for one in cloud.invocations(began) if "by-hand" in one["function"] and "m4c9" in one["function"]]
    serverless.remove(serverless.load(ROOT / "demo_lambdas/custom_runtimes", stage="dev-m4c9"))


STAND_INS = SERVICE.replace(
    "  region: eu-west-1\n",
    """\
  region: eu-west-1
  environment:
    MAIL: ${{env:MAIL_API_URL}}
    STRIPE: ${{env:STRIPE_API_BASE}}
""",
)
ASKS = """\
import os
import urllib.error
import urllib.request


def status(url):
    try:
        return urllib.request.urlopen(url, timeout=10).status
    except urllib.error.HTTPError as refused:
        return refused.code


def hello(event, context):
    mail, stripe = os.environ["MAIL"] + "/x", os.environ["STRIPE"] + "/v1/charges"
    return {"statusCode": 200, "body": f"{status(mail)} {status(stripe)}"}
"""


def test_the_command_serves_with_stand_ins(
    on_aws: dict[str, str], start: Callable[..., Any], write: Callable[..., Path], service_name: str
) -> None:
    """In a terminal too: what is served on this machine reaches the stand-ins of this machine, and nobody real."""
    folder = write({"serverless.yml": STAND_INS.format(name=service_name), "handler.py": ASKS})
    process = start(on_aws, "", "offline", str(folder), "--port", "0")
    url = ""
    for line in process.stdout:
        if "Offline at " in line:
            url = line.split()[-1]
            break
    assert url, process.stderr.read()
    mail, stripe = httpx.get(f"{url}/hello", timeout=60).text.split()
    assert (mail, stripe) == ("404", "401")  # a path that is not there; no key
    process.send_signal(signal.SIGINT)
    assert process.wait(LONGEST) == 0


TWICE = """
folder = os.environ["FOLDER"]
first = offline(folder, port=0).start()
second = offline(folder).start()
tell(first=first.alive, second=second.alive, word=httpx.get(second.url + "/hello", timeout=60).json()["word"])
second.stop()
third = offline(folder, port=0).start()
port = third.port
fourth = offline(folder, port=port).start()
tell(third=third.alive, same=fourth.port == port, word=httpx.get(fourth.url + "/hello", timeout=60).json()["word"])
fourth.stop()
tell(left=[each.alive for each in (first, second, third, fourth)])
"""


@pytest.mark.parametrize("where", ["on AWS", "offline"])
def test_a_cell_that_is_run_again_takes_the_place_of_its_first_run(
    on_aws: dict[str, str], cloud: Any, start: Callable[..., Any], folder: Path, where: str
) -> None:
    environment = (
        on_aws
        if where == "on AWS"
        else fresh_environment(WORKSHOP_CLOUD=cloud.endpoint, PYTHONPATH=str(ROOT), PYTHONUTF8="1")
    )
    (one, two, three), _ = done(start(environment | {"FOLDER": str(folder)}, TWICE))
    assert one == {"first": False, "second": True, "word": "one"}
    assert two == {"third": False, "same": True, "word": "one"}
    assert three == {"left": [False] * 4}
