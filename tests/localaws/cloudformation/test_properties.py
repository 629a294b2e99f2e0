"""Every property of every resource type that the offline cloud makes: created with one value, updated to another, and
found again by the service's own API. What AWS has and the offline cloud does not do is refused by name.

The list of types and properties is AWS's own: `resources/schemas.json`, made by tools/resource_schemas.py.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, unique
from tests.localaws.cloudformation.conftest import ROLE, TRUST, Stacks, inline
from workshop.localaws.cloudformation.resources import REGISTRY
from workshop.localaws.cloudformation.resources.base import Properties

ACCOUNT, REGION = "123456789012", "eu-west-1"
Look = Callable[[Callable[[str], Any], str, Properties], Any]
ROLE_ARN = {"Fn::GetAtt": ["Role", "Arn"]}
MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:123456789012:a"}],
}
MAY_TOO = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:GetQueueUrl", "Resource": "arn:aws:sqs:eu-west-1:123456789012:b"}],
}


def tags(value: str) -> list[dict[str, str]]:
    return [{"Key": "team", "Value": f"tag-{value}"}]


def policy_for(action: str, resource: Any, principal: str = "sns.amazonaws.com") -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": principal}, "Action": action, "Resource": resource}],
    }


@dataclass
class Case:
    """One resource, made with `first` and changed by `then`; `beside` are the resources it needs."""

    type: str
    first: Properties
    then: Properties
    look: Look
    beside: dict[str, Any] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()  # what no API tells again


API = {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "beside"}}}
OF_API = {"RestApiId": {"Ref": "Api"}}
HTTP = {"Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "beside", "ProtocolType": "HTTP"}}}
OF_HTTP = {"ApiId": {"Ref": "Http"}}
MOCK: dict[str, Any] = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}}
METHOD = {
    "Type": "AWS::ApiGateway::Method",
    "Properties": OF_API
    | {
        "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
        "HttpMethod": "GET",
        "AuthorizationType": "NONE",
        "Integration": MOCK,
    },
}
DEPLOYED = API | {
    "Method": METHOD,
    "Deployed": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "Method", "Properties": OF_API},
    "Deployed2": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "Method", "Properties": OF_API},
}
STAGES = DEPLOYED | {
    f"Stage{name}": {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": OF_API | {"StageName": name, "DeploymentId": {"Ref": "Deployed"}},
    }
    for name in ("one", "two")
}
FUNCTION = {"Role": ROLE, "F": inline(Timeout=3)}
VERSIONS = FUNCTION | {
    "V1": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
    "F2": inline("def handler(event, context): return 'two'\n"),
}
URI = (
    f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:%s/invocations"
)
PROXIED = {
    "x-amazon-apigateway-integration": {
        "type": "aws_proxy",
        "uri": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:one",
        "payloadFormatVersion": "2.0",
    }
}
QUEUE = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}
QUEUE_ARN = {"Fn::GetAtt": ["Queue", "Arn"]}
TOPIC = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}
LOGS = {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {}}}
KEY = {"Key": {"Type": "AWS::KMS::Key", "Properties": {"Description": "beside"}}}
KEY_ARN = {"Fn::GetAtt": ["Key", "Arn"]}
HOLDERS = {"Roles": [{"Ref": "Role"}], "Users": [{"Ref": "User"}]}
TABLE = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
STREAMED = FUNCTION | {
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": TABLE | {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}},
    },
}
BOUNDARY = {"Boundary": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": MAY}}}
UNITS = {"ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}}
INDEX = {
    "IndexName": "by_state",
    "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


def rest(operation: str, **names: str) -> Look:
    """Asks API Gateway for one thing of the API beside."""
    return lambda client, physical, ids: getattr(client("apigateway"), operation)(
        restApiId=ids["Api"], **{name: physical if value == "*" else value for name, value in names.items()}
    )


def http(operation: str, name: str) -> Look:
    return lambda client, physical, ids: getattr(client("apigatewayv2"), operation)(
        ApiId=ids["Http"], **{name: physical}
    )


def function(client: Any, physical: str, ids: Any) -> Any:
    found = client("lambda").get_function(FunctionName=physical)
    return [found, client("lambda").get_function_recursion_config(FunctionName=physical)]


def role(client: Any, physical: str, ids: Any) -> Any:
    iam = client("iam")
    names = iam.list_role_policies(RoleName=physical)["PolicyNames"]
    return [
        iam.get_role(RoleName=physical),
        [iam.get_role_policy(RoleName=physical, PolicyName=name) for name in names],
        iam.list_attached_role_policies(RoleName=physical),
    ]


def user(client: Any, physical: str, ids: Any) -> Any:
    iam = client("iam")
    names = iam.list_user_policies(UserName=physical)["PolicyNames"]
    return [
        iam.get_user(UserName=physical),
        [iam.get_user_policy(UserName=physical, PolicyName=name) for name in names],
        iam.list_attached_user_policies(UserName=physical),
        iam.list_groups_for_user(UserName=physical),
    ]


def managed(client: Any, physical: str, ids: Any) -> Any:
    iam = client("iam")
    about = iam.get_policy(PolicyArn=physical)["Policy"]
    version = iam.get_policy_version(PolicyArn=physical, VersionId=about["DefaultVersionId"])
    return [about, version, iam.list_entities_for_policy(PolicyArn=physical)]


def table(client: Any, physical: str, ids: Any) -> Any:
    dynamodb = client("dynamodb")
    found = dynamodb.describe_table(TableName=physical)
    arn = found["Table"]["TableArn"]
    return [
        found,
        dynamodb.describe_time_to_live(TableName=physical),
        dynamodb.describe_continuous_backups(TableName=physical),
        dynamodb.list_tags_of_resource(ResourceArn=arn),
        "PAY_PER_REQUEST" if "BillingModeSummary" in found["Table"] else "PROVISIONED",
    ]


def bucket(client: Any, physical: str, ids: Any) -> Any:
    s3, found = client("s3"), []
    for operation in (
        *("encryption", "cors", "lifecycle_configuration", "notification_configuration", "ownership_controls"),
        *("tagging", "versioning", "website"),
    ):
        try:
            found.append(getattr(s3, f"get_bucket_{operation}")(Bucket=physical))
        except ClientError as error:
            found.append(str(error))
    return [*found, s3.get_public_access_block(Bucket=physical), physical]


def rule(client: Any, physical: str, ids: Any) -> Any:
    events, (bus, _, name) = client("events"), ("|" + physical).rpartition("|")
    where = {"EventBusName": bus.strip("|")} if bus.strip("|") else {}
    found = events.describe_rule(Name=name, **where)
    return [
        found,
        events.list_targets_by_rule(Rule=name, **where),
        events.list_tags_for_resource(ResourceARN=found["Arn"]),
    ]


def bus(client: Any, physical: str, ids: Any) -> Any:
    found = client("events").describe_event_bus(Name=physical)
    return [found, client("events").list_tags_for_resource(ResourceARN=found["Arn"])]


def key(client: Any, physical: str, ids: Any) -> Any:
    kms = client("kms")
    about = kms.describe_key(KeyId=physical)
    return [
        about,
        kms.get_key_policy(KeyId=physical, PolicyName="default"),
        {"EnableKeyRotation": kms.get_key_rotation_status(KeyId=physical)},
        kms.list_resource_tags(KeyId=physical),
        {"Enabled": about["KeyMetadata"]["Enabled"]},
    ]


def topic(client: Any, physical: str, ids: Any) -> Any:
    sns = client("sns")
    return [
        sns.get_topic_attributes(TopicArn=physical),
        sns.list_subscriptions_by_topic(TopicArn=physical),
        sns.list_tags_for_resource(ResourceArn=physical),
    ]


def queue(client: Any, physical: str, ids: Any) -> Any:
    sqs = client("sqs")
    return [sqs.get_queue_attributes(QueueUrl=physical, AttributeNames=["All"]), sqs.list_queue_tags(QueueUrl=physical)]


def parameter(client: Any, physical: str, ids: Any) -> Any:
    ssm = client("ssm")
    return [
        ssm.get_parameter(Name=physical),
        ssm.describe_parameters(Filters=[{"Key": "Name", "Values": [physical]}]),
        ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=physical),
    ]


def secret(client: Any, physical: str, ids: Any) -> Any:
    return [
        client("secretsmanager").describe_secret(SecretId=physical),
        client("secretsmanager").get_secret_value(SecretId=physical),
    ]


def log_group(client: Any, physical: str, ids: Any) -> Any:
    logs = client("logs")
    return [logs.describe_log_groups(logGroupNamePrefix=physical), logs.list_tags_log_group(logGroupName=physical)]


def alarm(client: Any, physical: str, ids: Any) -> Any:
    watch = client("cloudwatch")
    found = watch.describe_alarms(AlarmNames=[physical])["MetricAlarms"][0]
    return [found, watch.list_tags_for_resource(ResourceARN=found["AlarmArn"])]


def plan(client: Any, physical: str, ids: Any) -> Any:
    return client("apigateway").get_usage_plan(usagePlanId=physical)


def mapping(client: Any, physical: str, ids: Any) -> Any:
    found = client("lambda").get_event_source_mapping(UUID=physical)
    arn = found["EventSourceMappingArn"]
    return [found, client("lambda").list_tags(Resource=arn), {"Enabled": found["State"] in ("Enabled", "Enabling")}]


def schedule(client: Any, physical: str, ids: Any) -> Any:
    groups = [one["Name"] for one in client("scheduler").list_schedule_groups()["ScheduleGroups"]]
    for group in groups:
        try:
            return client("scheduler").get_schedule(Name=physical, GroupName=group)
        except ClientError:
            continue
    raise AssertionError("no such schedule")


def gateway_response(client: Any, physical: str, ids: Any) -> Any:
    return client("apigateway").get_gateway_response(restApiId=ids["Api"], responseType=physical.partition("|")[2])


def url(client: Any, physical: str, ids: Any) -> Any:
    return client("lambda").get_function_url_config(FunctionName=ids["F"], Qualifier="live")


def layer_policy(client: Any, physical: str, ids: Any) -> Any:
    layer, _, version = physical.partition("#")[0].rpartition(":")
    return client("lambda").get_layer_version_policy(LayerName=layer, VersionNumber=int(version))


def code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("python/shared.py", "ANSWER = 42\n")
    return packed.getvalue()


LAYER = {
    "Layer": {
        "Type": "AWS::Lambda::LayerVersion",
        "Properties": {"LayerName": "beside", "Content": {"S3Bucket": "%BUCKET%", "S3Key": "layer.zip"}},
    }
}
ALIAS = VERSIONS | {
    "Live": {
        "Type": "AWS::Lambda::Alias",
        "Properties": {
            "FunctionName": {"Ref": "F"},
            "FunctionVersion": {"Fn::GetAtt": ["V1", "Version"]},
            "Name": "live",
        },
    }
}

CASES = [
    Case(
        "AWS::ApiGateway::Account",
        {"CloudWatchRoleArn": f"arn:aws:iam::{ACCOUNT}:role/one"},
        {"CloudWatchRoleArn": f"arn:aws:iam::{ACCOUNT}:role/two"},
        lambda client, physical, ids: client("apigateway").get_account(),
    ),
    Case(
        "AWS::ApiGateway::ApiKey",
        {
            "CustomerId": "customer-1",
            "Description": "first text",
            "Enabled": True,
            "GenerateDistinctId": True,
            "Name": "%NAME%",
            "Tags": [],
            "Value": "abcdefghij0123456789",
        },
        {"CustomerId": "customer-2", "Description": "second text", "Enabled": False},
        lambda client, physical, ids: client("apigateway").get_api_key(apiKey=physical, includeValue=True),
        unseen=("GenerateDistinctId",),
    ),
    Case(
        "AWS::ApiGateway::Authorizer",
        OF_API
        | {
            "AuthType": "custom",
            "AuthorizerCredentials": f"arn:aws:iam::{ACCOUNT}:role/one",
            "AuthorizerResultTtlInSeconds": 137,
            "AuthorizerUri": URI % "one",
            "IdentitySource": "method.request.header.First",
            "IdentityValidationExpression": "first.*",
            "Name": "first",
            "Type": "TOKEN",
        },
        {
            "AuthType": "custom2",
            "AuthorizerCredentials": f"arn:aws:iam::{ACCOUNT}:role/two",
            "AuthorizerResultTtlInSeconds": 138,
            "AuthorizerUri": URI % "two",
            "IdentitySource": "method.request.header.Second",
            "IdentityValidationExpression": "second.*",
            "Name": "second",
            "Type": "REQUEST",
        },
        rest("get_authorizer", authorizerId="*"),
        API,
    ),
    Case(
        "AWS::ApiGateway::Authorizer",
        OF_API
        | {
            "ProviderARNs": [f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/one"],
            "IdentitySource": "method.request.header.Authorization",
            "Name": "pool",
            "Type": "COGNITO_USER_POOLS",
        },
        {},
        rest("get_authorizer", authorizerId="*"),
        API,
    ),
    Case(
        "AWS::ApiGateway::Deployment",
        OF_API | {"Description": "first text", "StageName": "one", "StageDescription": {"Variables": {"a": "first"}}},
        {"StageDescription": {"Variables": {"a": "second"}}},
        lambda client, physical, ids: [
            client("apigateway").get_deployment(restApiId=ids["Api"], deploymentId=physical),
            client("apigateway").get_stages(restApiId=ids["Api"]),
        ],
        API | {"Method": METHOD},
    ),
    Case(
        "AWS::ApiGateway::GatewayResponse",
        OF_API
        | {
            "ResponseParameters": {"gatewayresponse.header.X-A": "'first'"},
            "ResponseTemplates": {"application/json": '{"a": "first"}'},
            "ResponseType": "UNAUTHORIZED",
            "StatusCode": "401",
        },
        {
            "ResponseParameters": {"gatewayresponse.header.X-A": "'second'"},
            "ResponseTemplates": {"application/json": '{"a": "second"}'},
            "StatusCode": "403",
        },
        gateway_response,
        API,
    ),
    Case(
        "AWS::ApiGateway::Method",
        OF_API
        | {
            "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "ApiKeyRequired": False,
            "AuthorizationScopes": ["first/scope"],
            "AuthorizationType": "NONE",
            "HttpMethod": "POST",
            "Integration": MOCK | {"IntegrationResponses": [{"StatusCode": "201"}]},
            "MethodResponses": [{"StatusCode": "201", "ResponseModels": {"application/json": "Empty"}}],
            "OperationName": "firstOperation",
            "RequestModels": {"application/json": "Empty"},
            "RequestParameters": {"method.request.header.First": True},
            "RequestValidatorId": {"Ref": "Validator"},
        },
        {
            "ApiKeyRequired": True,
            "AuthorizationType": "CUSTOM",
            "AuthorizerId": {"Ref": "Authorizer"},
            "AuthorizationScopes": ["second/scope"],
            "Integration": MOCK | {"IntegrationResponses": [{"StatusCode": "202"}]},
            "MethodResponses": [{"StatusCode": "202", "ResponseModels": {"application/json": "Error"}}],
            "OperationName": "secondOperation",
            "RequestModels": {"application/json": "Error"},
            "RequestParameters": {"method.request.header.Second": True},
            "RequestValidatorId": {"Ref": "Validator2"},
        },
        lambda client, physical, ids: client("apigateway").get_method(
            restApiId=ids["Api"], resourceId=physical.split("|")[1], httpMethod="POST"
        ),
        API
        | {
            name: {"Type": "AWS::ApiGateway::RequestValidator", "Properties": OF_API | {"ValidateRequestBody": True}}
            for name in ("Validator", "Validator2")
        }
        | {
            "Authorizer": {
                "Type": "AWS::ApiGateway::Authorizer",
                "Properties": OF_API
                | {
                    "Name": "beside",
                    "Type": "TOKEN",
                    "AuthorizerUri": URI % "one",
                    "IdentitySource": "method.request.header.Authorization",
                },
            }
        },
    ),
    Case(
        "AWS::ApiGateway::Model",
        OF_API
        | {"ContentType": "application/json", "Description": "first text", "Name": "Order", "Schema": {"title": "one"}},
        {"Description": "second text", "Schema": {"title": "two"}},
        rest("get_model", modelName="*"),
        API,
    ),
    Case(
        "AWS::ApiGateway::RequestValidator",
        OF_API | {"Name": "%NAME%", "ValidateRequestBody": True, "ValidateRequestParameters": False},
        {"ValidateRequestBody": False, "ValidateRequestParameters": True},
        rest("get_request_validator", requestValidatorId="*"),
        API,
    ),
    Case(
        "AWS::ApiGateway::Resource",
        OF_API | {"ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "orders"},
        {},
        rest("get_resource", resourceId="*"),
        API,
    ),
    Case(
        "AWS::ApiGateway::RestApi",
        {
            "ApiKeySourceType": "HEADER",
            "BinaryMediaTypes": ["image/one"],
            "Description": "first text",
            "DisableExecuteApiEndpoint": False,
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
            "Name": "%NAME%",
            "Policy": policy_for("execute-api:Invoke", "execute-api:/one/*", "events.amazonaws.com"),
            "Tags": tags("first"),
        },
        {
            "ApiKeySourceType": "AUTHORIZER",
            "BinaryMediaTypes": ["image/two"],
            "Description": "second text",
            "DisableExecuteApiEndpoint": True,
            "EndpointConfiguration": {"Types": ["EDGE"]},
            "Name": "%NAME%-2",
            "Policy": policy_for("execute-api:Invoke", "execute-api:/two/*", "events.amazonaws.com"),
        },
        lambda client, physical, ids: client("apigateway").get_rest_api(restApiId=physical),
    ),
    Case(
        "AWS::ApiGateway::RestApi",
        {
            "Body": {
                "openapi": "3.0.1",
                "info": {"title": "from a document", "version": "1"},
                "paths": {"/first": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}}},
            },
            "Parameters": {"endpointConfigurationTypes": "REGIONAL"},
        },
        {
            "Body": {
                "openapi": "3.0.1",
                "info": {"title": "from a document", "version": "1"},
                "paths": {"/second": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}}},
            },
        },
        lambda client, physical, ids: [
            client("apigateway").get_rest_api(restApiId=physical),
            client("apigateway").get_resources(restApiId=physical),
            "3.0.1 mock 1",
        ],
    ),
    Case(
        "AWS::ApiGateway::Stage",
        OF_API
        | {
            "AccessLogSetting": {"DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:one", "Format": "first"},
            "DeploymentId": {"Ref": "Deployed"},
            "Description": "first text",
            "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingBurstLimit": 137}],
            "StageName": "three",
            "Tags": tags("first"),
            "TracingEnabled": False,
            "Variables": {"a": "one"},
        },
        {
            "AccessLogSetting": {
                "DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:two",
                "Format": "second",
            },
            "DeploymentId": {"Ref": "Deployed2"},
            "Description": "second text",
            "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingBurstLimit": 138}],
            "TracingEnabled": True,
            "Variables": {"a": "two"},
        },
        lambda client, physical, ids: [
            client("apigateway").get_stage(restApiId=ids["Api"], stageName=physical),
            "HttpMethod ResourcePath /*",
        ],
        DEPLOYED,
    ),
    Case(
        "AWS::ApiGateway::UsagePlan",
        {
            "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stageone"}}],
            "Description": "first text",
            "Quota": {"Limit": 137, "Offset": 0, "Period": "DAY"},
            "Tags": tags("first"),
            "Throttle": {"BurstLimit": 237, "RateLimit": 337},
            "UsagePlanName": "%NAME%",
        },
        {
            "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stagetwo"}}],
            "Description": "second text",
            "Quota": {"Limit": 138, "Offset": 0, "Period": "WEEK"},
            "Throttle": {"BurstLimit": 238, "RateLimit": 338},
            "UsagePlanName": "%NAME%-2",
        },
        plan,
        STAGES,
    ),
    Case(
        "AWS::ApiGateway::UsagePlanKey",
        {"KeyId": {"Ref": "ApiKey"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}},
        {},
        lambda client, physical, ids: client("apigateway").get_usage_plan_key(
            usagePlanId=ids["Plan"], keyId=ids["ApiKey"]
        ),
        {
            "ApiKey": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True}},
            "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": {"Description": "beside"}},
        },
        unseen=("UsagePlanId",),
    ),
    Case(
        "AWS::ApiGatewayV2::Api",
        {
            "CorsConfiguration": {"AllowOrigins": ["https://one.example"], "MaxAge": 137},
            "Description": "first text",
            "DisableExecuteApiEndpoint": False,
            "Name": "%NAME%",
            "ProtocolType": "HTTP",
            "Tags": {"team": "tag-first"},
            "Version": "v-1",
        },
        {
            "CorsConfiguration": {"AllowOrigins": ["https://two.example"], "MaxAge": 138},
            "Description": "second text",
            "DisableExecuteApiEndpoint": True,
            "Name": "%NAME%-2",
            "Tags": {"team": "tag-second"},
            "Version": "v-2",
        },
        lambda client, physical, ids: client("apigatewayv2").get_api(ApiId=physical),
    ),
    Case(
        "AWS::ApiGatewayV2::Api",
        {"Body": {"openapi": "3.0.1", "info": {"title": "doc"}, "paths": {"/first": {"get": PROXIED}}}},
        {"Body": {"openapi": "3.0.1", "info": {"title": "doc"}, "paths": {"/second": {"get": PROXIED}}}},
        lambda client, physical, ids: [
            client("apigatewayv2").get_api(ApiId=physical),
            client("apigatewayv2").get_routes(ApiId=physical),
            client("apigatewayv2").get_integrations(ApiId=physical),
            "3.0.1 aws_proxy",
        ],
    ),
    Case(
        "AWS::ApiGatewayV2::Authorizer",
        OF_HTTP
        | {
            "AuthorizerCredentialsArn": f"arn:aws:iam::{ACCOUNT}:role/one",
            "AuthorizerPayloadFormatVersion": "1.0",
            "AuthorizerResultTtlInSeconds": 137,
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": URI % "one",
            "EnableSimpleResponses": False,
            "IdentitySource": ["$request.header.First"],
            "Name": "first",
        },
        {
            "AuthorizerCredentialsArn": f"arn:aws:iam::{ACCOUNT}:role/two",
            "AuthorizerPayloadFormatVersion": "2.0",
            "AuthorizerResultTtlInSeconds": 138,
            "AuthorizerUri": URI % "two",
            "EnableSimpleResponses": True,
            "IdentitySource": ["$request.header.Second"],
            "Name": "second",
        },
        http("get_authorizer", "AuthorizerId"),
        HTTP,
    ),
    Case(
        "AWS::ApiGatewayV2::Authorizer",
        OF_HTTP
        | {
            "AuthorizerType": "JWT",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {"Audience": ["first"], "Issuer": "https://one.example"},
            "Name": "jwt",
        },
        {"JwtConfiguration": {"Audience": ["second"], "Issuer": "https://two.example"}},
        http("get_authorizer", "AuthorizerId"),
        HTTP,
    ),
    Case(
        "AWS::ApiGatewayV2::Deployment",
        OF_HTTP,
        {},
        lambda client, physical, ids: ids["Http"],
        HTTP,
    ),
    Case(
        "AWS::ApiGatewayV2::Integration",
        OF_HTTP
        | {
            "CredentialsArn": f"arn:aws:iam::{ACCOUNT}:role/one",
            "Description": "first text",
            "IntegrationMethod": "POST",
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:one",
            "PayloadFormatVersion": "1.0",
            "RequestParameters": {"append:header.A": "first"},
            "ResponseParameters": {
                "200": {"ResponseParameters": [{"Destination": "overwrite:header.B", "Source": "1st"}]}
            },
            "TimeoutInMillis": 13700,
        },
        {
            "CredentialsArn": f"arn:aws:iam::{ACCOUNT}:role/two",
            "Description": "second text",
            "IntegrationUri": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:two",
            "PayloadFormatVersion": "2.0",
            "RequestParameters": {"append:header.A": "second"},
            "TimeoutInMillis": 13800,
        },
        http("get_integration", "IntegrationId"),
        HTTP,
        unseen=("ResponseParameters",),
    ),
    Case(
        "AWS::ApiGatewayV2::Route",
        OF_HTTP
        | {
            "AuthorizationScopes": ["first/scope"],
            "AuthorizationType": "JWT",
            "AuthorizerId": {"Ref": "Jwt"},
            "OperationName": "firstOperation",
            "RouteKey": "GET /first",
            "Target": "integrations/one",
        },
        {
            "AuthorizationScopes": ["second/scope"],
            "OperationName": "secondOperation",
            "RouteKey": "GET /second",
            "Target": "integrations/two",
        },
        http("get_route", "RouteId"),
        HTTP
        | {
            "Jwt": {
                "Type": "AWS::ApiGatewayV2::Authorizer",
                "Properties": OF_HTTP
                | {
                    "AuthorizerType": "JWT",
                    "IdentitySource": ["$request.header.Authorization"],
                    "JwtConfiguration": {"Audience": ["a"], "Issuer": "https://one.example"},
                    "Name": "jwt",
                },
            }
        },
    ),
    Case(
        "AWS::ApiGatewayV2::Stage",
        OF_HTTP
        | {
            "AccessLogSettings": {"DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:one", "Format": "1st"},
            "AutoDeploy": True,
            "DefaultRouteSettings": {"ThrottlingBurstLimit": 137},
            "Description": "first text",
            "RouteSettings": {"GET /a": {"ThrottlingBurstLimit": 237}},
            "StageName": "live",
            "StageVariables": {"a": "one"},
            "Tags": {"team": "tag-first"},
        },
        {
            "AccessLogSettings": {"DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:two", "Format": "2nd"},
            "AutoDeploy": True,
            "DefaultRouteSettings": {"ThrottlingBurstLimit": 138},
            "Description": "second text",
            "RouteSettings": {"GET /a": {"ThrottlingBurstLimit": 238}},
            "StageVariables": {"a": "two"},
            "Tags": {"team": "tag-second"},
        },
        http("get_stage", "StageName"),
        HTTP,
    ),
    Case("AWS::CDK::Metadata", {"Analytics": "v2:x", "Modules": "a=1"}, {}, lambda *_: "v2:x a=1"),
    Case(
        "AWS::CloudFormation::WaitConditionHandle",
        {},
        {},
        lambda *_: "",
    ),
    Case(
        "AWS::CloudWatch::Alarm",
        {
            "ActionsEnabled": True,
            "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:one"],
            "AlarmDescription": "first text",
            "AlarmName": "%NAME%",
            "ComparisonOperator": "GreaterThanThreshold",
            "DatapointsToAlarm": 2,
            "Dimensions": [{"Name": "FunctionName", "Value": "one"}],
            "EvaluationPeriods": 3,
            "InsufficientDataActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:two"],
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "OKActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:three"],
            "Period": 60,
            "Statistic": "Sum",
            "Tags": tags("first"),
            "Threshold": 137,
            "TreatMissingData": "missing",
            "Unit": "Count",
        },
        {
            "ActionsEnabled": False,
            "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:four"],
            "AlarmDescription": "second text",
            "ComparisonOperator": "LessThanThreshold",
            "DatapointsToAlarm": 4,
            "Dimensions": [{"Name": "FunctionName", "Value": "two"}],
            "EvaluationPeriods": 5,
            "InsufficientDataActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:five"],
            "MetricName": "Throttles",
            "OKActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:six"],
            "Period": 300,
            "Statistic": "Maximum",
            "Tags": tags("second"),
            "Threshold": 138,
            "TreatMissingData": "ignore",
            "Unit": "Seconds",
        },
        alarm,
    ),
    Case(
        "AWS::CloudWatch::Alarm",
        {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "EvaluateLowSampleCountPercentile": "ignore",
            "ExtendedStatistic": "p90",
            "MetricName": "Duration",
            "Namespace": "AWS/Lambda",
            "Period": 60,
            "Threshold": 137,
        },
        {"ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "evaluate"},
        alarm,
    ),
    Case(
        "AWS::CloudWatch::Alarm",
        {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Metrics": [{"Id": "first", "Expression": "SEARCH('a', 'Sum')"}],
            "ThresholdMetricId": "first",
        },
        {"Metrics": [{"Id": "second", "Expression": "SEARCH('b', 'Sum')"}], "ThresholdMetricId": "second"},
        alarm,
    ),
    Case(
        "AWS::CloudWatch::Dashboard",
        {"DashboardBody": '{"widgets": ["first"]}', "DashboardName": "%NAME%"},
        {"DashboardBody": '{"widgets": ["second"]}'},
        lambda client, physical, ids: client("cloudwatch").get_dashboard(DashboardName=physical),
    ),
    Case(
        "AWS::DynamoDB::Table",
        {
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in ("id", "at", "state", "by")
            ],
            "BillingMode": "PROVISIONED",
            "DeletionProtectionEnabled": True,
            "GlobalSecondaryIndexes": [
                INDEX | {"ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}}
            ],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
            "LocalSecondaryIndexes": [
                {
                    "IndexName": "by_by",
                    "KeySchema": [
                        {"AttributeName": "id", "KeyType": "HASH"},
                        {"AttributeName": "by", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "ProvisionedThroughput": {"ReadCapacityUnits": 137, "WriteCapacityUnits": 237},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "TableName": "%NAME%",
            "Tags": tags("first"),
            "TimeToLiveSpecification": {"AttributeName": "first_ends", "Enabled": True},
        },
        {
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in ("id", "at", "state", "by", "customer")
            ],
            "DeletionProtectionEnabled": False,
            "GlobalSecondaryIndexes": [
                INDEX | UNITS,
                INDEX
                | {
                    "IndexName": "by_customer",
                    "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
                    "ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 6},
                },
            ],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
            "ProvisionedThroughput": {"ReadCapacityUnits": 138, "WriteCapacityUnits": 238},
            "Tags": tags("second"),
            "TimeToLiveSpecification": {"AttributeName": "first_ends", "Enabled": False},
        },
        table,
        unseen=("TimeToLiveSpecification", "SSESpecification"),
    ),
    Case(
        "AWS::Events::EventBus",
        {
            "Description": "first text",
            "Name": "%NAME%",
            "Policy": policy_for("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/one"),
            "Tags": tags("first"),
        },
        {
            "Policy": policy_for("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/two"),
            "Tags": tags("second"),
        },
        bus,
    ),
    Case(
        "AWS::Events::Rule",
        {
            "Description": "first text",
            "EventBusName": {"Ref": "Bus"},
            "EventPattern": {"source": ["first"]},
            "Name": "%NAME%",
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/one",
            "State": "ENABLED",
            "Tags": tags("first"),
            "Targets": [{"Id": "a", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:one"}],
        },
        {
            "Description": "second text",
            "EventPattern": {"source": ["second"]},
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/two",
            "State": "DISABLED",
            "Tags": tags("second"),
            "Targets": [{"Id": "b", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:two"}],
        },
        rule,
        {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "%NAME%-bus"}}},
    ),
    Case(
        "AWS::Events::Rule",
        {"ScheduleExpression": "rate(137 minutes)"},
        {"ScheduleExpression": "rate(138 minutes)"},
        rule,
    ),
    Case(
        "AWS::IAM::ManagedPolicy",
        {
            "Description": "first text",
            "ManagedPolicyName": "%NAME%",
            "Path": "/first/",
            "PolicyDocument": MAY,
            "Roles": [{"Ref": "Role"}],
            "Users": [{"Ref": "User"}],
            "Groups": [],
        },
        {"PolicyDocument": MAY_TOO, "Roles": [{"Ref": "Role2"}], "Users": []},
        managed,
        {"Role": ROLE, "Role2": ROLE, "User": {"Type": "AWS::IAM::User", "Properties": {}}},
    ),
    Case(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": MAY,
            "PolicyName": "first",
            "Roles": [{"Ref": "Role"}],
            "Users": [{"Ref": "User"}],
            "Groups": [],
        },
        {"PolicyDocument": MAY_TOO, "PolicyName": "second"},
        lambda client, physical, ids: [role(client, ids["Role"], ids), user(client, ids["User"], ids)],
        {"Role": ROLE, "User": {"Type": "AWS::IAM::User", "Properties": {}}},
    ),
    Case(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": TRUST,
            "Description": "first text",
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"],
            "MaxSessionDuration": 3700,
            "Path": "/first/",
            "PermissionsBoundary": {"Ref": "Boundary"},
            "Policies": [{"PolicyName": "first", "PolicyDocument": MAY}],
            "RoleName": "%NAME%",
            "Tags": tags("first"),
        },
        {
            "AssumeRolePolicyDocument": json.loads(json.dumps(TRUST).replace("lambda.", "events.")),
            "Description": "second text",
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSNSReadOnlyAccess"],
            "MaxSessionDuration": 3800,
            "PermissionsBoundary": {"Ref": "Boundary2"},
            "Policies": [{"PolicyName": "second", "PolicyDocument": MAY_TOO}],
            "Tags": tags("second"),
        },
        role,
        BOUNDARY | {"Boundary2": BOUNDARY["Boundary"]},
    ),
    Case(
        "AWS::IAM::RolePolicy",
        {"PolicyDocument": MAY, "PolicyName": "first", "RoleName": {"Ref": "Role"}},
        {"PolicyDocument": MAY_TOO},
        lambda client, physical, ids: role(client, ids["Role"], ids),
        {"Role": ROLE},
    ),
    Case(
        "AWS::IAM::User",
        {
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"],
            "Path": "/first/",
            "Policies": [{"PolicyName": "first", "PolicyDocument": MAY}],
            "Tags": tags("first"),
            "UserName": "%NAME%",
            "Groups": ["%GROUP%"],
        },
        {
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSNSReadOnlyAccess"],
            "Path": "/second/",
            "Policies": [{"PolicyName": "second", "PolicyDocument": MAY_TOO}],
            "Tags": tags("second"),
            "Groups": [],
        },
        user,
    ),
    Case(
        "AWS::KMS::Key",
        {
            "Description": "first text",
            "EnableKeyRotation": True,
            "Enabled": True,
            "KeyPolicy": policy_for("kms:Decrypt", "*", "one.amazonaws.com"),
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "MultiRegion": False,
            "PendingWindowInDays": 7,
            "Tags": tags("first"),
        },
        {
            "Description": "second text",
            "Enabled": False,
            "KeyPolicy": policy_for("kms:Decrypt", "*", "two.amazonaws.com"),
            "Tags": tags("second"),
        },
        key,
        unseen=("PendingWindowInDays",),
    ),
    Case(
        "AWS::Lambda::Alias",
        {
            "Description": "first text",
            "FunctionName": {"Ref": "F"},
            "FunctionVersion": {"Fn::GetAtt": ["V1", "Version"]},
            "Name": "live",
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
        },
        {"Description": "second text", "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}},
        lambda client, physical, ids: [
            client("lambda").get_alias(FunctionName=ids["F"], Name="live"),
            client("lambda").get_provisioned_concurrency_config(FunctionName=ids["F"], Qualifier="live"),
        ],
        VERSIONS,
    ),
    Case(
        "AWS::Lambda::Alias",
        {
            "FunctionName": {"Ref": "F"},
            "FunctionVersion": {"Fn::GetAtt": ["V1", "Version"]},
            "Name": "live",
            "RoutingConfig": {"AdditionalVersionWeights": []},
        },
        {},
        lambda client, physical, ids: client("lambda").get_alias(FunctionName=ids["F"], Name="live"),
        VERSIONS,
    ),
    Case(
        "AWS::Lambda::EventInvokeConfig",
        {
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE_ARN}},
            "FunctionName": {"Ref": "F"},
            "MaximumEventAgeInSeconds": 137,
            "MaximumRetryAttempts": 1,
            "Qualifier": "$LATEST",
        },
        {
            "DestinationConfig": {"OnFailure": {"Destination": {"Ref": "Topic"}}},
            "MaximumEventAgeInSeconds": 138,
            "MaximumRetryAttempts": 0,
        },
        lambda client, physical, ids: client("lambda").get_function_event_invoke_config(FunctionName=ids["F"]),
        FUNCTION | QUEUE | TOPIC,
    ),
    Case(
        "AWS::Lambda::EventSourceMapping",
        {
            "BatchSize": 137,
            "BisectBatchOnFunctionError": True,
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE_ARN}},
            "Enabled": False,
            "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
            "FilterCriteria": {"Filters": [{"Pattern": '{"a": ["first"]}'}]},
            "FunctionName": {"Ref": "F"},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumBatchingWindowInSeconds": 17,
            "MaximumRecordAgeInSeconds": 137,
            "MaximumRetryAttempts": 27,
            "ParallelizationFactor": 3,
            "StartingPosition": "TRIM_HORIZON",
            "Tags": tags("first"),
        },
        {
            "BatchSize": 138,
            "BisectBatchOnFunctionError": False,
            "FilterCriteria": {"Filters": [{"Pattern": '{"a": ["second"]}'}]},
            "FunctionName": {"Ref": "F3"},
            "FunctionResponseTypes": [],
            "MaximumBatchingWindowInSeconds": 18,
            "MaximumRecordAgeInSeconds": 138,
            "MaximumRetryAttempts": 28,
            "ParallelizationFactor": 4,
            "Tags": tags("second"),
        },
        mapping,
        STREAMED | QUEUE | {"F3": inline()},
    ),
    Case(
        "AWS::Lambda::EventSourceMapping",
        {
            "Enabled": False,
            "EventSourceArn": QUEUE_ARN,
            "FunctionName": {"Ref": "F"},
            "ScalingConfig": {"MaximumConcurrency": 17},
        },
        {"ScalingConfig": {"MaximumConcurrency": 18}},
        mapping,
        FUNCTION | QUEUE,
    ),
    Case(
        "AWS::Lambda::Function",
        {
            "Architectures": ["x86_64"],
            "Code": {"ZipFile": "def handler(event, context): return 'first'\n"},
            "DeadLetterConfig": {"TargetArn": QUEUE_ARN},
            "Description": "first text",
            "Environment": {"Variables": {"AA": "first"}},
            "EphemeralStorage": {"Size": 537},
            "FunctionName": "%NAME%",
            "Handler": "index.handler",
            "KmsKeyArn": KEY_ARN,
            "Layers": [{"Ref": "Layer"}],
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/first"},
            "MemorySize": 137,
            "PackageType": "Zip",
            "RecursiveLoop": "Allow",
            "ReservedConcurrentExecutions": 17,
            "Role": ROLE_ARN,
            "Runtime": "python3.12",
            "SnapStart": {"ApplyOn": "PublishedVersions"},
            "Tags": tags("first"),
            "Timeout": 17,
            "TracingConfig": {"Mode": "Active"},
            "VpcConfig": {"SubnetIds": ["subnet-one"], "SecurityGroupIds": ["sg-one"]},
        },
        {
            "Code": {"ZipFile": "def run(event, context): return 'second'\n"},
            "DeadLetterConfig": {"TargetArn": {"Ref": "Topic"}},
            "Description": "second text",
            "Environment": {"Variables": {"AA": "second"}},
            "EphemeralStorage": {"Size": 538},
            "Handler": "index.run",
            "Layers": [],
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/second"},
            "MemorySize": 138,
            "RecursiveLoop": "Terminate",
            "ReservedConcurrentExecutions": 18,
            "Role": {"Fn::GetAtt": ["Role2", "Arn"]},
            "Runtime": "python3.13",
            "SnapStart": {"ApplyOn": "None"},
            "Tags": tags("second"),
            "Timeout": 18,
            "TracingConfig": {"Mode": "PassThrough"},
            "VpcConfig": {"SubnetIds": ["subnet-two"], "SecurityGroupIds": ["sg-two"]},
        },
        function,
        {"Role": ROLE, "Role2": ROLE} | QUEUE | TOPIC | KEY | LAYER,
        unseen=("Code",),
    ),
    Case(
        "AWS::Lambda::LayerVersion",
        {
            "CompatibleArchitectures": ["x86_64"],
            "CompatibleRuntimes": ["python3.12"],
            "Content": {"S3Bucket": "%BUCKET%", "S3Key": "layer.zip"},
            "Description": "first text",
            "LayerName": "%NAME%",
            "LicenseInfo": "MIT",
        },
        {},
        lambda client, physical, ids: client("lambda").get_layer_version_by_arn(Arn=physical),
        unseen=("Content",),
    ),
    Case(
        "AWS::Lambda::LayerVersionPermission",
        {
            "Action": "lambda:GetLayerVersion",
            "LayerVersionArn": {"Ref": "Layer"},
            "OrganizationId": "o-abcdefghij",
            "Principal": "*",
        },
        {},
        layer_policy,
        LAYER,
    ),
    Case(
        "AWS::Lambda::Permission",
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "F"},
            "Principal": "s3.amazonaws.com",
            "SourceAccount": ACCOUNT,
            "SourceArn": "arn:aws:s3:::first",
        },
        {},
        lambda client, physical, ids: client("lambda").get_policy(FunctionName=ids["F"]),
        FUNCTION,
    ),
    Case(
        "AWS::Lambda::Permission",
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "F"},
            "Principal": "*",
            "PrincipalOrgID": "o-abcdefghij",
            "EventSourceToken": "token-1",
        },
        {},
        lambda client, physical, ids: client("lambda").get_policy(FunctionName=ids["F"]),
        FUNCTION,
    ),
    Case(
        "AWS::Lambda::Permission",
        {
            "Action": "lambda:InvokeFunctionUrl",
            "FunctionName": {"Ref": "F"},
            "FunctionUrlAuthType": "NONE",
            "Principal": "*",
        },
        {},
        lambda client, physical, ids: client("lambda").get_policy(FunctionName=ids["F"]),
        FUNCTION,
    ),
    Case(
        "AWS::Lambda::Permission",
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "F"},
            "InvokedViaFunctionUrl": True,
            "Principal": "*",
        },
        {},
        lambda client, physical, ids: client("lambda").get_policy(FunctionName=ids["F"]),
        FUNCTION,
    ),
    Case(
        "AWS::Lambda::Url",
        {
            "AuthType": "NONE",
            "Cors": {"AllowOrigins": ["https://one.example"], "MaxAge": 137},
            "InvokeMode": "BUFFERED",
            "Qualifier": "live",
            "TargetFunctionArn": {"Ref": "F"},
        },
        {"AuthType": "AWS_IAM", "Cors": {"AllowOrigins": ["https://two.example"], "MaxAge": 138}},
        url,
        ALIAS,
    ),
    Case(
        "AWS::Lambda::Version",
        {
            "Description": "first text",
            "FunctionName": {"Ref": "F"},
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
        },
        {},
        lambda client, physical, ids: [
            client("lambda").get_function(FunctionName=physical),
            client("lambda").get_provisioned_concurrency_config(
                FunctionName=ids["F"], Qualifier=physical.rpartition(":")[2]
            ),
        ],
        FUNCTION,
    ),
    Case(
        "AWS::Logs::LogGroup",
        {
            "KmsKeyId": KEY_ARN,
            "LogGroupName": "%NAME%",
            "RetentionInDays": 30,
            "Tags": tags("first"),
        },
        {"RetentionInDays": 60, "Tags": tags("second")},
        log_group,
        KEY,
    ),
    Case(
        "AWS::Logs::LogStream",
        {"LogGroupName": {"Ref": "Logs"}, "LogStreamName": "%NAME%"},
        {},
        lambda client, physical, ids: [
            client("logs").describe_log_streams(logGroupName=ids["Logs"], logStreamNamePrefix=physical),
            ids["Logs"],
        ],
        LOGS,
    ),
    Case(
        "AWS::Logs::MetricFilter",
        {
            "FilterName": "%NAME%",
            "FilterPattern": "first",
            "LogGroupName": {"Ref": "Logs"},
            "MetricTransformations": [{"MetricName": "first", "MetricNamespace": "Shop", "MetricValue": "1"}],
        },
        {
            "FilterPattern": "second",
            "MetricTransformations": [{"MetricName": "second", "MetricNamespace": "Shop", "MetricValue": "2"}],
        },
        lambda client, physical, ids: client("logs").describe_metric_filters(logGroupName=ids["Logs"]),
        LOGS,
    ),
    Case(
        "AWS::Logs::SubscriptionFilter",
        {
            "DestinationArn": {"Fn::GetAtt": ["F", "Arn"]},
            "FilterName": "%NAME%",
            "FilterPattern": "first",
            "LogGroupName": {"Ref": "Logs"},
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/one",
        },
        {
            "DestinationArn": {"Fn::GetAtt": ["F3", "Arn"]},
            "FilterPattern": "second",
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/two",
        },
        lambda client, physical, ids: client("logs").describe_subscription_filters(logGroupName=ids["Logs"]),
        FUNCTION
        | LOGS
        | {"F3": inline()}
        | {
            f"May{name}": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": {"Ref": name},
                    "Principal": "logs.amazonaws.com",
                },
            }
            for name in ("F", "F3")
        },
    ),
    Case(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "BucketName": "%NAME%",
            "CorsConfiguration": {
                "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://one.example"]}]
            },
            "LifecycleConfiguration": {"Rules": [{"Id": "first", "Status": "Enabled", "ExpirationInDays": 137}]},
            "NotificationConfiguration": {"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": QUEUE_ARN}]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "IgnorePublicAcls": False},
            "Tags": tags("first"),
            "VersioningConfiguration": {"Status": "Enabled"},
            "WebsiteConfiguration": {"IndexDocument": "first.html", "ErrorDocument": "first-error.html"},
        },
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
            "CorsConfiguration": {
                "CorsRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://two.example"]}]
            },
            "LifecycleConfiguration": {"Rules": [{"Id": "second", "Status": "Enabled", "ExpirationInDays": 138}]},
            "NotificationConfiguration": {"QueueConfigurations": [{"Event": "s3:ObjectRemoved:*", "Queue": QUEUE_ARN}]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": False, "IgnorePublicAcls": True},
            "Tags": tags("second"),
            "VersioningConfiguration": {"Status": "Suspended"},
            "WebsiteConfiguration": {"IndexDocument": "second.html", "ErrorDocument": "second-error.html"},
        },
        bucket,
        QUEUE
        | {
            "May": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": "Queue"}],
                    "PolicyDocument": policy_for("sqs:SendMessage", "*", "s3.amazonaws.com"),
                },
            }
        },
    ),
    Case(
        "AWS::S3::BucketPolicy",
        {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": policy_for("s3:GetObject", "arn:aws:s3:::first/*")},
        {"PolicyDocument": policy_for("s3:GetObject", "arn:aws:s3:::second/*")},
        lambda client, physical, ids: [client("s3").get_bucket_policy(Bucket=ids["Bucket"]), ids["Bucket"]],
        {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}}},
    ),
    Case(
        "AWS::SNS::Subscription",
        {
            "DeliveryPolicy": {"healthyRetryPolicy": {"numRetries": 17}},
            "Endpoint": QUEUE_ARN,
            "FilterPolicy": {"kind": ["first"]},
            "FilterPolicyScope": "MessageAttributes",
            "Protocol": "sqs",
            "RawMessageDelivery": True,
            "RedrivePolicy": {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:one"},
            "TopicArn": {"Ref": "Topic"},
        },
        {
            "DeliveryPolicy": {"healthyRetryPolicy": {"numRetries": 18}},
            "FilterPolicy": {"kind": ["second"]},
            "FilterPolicyScope": "MessageBody",
            "RawMessageDelivery": False,
            "RedrivePolicy": {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:two"},
        },
        lambda client, physical, ids: client("sns").get_subscription_attributes(SubscriptionArn=physical),
        QUEUE | TOPIC,
    ),
    Case(
        "AWS::SNS::Topic",
        {
            "ContentBasedDeduplication": True,
            "DisplayName": "first text",
            "FifoTopic": True,
            "KmsMasterKeyId": "alias/one",
            "SignatureVersion": "1",
            "Subscription": [{"Endpoint": QUEUE_ARN, "Protocol": "sqs"}],
            "Tags": tags("first"),
            "TopicName": "%NAME%.fifo",
        },
        {
            "ContentBasedDeduplication": False,
            "DisplayName": "second text",
            "KmsMasterKeyId": "alias/two",
            "SignatureVersion": "2",
            "Subscription": [{"Endpoint": {"Fn::GetAtt": ["Queue2", "Arn"]}, "Protocol": "sqs"}],
            "Tags": tags("second"),
        },
        topic,
        {
            name: {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True, "QueueName": f"%NAME%-{name}.fifo"}}
            for name in ("Queue", "Queue2")
        },
    ),
    Case(
        "AWS::SNS::TopicPolicy",
        {"PolicyDocument": policy_for("sns:Publish", "first", "s3.amazonaws.com"), "Topics": [{"Ref": "Topic"}]},
        {"PolicyDocument": policy_for("sns:Publish", "second", "s3.amazonaws.com")},
        lambda client, physical, ids: client("sns").get_topic_attributes(TopicArn=ids["Topic"]),
        TOPIC,
    ),
    Case(
        "AWS::SQS::Queue",
        {
            "ContentBasedDeduplication": True,
            "DeduplicationScope": "messageGroup",
            "DelaySeconds": 17,
            "FifoQueue": True,
            "FifoThroughputLimit": "perMessageGroupId",
            "KmsDataKeyReusePeriodSeconds": 137,
            "KmsMasterKeyId": "alias/one",
            "MaximumMessageSize": 1370,
            "MessageRetentionPeriod": 137000,
            "QueueName": "%NAME%.fifo",
            "ReceiveMessageWaitTimeSeconds": 7,
            "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 17},
            "SqsManagedSseEnabled": False,
            "Tags": tags("first"),
            "VisibilityTimeout": 37,
        },
        {
            "ContentBasedDeduplication": False,
            "DeduplicationScope": "queue",
            "DelaySeconds": 18,
            "FifoThroughputLimit": "perQueue",
            "KmsDataKeyReusePeriodSeconds": 138,
            "KmsMasterKeyId": "alias/two",
            "MaximumMessageSize": 1380,
            "MessageRetentionPeriod": 138000,
            "ReceiveMessageWaitTimeSeconds": 8,
            "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 18},
            "SqsManagedSseEnabled": True,
            "Tags": tags("second"),
            "VisibilityTimeout": 38,
        },
        queue,
        {"Dead": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}},
    ),
    Case(
        "AWS::SQS::QueuePolicy",
        {"PolicyDocument": policy_for("sqs:SendMessage", "first"), "Queues": [{"Ref": "Queue"}]},
        {"PolicyDocument": policy_for("sqs:SendMessage", "second")},
        lambda client, physical, ids: [queue(client, ids["Queue"], ids), ids["Queue"]],
        QUEUE,
    ),
    Case(
        "AWS::SSM::Parameter",
        {
            "AllowedPattern": "[a-z]+",
            "DataType": "text",
            "Description": "first text",
            "Name": "%NAME%",
            "Tags": {"team": "tag-first"},
            "Tier": "Standard",
            "Type": "String",
            "Value": "first",
        },
        {
            "AllowedPattern": "[a-y]+",
            "Description": "second text",
            "Tags": {"team": "tag-second"},
            "Tier": "Advanced",
            "Value": "second",
        },
        parameter,
    ),
    Case(
        "AWS::Scheduler::Schedule",
        {
            "Description": "first text",
            "EndDate": "2031-01-01T00:00:00Z",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 17},
            "GroupName": {"Ref": "Group"},
            "KmsKeyArn": KEY_ARN,
            "Name": "%NAME%",
            "ScheduleExpression": "rate(137 minutes)",
            "ScheduleExpressionTimezone": "Europe/London",
            "StartDate": "2030-01-01T00:00:00Z",
            "State": "ENABLED",
            "Target": {"Arn": {"Fn::GetAtt": ["F", "Arn"]}, "RoleArn": ROLE_ARN, "Input": "first"},
        },
        {
            "Description": "second text",
            "EndDate": "2033-01-01T00:00:00Z",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 18},
            "ScheduleExpression": "rate(138 minutes)",
            "ScheduleExpressionTimezone": "Europe/Paris",
            "StartDate": "2032-01-01T00:00:00Z",
            "State": "DISABLED",
            "Target": {"Arn": {"Fn::GetAtt": ["F", "Arn"]}, "RoleArn": ROLE_ARN, "Input": "second"},
        },
        schedule,
        FUNCTION | KEY | {"Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {}}},
        unseen=("StartDate", "EndDate"),
    ),
    Case(
        "AWS::Scheduler::ScheduleGroup",
        {"Name": "%NAME%", "Tags": tags("first")},
        {"Tags": tags("second")},
        lambda client, physical, ids: [
            (found := client("scheduler").get_schedule_group(Name=physical)),
            client("scheduler").list_tags_for_resource(ResourceArn=found["Arn"]),
        ],
    ),
    Case(
        "AWS::SecretsManager::Secret",
        {
            "Description": "first text",
            "KmsKeyId": "alias/one",
            "Name": "%NAME%",
            "SecretString": "first",
            "Tags": tags("first"),
        },
        {"Description": "second text", "KmsKeyId": "alias/two", "SecretString": "second", "Tags": tags("second")},
        secret,
    ),
    Case(
        "AWS::SecretsManager::Secret",
        {
            "GenerateSecretString": {
                "GenerateStringKey": "password",
                "SecretStringTemplate": '{"user": "first"}',
                "PasswordLength": 37,
                "ExcludePunctuation": True,
            }
        },
        {},
        lambda client, physical, ids: [secret(client, physical, ids), '{"user": "first"} 37 true'],
    ),
]


@pytest.fixture(scope="module")
def around(bench: Bench) -> Iterator[dict[str, str]]:
    """A bucket with a layer's zip, and a group."""
    bucket_name, group = unique("properties"), unique("group")
    bench.client("s3").create_bucket(Bucket=bucket_name, CreateBucketConfiguration={"LocationConstraint": REGION})
    bench.client("s3").put_object(Bucket=bucket_name, Key="layer.zip", Body=code())
    bench.client("iam").create_group(GroupName=group)
    yield {"%BUCKET%": bucket_name, "%GROUP%": group}


def filled(value: Any, words: dict[str, str]) -> Any:
    text = json.dumps(value)
    for mark, word in words.items():
        text = text.replace(mark, word)
    return json.loads(text)


def leaves(value: Any) -> list[str]:
    """The plain values anywhere in a property; references to other resources are seen by their ids elsewhere."""
    if isinstance(value, dict):
        if set(value) & {"Ref", "Fn::GetAtt"}:
            return []
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def told(found: Any) -> str:
    """What an API says, in a form in which a value is found whichever way it is written."""
    text = json.dumps(found, default=str)
    while '\\"' in text or "\\\\" in text:
        text = text.replace('\\"', '"').replace("\\\\", "\\")
    return text.replace('": "', '":"').replace("%7B", "{")


def holds(found: str, leaf: str) -> bool:
    return leaf in found or leaf.replace('": "', '":"') in found or leaf.replace('": ["', '":["') in found


@pytest.mark.parametrize("case", CASES, ids=[f"{case.type}-{number}" for number, case in enumerate(CASES)])
def test_every_property_is_kept_and_can_be_changed(
    case: Case, stacks: Stacks, bench: Bench, around: dict[str, str]
) -> None:
    words = around | {"%NAME%": unique("prop").replace("_", "-")}
    beside = filled(case.beside, words)
    first, then = filled(case.first, words), filled(case.then, words)

    def resources(given: Properties) -> dict[str, Any]:
        return beside | {"It": {"Type": case.type, "DependsOn": sorted(beside), "Properties": given}}

    stack = stacks.create(resources(first))
    events = bench.client("cloudformation").describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    reasons = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("FAILED")]
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons
    ids = physical_ids(bench, stack["StackId"])
    found = told(case.look(bench.client, ids["It"], ids))
    for name, value in first.items():
        for leaf in [] if name in case.unseen else leaves(value):
            assert holds(found, leaf), f"{name} was given {leaf!r}, and the API knows nothing of it: {found[:3000]}"
    if not then:
        return

    changed = stacks.update(stack["StackName"], resources(first | then))
    events = bench.client("cloudformation").describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    reasons = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("FAILED")]
    assert changed["StackStatus"] == "UPDATE_COMPLETE", reasons
    after = physical_ids(bench, stack["StackId"])
    assert after["It"] == ids["It"], "changed in place, says AWS's schema"
    found = told(case.look(bench.client, after["It"], after))
    for name, value in then.items():
        for leaf in [] if name in case.unseen else leaves(value):
            assert holds(found, leaf), f"{name} was changed to {leaf!r}, the API does not say so: {found[:3000]}"


def physical_ids(bench: Bench, stack: str) -> dict[str, str]:
    found = bench.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def test_the_cases_name_every_property_there_is() -> None:
    for kind, resource in REGISTRY.items():
        named = {name for case in CASES if case.type == kind for name in (*case.first, *case.then)}
        named |= {"AWS::Lambda::Version": {"CodeSha256"}}.get(kind, set())  # the test below
        missing = set(resource.schema.properties) - set(resource.lacks) - named
        assert not missing, f"{kind}: nothing shows that these are kept: {sorted(missing)}"


def test_a_version_of_other_code_than_its_hash_says_is_not_made(stacks: Stacks) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html"""
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}, "CodeSha256": "AAAA"}}
    stack = stacks.create(FUNCTION | {"It": version})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = stacks.api.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    assert any("CodeSHA256" in event.get("ResourceStatusReason", "") for event in events)


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_what_is_not_done_is_refused_by_name_before_anything_is_made(kind: str, stacks: Stacks) -> None:
    for name, harmless in REGISTRY[kind].lacks.items():
        other: Any = not harmless if isinstance(harmless, bool) else "something"
        with pytest.raises(ClientError, match=f"{name} of resource It .* known to AWS, but the offline cloud does not"):
            stacks.create({"It": {"Type": kind, "Properties": {name: other}}})


def test_a_key_that_aws_does_not_know_is_extraneous_wherever_it_stands(stacks: Stacks) -> None:
    stack = stacks.create({"It": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    deep = {"Type": "AWS::DynamoDB::Table", "Properties": TABLE | {"StreamSpecification": {"Colour": "red"}}}
    stack = stacks.create({"It": deep})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = stacks.api.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    assert any("#/StreamSpecification: extraneous key [Colour]" in e.get("ResourceStatusReason", "") for e in events)


def test_a_type_that_aws_has_is_not_unrecognized(stacks: Stacks) -> None:
    with pytest.raises(ClientError, match=r"AWS knows these resource types.*AWS::StepFunctions::StateMachine"):
        stacks.create({"It": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {}}})
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::Colour::Red\]"):
        stacks.create({"It": {"Type": "AWS::Colour::Red", "Properties": {}}})


def test_a_further_index_keeps_the_table_and_its_items(stacks: Stacks, bench: Bench) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html"""
    stack = stacks.create({"It": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}})
    name = physical_ids(bench, stack["StackId"])["It"]
    bench.client("dynamodb").put_item(TableName=name, Item={"id": {"S": "1"}, "state": {"S": "open"}})
    definitions = [{"AttributeName": each, "AttributeType": "S"} for each in ("id", "state")]
    given = TABLE | {"AttributeDefinitions": definitions, "GlobalSecondaryIndexes": [INDEX]}
    changed = stacks.update(stack["StackName"], {"It": {"Type": "AWS::DynamoDB::Table", "Properties": given}})
    assert changed["StackStatus"] == "UPDATE_COMPLETE"
    assert physical_ids(bench, stack["StackId"])["It"] == name
    found = bench.client("dynamodb").query(
        TableName=name,
        IndexName="by_state",
        KeyConditionExpression="#s = :open",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":open": {"S": "open"}},
    )
    assert found["Count"] == 1


@pytest.mark.parametrize("kind", sorted(kind for kind, resource in REGISTRY.items() if resource.fixed))
def test_a_change_that_cannot_be_made_here_is_refused_by_name(
    kind: str, stacks: Stacks, bench: Bench, around: dict[str, str]
) -> None:
    case = next(case for case in CASES if case.type == kind)
    words = around | {"%NAME%": unique("prop")}
    beside, first = filled(case.beside, words), filled(case.first, words)
    it = {"Type": kind, "DependsOn": sorted(beside), "Properties": first}
    stack = stacks.create(beside | {"It": it})
    for name in REGISTRY[kind].fixed:
        other = tags("other") if name == "Tags" else "other"
        changed = beside | {"It": it | {"Properties": first | {name: other}}}
        assert stacks.update(stack["StackName"], changed)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        events = stacks.api.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        words_said = [event.get("ResourceStatusReason", "") for event in events]
        assert any(f"cannot change {name} of a resource of {kind}" in each for each in words_said)
