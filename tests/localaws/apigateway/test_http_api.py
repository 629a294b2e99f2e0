"""HTTP APIs and function URLs over HTTP, against a running cloud.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import httpx
import pytest

from tests.localaws.bench import ACCOUNT, REGION, Bench


@pytest.fixture(scope="module")
def api(bench: Bench, answer: str) -> str:
    return bench.http_api({"GET /orders/{id}": answer, "POST /orders": answer, "ANY /any/{proxy+}": answer})


def asking(value: Any) -> dict[str, str]:
    """A query that makes the function return this."""
    return {"answer": base64.b64encode(json.dumps(value).encode()).decode()}


def test_the_event_of_payload_2(api: str) -> None:
    # "Payload format 2.0" on the page above
    headers = {"X-Team": "payments", "Cookie": "a=1; b=2", "User-Agent": "tests"}
    got = httpx.get(api + "/orders/a%20b?colour=red&colour=blue", headers=headers)
    event = got.json()
    context = event.pop("requestContext")
    sent = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "GET /orders/{id}",
        "rawPath": "/orders/a b",
        "rawQueryString": "colour=red&colour=blue",
        "cookies": ["a=1", "b=2"],
        "queryStringParameters": {"colour": "red,blue"},
        "pathParameters": {"id": "a b"},
        "isBase64Encoded": False,
    }
    assert (sent["x-team"], sent["content-length"], "cookie" in sent) == ("payments", "0", False)
    assert {"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"} <= set(sent)
    api_id = api.rpartition("/")[2]
    assert context.pop("requestId") == got.headers["apigw-requestid"]
    assert re.fullmatch(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("time"))
    assert context.pop("timeEpoch") > 1_500_000_000_000
    assert context == {
        "accountId": ACCOUNT,
        "apiId": api_id,
        "domainName": f"{api_id}.execute-api.{REGION}.amazonaws.com",
        "domainPrefix": api_id,
        "http": {
            "method": "GET",
            "path": "/orders/a b",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "tests",
        },
        "routeKey": "GET /orders/{id}",
        "stage": "$default",
    }


def test_the_event_of_payload_1(bench: Bench, answer: str) -> None:
    api = bench.http_api({"POST /orders/{id}": answer}, version="1.0", stage="dev")
    event = httpx.post(api + "/orders/7?a=1&a=2", json={"x": 1}).json()
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/orders/{id}", "/dev/orders/7")
    assert (event["queryStringParameters"], event["pathParameters"]) == ({"a": "2"}, {"id": "7"})
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert (event["body"], event["isBase64Encoded"]) == ('{"x":1}', False)
    assert event["headers"]["Content-Length"] == "7" and event["headers"]["content-type"] == "application/json"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "status", "text", "kind"),
    [
        ({"hello": "world"}, 200, '{"hello": "world"}', "application/json"),
        ("plain", 200, "plain", "application/json"),
        (None, 200, "null", "application/json"),
        ({"statusCode": 201, "body": "made"}, 201, "made", "text/plain; charset=utf-8"),
        ({"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}, 200, "hi", "text/plain; charset=utf-8"),
    ],
    ids=json.dumps,
)
def test_simple_answers_are_inferred(api: str, given: Any, status: int, text: str, kind: str) -> None:
    # "API Gateway makes the following assumptions if your Lambda function returns valid JSON and no statusCode"
    got = httpx.get(api + "/orders/1", params=asking(given))
    assert (got.status_code, got.text, got.headers["content-type"]) == (status, text, kind)


def test_cookies_of_an_answer(api: str) -> None:
    answer = {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": ""}
    assert httpx.get(api + "/orders/1", params=asking(answer)).headers.get_list("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    "given",
    [
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": "x"},
        {"statusCode": 200, "headers": 5},
        {"statusCode": 101},
        {"statusCode": 200, "headers": {"a b": "c"}},
    ],
)
def test_a_malformed_answer_is_a_500(api: str, given: Any) -> None:
    got = httpx.get(api + "/orders/1", params=asking(given))
    assert (got.status_code, got.json()) == (500, {"message": "Internal Server Error"})


def test_a_crash_is_a_500_that_says_nothing(api: str) -> None:
    got = httpx.get(api + "/orders/1", params={"do": "raise"})
    assert (got.status_code, got.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/orders"), ("GET", "/"), ("DELETE", "/orders/1"), ("GET", "/orders/1/")]
)
def test_no_route_is_a_404(api: str, method: str, path: str) -> None:
    got = httpx.request(method, api + path)
    assert (got.status_code, got.json()) == (404, {"message": "Not Found"})


def test_the_most_specific_route_wins(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html, "Working with routes"
    keys = ("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default")
    api = bench.http_api(dict.fromkeys(keys, answer))
    for method, path, key in (
        ("GET", "/pets/dog/1", "GET /pets/dog/1"),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
        ("POST", "/test/5", "ANY /{proxy+}"),
        ("POST", "/pets/dog/1", "ANY /{proxy+}"),
        ("GET", "/", "$default"),
    ):
        assert httpx.request(method, api + path).json()["routeKey"] == key


def test_binary_and_form_bodies_travel_in_base64(api: str) -> None:
    event = httpx.post(api + "/orders", content=b"\x00\xff", headers={"Content-Type": "image/png"}).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\x00\xff", True)
    event = httpx.post(api + "/orders", data={"a": "b"}).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"a=b", True)
    event = httpx.post(api + "/orders", json={"a": 1}).json()
    assert (event["body"], event["isBase64Encoded"]) == ('{"a":1}', False)


def test_cors_is_answered_by_the_gateway(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    cors = {
        "AllowOrigins": ["https://shop.example"],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["x-team"],
        "MaxAge": 300,
    }
    api = bench.http_api({"GET /orders": answer}, CorsConfiguration=cors)
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    got = httpx.options(api + "/orders", headers=asked)
    assert (got.status_code, got.headers["access-control-allow-origin"]) == (204, "https://shop.example")
    assert got.headers["access-control-allow-methods"] == "GET,POST"
    assert (got.headers["access-control-allow-headers"], got.headers["access-control-max-age"]) == ("x-team", "300")
    other = httpx.options(api + "/orders", headers={**asked, "Origin": "https://elsewhere.example"})
    assert other.status_code == 204 and "access-control-allow-origin" not in other.headers
    own = asking({"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": ""})
    got = httpx.get(api + "/orders", headers={"Origin": "https://shop.example"}, params=own)
    assert got.headers["access-control-allow-origin"] == "https://shop.example"


def test_the_function_must_let_the_api_in(bench: Bench) -> None:
    function = bench.function()
    api = bench.http_api({"GET /hello": function})
    assert httpx.get(api + "/hello").status_code == 200
    policy = json.loads(bench.client("lambda").get_policy(FunctionName=function)["Policy"])
    sid = policy["Statement"][0]["Sid"]
    bench.client("lambda").remove_permission(FunctionName=function, StatementId=sid)
    got = httpx.get(api + "/hello")
    assert (got.status_code, got.json()) == (500, {"message": "Internal Server Error"})


def test_a_throttled_function_is_a_503(bench: Bench) -> None:
    function = bench.function()
    api = bench.http_api({"GET /hello": function})
    bench.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    got = httpx.get(api + "/hello")
    assert (got.status_code, got.json()) == (503, {"message": "Service Unavailable"})


def test_a_named_stage_is_part_of_the_raw_path(bench: Bench, answer: str) -> None:
    api = bench.http_api({"GET /hello": answer}, stage="live")
    event = httpx.get(api + "/hello").json()
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/live/hello", "live")
    got = httpx.get(api.removesuffix("live") + "other/hello")
    assert (got.status_code, got.json()) == (404, {"message": "Not Found"})


def test_a_function_url(bench: Bench) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    function = bench.function()
    made = bench.client("lambda").create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    host = made.removeprefix("https://").rstrip("/")
    by_host = {"Host": host}
    assert httpx.get(bench.url + "/a/b", headers=by_host).status_code == 403
    bench.client("lambda").add_permission(
        FunctionName=function,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    for url, headers in ((bench.url, by_host), (f"{bench.url}/_aws/lambda-url/{host.partition('.')[0]}", {})):
        event = httpx.post(url + "/a/b?c=d", headers=headers, json={"x": 1}).json()
        assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/a/b", "c=d")
        assert (event["routeKey"], event["body"]) == ("$default", '{"x":1}')
        assert event["requestContext"]["domainName"] == host


def test_a_stage_can_throttle(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
    api = bench.http_api({"GET /hello": answer}, stage="slow")
    limits = {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}
    api_id = api.split("/")[-2]
    bench.client("apigatewayv2").delete_stage(ApiId=api_id, StageName="slow")
    bench.client("apigatewayv2").create_stage(ApiId=api_id, StageName="slow", DefaultRouteSettings=limits)
    assert httpx.get(api + "/hello").status_code == 200
    got = httpx.get(api + "/hello")
    assert (got.status_code, got.json()) == (429, {"message": "Too Many Requests"})
