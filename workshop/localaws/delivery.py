"""Sends a record to an ARN as a function's role: SQS, SNS, EventBridge or another function.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from workshop.localaws.faults import AwsError

NUMBERS = ("ErrorCode",)  # of a dead-letter message's attributes


class Delivery:
    """Delivers records.

    Args:
        client: `client(service, region, credentials)`, in the process.
        credentials: of a role, for a session name.
        invoke_later: puts an asynchronous invocation: (function ARN, payload).
        may: raises AwsError when a role may not do something: (role ARN, session name, action, resource).
    """

    def __init__(
        self,
        client: Callable[..., Any],
        credentials: Callable[[str, str], Any],
        invoke_later: Callable[[str, bytes], None],
        may: Callable[[str, str, str, str], None],
    ) -> None:
        self.client, self.credentials, self.invoke_later, self.may = client, credentials, invoke_later, may

    def __call__(
        self,
        function_arn: str,
        target: str,
        role: str,
        region: str,
        body: Any,
        attributes: dict[str, str] | None = None,
    ) -> None:
        """Deliver one record; blocks.

        Args:
            function_arn: whose outcome it is.
            target: where it goes.
            role: the function's role, whose permissions count.
            region: the function's region.
            body: an object or text.
            attributes: message attributes, for a dead-letter queue.

        Raises:
            AwsError or botocore's ClientError: not allowed, or not there.
        """
        parts = target.split(":")
        text = body if isinstance(body, str) else json.dumps(body)
        name = function_arn.rpartition(":")[2]
        service = parts[2] if len(parts) > 5 else ""
        if service == "lambda":
            self.may(role, name, "lambda:InvokeFunction", target)
            self.invoke_later(target, text.encode())
            return
        client: Any = (
            self.client(service, parts[3] or region, self.credentials(role, name))
            if service in ("sqs", "sns", "events")
            else None
        )
        named = {
            key: {"DataType": "Number" if key in NUMBERS else "String", "StringValue": value}
            for key, value in (attributes or {}).items()
        }
        if service == "sqs":
            url = f"{client.meta.endpoint_url}/{parts[4]}/{parts[5]}"
            client.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=named)
        elif service == "sns":
            client.publish(TopicArn=target, Message=text, MessageAttributes=named)
        elif service == "events":
            failed = "Failure" if body.get("requestContext", {}).get("condition") != "Success" else "Success"
            client.put_events(
                Entries=[
                    {
                        "Source": "lambda",
                        "DetailType": f"Lambda Function Invocation Result - {failed}",
                        "Detail": text,
                        "Resources": [target, f"{function_arn}:$LATEST"],
                        "EventBusName": target,
                    }
                ]
            )
        else:
            raise AwsError("InvalidParameterValueException", f"Nothing can be delivered to {target}.")
