"""REST APIs over HTTP, against a running cloud.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.localaws.bench import ACCOUNT, REGION, Bench, RestApi
from tests.support import LONGEST


@pytest.fixture(scope="module")
def api(bench: Bench, answer: str) -> RestApi:
    return bench.rest_api(
        {
            "GET /": answer,
            "GET /hello": answer,
            "GET /orders/new": answer,
            "GET /orders/{id}": answer,
            "POST /orders/{id}": answer,
            "ANY /files/{path+}": answer,
            "ANY /any": answer,
        }
    )


def asking(value: Any) -> dict[str, str]:
    """A query that makes the function return this."""
    return {"answer": base64.b64encode(json.dumps(value).encode()).decode()}


def test_the_event_has_every_documented_field(api: RestApi) -> None:
    # set-up-lambda-proxy-integrations.html, "Input format of a Lambda function for proxy integration"
    before = int(time.time() * 1000)
    headers = {"X-Team": "payments", "User-Agent": "tests"}
    got = httpx.get(api.url + "/orders/42?colour=red&colour=blue&empty=", headers=headers)
    event = got.json()
    context = event.pop("requestContext")
    assert event["resource"] == "/orders/{id}"
    assert event["path"] == "/orders/42"
    assert event["httpMethod"] == "GET"
    assert event["pathParameters"] == {"id": "42"}
    assert event["queryStringParameters"] == {"colour": "blue", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"colour": ["red", "blue"], "empty": [""]}
    assert event["stageVariables"] is None
    assert event["body"] is None
    assert event["isBase64Encoded"] is False
    assert event["headers"]["X-Team"] == "payments"
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"]["X-Amzn-Trace-Id"])
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
    assert set(event) == {
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
        "isBase64Encoded",
    }
    assert before - 1000 <= context.pop("requestTimeEpoch") <= time.time() * 1000 + 1000
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("requestTime"))
    assert context.pop("requestId") == got.headers["x-amzn-requestid"]
    assert context.pop("extendedRequestId") == got.headers["x-amz-apigw-id"]
    assert context.pop("deploymentId") and context.pop("resourceId") == api.resources["/orders/{id}"]
    identity = context.pop("identity")
    assert identity.pop("sourceIp") == "127.0.0.1" and identity.pop("userAgent") == "tests"
    assert set(identity.values()) == {None} and "cognitoIdentityId" in identity and "userArn" in identity
    assert context == {
        "accountId": ACCOUNT,
        "apiId": api.id,
        "domainName": f"{api.id}.execute-api.{REGION}.amazonaws.com",
        "domainPrefix": api.id,
        "httpMethod": "GET",
        "path": "/dev/orders/42",
        "protocol": "HTTP/1.1",
        "resourcePath": "/orders/{id}",
        "stage": "dev",
    }


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/orders/new", "/orders/new", None),
        ("/orders/7", "/orders/{id}", {"id": "7"}),
        ("/orders/7/", "/orders/{id}", {"id": "7"}),
        ("/files/a/b/c.txt", "/files/{path+}", {"path": "a/b/c.txt"}),
        # Path parameters reach a function as they were sent.
        ("/files/test%2Balias@example.com/x+y", "/files/{path+}", {"path": "test%2Balias@example.com/x+y"}),
        ("", "/", None),
        ("/", "/", None),
    ],
)
def test_the_most_specific_resource_wins(api: RestApi, path: str, resource: str, parameters: Any) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-set-up-simple-proxy.html
    event = api.get(path).json()
    assert (event["resource"], event["pathParameters"]) == (resource, parameters)


def test_query_values_are_decoded(api: RestApi) -> None:
    event = api.get("/hello?email=test%2Balias@example.com&plus=a+b&url=https://x.example/").json()
    assert event["queryStringParameters"] == {
        "email": "test+alias@example.com",
        "plus": "a b",
        "url": "https://x.example/",
    }


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("POST", "/hello"), ("GET", "/files"), ("HEAD", "/hello")]
)
def test_what_is_not_there_is_a_missing_token(api: RestApi, method: str, path: str) -> None:
    # supported-gateway-response-types.html: MISSING_AUTHENTICATION_TOKEN, also for an unsupported method or resource
    got = httpx.request(method, api.url + path)
    assert got.status_code == 403
    assert got.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert method == "HEAD" or got.json() == {"message": "Missing Authentication Token"}


def test_an_unknown_stage_or_api_is_forbidden(api: RestApi, bench: Bench) -> None:
    for url in (api.url.replace("/dev", "/live") + "/hello", f"{bench.url}/_aws/execute-api/abcdefghij/dev/hello"):
        got = httpx.get(url)
        assert (got.status_code, got.json()) == (403, {"message": "Forbidden"})
        assert got.headers["x-amzn-errortype"] == "ForbiddenException"


def test_three_forms_of_address_are_one_api(api: RestApi, bench: Bench) -> None:
    host = {"Host": f"{api.id}.execute-api.{REGION}.amazonaws.com"}
    answers = [
        httpx.get(api.url + "/orders/1?a=b"),
        httpx.get(f"{bench.url}/restapis/{api.id}/dev/_user_request_/orders/1?a=b"),
        httpx.get(f"{bench.url}/dev/orders/1?a=b", headers=host),
    ]
    for got in answers:
        event = got.json()
        assert (event["path"], event["resource"]) == ("/orders/1", "/orders/{id}")
        assert event["queryStringParameters"] == {"a": "b"}
        assert event["requestContext"]["path"] == "/dev/orders/1"


def test_any_takes_every_method_and_head_has_no_body(api: RestApi) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert httpx.request(method, api.url + "/any").json()["httpMethod"] == method
    head = httpx.head(api.url + "/any", params=asking({"statusCode": 200, "body": "12345"}))
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "5", b"")


def test_a_body_arrives_as_text_with_its_length(api: RestApi) -> None:
    event = httpx.post(api.url + "/orders/1", content="Grüße", headers={"Content-Type": "text/plain"}).json()
    assert (event["body"], event["isBase64Encoded"], event["headers"]["Content-Length"]) == ("Grüße", False, "7")


def test_a_chunked_body_is_buffered_and_given_its_length(api: RestApi) -> None:
    # The talk, 13:20: the third party sends no Content-Length, what is behind the gateway gets one.
    event = httpx.post(api.url + "/orders/1", content=(part for part in (b"ab", b"cd", b"ef"))).json()
    assert (event["body"], event["headers"]["Content-Length"]) == ("abcdef", "6")
    assert "Transfer-Encoding" not in event["headers"]


def test_headers_that_the_function_sets_arrive(api: RestApi) -> None:
    got = api.get(
        "/hello",
        params=asking(
            {
                "statusCode": "201",
                "headers": {"X-One": "1", "X-Flag": True},
                "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
                "body": "done",
            }
        ),
    )
    assert (got.status_code, got.text, got.headers["x-one"], got.headers["x-flag"]) == (201, "done", "1", "true")
    assert got.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert got.headers["content-type"] == "application/json"
    assert got.headers["content-length"] == "4"
    assert got.headers["x-amzn-trace-id"].startswith("Root=1-")


def test_headers_of_the_gateway_are_renamed(api: RestApi) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    answer = {"statusCode": 401, "headers": {"WWW-Authenticate": "Basic", "Content-Length": "99", "X": "a\r\nY: b"}}
    got = api.get("/hello", params=asking(answer))
    assert got.headers["x-amzn-remapped-www-authenticate"] == "Basic"
    assert got.headers["x-amzn-remapped-content-length"] == "99"
    assert got.headers["content-length"] == "0" and "y" not in got.headers


@pytest.mark.parametrize("given", [{}, {"statusCode": 204}, {"body": "x"}, {"statusCode": 200, "body": None}])
def test_no_field_of_an_answer_is_mandatory(api: RestApi, given: dict[str, Any]) -> None:
    got = api.get("/hello", params=asking(given))
    assert (got.status_code, got.text) == (given.get("statusCode", 200), given.get("body") or "")


BAD = [
    None,
    "hello",
    5,
    ["a"],
    {"statusCode": 200, "body": {"an": "object"}},
    {"statusCode": 200, "body": 5},
    {"statusCode": "abc"},
    {"statusCode": 99},
    {"statusCode": 1000},
    {"statusCode": [200]},
    {"headers": "x"},
    {"headers": {"a": ["b"]}},
    {"multiValueHeaders": {"a": "b"}},
    {"statusCode": 200, "other": 1},
    # 1xx is not an answer, and a name with a space is no header (RFC 9110, 15.2 and 5.6.2)
    {"statusCode": 100},
    {"statusCode": 199},
    {"headers": {"a b": "c"}},
    {"headers": {"": "c"}},
]


@pytest.mark.parametrize("given", BAD, ids=json.dumps)
def test_a_malformed_answer_is_a_502_that_says_nothing(api: RestApi, given: Any) -> None:
    # set-up-lambda-proxy-integrations.html: output of a different format is a 502
    got = api.get("/hello", params=asking(given))
    assert (got.status_code, got.json()) == (502, {"message": "Internal server error"})
    assert got.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_what_is_no_text_in_a_header_becomes_a_space(api: RestApi) -> None:
    got = api.get("/hello", params=asking({"headers": {"X-One": "a\r\nX-Two: b\x00c\td"}}))
    assert (got.status_code, got.headers["x-one"], "x-two" in got.headers) == (200, "a X-Two: b c\td", False)


def test_a_host_name_has_no_case(api: RestApi, bench: Bench) -> None:
    # RFC 9110, 4.2.3
    host = f"{api.id.upper()}.EXECUTE-API.eu-west-1.AMAZONAWS.COM"
    assert httpx.get(f"{bench.url}/{api.stage}/hello", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("how", ["raise", "exit"])
def test_a_crash_is_a_502_and_the_next_request_is_fine(api: RestApi, how: str) -> None:
    got = api.get("/hello", params={"do": how})
    assert (got.status_code, got.json()) == (502, {"message": "Internal server error"})
    assert api.get("/hello").status_code == 200


def test_a_deployment_is_a_snapshot(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
    api = bench.rest_api({"GET /one": answer})
    api.add("GET /two", answer)
    assert api.get("/two").status_code == 403
    api.deploy()
    assert api.get("/two").status_code == 200


def test_two_stages_serve_two_deployments(bench: Bench, answer: str) -> None:
    api = bench.rest_api({"GET /one": answer})
    api.add("GET /two", answer)
    api.gateway.create_deployment(restApiId=api.id, stageName="live", variables={"colour": "green"})
    live = api.url.removesuffix("dev") + "live"
    assert httpx.get(live + "/two").json()["stageVariables"] == {"colour": "green"}
    assert httpx.get(live + "/two").json()["requestContext"]["stage"] == "live"
    assert api.get("/two").status_code == 403


def test_a_stage_variable_names_the_function(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html
    name = answer.rpartition(":")[2]
    uri = (
        f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:${{stageVariables.fn}}/invocations"
    )
    integration = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
    api = bench.rest_api({"GET /hello": integration})
    bench.permit(answer, "apigateway.amazonaws.com", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/*/GET/hello")
    assert api.get("/hello").status_code == 500
    api.deploy(variables={"fn": name})
    assert api.get("/hello").json()["stageVariables"] == {"fn": name}


def test_the_function_must_let_the_api_in(bench: Bench) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html#apigateway-permissions
    function = bench.function()
    api = bench.rest_api({"GET /hello": function}, permit=False)
    assert api.get("/hello").json() == {"message": "Internal server error"}
    assert api.get("/hello").status_code == 500
    here = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}"
    bench.permit(function, "apigateway.amazonaws.com", f"{here}/live/GET/hello")
    assert api.get("/hello").status_code == 500
    bench.permit(function, "apigateway.amazonaws.com", f"{here}/*/GET/hello")
    assert api.get("/hello").status_code == 200
    policy = json.loads(bench.client("lambda").get_policy(FunctionName=function)["Policy"])
    for statement in policy["Statement"]:
        bench.client("lambda").remove_permission(FunctionName=function, StatementId=statement["Sid"])
    assert api.get("/hello").status_code == 500


def test_a_throttled_function_is_a_500(bench: Bench) -> None:
    # A Lambda proxy integration turns Lambda's 429 into a 500.
    function = bench.function()
    api = bench.rest_api({"GET /hello": function})
    bench.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    got = api.get("/hello")
    assert (got.status_code, got.json()) == (500, {"message": "Internal server error"})


def test_more_than_the_limits(api: RestApi) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    got = httpx.post(api.url + "/orders/1", content=b"x" * (10 * 1024 * 1024 + 1), timeout=LONGEST)
    assert (got.status_code, got.text) == (413, "HTTP content length exceeded 10485760 bytes.")
    # Lambda takes 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    got = httpx.post(api.url + "/orders/1", content=b"x" * (7 * 1024 * 1024), timeout=LONGEST)
    assert (got.status_code, got.json()) == (413, {"message": "Request Too Long"})
    assert httpx.get(api.url + "/hello", headers={"X-Long": "x" * 11000}).status_code == 431


def test_binary_media_types_travel_in_base64(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html
    api = bench.rest_api({"POST /image": answer, "GET /image": answer}, binaryMediaTypes=["image/*"])
    picture = bytes(range(256))
    event = httpx.post(api.url + "/image", content=picture, headers={"Content-Type": "image/png"}).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (picture, True)
    reply = {"statusCode": 200, "body": base64.b64encode(b"\x00\xff").decode(), "isBase64Encoded": True}
    query = "?" + "&".join(f"{name}={quote(value)}" for name, value in asking(reply).items())
    assert api.get("/image" + query, headers={"Accept": "image/png"}).content == b"\x00\xff"
    assert api.get("/image" + query, headers={"Accept": "text/html"}).text == reply["body"]
