"""Access logs of stages.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.localaws.bench import ACCOUNT, REGION, Bench, eventually, unique
from tests.localaws.cloudformation.conftest import Stacks

# The page's own example in JSON, and what people add to it
FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "ip": "$context.identity.sourceIp",
        "caller": "$context.identity.caller",
        "httpMethod": "$context.httpMethod",
        "resourcePath": "$context.resourcePath",
        "status": "$context.status",
        "length": "$context.responseLength",
        "error": "$context.error.message",
        "nothing": "$context.no.such",
    }
)


def arn(group: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"


def lines(bench: Bench, group: str, count: int) -> list[str]:
    logs = bench.client("logs")

    def look() -> list[str]:
        found = logs.filter_log_events(logGroupName=group)["events"]
        return [one["message"] for one in found] if len(found) >= count else []

    return list(eventually(look))


def test_a_rest_stage_logs_every_request(bench: Bench, answer: str) -> None:
    group = unique("/access")
    bench.client("logs").create_log_group(logGroupName=group)
    api = bench.rest_api({"GET /orders/{id}": answer})
    assert api.get("/orders/1").status_code == 200  # before there is a log
    patches = {"destinationArn": arn(group), "format": FORMAT}
    bench.client("apigateway").update_stage(
        restApiId=api.id,
        stageName=api.stage,
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in patches.items()
        ],
    )
    good, bad = api.get("/orders/7"), api.get("/nowhere")
    first, second = (json.loads(line) for line in lines(bench, group, 2))
    assert first == {
        "requestId": good.headers["x-amzn-requestid"],
        "ip": "127.0.0.1",
        "caller": "-",
        "httpMethod": "GET",
        "resourcePath": "/orders/{id}",
        "status": "200",
        "length": str(len(good.content)),
        "error": "-",
        "nothing": "-",
    }
    assert (second["status"], second["error"]) == (str(bad.status_code), "Missing Authentication Token")


def test_an_http_stage_logs_its_routes(bench: Bench, answer: str) -> None:
    group = unique("/access")
    url = bench.http_api({"GET /orders/{id}": answer})
    bench.client("apigatewayv2").create_stage(
        ApiId=url.rsplit("/", 1)[-1],
        StageName="live",
        AutoDeploy=True,
        AccessLogSettings={"DestinationArn": arn(group), "Format": "$context.routeKey $context.status $context.path"},
    )
    httpx.get(f"{url}/live/orders/7")
    httpx.get(f"{url}/live/nowhere")
    assert lines(bench, group, 2) == ["GET /orders/{id} 200 /live/orders/7", "- 404 /live/nowhere"]


def test_a_template_sets_it(bench: Bench) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-stage-accesslogsetting.html
    stacks = Stacks(bench)
    method: dict[str, Any] = {
        "RestApiId": {"Ref": "Api"},
        "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
        "HttpMethod": "GET",
        "AuthorizationType": "NONE",
        "MethodResponses": [{"StatusCode": "200"}],
        "Integration": {
            "Type": "MOCK",
            "RequestTemplates": {"application/json": '{"statusCode": 200}'},
            "IntegrationResponses": [{"StatusCode": "200"}],
        },
    }
    stack = stacks.create(
        {
            "Group": {"Type": "AWS::Logs::LogGroup"},
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": unique("api")}},
            "Get": {"Type": "AWS::ApiGateway::Method", "Properties": method},
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment",
                "DependsOn": "Get",
                "Properties": {"RestApiId": {"Ref": "Api"}},
            },
            "Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {
                    "RestApiId": {"Ref": "Api"},
                    "DeploymentId": {"Ref": "Deployment"},
                    "StageName": "live",
                    "AccessLogSetting": {
                        "DestinationArn": {"Fn::GetAtt": ["Group", "Arn"]},
                        "Format": "$context.status",
                    },
                },
            },
        }
    )
    made = stacks.physical(stack["StackId"])
    assert httpx.get(f"{bench.url}/_aws/execute-api/{made['Api']}/live/").status_code == 200
    assert lines(bench, made["Group"], 1) == ["200"]
    stacks.delete(stack["StackId"])
