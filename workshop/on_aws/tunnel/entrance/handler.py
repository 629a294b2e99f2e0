"""The tunnel's end on AWS: puts each request into a queue, waits for the answer, and gives it back.

Addresses are /<session>/<stand-in>/<path>. The session is one notebook's secret: who does not know it finds no queue.
"""

import hashlib
import json
import os
import re
import time

import boto3

ADDRESS = re.compile(r"/([0-9a-f]{32})(?:/([a-z]*)(/.*)?)?", re.DOTALL)
LONGEST_MESSAGE = 200_000  # characters; SQS takes more, and longer requests lie in the bucket
SECONDS_LEFT = 1.5  # kept for the answer, before Lambda's own time-out

sqs, s3 = boto3.client("sqs"), boto3.client("s3")
queues = {}


def entrance(event, context):
    """Any request. The answer is the stand-in's own; 404, 503 and 504 say that none could be had."""
    found = ADDRESS.fullmatch(event["rawPath"])
    if not found:
        return failed(404, "Nobody is here.")
    name = hashlib.sha256(found[1].encode()).hexdigest()[:32]
    try:
        queue = queue_of(name)
        send(queue, name, context.aws_request_id, request_of(event, found[2] or "", found[3] or "/"))
    except sqs.exceptions.QueueDoesNotExist:
        queues.pop(name, None)
        return failed(503, "The notebook that serves this stand-in has ended. Run it again from the top.")
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SECONDS_LEFT
    answer = answer_to(f"answers/{name}/{context.aws_request_id}", until)
    return answer or failed(504, "The stand-in did not answer in time. Is the notebook's machine awake and online?")


def request_of(event, stand_in, path):
    """What the other end needs to make the same request. Cookies are no header in an event of payload format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    cookies = {"cookie": "; ".join(event["cookies"])} if event.get("cookies") else {}
    return {
        "stand_in": stand_in,
        "method": event["requestContext"]["http"]["method"],
        "path": path,
        "query": event.get("rawQueryString", ""),
        "headers": {**event.get("headers", {}), **cookies},
        "body": event.get("body") or "",
        "base64": event.get("isBase64Encoded", False),
    }


def queue_of(name):
    """The queue of a session; asked for once."""
    if name not in queues:
        queues[name] = sqs.get_queue_url(QueueName=os.environ["QUEUE_PREFIX"] + name)["QueueUrl"]
    return queues[name]


def send(queue, name, request_id, request):
    """Puts a request into the queue; a long one into the bucket, and its key into the queue.

    SQS refuses some characters, such as NUL. JSON as Python writes it is ASCII without them, whatever the body holds.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    message = json.dumps({"id": request_id, "request": request})
    if len(message) > LONGEST_MESSAGE:
        key = f"requests/{name}/{request_id}"
        s3.put_object(Bucket=os.environ["STORE"], Key=key, Body=json.dumps(request).encode())
        message = json.dumps({"id": request_id, "key": key})
    sqs.send_message(QueueUrl=queue, MessageBody=message)


def answer_to(key, until):
    """The answer, once it lies in the bucket; None when there is none in time."""
    pause = 0.01
    while time.monotonic() < until:
        try:
            return json.loads(s3.get_object(Bucket=os.environ["STORE"], Key=key)["Body"].read())
        except s3.exceptions.NoSuchKey:
            time.sleep(pause)
            pause = min(pause * 1.3, 0.1)
    return None


def failed(status, message):
    body = json.dumps({"message": message})
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}
