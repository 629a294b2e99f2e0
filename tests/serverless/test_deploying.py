"""Deploy, look, roll back, remove: against the running offline cloud, through boto3 and HTTP as on AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serverless.services import HELLO
from tests.support import LONGEST
from workshop import serverless
from workshop.core.errors import WorkshopError
from workshop.serverless.steps import Step

pytestmark = pytest.mark.usefixtures("cloud")


@pytest.fixture
def folder(write: Callable[..., Path], service_name: str) -> Iterator[Path]:
    """A hello world of a name of its own; whatever is deployed of it is removed in the end."""
    root = write({"serverless.yml": HELLO.format(name=service_name)})
    yield root
    for stage in ("dev", "prod"):
        (root / "serverless.yml").write_text(HELLO.format(name=service_name), encoding="utf-8")
        (root / "handler.py").write_text("def hello(event, context): pass\n", encoding="utf-8")
        try:
            serverless.remove(serverless.load(root, stage=stage))
        except WorkshopError as error:
            assert "not deployed" in str(error)


def get(deployment: Any) -> httpx.Response:
    """A GET on its first endpoint."""
    return httpx.get(deployment.endpoints[0].url, timeout=LONGEST)


def edit(folder: Path, before: str, after: str, file: str = "handler.py") -> None:
    """Replaces a piece of a file."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_a_new_route_replaces_the_api_s_deployment(folder: Path, client: Callable[..., Any]) -> None:
    """The old one goes once no stage points at it; it stayed, and the terminal said `delete failed`.

    https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteDeployment.html
    """
    first = serverless.deploy(serverless.load(folder))
    edit(folder, "- http: GET /hello", "- http: GET /hello\n      - http: GET /hi", "serverless.yml")
    steps: list[Step] = []
    second = serverless.deploy(serverless.load(folder), on_step=steps.append)
    assert [step for step in steps if "failed" in f"{step}".lower()] == []
    assert httpx.get(second.endpoints[1].url, timeout=LONGEST).json() == {"message": "Hello"}
    api = second.endpoints[0].url.partition("/_aws/execute-api/")[2].partition("/")[0]
    assert first.endpoints[0].url == second.endpoints[0].url
    kept = client("apigateway").get_deployments(restApiId=api)["items"]
    stage = client("apigateway").get_stage(restApiId=api, stageName="dev")
    assert [one["id"] for one in kept] == [stage["deploymentId"]]
    with pytest.raises(client("apigateway").exceptions.BadRequestException, match="Active stages pointing"):
        client("apigateway").delete_deployment(restApiId=api, deploymentId=stage["deploymentId"])


def test_from_nothing_to_an_answer_and_back(folder: Path, client: Callable[..., Any], service_name: str) -> None:
    steps: list[Step] = []
    deployment = serverless.deploy(serverless.load(folder), on_step=steps.append)
    assert deployment.changed
    assert get(deployment).json() == {"message": "Hello"}
    found = deployment.to_json()
    assert list(found) == ["stack", "stage", "region", "endpoints", "functions", "layers", "outputs", "seconds"]
    assert found["stack"] == f"{service_name}-dev"
    assert found["endpoints"][0]["method"] == "GET"
    assert "/_aws/execute-api/" in found["endpoints"][0]["url"]
    assert found["endpoints"][0]["url"].endswith("/dev/hello")
    full = f"{service_name}-dev-hello"
    assert found["functions"]["hello"].endswith(f":function:{full}")
    assert client("lambda").get_function(FunctionName=full)["Configuration"]["Handler"] == "handler.hello"
    told = {(step.logical_id, step.status) for step in steps}
    assert ("HelloLambdaFunction", "CREATE_COMPLETE") in told
    assert ("ServerlessDeploymentBucket", "CREATE_COMPLETE") in told
    assert {"package", "create", "upload", "update"} <= {step.phase for step in steps}
    assert len([step for step in steps if step.logical_id == "HelloLambdaFunction"]) == 2

    serverless.remove(serverless.load(folder))
    assert full not in [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]]
    assert not [one for one in client("apigateway").get_rest_apis()["items"] if service_name in one["name"]]
    assert not [one for one in client("s3").list_buckets()["Buckets"] if service_name in one["Name"]]
    groups = client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{full}")["logGroups"]
    assert groups == []
    with pytest.raises(client("iam").exceptions.NoSuchEntityException):
        client("iam").get_role(RoleName=f"{service_name}-dev-eu-west-1-lambdaRole")
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.remove(serverless.load(folder))


def test_no_changes_changed_code_and_settings(folder: Path) -> None:
    first = serverless.deploy(serverless.load(folder))
    again = serverless.deploy(serverless.load(folder))
    assert not again.changed
    assert again.endpoints == first.endpoints
    assert again.outputs == first.outputs
    edit(folder, "Hello", "Goodbye")
    changed = serverless.deploy(serverless.load(folder))
    assert changed.changed
    assert get(changed).json() == {"message": "Goodbye"}
    assert changed.endpoints == first.endpoints  # the API stays the same one
    edit(folder, "/hello", "/hallo", "serverless.yml")
    moved = serverless.deploy(serverless.load(folder))
    assert get(moved).status_code == 200
    assert moved.endpoints[0].url.endswith("/hallo")
    assert serverless.deploy(serverless.load(folder), force=True).changed


def test_code_changed_past_the_stack_is_noticed(folder: Path) -> None:
    serverless.deploy(serverless.load(folder))
    edit(folder, "Hello", "Quick")
    done = serverless.deploy_function(serverless.load(folder), "hello")
    assert done.code
    assert get(serverless.info(serverless.load(folder))).json() == {"message": "Quick"}
    assert not serverless.deploy_function(serverless.load(folder), "hello").code
    edit(folder, "Quick", "Hello")
    assert serverless.deploy(serverless.load(folder)).changed
    assert get(serverless.info(serverless.load(folder))).json() == {"message": "Hello"}


def test_deploy_function_changes_settings_too(folder: Path, client: Callable[..., Any], service_name: str) -> None:
    serverless.deploy(serverless.load(folder))
    edit(folder, "handler: handler.hello", "handler: handler.hello\n    timeout: 9", "serverless.yml")
    done = serverless.deploy_function(serverless.load(folder), "hello")
    assert (done.code, done.configuration) == (False, True)
    found = client("lambda").get_function_configuration(FunctionName=f"{service_name}-dev-hello")
    assert found["Timeout"] == 9


def test_two_stages_side_by_side(folder: Path) -> None:
    dev = serverless.deploy(serverless.load(folder))
    edit(folder, "Hello", "Production")
    prod = serverless.deploy(serverless.load(folder, stage="prod"))
    assert get(dev).json() == {"message": "Hello"}
    assert get(prod).json() == {"message": "Production"}
    serverless.remove(serverless.load(folder))
    assert get(prod).status_code == 200


def test_rollback(folder: Path) -> None:
    serverless.deploy(serverless.load(folder))
    edit(folder, "Hello", "Second")
    second = serverless.deploy(serverless.load(folder))
    service = serverless.load(folder)
    listed = serverless.deployments(service)
    assert [now for _, _, now in listed] == [False, True]
    back = serverless.rollback(service, listed[0][0])
    assert back.changed
    assert get(second).json() == {"message": "Hello"}
    assert [now for _, _, now in serverless.deployments(service)] == [True, False]
    assert serverless.deploy(service).changed  # the folder still holds the second one
    assert get(second).json() == {"message": "Second"}
    with pytest.raises(WorkshopError, match="no deployment '123'"):
        serverless.rollback(service, "123")


BROKEN = (
    "\nresources:\n  Resources:\n    Broken:\n      Type: AWS::Lambda::EventSourceMapping\n      Properties:\n"
    "        FunctionName: no-such-function\n"
    "        EventSourceArn: arn:aws:sqs:eu-west-1:123456789012:no-such-queue\n"
)


def test_a_failed_first_deploy_leaves_nothing(folder: Path, client: Callable[..., Any], service_name: str) -> None:
    (folder / "serverless.yml").write_text(HELLO.format(name=service_name) + BROKEN, encoding="utf-8")
    with pytest.raises(WorkshopError, match=r"Broken \(AWS::Lambda::EventSourceMapping\) failed: .*Nothing of it"):
        serverless.deploy(serverless.load(folder))
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.info(serverless.load(folder))
    assert not [one for one in client("s3").list_buckets()["Buckets"] if service_name in one["Name"]]
    edit(folder, BROKEN, "", "serverless.yml")
    assert get(serverless.deploy(serverless.load(folder))).status_code == 200


def test_a_failed_update_changes_nothing(folder: Path, service_name: str) -> None:
    first = serverless.deploy(serverless.load(folder))
    edit(folder, "Hello", "Never")
    (folder / "serverless.yml").write_text(HELLO.format(name=service_name) + BROKEN, encoding="utf-8")
    with pytest.raises(WorkshopError, match="everything is as before"):
        serverless.deploy(serverless.load(folder))
    assert get(first).json() == {"message": "Hello"}
    edit(folder, BROKEN, "", "serverless.yml")
    assert serverless.deploy(serverless.load(folder)).changed
    assert get(first).json() == {"message": "Never"}


def test_a_bad_file_deploys_nothing(folder: Path) -> None:
    edit(folder, "handler.hello", "handler.helo", "serverless.yml")
    with pytest.raises(WorkshopError, match="Did you mean hello"):
        serverless.deploy(serverless.load(folder))
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.info(serverless.load(folder))


def test_a_layer_gets_a_new_version_only_when_it_changes(folder: Path, service_name: str) -> None:
    (folder / "layer" / "python").mkdir(parents=True)
    (folder / "layer" / "python" / "shared.py").write_text("word = 'one'\n", encoding="utf-8")
    text = (
        HELLO.format(name=service_name).replace(
            "    events:", "    layers:\n      - !Ref SharedLambdaLayer\n    events:"
        )
        + "layers:\n  shared:\n    path: layer\n"
    )
    (folder / "serverless.yml").write_text(text, encoding="utf-8")
    code = "import shared\n\ndef hello(event, context):\n    return {'statusCode': 200, 'body': shared.word}\n"
    (folder / "handler.py").write_text(code, encoding="utf-8")
    first = serverless.deploy(serverless.load(folder))
    assert get(first).text == "one"
    (folder / "handler.py").write_text(code + "# changed\n", encoding="utf-8")
    second = serverless.deploy(serverless.load(folder))
    assert second.layers == first.layers
    (folder / "layer" / "python" / "shared.py").write_text("word = 'two'\n", encoding="utf-8")
    third = serverless.deploy(serverless.load(folder))
    assert third.layers != first.layers
    assert get(third).text == "two"


def test_change_sets(folder: Path) -> None:
    edit(folder, "  region", "  deploymentMethod: changesets\n  region", "serverless.yml")
    assert get(serverless.deploy(serverless.load(folder))).json() == {"message": "Hello"}
    edit(folder, "Hello", "By change set")
    deployment = serverless.deploy(serverless.load(folder))
    assert get(deployment).json() == {"message": "By change set"}
    assert deployment.outputs["ServiceEndpoint"]


def test_another_pythons_version_is_said_at_deploy(folder: Path, cloud: Any) -> None:
    known = httpx.get(f"{cloud.endpoint}/_workshop/runtimes").json()["runtimes"]
    differing = [name for name, told in known.items() if name.startswith("python") and told["warning"]]
    if not differing:
        pytest.skip("this machine has every Python that Lambda has")
    edit(folder, "python3.13", differing[0], "serverless.yml")
    version = differing[0].removeprefix("python")
    notes = serverless.deploy(serverless.load(folder)).notes
    assert f"This machine has no Python {version}: python{version} runs with Python" in "".join(notes)
    assert serverless.deploy(serverless.load(folder)).notes == notes  # a deploy without a change says it too


def test_old_deployments_are_cleaned_up(folder: Path) -> None:
    for number in range(8):
        (folder / "data.txt").write_text(str(number), encoding="utf-8")
        serverless.deploy(serverless.load(folder))
    assert len(serverless.deployments(serverless.load(folder))) == 6


def test_a_layers_zip_outlives_its_deployment(folder: Path) -> None:
    """Clean-up keeps what a kept deployment needs: going back to it must work."""
    (folder / "layer" / "python").mkdir(parents=True)
    shared = folder / "layer" / "python" / "shared.py"
    edit(folder, "functions:", "layers:\n  shared:\n    path: layer\nfunctions:", "serverless.yml")
    shared.write_text("word = 'old'\n", encoding="utf-8")
    first = serverless.deploy(serverless.load(folder))
    for number in range(6):
        (folder / "data.txt").write_text(str(number), encoding="utf-8")
        serverless.deploy(serverless.load(folder))
    shared.write_text("word = 'new'\n", encoding="utf-8")
    assert serverless.deploy(serverless.load(folder)).layers != first.layers
    service = serverless.load(folder)
    back = serverless.rollback(service, serverless.deployments(service)[-2][0])
    assert back.layers["shared"].rpartition(":")[0] == first.layers["shared"].rpartition(":")[0]


def test_metrics_of_what_was_never_deployed_are_no_zeros(folder: Path) -> None:
    with pytest.raises(WorkshopError, match="is not deployed"):
        serverless.metrics(serverless.load(folder))


def test_invoke_logs_and_metrics(folder: Path) -> None:
    (folder / "handler.py").write_text(
        "def hello(event, context):\n    print('about to', event['do'])\n    return 1 / event['by']\n", encoding="utf-8"
    )
    service = serverless.load(folder)
    serverless.deploy(service)
    answer = serverless.invoke(service, "hello", {"do": "divide", "by": 2})
    assert answer.payload == 0.5
    assert "about to divide" in answer.log
    assert "Billed Duration" in answer.report
    failed = serverless.invoke(service, "hello", {"do": "fail", "by": 0})
    assert failed.error == "Unhandled"
    assert failed.payload["errorType"] == "ZeroDivisionError"
    messages = [event.message for event in serverless.logs(service, "hello")]
    assert "about to divide" in messages
    assert any(message.startswith("REPORT") for message in messages)
    only = [event.message for event in serverless.logs(service, "hello", pattern='"about to"')]
    assert only == ["about to divide", "about to fail"]
    assert [event.message for event in serverless.logs(service, "hello", pattern='"about to"', last=1)] == only[1:]
    followed = serverless.logs(service, "hello", pattern='"about to"', follow=True, interval=0.02)
    assert [next(followed).message, next(followed).message] == only
    serverless.invoke(service, "hello", {"do": "go on", "by": 1})
    assert next(followed).message == "about to go on"
    figures = serverless.metrics(service)
    assert figures.total("invocations") == 3
    assert figures.total("errors") == 1
    assert figures.functions["hello"]["duration_ms"] > 0
    with pytest.raises(WorkshopError, match="neither an age"):
        serverless.logs(service, "hello", since="yesterday")


def test_invoke_local(folder: Path, service_name: str) -> None:
    (folder / "handler.py").write_text(
        "import os, sys\n\ndef hello(event, context):\n    print('printed', '{\"payload\": 1}')\n"
        "    if event.get('exit'):\n        sys.exit(3)\n"
        "    return [event, context.function_name, os.environ['WORD'], context.get_remaining_time_in_millis() > 0]\n",
        encoding="utf-8",
    )
    edit(folder, "handler: handler.hello", "handler: handler.hello\n    environment: {WORD: x}", "serverless.yml")
    service = serverless.load(folder)
    answer = serverless.invoke_local(service, "hello", {"a": 1})
    assert answer.payload == [{"a": 1}, f"{service_name}-dev-hello", "x", True]
    assert answer.log == 'printed {"payload": 1}\n'
    assert serverless.invoke_local(service, "hello", {"exit": 1}).error == "Unhandled"
    assert not list(folder.rglob("*.pyc"))


def test_an_http_api(folder: Path, service_name: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html"""
    edit(folder, "http: GET /hello", "httpApi: GET /orders/{id}", "serverless.yml")
    (folder / "handler.py").write_text(
        "def hello(event, context):\n    return {'id': event['pathParameters']['id']}\n", encoding="utf-8"
    )
    deployment = serverless.deploy(serverless.load(folder))
    url = deployment.endpoints[0].url
    assert deployment.endpoints[0].method == "GET"
    assert httpx.get(url.replace("{id}", "7")).json() == {"id": "7"}


def test_outputs_of_the_file(folder: Path) -> None:
    (folder / "serverless.yml").write_text(
        (folder / "serverless.yml").read_text(encoding="utf-8") + "outputs:\n  Stage: ${sls:stage}\n", encoding="utf-8"
    )
    assert serverless.deploy(serverless.load(folder)).outputs["Stage"] == "dev"


def test_json_is_json(folder: Path) -> None:
    made = serverless.package(serverless.load(folder))
    assert json.loads(json.dumps(made.to_json()))["resources"]["HelloLambdaFunction"] == "AWS::Lambda::Function"


def test_a_stack_that_never_came_up_is_made_anew(folder: Path, client: Callable[..., Any], service_name: str) -> None:
    """CloudFormation can only delete a stack in ROLLBACK_COMPLETE.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-states
    """
    api = client("cloudformation")
    broken = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": "none", "EventSourceArn": "x"}}
    body = json.dumps({"Resources": {"Broken": broken}})
    api.create_stack(StackName=f"{service_name}-dev", TemplateBody=body, OnFailure="ROLLBACK")
    stack = f"{service_name}-dev"
    while (status := api.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
        time.sleep(0.01)
    assert status == "ROLLBACK_COMPLETE"
    assert get(serverless.deploy(serverless.load(folder))).status_code == 200


def test_ctrl_c_says_what_state_it_leaves(folder: Path, service_name: str) -> None:
    def press(step: Step) -> None:
        if (step.logical_id, step.status) == ("HelloLambdaFunction", "CREATE_COMPLETE"):
            raise KeyboardInterrupt

    with pytest.raises(serverless.Interrupted, match=f"CloudFormation goes on with the update of {service_name}-dev"):
        serverless.deploy(serverless.load(folder), on_step=press)

    def early(step: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serverless.deploy(serverless.load(folder, stage="prod"), on_step=early)
    with pytest.raises(WorkshopError, match="not deployed"):
        serverless.info(serverless.load(folder, stage="prod"))


def test_a_function_url(folder: Path) -> None:
    edit(folder, "handler: handler.hello", "handler: handler.hello\n    url: true", "serverless.yml")
    deployment = serverless.deploy(serverless.load(folder))
    address = next(one.url for one in deployment.endpoints if one.method == "ANY")
    assert httpx.get(address, timeout=LONGEST).json() == {"message": "Hello"}
