"""A SAM template as its documentation writes it, translated by AWS's own aws-sam-translator, made and called.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import REGION, Bench, eventually, unique
from tests.localaws.cloudformation.conftest import Stacks
from tests.support import LONGEST
from workshop.cloud.up import free_of_the_reader

ROOT = Path(__file__).resolve().parents[3]
# The workshop does not need the translator, so its own environment has none: it is taken from beside the peers.
PLACE = Path(os.environ.get("WORKSHOP_PEERS", ""), "sam")
ABSENT = not importlib.util.find_spec("samtranslator") and not (PLACE / "samtranslator").is_dir()
pytestmark = pytest.mark.skipif(ABSENT, reason="aws-sam-translator is neither installed nor in WORKSHOP_PEERS/sam")

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
CLOUD = "import sys; sys.path.append(sys.argv.pop(1)); from workshop.cloud.up import main; sys.exit(main(sys.argv[1:]))"
OPTIONS: dict[str, Any] = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A cloud of its own that finds the translator behind everything else."""
    process = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-c", CLOUD, str(PLACE), "--lifeline"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=free_of_the_reader(dict(os.environ)) | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdin and process.stdout
    url = json.loads(process.stdout.readline())["aws"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    yield Bench(lambda service: boto3.client(service, endpoint_url=url, **keys), url)
    process.stdin.close()
    process.wait(LONGEST)
    process.stdout.close()


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
