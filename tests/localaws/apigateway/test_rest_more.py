"""REST APIs: CORS by MOCK methods, API keys, HTTP back ends, gateway responses."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.localaws.bench import Bench, RestApi, unique

# What the Serverless Framework writes for `cors: {origins: [...]}`.
ORIGINS = """#set($origin = $input.params("Origin"))
#if($origin == "") #set($origin = $input.params("origin")) #end
#if($origin.matches("http://localhost:3000") || $origin.matches("https://.*\\.example\\.com"))
  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end"""


def preflight(bench: Bench, answer: str, origin: str, template: str = "") -> RestApi:
    """An API whose OPTIONS method is the one that frameworks generate.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html
    """
    api = bench.rest_api({"POST /pay": answer})
    mock = {
        "type": "MOCK",
        "requestTemplates": {"application/json": "{statusCode:200}"},
        "contentHandling": "CONVERT_TO_TEXT",
    }
    names = {"restApiId": api.id, "resourceId": api.add("OPTIONS /pay", mock), "httpMethod": "OPTIONS"}
    headers = {"Origin": f"'{origin}'", "Headers": "'Content-Type,X-Api-Key'", "Methods": "'OPTIONS,POST'"}
    named = {f"method.response.header.Access-Control-Allow-{name}": value for name, value in headers.items()}
    api.gateway.put_method_response(**names, statusCode="200", responseParameters=dict.fromkeys(named, True))
    api.gateway.put_integration_response(
        **names, statusCode="200", responseParameters=named, responseTemplates={"application/json": template}
    )
    api.deploy()
    return api


def test_a_mock_answers_the_preflight(bench: Bench, answer: str) -> None:
    api = preflight(bench, answer, "*")
    got = httpx.options(api.url + "/pay", headers={"Origin": "http://localhost:3000"})
    assert (got.status_code, got.text) == (200, "")
    assert got.headers["access-control-allow-origin"] == "*"
    assert got.headers["access-control-allow-headers"] == "Content-Type,X-Api-Key"
    assert got.headers["access-control-allow-methods"] == "OPTIONS,POST"
    assert got.headers["x-amz-apigw-id"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://example.org", "https://first.example.com"),
    ],
)
def test_a_template_chooses_the_origin(bench: Bench, answer: str, origin: str, allowed: str) -> None:
    api = preflight(bench, answer, "https://first.example.com", ORIGINS)
    got = httpx.options(api.url + "/pay", headers={"Origin": origin})
    assert got.headers["access-control-allow-origin"] == allowed


def test_a_private_method_wants_a_key_of_a_plan(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-setup-api-key-with-console.html
    api = bench.rest_api({"GET /open": answer})
    api.add("GET /private", answer, apiKeyRequired=True)
    api.deploy()
    key = api.gateway.create_api_key(name=unique("key"), enabled=True, generateDistinctId=True)
    secret = api.gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]

    def call(value: str) -> httpx.Response:
        return api.get("/private", headers={"x-api-key": value} if value else {})

    for value in ("", "wrong", secret):  # a key that belongs to no plan opens nothing
        assert (call(value).status_code, call(value).json()) == (403, {"message": "Forbidden"})
    stages = [{"apiId": api.id, "stage": "dev"}]
    plan = api.gateway.create_usage_plan(name=unique("plan"), apiStages=stages)["id"]
    api.gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    event = call(secret).json()
    assert event["requestContext"]["identity"]["apiKey"] == secret
    assert event["requestContext"]["identity"]["apiKeyId"] == key["id"]
    assert call("wrong").status_code == 403 and api.get("/open").status_code == 200


def test_a_plan_has_a_quota(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
    api = bench.rest_api({"GET /open": answer})
    api.add("GET /private", answer, apiKeyRequired=True)
    api.deploy()
    key = api.gateway.create_api_key(name=unique("key"), enabled=True)
    secret = api.gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]
    plan = api.gateway.create_usage_plan(
        name=unique("plan"), apiStages=[{"apiId": api.id, "stage": "dev"}], quota={"limit": 2, "period": "DAY"}
    )["id"]
    api.gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    answers = [api.get("/private", headers={"x-api-key": secret}) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json() == {"message": "Limit Exceeded"}


def test_a_gateway_response_can_be_customised(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
    api = bench.rest_api({"GET /hello": answer})
    api.gateway.put_gateway_response(
        restApiId=api.id,
        responseType="DEFAULT_4XX",
        responseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
    )
    api.deploy()
    got = api.get("/nowhere")
    assert (got.status_code, got.headers["access-control-allow-origin"]) == (403, "*")
    assert got.json() == {"message": "Missing Authentication Token"}


@pytest.fixture
def back_end() -> Iterator[str]:
    """An HTTP server that says what it was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            text = f"{self.command} {self.path} {body.decode()}".encode()
            self.send_response(202)
            self.send_header("X-Back", "end")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_http_proxy_passes_through(bench: Bench, back_end: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/setup-http-integrations.html
    proxy = {
        "type": "HTTP_PROXY",
        "integrationHttpMethod": "ANY",
        "uri": back_end + "/v1/{rest}",
        "requestParameters": {"integration.request.path.rest": "method.request.path.rest"},
    }
    api = bench.rest_api({"ANY /to/{rest}": proxy})
    got = httpx.post(api.url + "/to/there?a=1", content=(part for part in (b"chun", b"ked")))
    assert (got.status_code, got.text, got.headers["x-back"]) == (202, "POST /v1/there?a=1 chunked", "end")


def test_an_integration_that_is_not_offered_is_a_500(bench: Bench) -> None:
    uri = "arn:aws:apigateway:eu-west-1:sqs:path/123456789012/orders"
    api = bench.rest_api({"GET /queue": {"type": "AWS", "integrationHttpMethod": "POST", "uri": uri}})
    assert api.get("/queue").json() == {"message": "Internal server error"}
    assert api.get("/queue").status_code == 500


def test_throttling_is_off_until_a_stage_sets_it(bench: Bench, answer: str) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    api = bench.rest_api({"GET /hello": answer, "GET /other": answer})
    assert {api.get("/hello").status_code for _ in range(20)} == {200}
    patches = [
        {"op": "replace", "path": "/~1hello/GET/throttling/rateLimit", "value": "0.001"},
        {"op": "replace", "path": "/~1hello/GET/throttling/burstLimit", "value": "2"},
    ]
    api.gateway.update_stage(restApiId=api.id, stageName="dev", patchOperations=patches)
    answers = [api.get("/hello") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json() == {"message": "Too Many Requests"}
    assert api.get("/other").status_code == 200
