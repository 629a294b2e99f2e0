"""The views over a running offline cloud, met through boto3 as on AWS: calls, logs, the function's page, sizes."""

import io
import json
import zipfile

import pytest

from workshop import show
from workshop.core.errors import WorkshopError
from workshop.show.measured import call

SOURCE = """
import time
began = time.time()
import json
imported = ready = time.time()

def handler(event, context):
    print("about to charge", event.get("amount"))
    if event.get("fail"):
        raise ValueError("no such order")
    time.sleep(event.get("seconds", 0))
    return {"began": began, "imported": imported, "ready": ready}
"""
NAME = "views-of-a-function"
LOGGING = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
ALLOWED = [
    {"Effect": "Allow", "Action": LOGGING, "Resource": "*"},
    {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:aws:ssm:eu-west-1:123456789012:parameter/key"},
]


@pytest.fixture(scope="module")
def function(cloud, client):
    """A deployed function, and what `deploy` would have returned of it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("handler.py", SOURCE)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=policy([trust]))["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=NAME, PolicyName="own", PolicyDocument=policy(ALLOWED))
    made = client("lambda").create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Handler="handler.handler",
        Role=role,
        MemorySize=256,
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"API_TOKEN": "abcdefghijkl", "STAGE": "dev"}},
    )
    yield NAME, type("Deployment", (), {"functions": {"pay": made["FunctionArn"]}})()
    client("lambda").delete_function(FunctionName=NAME)


def policy(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_first_and_second_calls_are_cold_and_warm(function):
    pairs = show.first_and_second(function[1], ["pay"], times=3, payload={"amount": 5})
    assert [(first.cold, second.cold) for first, second in pairs.calls["pay"]] == [(True, False)] * 3
    parts = show.parts_of(pairs.firsts("pay"), process_ms=1.0)
    assert tuple(parts) == ("process", "runtime", "imports", "own init", "handler")
    assert parts["process"] == 1.0 and all(size >= 0 for size in parts.values())
    assert pairs.parts("Imports cost").png and pairs.dots("Cold is slow").png
    warm, cold = pairs.service_times("pay", waiting=0.5)
    assert len(warm) == len(cold) == 3 and min(warm + cold) > 0.5
    with pytest.raises(WorkshopError, match="no function 'refund'"):
        show.first_and_second(function[1], ["refund"])


def test_a_burst_beside_one_kept_warm_leaves_all_but_one_cold(function):
    assert show.burst_beside_one_warm(function[0], 4, {"seconds": 0.5}) == 3


def test_logs_of_calls_read_back_per_request(function):
    show.make_cold(function[0])
    done = call(function[0], {"amount": 4242})
    with pytest.raises(WorkshopError, match="no such order"):
        call(function[0], {"fail": True, "amount": 4343})
    view = show.LogView.of(function[0])
    assert "about to charge 4242" in str(view.filter(request=done.report.request_id, expand=True))
    failed = view.filter(text="4343", level="ERROR")
    assert len(failed) == 1 and failed[0].status == "error" and "ValueError" in str(failed)
    drawn = show.spans(view)
    assert len(drawn) == len([one for one in view.requests if one.report]) and show.timeline(view).png
    assert "environment" in str(show.timeline_table(view))


def test_the_page_says_who_calls_what_it_may_and_hides_tokens(function, client):
    client("lambda").add_permission(
        FunctionName=NAME,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn="arn:aws:events:eu-west-1:123456789012:rule/nightly",
    )
    page = show.console(function[0])
    text = str(page)
    assert page.triggers == ["EventBridge rule/nightly"] and page.settings["memory"] == "256 MB"
    assert ("Allow", "ssm:GetParameters", "ssm parameter/key") in page.permissions
    assert "abcd…" in text and "abcdefghijkl" not in text and "dev" in text
    assert page.picture().png and "ssm:GetParameters" in str(page.picture())
    with pytest.raises(WorkshopError, match="no function"):
        show.console("no-such-function")


def test_a_path_of_an_api_is_named(function, client):
    api = client("apigateway")
    made = api.create_rest_api(name=NAME)
    root = made.get("rootResourceId") or api.get_resources(restApiId=made["id"])["items"][0]["id"]
    resource = api.create_resource(restApiId=made["id"], parentId=root, pathPart="pay")["id"]
    where = {"restApiId": made["id"], "resourceId": resource, "httpMethod": "POST"}
    api.put_method(**where, authorizationType="NONE")
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function[1].functions['pay']}/invocations"
    api.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client("lambda").add_permission(
        FunctionName=NAME,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:eu-west-1:123456789012:{made['id']}/*/*",
    )
    assert "API Gateway POST /pay" in show.console(function[0]).triggers
    api.delete_rest_api(restApiId=made["id"])


def test_metrics_are_drawn_whatever_there_is(function):
    call(function[0])
    found = show.metrics_of(function[0])
    assert set(found) == {"Invocations", "Errors", "Duration", "ConcurrentExecutions"}
    assert sum(found["Invocations"][1]) >= 1
    assert show.graphs(function[0]).png


def test_memory_sizes_give_the_old_size_back(function, client):
    table = show.memory_sizes(function[0], [128, 512], times=1)
    assert [row[0] for row in table.rows] == ["128", "512"] and table.rows[0][-1].startswith("$")
    assert client("lambda").get_function_configuration(FunctionName=NAME)["MemorySize"] == 256


def test_provisioned_environments_spare_the_first_call_its_start(function):
    assert show.provisioned(function[0]).cold is False


def test_forcing_a_cold_start_keeps_the_variables(function, client):
    show.make_cold(function[0])
    variables = client("lambda").get_function_configuration(FunctionName=NAME)["Environment"]["Variables"]
    assert variables["STAGE"] == "dev"
    with pytest.raises(WorkshopError, match="no function"):
        show.make_cold("no-such-function")
