"""One bad input stops nobody: each has a bound, and each bound has its message."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, eventually, unique
from workshop import serverless
from workshop.core.errors import WorkshopError

SERVICE = "service: s\nprovider:\n  name: aws\n  runtime: python3.12\n"


@pytest.mark.parametrize(
    "text",
    [
        SERVICE + "custom: " + "[" * 40_000 + "]" * 40_000 + "\n",
        SERVICE + "custom: " + "{a: " * 40_000 + "}" * 40_000 + "\n",
        SERVICE + "custom: " + "[" * 40_000,
        SERVICE + "custom:\n  " + "- " * 40_000 + "x\n",
    ],
    ids=["brackets", "braces", "never closed", "dashes"],
)
def test_nested_yaml_is_a_sentence_with_its_line(tmp_path: Path, text: str) -> None:
    """It was a segmentation fault: nothing that Python could catch."""
    (tmp_path / "serverless.yml").write_text(text, encoding="utf-8")
    with pytest.raises(WorkshopError, match="nested too deeply: more than 100 levels") as caught:
        serverless.load(tmp_path)
    assert str(caught.value.where).startswith("serverless.yml:")


@pytest.mark.parametrize("levels", [40, 400])
def test_variables_that_multiply(tmp_path: Path, levels: int) -> None:
    lines = [f"  a{number}: ${{self:custom.a{number + 1}}}${{self:custom.a{number + 1}}}" for number in range(levels)]
    text = SERVICE + "custom:\n" + "\n".join([*lines, f"  a{levels}: xxxxxxxxxx"]) + "\n"
    (tmp_path / "serverless.yml").write_text(text, encoding="utf-8")
    with pytest.raises(WorkshopError, match=r"beyond all measure|too many times over"):
        serverless.load(tmp_path)


LONG = "a" * 30_000 + "!"


@pytest.fixture(scope="module")
def group(client: Callable[..., Any]) -> str:
    """A log group with a line that is bad for every pattern below."""
    name, logs = unique("bounds"), client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": LONG}, {"timestamp": now + 1, "message": "took 12 ms"}]
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    return name


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(a*)*b", "a*a*a*a*a*b", "(a?){25}a{25}b"])
def test_a_pattern_that_backtracks_keeps_nobody_waiting(
    client: Callable[..., Any], cloud: Any, group: str, pattern: str
) -> None:
    """It froze the whole cloud; now it is ended, and everybody else is answered meanwhile."""
    logs, now = client("logs"), int(time.time())
    asks: list[Callable[[], Any]] = [
        lambda: logs.filter_log_events(logGroupName=group, filterPattern=f"%{pattern}%"),
        lambda: logs.start_query(
            logGroupName=group, startTime=now - 600, endTime=now + 600, queryString=f"filter @message like /{pattern}/"
        ),
    ]
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(ask) for ask in asks]
        while not all(each.done() for each in running):
            httpx.get(f"{cloud.endpoint}/_workshop/status", timeout=4).raise_for_status()
            client("logs").describe_log_groups(logGroupNamePrefix=group)
        for each in running:
            with pytest.raises(ClientError, match=r"took more than 5 seconds. Repeat less in them"):
                each.result()


def test_patterns_that_repeat_still_find_what_they_should(client: Callable[..., Any], group: str) -> None:
    logs, now = client("logs"), int(time.time())
    found = logs.filter_log_events(logGroupName=group, filterPattern=r"%took \d+ ms%")["events"]
    assert [each["message"] for each in found] == ["took 12 ms"]
    for query in ("parse @message /took (?<ms>\\d+) ms/ | filter ispresent(ms)", 'parse @message "took * ms" as ms'):
        query += " | fields ms | filter ms > 0"
        asked = logs.start_query(logGroupName=group, startTime=now - 600, endTime=now + 600, queryString=query)
        rows = logs.get_query_results(queryId=asked["queryId"])["results"]
        assert [{each["field"]: each["value"] for each in row}["ms"] for row in rows] == ["12"]


def test_nested_requests_are_a_400(client: Callable[..., Any], group: str, cloud: Any) -> None:
    logs, now = client("logs"), int(time.time())
    with pytest.raises(ClientError, match="nested too deeply"):
        logs.start_query(
            logGroupName=group, startTime=now - 600, endTime=now, queryString="filter " + "(" * 4900 + "1" + ")" * 4900
        )
    scope = "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=s"
    deep = "[" * 200_000
    for service, path in (("lambda", "/2015-03-31/functions"), ("apigateway", "/restapis"), ("dynamodb", "/")):
        headers = {"Authorization": scope.format(service), "Content-Type": "application/json"}
        answer = httpx.post(f"{cloud.endpoint}{path}", content=deep, headers=headers)
        assert 400 <= answer.status_code < 500, (service, answer.status_code, answer.text)
    assert httpx.post(f"{cloud.endpoint}/_workshop/settings", content=deep).status_code == 400
    for name, url in cloud.partners.items():
        assert httpx.post(f"{url}/_stand_in/faults", content=deep).status_code == 400, name


def test_nested_templates_are_a_400(client: Callable[..., Any]) -> None:
    stacks = client("cloudformation")
    for body in (
        "[" * 40_000 + "]" * 40_000,
        "Resources: " + "{a: " * 40_000 + "}" * 40_000,
        json.dumps({"Resources": 1}),
    ):
        with pytest.raises(ClientError) as caught:
            stacks.create_stack(StackName=unique("deep"), TemplateBody=body)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def _within(value: Any, levels: int, around: Callable[[Any], Any]) -> Any:
    for _ in range(levels):
        value = around(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        _within("xxxxxxxxxx", 30, lambda inner: {"Fn::Sub": ["${a}${a}${a}", {"a": inner}]}),
        _within({"Fn::Sub": ["${a}" * 1000, {"a": "x" * 1000}]}, 2, lambda i: {"Fn::Sub": ["${a}" * 900, {"a": i}]}),
        {"Fn::Join": [",", [{"Fn::Sub": ["${a}" * 200, {"a": "x" * 2000}]}] * 12]},
        {"Fn::Join": ["x" * 2000, ["y"] * 2000]},
        _within('"', 44, lambda inner: {"Fn::ToJsonString": [inner]}),
        _within("x" * 1000, 48, lambda inner: {"Fn::Base64": inner}),
    ],
    ids=["sub in sub", "wide sub", "join", "delimiter", "backslashes", "base64"],
)
def test_functions_of_a_template_that_multiply(client: Callable[..., Any], value: Any) -> None:
    """Three times over in thirty levels would be 3 ** 30 pieces."""
    body = {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}}
    stacks, name = client("cloudformation"), unique("many")
    with pytest.raises(ClientError, match="grow beyond all measure"):
        stacks.create_stack(StackName=name, TemplateBody=json.dumps(body))
        stacks.get_waiter("stack_create_complete").wait(StackName=name)  # it would be a failed stack: also an answer


def test_no_function_hides_in_a_list_of_a_mapping(client: Callable[..., Any]) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html: no functions
    again = {"Fn::FindInMap": ["M", "a", "b"]}
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Select": [0, again]}}}
    body = {"Mappings": {"M": {"a": {"b": [again, again]}}}, "Resources": {"Q": queue}}
    with pytest.raises(ClientError, match="Every Mappings attribute must be a String or a List"):
        client("cloudformation").create_stack(StackName=unique("map"), TemplateBody=json.dumps(body))


BACKTRACKS = "(a+)+b"


def test_expressions_of_a_deployed_api_keep_nobody_waiting(client: Callable[..., Any], cloud: Any) -> None:
    """An authorizer's identity validation, a template's matches() and a mock's selection pattern; a template's too."""
    bench = Bench(client, cloud.endpoint)
    arn = bench.function(FAST)
    api = bench.rest_api({"GET /open": arn})
    where = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    made = api.gateway.create_authorizer(
        restApiId=api.id,
        name=unique("a"),
        type="TOKEN",
        authorizerUri=where,
        identitySource="method.request.header.Authorization",
        identityValidationExpression=BACKTRACKS,
    )
    api.add("GET /inside", arn, authorizationType="CUSTOM", authorizerId=made["id"])
    doubled = "#set($a='xxxxxxxx')" + '#set($a="$a$a")' * 40 + "{statusCode:200}"
    matches = f"#set($x=$input.params('X-Long'))#if($x.matches('{BACKTRACKS}'))#end{{statusCode:200}}"
    for path, template in (("/matches", matches), ("/doubled", doubled)):
        mock = {"type": "MOCK", "requestTemplates": {"application/json": template}}
        names = {"restApiId": api.id, "resourceId": api.add(f"GET {path}", mock), "httpMethod": "GET"}
        api.gateway.put_method_response(**names, statusCode="200")
        api.gateway.put_integration_response(**names, statusCode="200")
    api.deploy()
    headers = {"Authorization": "a" * 60, "X-Long": "a" * 60}
    with ThreadPoolExecutor(3) as pool:
        running = [
            pool.submit(httpx.get, api.url + path, headers=headers, timeout=25)
            for path in ("/inside", "/matches", "/doubled")
        ]
        while not all(each.done() for each in running):
            httpx.get(f"{cloud.endpoint}/_workshop/status", timeout=4).raise_for_status()
        assert [each.result().status_code for each in running] == [500, 500, 500]


def test_an_allowed_pattern_that_backtracks_is_refused(client: Callable[..., Any]) -> None:
    about = {"Type": "String", "AllowedPattern": BACKTRACKS, "Default": "a" * 60}
    body = {"Parameters": {"P": about}, "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    with pytest.raises(ClientError, match="Repeat less in them"):
        client("cloudformation").create_stack(StackName=unique("slow"), TemplateBody=json.dumps(body))


SLOW = "import time\ndef handler(event, context):\n    time.sleep(2)\n    return {'statusCode': 200}\n"
FAST = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'fast'}\n"


def test_a_fast_function_does_not_wait_for_two_hundred_calls_of_a_slow_one(
    client: Callable[..., Any], cloud: Any
) -> None:
    bench = Bench(client, cloud.endpoint)
    slow, fast = bench.function(SLOW, MemorySize=128), bench.function(FAST)
    lambdas = client("lambda")
    lambdas.invoke(FunctionName=fast)
    scope = "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=s"
    headers = {"Authorization": scope, "Host": "127.0.0.1"}

    def ask(arn: str) -> int:
        url = f"{cloud.endpoint}/2015-03-31/functions/{arn}/invocations"
        return httpx.post(url, headers=headers, timeout=300).status_code

    def busy() -> bool:
        rows = httpx.get(f"{cloud.endpoint}/_workshop/environments").json()["environments"]
        return any(row["state"] == "busy" for row in rows)

    with ThreadPoolExecutor(200) as pool:
        running = [pool.submit(ask, slow) for _ in range(200)]
        eventually(busy)
        for _ in range(5):
            assert ask(fast) == 200
        assert not all(each.done() for each in running), "the slow ones were over before the fast one was asked"
        assert {each.result() for each in running} <= {200, 429}


def test_ten_thousand_log_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page describes its own streams, not all of them: 200 pages would else describe two million."""
    from workshop.localaws.logs import reading
    from workshop.localaws.moto import stores

    backend, described = stores.backend("logs", "123456789012", "eu-west-1"), [0]
    group = unique("many")
    backend.create_log_group(group, {})
    for number in range(10_000):
        backend.create_log_stream(group, f"s{number:05d}")
    kind = type(backend.groups[group].streams["s00000"])
    one_stream = kind.to_describe_dict

    def counted(stream: Any) -> dict[str, Any]:
        described[0] += 1
        return one_stream(stream)

    monkeypatch.setattr(kind, "to_describe_dict", counted)
    names: list[str] = []
    given: dict[str, Any] = {"logGroupName": group}
    while True:
        page = reading.describe_log_streams(backend, given)
        names += [each["logStreamName"] for each in page["logStreams"]]
        if "nextToken" not in page:
            break
        given["nextToken"] = page["nextToken"]
    assert names == [f"s{number:05d}" for number in range(10_000)]
    assert described[0] == 10_000
