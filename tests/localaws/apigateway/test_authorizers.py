"""Lambda authorizers of REST APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import httpx
import pytest

from tests.localaws.bench import ACCOUNT, REGION, Bench, RestApi, unique

JUDGE = """
def handler(event, context):
    token = event.get("authorizationToken") or event["headers"]["X-Who"]
    if token == "nobody":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("what?")
    if token == "odd":
        return {"yes": True}
    effect = "Deny" if token == "denied" else "Allow"
    resource = "arn:aws:execute-api:*:*:*/*/GET/else" if token == "elsewhere" else event["methodArn"]
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"principalId": token, "context": {"level": 5, "type": event["type"], "ok": True},
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""


def guarded(bench: Bench, answer: str, kind: str, source: str, **more: object) -> RestApi:
    """An API whose one method asks an authorizer."""
    judge = bench.function(JUDGE)
    api = bench.rest_api({"GET /open": answer})
    bench.permit(judge, "apigateway.amazonaws.com", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/authorizers/*")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{judge}/invocations"
    made = api.gateway.create_authorizer(
        restApiId=api.id, name=unique("a"), type=kind, authorizerUri=uri, identitySource=source, **more
    )
    api.add("GET /inside", answer, authorizationType="CUSTOM", authorizerId=made["id"])
    api.deploy()
    return api


@pytest.fixture(scope="module")
def api(bench: Bench, answer: str) -> RestApi:
    return guarded(bench, answer, "TOKEN", "method.request.header.Authorization", identityValidationExpression="[a-z]+")


def ask(api: RestApi, token: str) -> httpx.Response:
    """GET with a token."""
    return api.get("/inside", headers={"Authorization": token} if token else {})


def test_a_token_that_is_allowed_brings_its_context(api: RestApi) -> None:
    # …/apigateway-use-lambda-authorizer.html: context values arrive as text
    found = ask(api, "ann").json()["requestContext"]["authorizer"]
    assert (found["principalId"], found["level"], found["type"], found["ok"]) == ("ann", "5", "TOKEN", "true")


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        ("", 401, {"message": "Unauthorized"}),
        ("NOT LOWER", 401, {"message": "Unauthorized"}),
        ("nobody", 401, {"message": "Unauthorized"}),
        ("denied", 403, {"Message": "User is not authorized to access this resource with an explicit deny"}),
        ("elsewhere", 403, {"Message": "User is not authorized to access this resource"}),
        ("broken", 500, {"message": None}),
        ("odd", 500, {"message": None}),
    ],
)
def test_all_others_are_refused(api: RestApi, token: str, status: int, body: dict[str, str]) -> None:
    # supported-gateway-response-types.html: UNAUTHORIZED, ACCESS_DENIED, AUTHORIZER_FAILURE, …_CONFIGURATION_ERROR
    got = ask(api, token)
    assert (got.status_code, got.json()) == (status, body)


def test_a_request_authorizer_sees_the_request(bench: Bench, answer: str) -> None:
    api = guarded(bench, answer, "REQUEST", "method.request.header.X-Who")
    found = api.get("/inside", headers={"X-Who": "ann"}).json()["requestContext"]["authorizer"]
    assert (found["principalId"], found["type"]) == ("ann", "REQUEST")
    assert api.get("/inside").status_code == 401
    assert api.get("/open").status_code == 200
