"""Run as a script: many first requests to many services at the same moment, round after round, moto imported anew each.

Prints one line of JSON: the rounds done and every answer that was not right.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import threading
import time

# A harmless request of each service, as (signing name, method, path, headers, body).
JSON_10, JSON_11 = "application/x-amz-json-1.0", "application/x-amz-json-1.1"
REQUESTS: list[tuple[str, str, str, dict[str, str], str]] = [
    ("s3", "GET", "/", {}, ""),
    ("apigateway", "GET", "/restapis", {}, ""),
    ("apigateway", "GET", "/v2/apis", {}, ""),
    ("lambda", "GET", "/2015-03-31/functions/", {}, ""),
    ("scheduler", "GET", "/schedules", {}, ""),
    *(
        (service, "POST", "/", {"x-amz-target": target, "content-type": JSON_11}, "{}")
        for service, target in (
            ("logs", "Logs_20140328.DescribeLogGroups"),
            ("ssm", "AmazonSSM.DescribeParameters"),
            ("events", "AWSEvents.ListRules"),
            ("kms", "TrentService.ListKeys"),
            ("secretsmanager", "secretsmanager.ListSecrets"),
        )
    ),
    *(
        (service, "POST", "/", {"x-amz-target": target, "content-type": JSON_10}, "{}")
        for service, target in (
            ("dynamodb", "DynamoDB_20120810.ListTables"),
            ("dynamodb", "DynamoDBStreams_20120810.ListStreams"),
            ("sqs", "AmazonSQS.ListQueues"),
            ("states", "AWSStepFunctions.ListStateMachines"),
        )
    ),
    *(
        (service, "POST", "/", {"content-type": "application/x-www-form-urlencoded"}, f"Action={action}&Version={of}")
        for service, action, of in (
            ("iam", "ListRoles", "2010-05-08"),
            ("sts", "GetCallerIdentity", "2011-06-15"),
            ("sns", "ListTopics", "2010-03-31"),
            ("cloudformation", "ListExports", "2010-05-15"),
            ("monitoring", "ListMetrics", "2010-08-01"),
        )
    ),
]


# Cheap to import again, and full of circles: what every round forgets.
PURGED = [
    "apigatewayv2",
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "events",
    "kms",
    "logs",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "sts",
]


def purge() -> None:
    """Forget some of moto, and what is changed in it, so that the next round imports them as a fresh process does."""
    from workshop.localaws.moto import calls, loading, patches

    for name in list(sys.modules):
        first, _, rest = name.partition(".")
        if name.startswith(f"{patches.__name__}.") or (first == "moto" and rest.partition(".")[0] in PURGED):
            del sys.modules[name]
    loading._complete.clear()
    patches._done.clear()
    for cached in (calls.routes, calls._package_of, calls._kind_of_request):
        cached.cache_clear()


def one_round(seed: int) -> list[str]:
    """Every first request at the same moment, and somebody who looks at all stores meanwhile, as the event loop does.

    Returns:
        What was answered wrongly.
    """
    from workshop.localaws.aws import LocalAWS
    from workshop.localaws.http import Request

    aws = LocalAWS()
    wrong: list[str] = []
    together = threading.Barrier(len(REQUESTS) + 1)

    def ask(service: str, method: str, path: str, headers: dict[str, str], body: str) -> None:
        credential = f"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request"
        request = Request(method, path, "", headers | {"authorization": credential, "host": "x"}, body.encode())
        together.wait()
        answer = aws.control(request)
        if answer.status >= 400:
            wrong.append(f"round {seed}: {service} {path} {answer.status} {answer.body[:300]!r}")

    try:
        aws.furnish()
        work = [threading.Thread(target=ask, args=request) for request in REQUESTS]
        random.Random(seed).shuffle(work)
        for thread in work:
            thread.start()
        together.wait()
        while any(thread.is_alive() for thread in work):
            aws.sources.reset()
            aws.sources._moved(1.0)
            aws.iam.principal_of("ASIA0000")
            time.sleep(0.0002)
    except Exception as error:
        wrong.append(f"round {seed}: {type(error).__name__}: {error}")
    for thread in work:
        thread.join()
    shutil.rmtree(aws.folder)
    return wrong


def main(rounds: int) -> None:
    """Do the rounds with threads that take turns as often as they can."""
    sys.setswitchinterval(1e-5)
    wrong: list[str] = []
    for seed in range(rounds):
        purge()
        wrong += one_round(seed)
    print(json.dumps({"rounds": rounds, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
