"""The commands as a reader types them: a process each, against the running cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serverless.services import HELLO
from tests.support import LONGEST

ROOT = Path(__file__).resolve().parent.parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(cloud: Any) -> Run:
    """Runs one command."""

    def command(*words: str, code: int = 0, text: str = "") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"WORKSHOP_CLOUD": cloud.endpoint}
        done = subprocess.run(
            [sys.executable, "-m", "workshop", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LONGEST,
            check=False,
            input=text,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback (most recent call last)" not in done.stderr
        return done

    return command


def test_a_service_from_first_to_last(run: Run, tmp_path: Path, service_name: str) -> None:
    folder = str(tmp_path / service_name)
    assert "has been created from hello-world" in run("create", "hello-world", folder).stdout
    deployed = run("deploy", folder)
    assert f"Deploying {service_name} to stage dev (eu-west-1)" in deployed.stdout
    assert f"✔ Service deployed to stack {service_name}-dev (" in deployed.stdout
    assert "endpoint: GET - http://127.0.0.1:" in deployed.stdout
    assert f"  hello: {service_name}-dev-hello (3" in deployed.stdout
    again = run("deploy", folder, "--json")
    assert json.loads(again.stdout)["functions"]["hello"].endswith(f"{service_name}-dev-hello")
    assert again.stderr == ""
    assert "No changes to deploy" in run("deploy", folder).stdout
    shown = json.loads(run("info", folder, "--json").stdout)
    assert shown | {"seconds": 0} == json.loads(again.stdout) | {"seconds": 0}
    answer = json.loads(run("invoke", folder, "--json").stdout)
    assert answer["payload"]["statusCode"] == 200
    assert "REPORT" in answer["log"]
    assert '"statusCode": 200' in run("invoke", "local", folder, "-f", "hello").stdout
    lines = [json.loads(line) for line in run("logs", folder, "--json").stdout.splitlines()]
    assert any(line["message"].startswith("REPORT") for line in lines)
    assert json.loads(run("metrics", folder, "--json").stdout)["total"]["invocations"] == 1
    assert "<- deployed" in run("rollback", folder).stdout
    assert "has been successfully removed" in run("remove", folder).stdout
    assert "not deployed" in run("remove", folder, code=1).stderr


def test_a_failing_function(run: Run, write: Callable[..., Path], service_name: str) -> None:
    code = "def hello(event, context):\n    raise ValueError(event['why'])\n"
    folder = str(write({"serverless.yml": HELLO.format(name=service_name), "handler.py": code}))
    run("deploy", folder)
    failed = run("invoke", folder, "--data", '{"why": "because"}', code=1)
    assert '"errorType": "ValueError"' in failed.stdout
    assert "hello failed: ValueError: because" in failed.stderr
    assert run("invoke", folder, "--path", "-", text='{"why": "typed"}', code=1).stderr.startswith("hello failed")
    assert "ValueError: because" in run("logs", folder, "--filter", "because").stdout
    run("remove", folder)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["deploy", "demo_lambdas/no_such"], "There is no folder"),
        (["deploy", "docs"], "no serverless.yml"),
        (["deploy", "demo_lambdas/hello_world", "--stge", "x"], "--stage"),
        (["dploy"], "deploy"),
        (["invoke", "demo_lambdas/hello_world", "-f", "helo"], "Did you mean hello?"),
        (["invoke", "demo_lambdas/hello_world", "--data", "{"], "not JSON"),
        (["invoke", "demo_lambdas/hello_world", "--type", "Later"], "RequestResponse or Event"),
        (["deploy", "demo_lambdas/hello_world", "--param", "x"], "name=value"),
        (["deploy", "demo_lambdas/hello_world", "--stage", "a b"], "letters, digits and hyphens"),
        (["deploy", "demo_lambdas/hello_world", "--region", "ireland"], "not an AWS region"),
        (["print", "demo_lambdas/hello_world", "--path", "provider.stge"], "Did you mean stage?"),
        (["create", "helo-world"], "Did you mean hello-world?"),
        (["create", "hello-world", "demo_lambdas/hello_world"], "there already"),
        (["logs", "demo_lambdas/hello_world", "--since", "soon"], "neither an age"),
        (["rollback", "demo_lambdas/no_such"], "There is no folder"),
    ],
)
def test_used_wrongly(words: list[str], said: str, run: Run) -> None:
    done = run(*words, code=2)
    assert said in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_print_and_package(run: Run, tmp_path: Path) -> None:
    assert run("print", "demo_lambdas/hello_world", "--path", "provider.stage").stdout == "dev\n"
    assert json.loads(run("print", "demo_lambdas/hello_world", "--format", "json").stdout)["service"] == "hello-world"
    packaged = run("package", "demo_lambdas/hello_world", "--package", str(tmp_path), "--json")
    found = json.loads(packaged.stdout)
    assert found["zips"][0]["files"] == ["handler.py"]
    assert found["resources"]["HelloLambdaFunction"] == "AWS::Lambda::Function"
    assert (tmp_path / "hello-world.zip").is_file()


def test_the_templates(run: Run) -> None:
    listed = [line.split()[0] for line in run("create", "--list").stdout.splitlines()]
    assert listed == ["cron", "hello-world", "http-api"]


@pytest.mark.parametrize("template", ["cron", "hello-world", "http-api"])
def test_every_template_deploys(template: str, cloud: Any, tmp_path: Path, service_name: str) -> None:
    from workshop import serverless

    service = serverless.load(serverless.create(template, tmp_path / "new", name=service_name))
    deployment = serverless.deploy(service)
    events = {"cron": {"time": "2026-03-02T03:00:00Z"}, "http-api": {"pathParameters": {"name": "Ada"}}}
    answer = serverless.invoke(service, next(iter(deployment.functions)), events.get(template, {}))
    assert answer.error == ""
    serverless.remove(service)


def test_every_command_has_an_example(run: Run) -> None:
    from workshop.cli import app

    for command in app.registered_commands:
        assert "Example: workshop" in (command.epilog or ""), command.name


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process on Windows")
def test_ctrl_c_in_a_deploy_says_what_that_leaves(cloud: Any, write: Callable[..., Path], service_name: str) -> None:
    from workshop import serverless

    folder = write({"serverless.yml": HELLO.format(name=service_name)})
    environment = os.environ | {"WORKSHOP_CLOUD": cloud.endpoint}
    command = [sys.executable, "-m", "workshop", "deploy", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        first = running.stderr.readline()
        running.send_signal(signal.SIGINT)
        said = first + running.stderr.read()
    assert "Traceback" not in said
    if running.returncode:  # else it was over before the signal came
        assert running.returncode == 130
        assert f"Deploying {service_name}-dev: stopped after" in said
        assert f"{service_name}-dev is as it was" in said or "CloudFormation goes on" in said
    service = serverless.load(folder)
    serverless.deploy(service)  # what was left behind is in nobody's way
    serverless.remove(service)


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a Unix thing")
def test_a_terminal_breaks_an_error_between_words(tmp_path: Path) -> None:
    """A pipe gets the paragraph in one line, a terminal of 40 columns gets it in whole words."""
    import pty

    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "40", "LINES": "24"}
    command = [sys.executable, "-m", "workshop", "create", "helo-world", str(tmp_path / "x")]
    done = subprocess.run(command, cwd=ROOT, env=environment, stderr=theirs, timeout=LONGEST, check=False)
    os.close(theirs)
    said = os.read(ours, 4096).decode().split("\r\n")
    os.close(ours)
    assert done.returncode == 2
    assert max(map(len, said)) <= 40
    assert "Did you mean hello-world?" in " ".join(said)


def test_the_command_that_a_refusal_names_can_be_pasted(run: Run, service_name: str) -> None:
    """Commands are typed in the checkout; the refusal of one names the service's folder as seen from there."""
    done = run("info", "demo_lambdas/keep_warm", "--stage", service_name, code=1)
    assert f"Run: workshop deploy demo_lambdas/keep_warm --stage {service_name}" in " ".join(done.stderr.split())


def test_several_deploys_of_one_service_at_the_same_moment(
    write: Callable[..., Path], service_name: str, cloud: Any
) -> None:
    """Each is done, or says that another one is under way; what one tidies away while another looks is no error."""
    code = "def hello(event, context): ...\n"
    folder = write({"serverless.yml": HELLO.format(name=service_name), "handler.py": code})
    environment = dict(os.environ, WORKSHOP_CLOUD=cloud.endpoint)
    command = [sys.executable, "-m", "workshop", "deploy", str(folder)]
    for turn in range(2):
        with (folder / "handler.py").open("a", encoding="utf-8") as handler:
            handler.write(f"\n# {turn}\n")
        begun = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        ended = [(one.communicate(timeout=LONGEST)[1], one.returncode) for one in begun]
        assert 0 in [code for _, code in ended]
        for said, code in ended:
            assert code == 0 or "is under way" in said, said
