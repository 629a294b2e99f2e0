"""A SAM template as its documentation writes it, translated by AWS's own aws-sam-translator, made and called.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, eventually, unique
from tests.localaws.cloudformation.conftest import Stacks

pytest.importorskip("samtranslator", reason="the Python package aws-sam-translator is not installed")

TEMPLATE = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.12
    Timeout: 10
    Environment: {Variables: {TABLE: !Ref Orders}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      InlineCode: |
        import json, os
        def handler(event, context):
            seen = [os.environ["TABLE"], event.get("path"), event.get("rawPath")]
            return {"statusCode": 200, "body": json.dumps(seen)}
      Policies:
        - DynamoDBCrudPolicy: {TableName: !Ref Orders}
        - AWSLambdaBasicExecutionRole
      AutoPublishAlias: live
      Events:
        Api: {Type: Api, Properties: {Path: /hello, Method: get}}
        Http: {Type: HttpApi, Properties: {Path: /hello, Method: get}}
        Nightly: {Type: Schedule, Properties: {Schedule: 'cron(0 3 ? * MON-FRI *)'}}
        Zoned: {Type: ScheduleV2, Properties: {ScheduleExpression: 'cron(0 3 * * ? *)'}}
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 5}}
        Topic: {Type: SNS, Properties: {Topic: !Ref Topic}}
        Pattern: {Type: EventBridgeRule, Properties: {Pattern: {source: [demo]}}}
        Bucket: {Type: S3, Properties: {Bucket: !Ref Bucket, Events: 's3:ObjectCreated:*'}}
  Queue: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Bucket: {Type: AWS::S3::Bucket}
  Orders: {Type: AWS::Serverless::SimpleTable, Properties: {PrimaryKey: {Name: id, Type: String}}}
Outputs:
  Rest: {Value: !Sub 'https://${ServerlessRestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/Prod/hello'}
  Http: {Value: !Sub 'https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/hello'}
"""
OPTIONS: dict[str, Any] = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}


def test_every_event_of_a_function(stacks: Stacks, bench: Bench) -> None:
    made = stacks.api.create_stack(StackName=unique("sam"), TemplateBody=TEMPLATE, **OPTIONS)["StackId"]
    stacks.made.append(made)
    stack = stacks.settled(made)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.reasons(made, "CREATE_FAILED")
    table = stacks.physical(made)["Orders"]
    for output, paths in zip(stack["Outputs"], (["/hello", None], ["/hello", "/hello"]), strict=True):
        parts = urlsplit(output["OutputValue"])
        got = httpx.get(bench.url + parts.path, headers={"Host": parts.netloc})
        assert (got.status_code, got.json()[0]) == (200, table)
        assert got.json()[-1] in paths
    assert eventually(lambda: stacks.delete(made)["StackStatus"] == "DELETE_COMPLETE")


def test_what_sam_refuses_is_said(stacks: Stacks) -> None:
    wrong = TEMPLATE.replace("Type: HttpApi", "Type: Nope")
    with pytest.raises(ClientError) as caught:
        stacks.api.create_stack(StackName=unique("sam"), TemplateBody=wrong, **OPTIONS)
    message = caught.value.response["Error"]["Message"]
    assert "Invalid Serverless Application Specification document. Resource with id [Hello] is invalid" in message
