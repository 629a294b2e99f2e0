"""The tunnel's end on AWS: puts each request into a queue, waits for the answer, and gives it back.

Addresses are /<session>/<stand-in>/<path>. The session is one notebook's secret: who does not know it finds no queue,
and can sign neither a request nor an answer.
"""

import hashlib
import hmac
import json
import os
import re
import time

import boto3

ADDRESS = re.compile(r"/([0-9a-f]{32})(?:/([a-z]*)(/.*)?)?", re.DOTALL)
LONGEST_MESSAGE = 200_000  # characters; SQS takes more, and longer requests lie in the bucket
SECONDS_LEFT = 2.5  # kept for the answer and for tidying up, before Lambda's own time-out
SILENT = 10.0  # seconds without a heartbeat: the notebook has ended, or its machine sleeps
LOOK_AGAIN = 2.0  # seconds for which a heartbeat that was seen is believed

sqs, s3 = boto3.client("sqs"), boto3.client("s3")
queues, beats = {}, {}


def entrance(event, context):
    """Any request. The answer is the stand-in's own; 404, 503 and 504 say that none could be had."""
    found = ADDRESS.fullmatch(event["rawPath"])
    if not found:
        return failed(404, "Nobody is here.")
    secret, request_id = found[1], context.aws_request_id
    name = hashlib.sha256(secret.encode()).hexdigest()[:32]
    keys = [f"requests/{name}/{request_id}", f"answers/{name}/{request_id}"]
    if not is_alive(name):
        return ended()
    written = False
    try:
        written = send(queue_of(name), secret, keys[0], request_of(event, found[2] or "", found[3] or "/", request_id))
        until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SECONDS_LEFT
        return answer_to(keys[1], secret, request_id, name, until)
    except sqs.exceptions.QueueDoesNotExist:
        queues.pop(name, None)
        return ended()
    finally:
        # They may hold a key: nobody needs them any more, whether the notebook lives or not.
        forget(keys if written else keys[1:])


def request_of(event, stand_in, path, request_id):
    """What the other end needs to make the same request. Cookies are no header in an event of payload format 2.0.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    cookies = {"cookie": "; ".join(event["cookies"])} if event.get("cookies") else {}
    return {
        "id": request_id,
        "at": time.time(),
        "stand_in": stand_in,
        "method": event["requestContext"]["http"]["method"],
        "path": path,
        "query": event.get("rawQueryString", ""),
        "headers": {**event.get("headers", {}), **cookies},
        "body": event.get("body") or "",
        "base64": event.get("isBase64Encoded", False),
    }


def signed(secret, kind, text):
    """HMAC-SHA256 with the session's secret; `kind` keeps a request from being taken for an answer."""
    return hmac.new(secret.encode(), f"{kind}\n{text}".encode(), hashlib.sha256).hexdigest()


def queue_of(name):
    """The queue of a session; asked for once."""
    if name not in queues:
        queues[name] = sqs.get_queue_url(QueueName=os.environ["QUEUE_PREFIX"] + name)["QueueUrl"]
    return queues[name]


def send(queue, secret, key, request):
    """Puts a request into the queue, signed; a long one into the bucket, and its hash into the queue. True for those.

    SQS refuses some characters, such as NUL. JSON as Python writes it is ASCII without them, whatever the body holds.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    text = json.dumps(request)
    is_long = len(text) > LONGEST_MESSAGE
    if is_long:
        s3.put_object(Bucket=os.environ["STORE"], Key=key, Body=text.encode())
        digest = hashlib.sha256(text.encode()).hexdigest()
        text = json.dumps({"id": request["id"], "at": request["at"], "sha256": digest})
    message = json.dumps({"told": text, "signature": signed(secret, "request", text)})
    sqs.send_message(QueueUrl=queue, MessageBody=message)
    return is_long


def answer_to(key, secret, request_id, name, until):
    """The answer, once it lies in the bucket. One that the session did not sign is none."""
    pause = 0.01
    while time.monotonic() < until:
        try:
            found = json.loads(s3.get_object(Bucket=os.environ["STORE"], Key=key)["Body"].read())
            if hmac.compare_digest(found["signature"], signed(secret, f"answer {request_id}", found["answer"])):
                return json.loads(found["answer"])
        except s3.exceptions.NoSuchKey:
            pass
        except (ValueError, KeyError, TypeError):  # somebody else wrote it
            pass
        if not is_alive(name):  # it was sent: nobody knows whether it was made
            return failed(504, "The notebook that serves this stand-in ended, or its machine fell asleep, meanwhile.")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.1)
    return failed(504, "The stand-in did not answer in time.")


def is_alive(name):
    """Whether the notebook has written its heartbeat lately. Both times are AWS's."""
    seen, alive = beats.get(name, (0.0, False))
    if time.monotonic() - seen < LOOK_AGAIN:
        return alive
    try:
        found = s3.head_object(Bucket=os.environ["STORE"], Key=f"alive/{name}")
        alive = time.time() - found["LastModified"].timestamp() < SILENT
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        alive = False
    if alive:
        beats[name] = (time.monotonic(), True)
    else:
        beats.pop(name, None)  # a notebook that comes back is seen at once
    return alive


def forget(keys):
    """Deletes what went through the bucket."""
    s3.delete_objects(Bucket=os.environ["STORE"], Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})


def ended():
    return failed(503, "The notebook that serves this stand-in has ended, or its machine sleeps. Run it again.")


def failed(status, message):
    body = json.dumps({"message": message})
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}
