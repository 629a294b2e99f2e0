"""What the `provider` block may hold, and what it shares with functions.

https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
"""

from __future__ import annotations

from workshop.serverless.event_schema import ARN
from workshop.serverless.kinds import Anything, Choice, Either, Fields, Flag, Intrinsic, Many, Named, Text, Whole

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
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
REGION = r"[a-z]{2}(-[a-z]+)+-\d"
NAME = r"[a-zA-Z0-9-_]+"
SERVICE = Text(
    r"[a-zA-Z][0-9a-zA-Z-]+", "it begins with a letter and holds letters, digits and hyphens only", longest=128
)
_STAGE = Text(r"[a-zA-Z0-9-]+", "it holds letters, digits and hyphens only", longest=128)
ENVIRONMENT = Named(
    Text(numbers=True, intrinsic=True),
    r"[a-zA-Z]\w+",
    "an environment variable begins with a letter and holds letters, digits and _ only, two at least",
)
TAGS = Named(Text(longest=256, numbers=True), r"(?!aws:).{1,128}", "a tag's name has 1 to 128 characters, not aws:")
RUNTIME = Choice(RUNTIMES)
MEMORY = Whole(128, 10240, "(MB)")
TIMEOUT = Whole(1, 900, "(seconds)")
LAYERS = Many(ARN, words="a list of layer ARNs")
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
PATTERNS = Many(Text(), words="a list of file patterns")
_BUCKET = Either(
    {
        str: Text(longest=63),
        dict: Fields(
            {"name": Text(longest=63)},
            elsewhere=(
                "serverSideEncryption",
                "blockPublicAccess",
                "tags",
                "versioning",
                "skipPolicySetup",
                "maxPreviousDeploymentArtifacts",
                "enabled",
            ),
        ),
    },
    "a bucket's name",
)
_API_KEY = Fields({"name": Text(), "value": Text(longest=128), "description": Text(), "enabled": Flag()})
_ROLE = Either(
    {
        str: Text(r"arn:.+", "it is not a role's ARN, which begins with arn:"),
        dict: Fields(
            {
                "statements": _STATEMENTS,
                "managedPolicies": Many(ARN),
                "permissionsBoundary": ARN,
                "name": Text(longest=64),
            },
            elsewhere=("path", "permissionBoundary", "tags", "Fn::GetAtt", "Ref", "Fn::Sub"),
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
    elsewhere=(
        "apiKeySourceType",
        "disableDefaultEndpoint",
        "metrics",
        "request",
        "resourcePolicy",
        "restApiId",
        "restApiResources",
        "restApiRootResourceId",
        "stage",
        "timeoutInMillis",
        "websocketApiId",
    ),
)
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
        "runtime": RUNTIME,
        "stage": _STAGE,
        "region": Text(REGION, "it is not an AWS region such as eu-west-1"),
        "profile": Text(),
        "stackName": Text(r"[a-zA-Z][a-zA-Z0-9-]*", "letters, digits and hyphens, a letter first", longest=128),
        "memorySize": MEMORY,
        "timeout": TIMEOUT,
        "environment": ENVIRONMENT,
        "iam": Fields({"role": _ROLE}, elsewhere=("deploymentRole",)),
        "iamRoleStatements": _STATEMENTS,
        "logRetentionInDays": Choice(RETENTION),
        "tags": TAGS,
        "layers": LAYERS,
        "apiGateway": _API_GATEWAY,
        "httpApi": _HTTP_API,
        "deploymentBucket": _BUCKET,
        "deploymentMethod": Choice(("direct", "changesets")),
        "versionFunctions": Flag(),
    },
    required=("name",),
    elsewhere=(
        "alb",
        "apiKeys",
        "apiName",
        "architecture",
        "build",
        "cloudFront",
        "deletionProtection",
        "deploymentPrefix",
        "disableRollback",
        "ecr",
        "endpointType",
        "eventBridge",
        "iamManagedPolicies",
        "kinesis",
        "kmsKeyArn",
        "lambdaHashingVersion",
        "logDataProtectionPolicy",
        "logs",
        "notificationArns",
        "resourcePolicy",
        "role",
        "rolePermissionsBoundary",
        "rollbackConfiguration",
        "runtimeManagement",
        "s3",
        "snapStart",
        "stackParameters",
        "stackPolicy",
        "stackTags",
        "tracing",
        "usagePlan",
        "vpc",
        "vpcEndpointIds",
        "websocket",
        "websocketsApiName",
    ),
)
