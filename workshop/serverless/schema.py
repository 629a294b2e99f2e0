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
from workshop.serverless.provider_schema import (
    ENVIRONMENT,
    LAYERS,
    MEMORY,
    NAME,
    PATTERNS,
    PROVIDER,
    RUNTIME,
    SERVICE,
    TAGS,
    TIMEOUT,
)

# Plugins whose work this tool does by itself, and how.
PLUGINS = {
    "serverless-offline": "workshop offline serves the API",
    "serverless-python-requirements": "requirements.txt is installed into the package",
    "serverless-prune-plugin": "remove deletes old versions",
    "serverless-dotenv-plugin": "use ${env:…} or params",
    "serverless-pseudo-parameters": "CloudFormation resolves ${AWS::…} itself",
    "serverless-iam-roles-per-function": "one role serves all functions, or each names its own: `role: PayRole`",
    "serverless-localstack": "AWS_ENDPOINT_URL says where to deploy",
    "serverless-webpack": "Python needs no bundler",
    "serverless-plugin-typescript": "Python needs no compiler",
    "serverless-layers": "layers are read from the file",
}

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
        "runtime": RUNTIME,
        "memorySize": MEMORY,
        "timeout": TIMEOUT,
        "environment": ENVIRONMENT,
        "layers": LAYERS,
        "tags": TAGS,
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
        "role": Either(
            {
                str: Text(
                    r"arn:.+|[A-Za-z0-9]+", "it is neither a role's ARN nor the name of one of this file's resources"
                ),
                dict: Intrinsic("a CloudFormation function such as !GetAtt PayRole.Arn"),
            },
            "the name of a role among this file's resources, a role's ARN, or !GetAtt",
        ),
        "destinations": Fields({"onSuccess": _DESTINATION, "onFailure": _DESTINATION}),
        "maximumEventAge": Whole(60, 21600, "(seconds)"),
        "maximumRetryAttempts": Whole(0, 2),
        "package": Fields(
            {
                "patterns": PATTERNS,
                "include": PATTERNS,
                "exclude": PATTERNS,
                "individually": Flag(),
                "artifact": Text(),
            },
            elsewhere=("excludeDevDependencies", "path"),
        ),
        "events": Many(OneKey(EVENTS, EVENTS_ELSEWHERE), words="a list of events"),
    },
    required=("handler",),
    elsewhere=(
        "architecture",
        "awsKmsKeyArn",
        "build",
        "condition",
        "dependsOn",
        "disableLogs",
        "ephemeralStorageSize",
        "fileSystemConfig",
        "image",
        "kmsKeyArn",
        "logDataProtectionPolicy",
        "logRetentionInDays",
        "logs",
        "onError",
        "runtimeManagement",
        "snapStart",
        "tracing",
        "versionFunction",
        "vpc",
    ),
)
LAYER = Fields(
    {
        "path": Text(),
        "name": Text(NAME, "a layer's name holds letters, digits, - and _ only", longest=140),
        "description": Text(longest=256),
        "compatibleRuntimes": Many(RUNTIME),
        "compatibleArchitectures": Many(Choice(("x86_64", "arm64"))),
        "licenseInfo": Text(longest=512),
        "retain": Flag(),
        "allowedAccounts": Many(Text(r"\*|\d{12}", "an account has 12 digits, or * for all")),
        "package": Fields({"patterns": PATTERNS, "artifact": Text()}),
    },
)
FILE = Fields(
    {
        "service": SERVICE,
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
                "patterns": PATTERNS,
                "include": PATTERNS,
                "exclude": PATTERNS,
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
    elsewhere=(
        "app",
        "build",
        "dashboard",
        "deprecationNotificationMode",
        "disabledDeprecations",
        "org",
        "projectDir",
        "stages",
        "tenant",
        "useDotenv",
        "variablesResolutionMode",
    ),
)


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
