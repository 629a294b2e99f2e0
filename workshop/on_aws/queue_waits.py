"""Where the clock cannot be moved: the waiting of queues, made short enough to be lived through.

A message that failed is tried again when its visibility time-out is over. A lesson moves the clock by minutes. On AWS
the time-out is made seconds instead, and moving the clock waits for it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

import time
from typing import Any

from workshop.core.telling import in_notebook, say
from workshop.on_aws.names import suffix

SHORT = 15  # seconds; the lesson's function needs less for one message
_line: dict[str, Any] = {"cell": 0, "seconds": 0, "said": None}
_shortened: dict[str, str] = {}  # the queues' addresses and ARNs, of this process


def shorten(deployment: Any) -> None:
    """After a deploy: in its queues that feed a function, a failed message waits for `SHORT` seconds at most."""
    import boto3

    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=deployment.stack)
    resources = [one for page in pages for one in page["StackResourceSummaries"]]
    if not any(one["ResourceType"] == "AWS::Lambda::EventSourceMapping" for one in resources):
        return
    sources, client = _sources(), boto3.client("sqs")
    for one in resources:
        if one["ResourceType"] != "AWS::SQS::Queue":
            continue
        url = one["PhysicalResourceId"]
        wanted = ["QueueArn", "VisibilityTimeout"]
        found = client.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        if found["QueueArn"] not in sources:
            continue
        _shortened[url] = found["QueueArn"]
        if int(found["VisibilityTimeout"]) > SHORT:
            _hurry(found["QueueArn"])
            client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(SHORT)})
            say(
                f"The clock cannot be moved here, so {one['LogicalResourceId']} tries a failed message again after "
                f"{SHORT} seconds instead of {found['VisibilityTimeout']}; its function takes one message at a time, "
                f"for {SHORT - 1} seconds at most."
            )


def _hurry(queue: str) -> None:
    """Has a queue's functions end before a message is seen again: it would be delivered twice otherwise.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: the visibility time-out is longer than the
    function's. One message at a time is then all that there is time for.
    """
    import boto3

    client = boto3.client("lambda")
    for page in client.get_paginator("list_event_source_mappings").paginate(EventSourceArn=queue):
        for one in page["EventSourceMappings"]:
            function = one["FunctionArn"]
            client.update_event_source_mapping(UUID=one["UUID"], BatchSize=1)
            if client.get_function_configuration(FunctionName=function)["Timeout"] >= SHORT:
                client.update_function_configuration(FunctionName=function, Timeout=SHORT - 1)


def wait(seconds: float) -> None:
    """Moving the clock: lets messages that wait for their next try come to it, where at least so long would pass."""
    import boto3

    if seconds < SHORT or not _shortened:
        return
    client, waiting = boto3.client("sqs"), False
    for url in list(_shortened):
        try:
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])[
                "Attributes"
            ]
        except client.exceptions.QueueDoesNotExist:
            del _shortened[url]
            continue
        waiting = waiting or found["ApproximateNumberOfMessagesNotVisible"] != "0"
    if waiting:
        _told()
        for _ in range(SHORT + 1):
            time.sleep(1)
            _told(1)


def _told(seconds: int = 0) -> None:
    """One line for all the waits of a cell."""
    cell = 0
    if in_notebook():
        from IPython import get_ipython

        cell = get_ipython().execution_count
    if seconds == 0 and (not cell or _line["cell"] != cell):
        _line.update(cell=cell, seconds=0, said=say(f"Waiting {SHORT} seconds for the queue's next try …"))
    _line["seconds"] += seconds
    _line["said"](f"Waiting {SHORT} seconds for each of the queue's next tries. So far: {_line['seconds']} seconds.")


def _sources() -> set[str]:
    """The ARNs of what feeds this reader's functions."""
    import boto3

    part = f"-{suffix()}-" if suffix() else ""
    pages = boto3.client("lambda").get_paginator("list_event_source_mappings").paginate()
    return {
        one["EventSourceArn"]
        for page in pages
        for one in page["EventSourceMappings"]
        if part in one.get("FunctionArn", "") and "EventSourceArn" in one
    }
