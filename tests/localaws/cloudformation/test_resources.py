"""Resource types, each checked where moto's own CloudFormation, which is not used, has a gap."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.localaws.bench import Bench, eventually, unique
from tests.localaws.cloudformation.conftest import ROLE, Stacks, inline
from tests.localaws.cloudformation.test_stacks import package

ACCOUNT = "123456789012"
PROXY = {"statusCode": 200, "body": "hello"}
ANSWER = f"def handler(event, context): return {PROXY!r}\n"


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def test_ref_of_layer_version_version_and_alias_are_arns(stacks: Stacks, bench: Bench) -> None:
    name = unique("refs")
    found = outputs(
        stacks.create(
            {
                "Role": ROLE,
                "F": inline(FunctionName=name, Layers=[{"Ref": "Layer"}]),
                "Layer": {
                    "Type": "AWS::Lambda::LayerVersion",
                    "Properties": {"LayerName": name, "Content": package(bench)},
                },
                "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
                "Alias": {
                    "Type": "AWS::Lambda::Alias",
                    "Properties": {
                        "FunctionName": {"Ref": "F"},
                        "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                        "Name": "live",
                    },
                },
            },
            Outputs={kind: {"Value": {"Ref": kind}} for kind in ("Layer", "Version", "Alias")},
        )
    )
    front = "arn:aws:lambda:eu-west-1:123456789012"
    assert found == {
        "Layer": f"{front}:layer:{name}:1",
        "Version": f"{front}:function:{name}:1",
        "Alias": f"{front}:function:{name}:live",
    }
    assert bench.client("lambda").invoke(FunctionName=found["Alias"])["ExecutedVersion"] == "1"


def test_an_unknown_layer_is_an_error(stacks: Stacks) -> None:
    stack = stacks.create({"Role": ROLE, "F": inline(Layers=["arn:aws:lambda:eu-west-1:123456789012:layer:none:1"])})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "does not exist" in stacks.reasons(stack["StackId"], "CREATE_FAILED")["F"]


def test_an_unknown_property_is_an_error(stacks: Stacks) -> None:
    stack = stacks.create({"Role": ROLE, "F": inline(MemorySise=128)})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "MemorySise" in stacks.reasons(stack["StackId"], "CREATE_FAILED")["F"]


def rest_api(name: str) -> dict[str, Any]:
    """Role, function, API with GET and a mocked OPTIONS, as the Serverless Framework writes them for `cors: true`."""
    api, resource = {"Ref": "Api"}, {"Ref": "Hello"}
    uri = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}
    headers = {"method.response.header.Access-Control-Allow-Origin": True}
    return {
        "Role": ROLE,
        "F": inline(ANSWER, FunctionName=name),
        "Api": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {"Name": name, "EndpointConfiguration": {"Types": ["EDGE"]}},
        },
        "Hello": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": "hello",
                "RestApiId": api,
            },
        },
        "Get": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "HttpMethod": "GET",
                "ResourceId": resource,
                "RestApiId": api,
                "AuthorizationType": "NONE",
                "RequestParameters": {},
                "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
                "MethodResponses": [],
            },
        },
        "Options": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "HttpMethod": "OPTIONS",
                "ResourceId": resource,
                "RestApiId": api,
                "AuthorizationType": "NONE",
                "RequestParameters": {},
                "MethodResponses": [{"StatusCode": "200", "ResponseParameters": headers, "ResponseModels": {}}],
                "Integration": {
                    "Type": "MOCK",
                    "RequestTemplates": {"application/json": "{statusCode:200}"},
                    "ContentHandling": "CONVERT_TO_TEXT",
                    "IntegrationResponses": [
                        {
                            "StatusCode": "200",
                            "ResponseTemplates": {"application/json": ""},
                            "ResponseParameters": dict.fromkeys(headers, "'*'"),
                        }
                    ],
                },
            },
        },
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": ["Get", "Options"],
            "Properties": {"RestApiId": api, "StageName": "dev"},
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Fn::GetAtt": ["F", "Arn"]},
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*"},
            },
        },
    }


def test_a_rest_api_with_cors_answers_and_a_new_deployment_takes_over(stacks: Stacks, bench: Bench) -> None:
    name = unique("rest")
    resources = rest_api(name)
    stack = stacks.create(resources, Outputs={"Id": {"Value": {"Ref": "Api"}}})
    url = f"{bench.url}/_aws/execute-api/{outputs(stack)['Id']}/dev/hello"
    assert httpx.get(url).text == "hello"
    preflight = httpx.options(url, headers={"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"})
    assert preflight.headers["access-control-allow-origin"] == "*"
    # As the Framework does: another logical id for every deployment, which replaces the old one.
    resources["Deployment2"] = resources.pop("Deployment")
    resources["F"] = inline(ANSWER.replace("hello", "again"), FunctionName=name)
    assert stacks.update(stack["StackName"], resources)["StackStatus"] == "UPDATE_COMPLETE"
    assert httpx.get(url).text == "again"
    stacks.delete(stack["StackName"])
    assert httpx.get(url).status_code == 403


def test_an_http_api_is_really_made(stacks: Stacks, bench: Bench) -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
    name, api = unique("http"), {"Ref": "Api"}
    stack = stacks.create(
        {
            "Role": ROLE,
            "F": inline(ANSWER, FunctionName=name),
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": name, "ProtocolType": "HTTP"}},
            "Integration": {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {
                    "ApiId": api,
                    "IntegrationType": "AWS_PROXY",
                    "IntegrationUri": {"Fn::GetAtt": ["F", "Arn"]},
                    "PayloadFormatVersion": "2.0",
                    "TimeoutInMillis": 6500,
                },
            },
            "Route": {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {
                    "ApiId": api,
                    "RouteKey": "GET /hello",
                    "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]},
                },
            },
            "Stage": {
                "Type": "AWS::ApiGatewayV2::Stage",
                "Properties": {
                    "ApiId": api,
                    "StageName": "$default",
                    "AutoDeploy": True,
                    "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
                },
            },
            "Permission": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "FunctionName": {"Fn::GetAtt": ["F", "Arn"]},
                    "Action": "lambda:InvokeFunction",
                    "Principal": "apigateway.amazonaws.com",
                    "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"},
                },
            },
        },
        Outputs={"Id": {"Value": api}, "Url": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}},
    )
    found = outputs(stack)
    assert found["Url"] == f"https://{found['Id']}.execute-api.eu-west-1.amazonaws.com"
    assert httpx.get(f"{bench.url}/_aws/execute-api/{found['Id']}/hello").text == "hello"
    stacks.delete(stack["StackName"])
    assert found["Id"] not in str(bench.client("apigatewayv2").get_apis()["Items"])


def test_bucket_policy_and_encryption(stacks: Stacks, bench: Bench) -> None:
    name = unique("bucket")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [{"Fn::Sub": "arn:aws:s3:::${Bucket}/*"}],
                "Condition": {"Bool": {"aws:SecureTransport": False}},
            }
        ],
    }
    stack = stacks.create(
        {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "BucketName": name,
                    "BucketEncryption": {
                        "ServerSideEncryptionConfiguration": [
                            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                        ]
                    },
                },
            },
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": policy},
            },
        }
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    s3 = bench.client("s3")
    assert f"arn:aws:s3:::{name}/*" in s3.get_bucket_policy(Bucket=name)["Policy"]
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_buckets_lifecycle_is_made_changed_and_taken_away(stacks: Stacks, bench: Bench) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html"""
    s3, name = bench.client("s3"), unique("lifecycle")

    def bucket(*rules: dict[str, Any]) -> dict[str, Any]:
        lifecycle = {"LifecycleConfiguration": {"Rules": list(rules)}} if rules else {}
        return {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **lifecycle}}}

    stack = stacks.create(
        bucket(
            {"Id": "a-day", "Status": "Enabled", "ExpirationInDays": 1},
            {
                "Id": "old",
                "Status": "Disabled",
                "Prefix": "logs/",
                "TagFilters": [{"Key": "k", "Value": "v"}],
                "NoncurrentVersionExpirationInDays": 3,
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
                "Transitions": [{"TransitionInDays": 30, "StorageClass": "GLACIER"}],
            },
        )
    )
    first, second = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (first["ID"], first["Status"], first["Expiration"]["Days"]) == ("a-day", "Enabled", 1)
    assert second["Filter"]["And"] == {"Prefix": "logs/", "Tags": [{"Key": "k", "Value": "v"}]}
    assert second["NoncurrentVersionExpiration"]["NoncurrentDays"] == 3
    assert second["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 2
    assert [(one["Days"], one["StorageClass"]) for one in second["Transitions"]] == [(30, "GLACIER")]
    stacks.update(stack["StackName"], bucket({"Status": "Enabled", "ExpirationInDays": "7", "Prefix": "x/"}))
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert rule["Expiration"]["Days"] == 7 and rule["Filter"]["Prefix"] == "x/"
    stacks.update(stack["StackName"], bucket())
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=name)


def test_queue_and_function_are_mapped(stacks: Stacks, bench: Bench) -> None:
    policy = {
        "PolicyName": "p",
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "logs:*"], "Resource": "*"}],
        },
    }
    stack = stacks.create(
        {
            "Role": {**ROLE, "Properties": {**ROLE["Properties"], "Policies": [policy]}},
            "F": inline(),
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "60"}},
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "DependsOn": ["Role"],
                "Properties": {
                    "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                    "FunctionName": {"Fn::GetAtt": ["F", "Arn"]},
                    "BatchSize": "1",
                    "Enabled": True,
                },
            },
        }
    )
    made = stacks.physical(stack["StackId"])
    bench.client("sqs").send_message(QueueUrl=made["Queue"], MessageBody="m")

    def ran() -> bool:
        found = httpx.get(f"{bench.url}/_workshop/invocations").json()["invocations"]
        return any(run["function"] == made["F"] for run in found)

    assert eventually(ran)
    stacks.delete(stack["StackName"])
    assert made["Mapping"] not in str(bench.client("lambda").list_event_source_mappings())


def test_what_an_update_leaves_out_goes_back_to_its_default(stacks: Stacks, bench: Bench) -> None:
    policy = {
        "PolicyName": "p",
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "logs:*"], "Resource": "*"}],
        },
    }

    def resources(mapping: dict[str, Any], alias: dict[str, Any]) -> dict[str, Any]:
        source = {"EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "F"}}
        live = {"FunctionName": {"Ref": "F"}, "FunctionVersion": "$LATEST", "Name": "live"}
        return {
            "Role": {**ROLE, "Properties": {**ROLE["Properties"], "Policies": [policy]}},
            "F": inline(),
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": source | mapping},
            "Alias": {"Type": "AWS::Lambda::Alias", "Properties": live | alias},
        }

    filters = {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}
    more = {"BatchSize": 3, "Enabled": False, "FilterCriteria": filters}
    stack = stacks.create(resources(more, {"Description": "one"}))["StackId"]
    made, client = stacks.physical(stack), bench.client("lambda")
    stacks.update(stack, resources({}, {}))
    found = client.get_event_source_mapping(UUID=made["Mapping"])
    assert (found["BatchSize"], found["State"]) == (10, "Enabled")
    assert not (found.get("FilterCriteria") or {}).get("Filters")
    assert client.get_alias(FunctionName=made["F"], Name="live").get("Description", "") == ""
    stacks.delete(stack)


def test_schedules_topics_tables_urls_and_settings(stacks: Stacks, bench: Bench) -> None:
    name = unique("all")
    stack = stacks.create(
        {
            "Role": ROLE,
            "F": inline(FunctionName=name, ReservedConcurrentExecutions="3"),
            "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {
                    "FunctionName": {"Ref": "F"},
                    "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                    "Name": "provisioned",
                    "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
                },
            },
            "Url": {
                "Type": "AWS::Lambda::Url",
                "Properties": {"AuthType": "NONE", "TargetFunctionArn": {"Fn::GetAtt": ["F", "Arn"]}},
            },
            "Later": {
                "Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": {"FunctionName": {"Ref": "F"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 1},
            },
            "Schedule": {
                "Type": "AWS::Scheduler::Schedule",
                "Properties": {
                    "ScheduleExpression": "rate(1 hour)",
                    "FlexibleTimeWindow": {"Mode": "OFF"},
                    "Target": {"Arn": {"Fn::GetAtt": ["F", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
                },
            },
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}},
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": {"Ref": "Topic"},
                    "Protocol": "lambda",
                    "Endpoint": {"Fn::GetAtt": ["F", "Arn"]},
                    "FilterPolicy": {"kind": ["a"]},
                },
            },
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "BillingMode": "PAY_PER_REQUEST",
                    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
                    "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
                    "TimeToLiveSpecification": {"AttributeName": "ends", "Enabled": True},
                },
            },
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": name}},
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventBusName": {"Ref": "Bus"},
                    "EventPattern": {"source": ["mine"]},
                    "Targets": [{"Id": "f", "Arn": {"Fn::GetAtt": ["F", "Arn"]}}],
                },
            },
            "Logs": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": "14"},
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "MetricName": "Errors",
                    "Namespace": "AWS/Lambda",
                    "Statistic": "Sum",
                    "Period": 60,
                    "EvaluationPeriods": 1,
                    "Threshold": 1,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                },
            },
        },
        Outputs={
            "Url": {"Value": {"Fn::GetAtt": ["Url", "FunctionUrl"]}},
            "Table": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}},
        },
    )
    found = outputs(stack)
    assert found["Url"].endswith(".on.aws/")
    assert ":table/" in found["Table"]
    made, api = stacks.physical(stack["StackId"]), bench.client("lambda")
    assert api.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3
    assert api.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1
    assert bench.client("scheduler").get_schedule(Name=made["Schedule"])["ScheduleExpression"] == "rate(1 hour)"
    groups = bench.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    assert groups[0]["retentionInDays"] == 14
    attributes = bench.client("sns").get_subscription_attributes(SubscriptionArn=made["Subscription"])["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"kind": ["a"]}
    assert stacks.delete(stack["StackName"])["StackStatus"] == "DELETE_COMPLETE"


def test_iam_policies_follow_their_template(stacks: Stacks, bench: Bench) -> None:
    def policy(action: str) -> dict[str, Any]:
        return {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "extra",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
                },
            },
        }

    stack = stacks.create({"Role": ROLE, "Policy": policy("s3:GetObject")})
    role, iam = stacks.physical(stack["StackId"])["Role"], bench.client("iam")
    assert (
        stacks.update(stack["StackName"], {"Role": ROLE, "Policy": policy("s3:PutObject")})["StackStatus"]
        == "UPDATE_COMPLETE"
    )
    assert "s3:PutObject" in json.dumps(iam.get_role_policy(RoleName=role, PolicyName="extra")["PolicyDocument"])
    stacks.update(stack["StackName"], {"Role": ROLE})
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


def test_apis_described_by_a_document(stacks: Stacks, bench: Bench) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
    name = unique("body")
    uri = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}

    def body(**more: str) -> dict[str, Any]:
        paths = {"/deep/hello": {"get": {"x-amazon-apigateway-integration": integration | more}}}
        return {"openapi": "3.0.1", "info": {"title": name, "version": "1.0"}, "paths": paths}

    stack = stacks.create(
        {
            "Role": ROLE,
            "F": inline(ANSWER, FunctionName=name),
            "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body()}},
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment",
                "Properties": {"RestApiId": {"Ref": "Rest"}, "StageName": "dev"},
            },
            "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body(payloadFormatVersion="2.0")}},
            "Stage": {
                "Type": "AWS::ApiGatewayV2::Stage",
                "Properties": {"ApiId": {"Ref": "Http"}, "StageName": "$default", "AutoDeploy": True},
            },
            "Permission": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "FunctionName": {"Ref": "F"},
                    "Action": "lambda:InvokeFunction",
                    "Principal": "apigateway.amazonaws.com",
                },
            },
        },
        Outputs={"Rest": {"Value": {"Ref": "Rest"}}, "Http": {"Value": {"Ref": "Http"}}},
    )
    found = outputs(stack)
    for path in (f"{found['Rest']}/dev", found["Http"]):
        assert httpx.get(f"{bench.url}/_aws/execute-api/{path}/deep/hello").text == "hello"
