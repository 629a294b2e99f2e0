"""A catalogue of files that are wrong: each is refused before anything is deployed, with its line and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from workshop import serverless
from workshop.core.errors import WorkshopError

HEAD = "service: hello\nprovider:\n  name: aws\n  runtime: python3.13\n"
BODY = "functions:\n  hello:\n    handler: handler.hello\n"


def with_events(events: str) -> str:
    """A whole file whose function has these events; the first of them stands at line 9."""
    lines = [f"      {line}" for line in events.splitlines()]
    return HEAD + BODY + "    events:\n" + "\n".join(lines) + "\n"


# text of serverless.yml, where the error points, what it must say
YAML = [
    ("service: hello\n\tprovider: aws\n", 2, "tab"),
    ("service: hello\nprovider:\n  name: aws\n   runtime: python3.13\n", 4, "indentation"),
    ("service: hello\nprovider:\n  name: aws\n runtime: python3.13\n", 4, "indentation"),
    ("service: hello\nprovider: name: aws\n", 2, "quotes"),
    ("service: 'hello\nprovider:\n  name: aws\n", 1, "quote .* never closed"),
    ("service: hello\nprovider: {name: aws\n", 2, "bracket"),
    ("service: hello\nprovider\n  name: aws\n", 3, "key"),
    ("service: hello\nservice: again\n", 2, "twice, first at line 1"),
    ("service: @hello\n", 1, "needs quotes"),
    ("service: *hello\n", 1, "alias"),
    ("service: !Reff hello\n", 1, "Did you mean !Ref"),
    ("service: hello\n---\nprovider: x\n", 2, "more than one document"),
    ("- service\n- provider\n", 1, "keys and values"),
    ("service: hel\0lo\n", None, "NUL characters"),
    ("custom: " + "[" * 3000 + "]" * 3000 + "\n", 1, "nested too deeply"),
    ("", None, "empty"),
    (HEAD + BODY + "    environment: &a\n      B: *a\n", 8, "refers to itself"),
]
SHAPE = [
    (HEAD.replace("service:", "servce:") + BODY, 1, "Did you mean service"),
    (HEAD.replace("runtime", "runtme") + BODY, 4, "Did you mean runtime"),
    (HEAD.replace("python3.13", "python3.7") + BODY, 4, "'python3.7' is not one of"),
    (HEAD.replace("python3.13", "python313") + BODY, 4, "Did you mean python3.13"),
    (HEAD.replace("  name: aws\n", "") + BODY, None, "'name' is missing"),
    ("service: my_service\n" + HEAD.partition("\n")[2] + BODY, 1, "letters, digits and hyphens"),
    ("service: 12\n" + HEAD.partition("\n")[2] + BODY, 1, "quotes"),
    (HEAD + "  stage: my stage\n" + BODY, 5, "letters, digits and hyphens"),
    (HEAD + "  region: ireland\n" + BODY, 5, "not an AWS region"),
    (HEAD + "  vpc:\n    subnetIds: []\n" + BODY, 5, "does not support"),
    (HEAD + "  memorySize: 64\n" + BODY, 5, "128 to 10240"),
    (HEAD + "  timeout: six\n" + BODY, 5, "whole number"),
    (HEAD + "  timeout: '901'\n" + BODY, 5, "1 to 900"),
    (HEAD + "  iam:\n    role: my-role\n" + BODY, 6, "not a role's ARN"),
    (HEAD + "functions:\n  - hello\n", 6, "a mapping from names to functions"),
    (HEAD + "functions:\n  - a: {handler: handler.hello}\n  - a: {handler: handler.hello}\n", 7, "twice, first at"),
    (HEAD + "  timeout: 901\n" + BODY, 5, "1 to 900"),
    (HEAD + "  versionFunctions: no\n" + BODY, 5, "true or false"),
    (HEAD + "  logRetentionInDays: 8\n" + BODY, 5, "8 is not one of"),
    (HEAD + "  environment:\n    A-B: x\n" + BODY, 6, "environment variable"),
    (HEAD + "  environment:\n    AWS_REGION: x\n" + BODY, 6, "Lambda reserves"),
    (HEAD + "  environment: [A, B]\n" + BODY, 5, "a mapping belongs here"),
    (HEAD + "  iam:\n    role:\n      statement: []\n" + BODY, 7, "Did you mean statements"),
    (HEAD + "  iam:\n    role:\n      statements:\n        - Effect: allow\n" + BODY, 8, "Did you mean Allow"),
    (HEAD + "  iamRoleStatements:\n    - Effect: Allow\n      Resource: x\n" + BODY, 6, "no Action"),
    (HEAD + "functions:\n  hello:\n    handlr: handler.hello\n", 7, "Did you mean handler"),
    (HEAD + BODY.replace("handler.hello", "./handler.hello"), 7, "Did you mean handler.hello"),
    (HEAD + BODY.replace("handler.hello", "handler.py.hello"), 7, "Did you mean handler.hello"),
    (HEAD + BODY.replace("handler.hello", "../handler.hello"), 7, "from the service's folder"),
    (HEAD + BODY.replace("handler.hello", "src/handler.hello"), 7, "Did you mean handler"),
    (HEAD + "functions:\n  hello:\n    memorySize: 128\n", None, "'handler' is missing"),
    (HEAD + "functions:\n  hello:\n", 6, "a mapping belongs here, not nothing"),
    (HEAD + "functions:\n  he llo:\n    handler: handler.hello\n", 6, "letters, digits"),
    (HEAD + BODY + "    layers: arn:aws:lambda:x\n", 8, "dash"),
    (HEAD + BODY + "    vpc: {}\n", 8, "does not support"),
    (HEAD + BODY + "    destinations:\n      onSuccess: helo\n", 9, "Did you mean hello"),
    (HEAD + BODY + "    reservedConcurrency: 1\n    provisionedConcurrency: 2\n", 9, "do not fit"),
    (HEAD + "plugins:\n  - serverless-step-functions\n" + BODY, 6, "runs no plugins"),
    (HEAD + BODY + "resources:\n  Queue:\n    Type: AWS::SQS::Queue\n", 9, "one level deeper"),
    (HEAD + BODY + "resources:\n  Resources:\n    Queue:\n      Properties: {}\n", 10, "'Type' is missing"),
    (HEAD + BODY + "resources:\n  extensions:\n    HelloFunction: {}\n", 10, "Did you mean HelloLambdaFunction"),
    (HEAD + BODY + "    layers:\n      - !Ref ALambdaLayr\nlayers:\n  a: {path: .}\n", 9, "Did you mean ALambdaLayer"),
    (HEAD + BODY + "    environment:\n      URL: !GetAtt Queu.QueueUrl\n", 9, "which the template does not have"),
    (HEAD + BODY + "layers:\n  shared:\n    path: layr\n", 10, "no folder 'layr'"),
    (HEAD + BODY + "package:\n  artefact: x.zip\n", 9, "Did you mean artifact"),
]
EVENTS = [
    (with_events("- htp: GET /hello"), 9, "Did you mean http"),
    (with_events("- websocket: $connect"), 9, "does not support"),
    (with_events("- http: GET hello"), 9, "begins with /"),
    (with_events("- http: '*'"), 9, "a method, one space and a path"),
    (with_events("- http:\n    path: '*'\n    method: get"), 10, "write {proxy\\+}"),
    (with_events("- http: GET /caf\u00e9"), 8, "letters, digits and"),
    (with_events("- httpApi:\n    path: /hello"), 9, "'method' is missing"),
    (with_events("- s3:\n    bucket: photos\n    rules: [{prefix: a, suffix: b}]"), 11, "only 1 key belongs here"),
    (with_events("- http:\n    path: hello"), 9, "'method' is missing"),
    (with_events("- http:\n  path: hello\n  method: get"), 10, "indent .* by four spaces"),
    (with_events("- http:\n    path: hello\n    method: gett"), 11, "Did you mean GET"),
    (with_events("- http:\n    path: hello/{id\n    method: get"), 8, "fills its part whole"),
    (with_events("- http:\n    path: '{all+}/x'\n    method: get"), 8, "must come last"),
    (with_events("- http: GET /hello\n- http:\n    path: /hello/\n    method: get"), 8, "stands twice"),
    (with_events("- http: GET /a/{id}\n- http: GET /a/{name}/b"), 8, "one name there"),
    (with_events("- http: GET /a\n  httpApi: GET /a"), 10, "one kind"),
    (with_events("- schedule: cron(0 3 * * MON-FRI *)"), 9, "must be \\?"),
    (with_events("- schedule: cron(0 3 ? * MON-FRI)"), 9, "six fields"),
    (with_events("- schedule: rate(1 minutes)"), 9, "rate\\(1 minute\\)"),
    (with_events("- schedule: every day"), 9, "cron"),
    (with_events("- schedule: cron(0 3 1 1 ? 2001)"), 9, "never runs"),
    (with_events("- schedule: cron(0 3 31 2 ? *)"), 9, "never runs: no such time is to come"),
    (with_events("- schedule:\n    rate: rate(1 hour)\n    timezone: Europe/London"), 11, "method: scheduler"),
    (
        with_events("- schedule:\n    rate: rate(1 hour)\n    method: scheduler\n    timezone: Europe/Londn"),
        12,
        "no time zone",
    ),
    (with_events("- schedule:\n    rate: rate(1 hour)\n    input: {a: 1}\n    inputPath: $.b"), 12, "only one of"),
    (with_events("- sqs: my-queue"), 9, "not a queue's ARN"),
    (with_events("- sqs:\n    arn: arn:aws:sqs:eu-west-1:123456789012:q\n    batchSize: 0"), 11, "1 to 10000"),
    (with_events("- sns:\n    displayName: x"), 9, "'topicName' or 'arn' is missing"),
    (with_events("- s3: My_Bucket"), 9, "lower-case"),
    (with_events("- s3:\n    bucket: photos\n    existing: true"), 11, "does not support"),
    (with_events("- eventBridge:\n    enabled: true"), 9, "pattern or a schedule"),
    (with_events("- eventBridge:\n    pattern:\n      sorce: [a]"), 11, "Did you mean source"),
    (HEAD + BODY + "    events:\n      http: GET /hello\n", 8, "a list of events belongs here"),
]
# Longer than Python can follow.
CHAIN = "custom:\n" + "".join(f"  k{n}: ${{self:custom.k{n + 1}}}\n" for n in range(900)) + "  k900: x\n"
VARIABLES = [
    (HEAD + "  stage: ${opt:stag}\n" + BODY, 5, "Cannot resolve"),
    (HEAD + "  stage: ${env:NO_SUCH_VARIABLE_AT_ALL}\n" + BODY, 5, "not set"),
    (HEAD + "  stage: ${self:custom.stage}\n" + BODY, 5, "nothing stands there"),
    (HEAD + "  stage: ${slf:custom.stage}\n" + BODY, 5, "Did you mean self"),
    (HEAD + "  stage: ${file(./none.yml):stage}\n" + BODY, 5, "no such file"),
    (HEAD + "  stage: ${file(handler.py):stage}\n" + BODY, 5, "no such key in it"),
    (CHAIN + HEAD + BODY, None, "too many times over"),
    (HEAD + "  stage: ${opt:stage, dev}\n" + BODY, 5, "text needs quotes: 'dev'"),
    (HEAD + "  stage: ${opt:stage\n" + BODY, 5, "no closing brace"),
    (HEAD + "  stage: ${opt:stage, 'dev}\n" + BODY, 5, "closing"),
    ("custom:\n  a: ${self:custom.b}\n  b: ${self:custom.a}\n" + HEAD + BODY, None, "circle"),
    (HEAD + "  stage: a${self:provider}\n" + BODY, 5, "circle|cannot be part"),
    (HEAD + "  versionFunctions: ${strToBool(maybe)}\n" + BODY, 5, "true, false"),
    (HEAD + "  stage: ${s3:bucket/key}\n" + BODY, 5, "does not have"),
    (HEAD + "  timeout: ${param:seconds}\n" + BODY, 5, "--param"),
]


@pytest.mark.parametrize(("text", "line", "words"), YAML + SHAPE + EVENTS + VARIABLES)
def test_is_refused(text: str, line: int | None, words: str, write: Callable[..., Path], offline_aws: None) -> None:
    folder = write({"serverless.yml": text})
    with pytest.raises(WorkshopError) as refused:
        serverless.package(serverless.load(folder))
    said = refused.value.paragraph()
    assert re.search(words, said), said
    if line is not None:
        assert refused.value.where == f"serverless.yml:{line}", said
    assert str(folder) not in said
    assert "\n" not in said


LIVE = "sk_" + "live_1234567890abc"
CODE = [
    ("def hallo(event, context):\n    pass\n", "serverless.yml:7", "Did you mean hallo"),
    ("def hello(event, context)\n    pass\n", "handler.py:1", "expected ':'"),
    ("import reqests\n\ndef hello(event, context):\n    pass\n", "handler.py:1", "reqests"),
    ("import json\nfrom helper import x\n\ndef hello(event, context):\n    pass\n", "handler.py:2", "helper"),
    ("def hello(event):\n    pass\n", "handler.py:1", "takes 1 argument; Lambda calls a handler with two"),
    ("def hello(a, b, c):\n    pass\n", "handler.py:1", "takes 3 arguments"),
    ("async def hello(event, context):\n    pass\n", "handler.py:1", "async def"),
    (f"KEY = '{LIVE}'\n\ndef hello(event, context):\n    pass\n", "handler.py:1", "live Stripe key"),
]


@pytest.mark.parametrize(("code", "where", "words"), CODE)
def test_code_is_refused(code: str, where: str, words: str, write: Callable[..., Path], offline_aws: None) -> None:
    folder = write({"serverless.yml": HEAD + BODY, "handler.py": code})
    with pytest.raises(WorkshopError) as refused:
        serverless.package(serverless.load(folder))
    assert refused.value.where == where, refused.value.paragraph()
    assert words in refused.value.paragraph()
    assert LIVE not in refused.value.paragraph()


def test_a_missing_handler_file_names_the_nearest(write: Callable[..., Path], offline_aws: None) -> None:
    folder = write({"serverless.yml": HEAD + BODY.replace("handler.hello", "handlr.hello")})
    with pytest.raises(WorkshopError, match=r"handlr\.py.*Did you mean handler\?") as refused:
        serverless.package(serverless.load(folder))
    assert refused.value.where == "serverless.yml:7"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no serverless.yml"),
        ({"serverles.yml": "service: x"}, "There is serverles.yml: rename it?"),
        ({"serverless.ts": "export default {}"}, "is a program"),
    ],
)
def test_a_folder_without_a_service(files: dict[str, str], words: str, write: Callable[..., Path]) -> None:
    with pytest.raises(WorkshopError, match=re.escape(words)):
        serverless.load(write(files))


def test_not_utf8(write: Callable[..., Path]) -> None:
    folder = write({})
    (folder / "serverless.yml").write_bytes(b"service: caf\xe9\n")
    with pytest.raises(WorkshopError, match="not text in UTF-8"):
        serverless.load(folder)


def test_an_environment_too_large(write: Callable[..., Path], offline_aws: None) -> None:
    """Lambda counts the provider's variables and the function's together."""
    text = HEAD + f"  environment:\n    ONE: {'x' * 3000}\n" + BODY + f"    environment:\n      TWO: {'x' * 2000}\n"
    with pytest.raises(WorkshopError, match="5006 bytes; Lambda allows 4096") as refused:
        serverless.package(serverless.load(write({"serverless.yml": text})))
    assert refused.value.where == "serverless.yml:10"


def test_names_too_long_for_aws(write: Callable[..., Path], offline_aws: None) -> None:
    text = HEAD.replace("hello", "h" * 60) + BODY
    with pytest.raises(WorkshopError, match="Lambda allows 64") as refused:
        serverless.load(write({"serverless.yml": text}))
    assert refused.value.where == "serverless.yml:6"
