"""What an event of a function may hold.

https://www.serverless.com/framework/docs/providers/aws/guide/events
"""

from __future__ import annotations

from workshop.serverless.kinds import Anything, Choice, Either, Fields, Flag, Intrinsic, Many, Named, Text, Whole

ARN = Either(
    {str: Text(r"arn:.+", "it is not an ARN, which begins with arn:"), dict: Intrinsic()},
    "an ARN, or !Ref, !GetAtt, !Sub",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "OPTIONS", "HEAD", "DELETE", "ANY")
_METHOD_PATH = r"(?i:(GET|POST|PUT|PATCH|OPTIONS|HEAD|DELETE|ANY) /\S*)"
_SHORT = Text(rf"\*|{_METHOD_PATH}", "it must be a method, one space and a path that begins with /, such as GET /hello")
_CORS = Either(
    {
        bool: Flag(),
        dict: Fields(
            {
                "origin": Text(),
                "origins": Many(Text()),
                "headers": Many(Text()),
                "methods": Many(Choice([method for method in METHODS if method != "ANY"])),
                "allowCredentials": Flag(),
                "maxAge": Whole(1, 86400, "(seconds)"),
                "cacheControl": Text(),
            }
        ),
    },
    "true or a mapping",
)
_PARAMETERS = Named(Either({bool: Flag()}, "true (required) or false"))
HTTP = Either(
    {
        str: Text(_METHOD_PATH, _SHORT.rule),
        dict: Fields(
            {
                "path": Text(r"/?[^\s*]*", "a path holds no spaces and no *; write {proxy+} for the rest of a path"),
                "method": Choice(METHODS, fold=True),
                "cors": _CORS,
                "private": Flag(),
                "integration": Choice(("lambda-proxy", "LAMBDA-PROXY", "lambda_proxy", "LAMBDA_PROXY")),
                "request": Fields(
                    {
                        "parameters": Fields(
                            {"querystrings": _PARAMETERS, "headers": _PARAMETERS, "paths": _PARAMETERS}
                        ),
                        "schemas": Named(Either({dict: Anything()}, "a JSON schema")),
                    },
                    elsewhere=("contentHandling", "method", "passThrough", "template", "uri"),
                ),
                "operationId": Text(),
                "timeoutInMillis": Whole(50, 29000, "(milliseconds)"),
            },
            required=("path", "method"),
            elsewhere=("async", "authorizer", "connectionId", "connectionType", "response"),
        ),
    },
    "a method and a path, such as GET /hello, or a mapping with path and method",
)
HTTP_API = Either(
    {
        str: _SHORT,
        dict: Fields(
            {
                "path": Text(r"\*|/\S*", "a path begins with / and holds no spaces"),
                "method": Choice((*METHODS, "*"), fold=True),
            },
            required=("path",),
            elsewhere=("authorizer",),
        ),
    },
    "a method and a path, such as GET /hello, or a mapping with path and method",
)
_RATE = Text(r"(rate|cron)\(.+\)", "it must be cron(…) or rate(…)")
_INPUT = Either({str: Text(longest=8192), dict: Anything()}, "text or a mapping")
_TRANSFORMER = Fields(
    {"inputPathsMap": Named(Text()), "inputTemplate": Text(longest=8192)}, required=("inputTemplate",)
)
SCHEDULE = Either(
    {
        str: _RATE,
        dict: Fields(
            {
                "rate": Either({str: _RATE, list: Many(_RATE, least=1)}, "cron(…) or rate(…), or a list of them"),
                "enabled": Flag(),
                "name": Text(r"[.\-_A-Za-z0-9]+", "it holds letters, digits, . - and _ only", longest=64),
                "description": Text(longest=512),
                "input": _INPUT,
                "inputPath": Text(longest=256),
                "inputTransformer": _TRANSFORMER,
                "method": Choice(("eventBus", "scheduler")),
                "timezone": Text(),
            },
            required=("rate",),
            elsewhere=("groupName", "roleArn"),
        ),
    },
    "cron(…) or rate(…), or a mapping with rate",
)
_TOPIC = Text(r"arn:.+|[\w-]+", "it is neither a topic's name nor an ARN", longest=256)
SNS = Either(
    {
        str: _TOPIC,
        dict: Fields(
            {
                "arn": ARN,
                "topicName": Text(r"[\w-]+", "a topic's name holds letters, digits, - and _ only", longest=256),
                "displayName": Text(),
                "filterPolicy": Named(Anything()),
                "filterPolicyScope": Choice(("MessageAttributes", "MessageBody")),
            },
            elsewhere=("redrivePolicy",),
        ),
    },
    "a topic's name, its ARN, or a mapping",
)
SQS = Either(
    {
        str: Text(r"arn:.+", "it is not a queue's ARN"),
        dict: Fields(
            {
                "arn": ARN,
                "batchSize": Whole(1, 10000),
                "enabled": Flag(),
                "maximumBatchingWindow": Whole(0, 300, "(seconds)"),
                "functionResponseType": Choice(("ReportBatchItemFailures",)),
                "filterPatterns": Many(Anything()),
                "maximumConcurrency": Whole(2, 1000),
            },
            required=("arn",),
        ),
    },
    "a queue's ARN, or a mapping with arn",
)
_BUCKET = Text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name has 3 to 63 lower-case letters, digits, - and .")
S3 = Either(
    {
        str: _BUCKET,
        dict: Fields(
            {
                "bucket": _BUCKET,
                "event": Text(r"s3:.+", "it is not an S3 event such as s3:ObjectCreated:*"),
                "rules": Many(Fields({"prefix": Text(), "suffix": Text()}, most=1)),
            },
            required=("bucket",),
            elsewhere=("existing", "forceDeploy"),
        ),
    },
    "a bucket's name, or a mapping with bucket",
)
EVENT_BRIDGE = Fields(
    {
        "eventBus": Text(intrinsic=True),
        "schedule": _RATE,
        "name": Text(r"[a-zA-Z0-9-_.]+", "it holds letters, digits, . - and _ only", longest=64),
        "description": Text(longest=512),
        "enabled": Flag(),
        "pattern": Fields(
            {
                key: Anything()
                for key in (
                    "version",
                    "id",
                    "detail-type",
                    "source",
                    "account",
                    "time",
                    "region",
                    "resources",
                    "detail",
                    "$or",
                )
            }
        ),
        "input": Named(Anything()),
        "inputPath": Text(longest=256),
        "inputTransformer": _TRANSFORMER,
        "retryPolicy": Fields(
            {"maximumEventAge": Whole(60, 86400, "(seconds)"), "maximumRetryAttempts": Whole(0, 185)}
        ),
        "deadLetterQueueArn": ARN,
    },
)
EVENTS = {
    "http": HTTP,
    "httpApi": HTTP_API,
    "schedule": SCHEDULE,
    "sns": SNS,
    "sqs": SQS,
    "s3": S3,
    "eventBridge": EVENT_BRIDGE,
}
EVENTS_ELSEWHERE = (
    "activemq",
    "alb",
    "alexaSkill",
    "alexaSmartHome",
    "cloudFront",
    "cloudwatchEvent",
    "cloudwatchLog",
    "cognitoUserPool",
    "iot",
    "iotFleetProvisioning",
    "kafka",
    "msk",
    "rabbitmq",
    "stream",
    "websocket",
)
