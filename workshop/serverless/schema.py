"""What a `serverless.yml` may hold: the part of the Framework's file format that this tool supports.

https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
"""

from __future__ import annotations

from typing import Any

from workshop.serverless.event_schema import ARN, EVENTS, EVENTS_ELSEWHERE
from workshop.serverless.kinds import (
    Anything,
    At,
    Choice,
    Either,
    Fields,
    Flag,
    Intrinsic,
    Many,
    Named,
    OneKey,
    Text,
    Whole,
)
from workshop.serverless.marks import Map

PYTHON_RUNTIMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3.10")
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIMES = (
    *PYTHON_RUNTIMES,
    "nodejs24.x",
    "nodejs22.x",
    "nodejs20.x",
    "provided.al2023",
    "provided.al2",
    "java25",
    "java21",
    "java17",
    "java11",
    "dotnet10",
    "dotnet8",
    "ruby3.4",
    "ruby3.3",
)
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
# Plugins whose work this tool does by itself, and how.
PLUGINS = {
    "serverless-offline": "workshop offline serves the API",
    "serverless-python-requirements": "requirements.txt is installed into the package",
    "serverless-prune-plugin": "remove deletes old versions",
    "serverless-dotenv-plugin": "use ${env:…} or params",
    "serverless-pseudo-parameters": "CloudFormation resolves ${AWS::…} itself",
    "serverless-iam-roles-per-function": "one role serves all functions",
    "serverless-localstack": "AWS_ENDPOINT_URL says where to deploy",
    "serverless-webpack": "Python needs no bundler",
    "serverless-plugin-typescript": "Python needs no compiler",
    "serverless-layers": "layers are read from the file",
}

NAME = r"[a-zA-Z0-9-_]+"
_SERVICE = Text(
    r"[a-zA-Z][0-9a-zA-Z-]+", "it begins with a letter and holds letters, digits and hyphens only", longest=128
)
_STAGE = Text(r"[a-zA-Z0-9-]+", "it holds letters, digits and hyphens only", longest=128)
_ENVIRONMENT = Named(
    Text(numbers=True, intrinsic=True),
    r"[a-zA-Z]\w+",
    "an environment variable begins with a letter and holds letters, digits and _ only, two at least",
)
_TAGS = Named(Text(longest=256, numbers=True), r"(?!aws:).{1,128}", "a tag's name has 1 to 128 characters, not aws:")
_RUNTIME = Choice(RUNTIMES)
_MEMORY = Whole(128, 10240, "(MB)")
_TIMEOUT = Whole(1, 900, "(seconds)")
_LAYERS = Many(ARN, words="a list of layer ARNs")
_ACTIONS = Either({str: Text(), list: Many(Text())}, "an action such as ssm:GetParameters, or a list of them")
_RESOURCES = Either({str: Text(), list: Many(Text(intrinsic=True)), dict: Intrinsic()}, "an ARN, or a list of them")
_STATEMENTS = Many(
    Fields(
        {
            "Sid": Text(),
            "Effect": Choice(("Allow", "Deny")),
            "Action": _ACTIONS,
            "NotAction": _ACTIONS,
            "Resource": _RESOURCES,
            "NotResource": _RESOURCES,
            "Condition": Anything(),
        },
        required=("Effect",),
    ),
    words="a list of policy statements",
)
_PATTERNS = Many(Text(), words="a list of file patterns")
_BUCKET = Either(
    {
        str: Text(longest=63),
        dict: Fields(
            {"name": Text(longest=63)},
            elsewhere=(
                "serverSideEncryption", "blockPublicAccess", "tags", "versioning", "skipPolicySetup",
                "maxPreviousDeploymentArtifacts", "enabled",
            ),
        ),
    },
    "a bucket's name",
)  # fmt: skip
_API_KEY = Fields({"name": Text(), "value": Text(longest=128), "description": Text(), "enabled": Flag()})
_ROLE = Either(
    {
        str: Text(),
        dict: Fields(
            {"statements": _STATEMENTS, "managedPolicies": Many(ARN), "name": Text(longest=64)},
            elsewhere=("path", "permissionsBoundary", "permissionBoundary", "tags", "Fn::GetAtt", "Ref", "Fn::Sub"),
        ),
    },
    "a role's ARN, or a mapping with statements",
)
_API_GATEWAY = Fields(
    {
        "apiKeys": Many(
            Either(
                {
                    str: Text(),
                    dict: _API_KEY,
                },
                "a key's name",
            )
        ),
        "usagePlan": Fields(
            {
                "quota": Fields(
                    {
                        "limit": Whole(0, 10**12),
                        "offset": Whole(0, 10**6),
                        "period": Choice(("DAY", "WEEK", "MONTH")),
                    },
                    required=("limit", "period"),
                ),
                "throttle": Fields({"burstLimit": Whole(0, 10**9), "rateLimit": Whole(0, 10**9)}),
            }
        ),
        "binaryMediaTypes": Many(Text()),
        "minimumCompressionSize": Whole(0, 10485760, "(bytes)"),
        "description": Text(),
        "shouldStartNameWithService": Flag(),
    },
    elsewhere=("apiKeySourceType", "disableDefaultEndpoint", "metrics", "request", "resourcePolicy", "restApiId",
               "restApiResources", "restApiRootResourceId", "stage", "timeoutInMillis", "websocketApiId"),
)  # fmt: skip
_HTTP_API = Fields(
    {
        "name": Text(),
        "payload": Choice(("1.0", "2.0")),
        "cors": Either(
            {
                bool: Flag(),
                dict: Fields(
                    {
                        "allowCredentials": Flag(),
                        "allowedHeaders": Many(Text()),
                        "allowedMethods": Many(Text()),
                        "allowedOrigins": Many(Text()),
                        "exposedResponseHeaders": Many(Text()),
                        "maxAge": Whole(0, 86400, "(seconds)"),
                    }
                ),
            },
            "true or a mapping",
        ),
        "metrics": Flag(),
        "shouldStartNameWithService": Flag(),
    },
    elsewhere=("authorizers", "id", "disableDefaultEndpoint", "useProviderTags"),
)
PROVIDER = Fields(
    {
        "name": Choice(("aws",)),
        "runtime": _RUNTIME,
        "stage": _STAGE,
        "region": Text(r"[a-z]{2}(-[a-z]+)+-\d", "it is not an AWS region such as eu-west-1"),
        "profile": Text(),
        "stackName": Text(r"[a-zA-Z][a-zA-Z0-9-]*", "letters, digits and hyphens, a letter first", longest=128),
        "memorySize": _MEMORY,
        "timeout": _TIMEOUT,
        "environment": _ENVIRONMENT,
        "iam": Fields({"role": _ROLE}, elsewhere=("deploymentRole",)),
        "iamRoleStatements": _STATEMENTS,
        "logRetentionInDays": Choice(RETENTION),
        "tags": _TAGS,
        "layers": _LAYERS,
        "apiGateway": _API_GATEWAY,
        "httpApi": _HTTP_API,
        "deploymentBucket": _BUCKET,
        "deploymentMethod": Choice(("direct", "changesets")),
        "versionFunctions": Flag(),
    },
    required=("name",),
    elsewhere=("alb", "apiKeys", "apiName", "architecture", "build", "cloudFront", "deletionProtection",
               "deploymentPrefix", "disableRollback", "ecr", "endpointType", "eventBridge", "iamManagedPolicies",
               "kinesis", "kmsKeyArn", "lambdaHashingVersion", "logDataProtectionPolicy", "logs", "notificationArns",
               "resourcePolicy", "role", "rolePermissionsBoundary", "rollbackConfiguration", "runtimeManagement", "s3",
               "snapStart", "stackParameters", "stackPolicy", "stackTags", "tracing", "usagePlan", "vpc",
               "vpcEndpointIds", "websocket", "websocketsApiName"),
)  # fmt: skip
_DESTINATION = Either(
    {
        str: Text(),
        dict: Fields({"type": Choice(("function", "sqs", "sns", "eventBus")), "arn": ARN}, required=("type", "arn")),
    },
    "a function's name, an ARN, or a mapping with type and arn",
)
FUNCTION = Fields(
    {
        "handler": Text(r"[^\s]+\.[^\s.]+|[^\s.]+", "it is not like file.function, for example handler.hello"),
        "name": Text(NAME, "a function's name holds letters, digits, - and _ only", longest=64),
        "description": Text(longest=256),
        "runtime": _RUNTIME,
        "memorySize": _MEMORY,
        "timeout": _TIMEOUT,
        "environment": _ENVIRONMENT,
        "layers": _LAYERS,
        "tags": _TAGS,
        "reservedConcurrency": Whole(0, 100000),
        "provisionedConcurrency": Whole(0, 100000),
        "url": Either(
            {
                bool: Flag(),
                dict: Fields(
                    {
                        "authorizer": Choice(("aws_iam",)),
                        "invokeMode": Choice(("BUFFERED", "RESPONSE_STREAM")),
                        "cors": Either(
                            {
                                bool: Flag(),
                                dict: Fields(
                                    {
                                        "allowCredentials": Flag(),
                                        "allowedHeaders": Many(Text()),
                                        "allowedMethods": Many(Text()),
                                        "allowedOrigins": Many(Text()),
                                        "exposedResponseHeaders": Many(Text()),
                                        "maxAge": Whole(0, 86400, "(seconds)"),
                                    }
                                ),
                            },
                            "true or a mapping",
                        ),
                    }
                ),
            },
            "true or a mapping",
        ),
        "destinations": Fields({"onSuccess": _DESTINATION, "onFailure": _DESTINATION}),
        "maximumEventAge": Whole(60, 21600, "(seconds)"),
        "maximumRetryAttempts": Whole(0, 2),
        "package": Fields(
            {
                "patterns": _PATTERNS,
                "include": _PATTERNS,
                "exclude": _PATTERNS,
                "individually": Flag(),
                "artifact": Text(),
            },
            elsewhere=("excludeDevDependencies", "path"),
        ),
        "events": Many(OneKey(EVENTS, EVENTS_ELSEWHERE), words="a list of events"),
    },
    required=("handler",),
    elsewhere=("architecture", "awsKmsKeyArn", "build", "condition", "dependsOn", "disableLogs", "ephemeralStorageSize",
               "fileSystemConfig", "image", "kmsKeyArn", "logDataProtectionPolicy", "logRetentionInDays", "logs",
               "onError", "role", "runtimeManagement", "snapStart", "tracing", "versionFunction", "vpc"),
)  # fmt: skip
LAYER = Fields(
    {
        "path": Text(),
        "name": Text(NAME, "a layer's name holds letters, digits, - and _ only", longest=140),
        "description": Text(longest=256),
        "compatibleRuntimes": Many(_RUNTIME),
        "compatibleArchitectures": Many(Choice(("x86_64", "arm64"))),
        "licenseInfo": Text(longest=512),
        "retain": Flag(),
        "allowedAccounts": Many(Text(r"\*|\d{12}", "an account has 12 digits, or * for all")),
        "package": Fields({"patterns": _PATTERNS, "artifact": Text()}),
    },
)
FILE = Fields(
    {
        "service": _SERVICE,
        "frameworkVersion": Text(numbers=True),
        "configValidationMode": Choice(("error", "warn", "off")),
        "plugins": Either(
            {list: Many(Text()), dict: Fields({"modules": Many(Text()), "localPath": Text()})}, "a list of plugins"
        ),
        "custom": Anything(),
        "params": Named(Named(Anything())),
        "provider": PROVIDER,
        "package": Fields(
            {
                "patterns": _PATTERNS,
                "include": _PATTERNS,
                "exclude": _PATTERNS,
                "individually": Flag(),
                "artifact": Text(),
                "excludeDevDependencies": Flag(),
            },
            elsewhere=("path",),
        ),
        "functions": Named(FUNCTION, NAME, "a function's name holds letters, digits, - and _ only"),
        "layers": Named(LAYER, NAME, "a layer's name holds letters, digits, - and _ only"),
        "resources": Either({dict: Anything(), list: Many(Anything())}, "a mapping with Resources"),
        "outputs": Named(Anything()),
    },
    required=("service", "provider"),
    elsewhere=("app", "build", "dashboard", "deprecationNotificationMode", "disabledDeprecations", "org", "projectDir",
               "stages", "tenant", "useDotenv", "variablesResolutionMode"),
)  # fmt: skip


def check(config: Map) -> None:
    """Holds a resolved file against the schema.

    Raises:
        WorkshopError: the first thing that does not belong, with its line.
    """
    FILE.check(At(Map({"": config}), "", ""))
    for name in plugins(config):
        if name not in PLUGINS:
            _unknown_plugin(config, name)


def plugins(config: Map) -> list[str]:
    """The plugins a file names."""
    found: Any = config.get("plugins") or []
    return list(found.get("modules") or [] if isinstance(found, dict) else found)


def _unknown_plugin(config: Map, name: str) -> None:
    holder = config["plugins"] if isinstance(config["plugins"], list) else config["plugins"]["modules"]
    raise At(holder, holder.index(name), f"plugins.{name}").refuse(
        "this tool runs no plugins, and it does not do this one's work by itself.",
        "Remove it, or deploy with the original tool. Accepted, because not needed: "
        + ", ".join(sorted(PLUGINS))
        + ".",
    )
