"""Forwards what a third party sends in chunks to a back end that wants to know the length first."""

import base64
import hmac
import json
import logging
import os
from urllib.parse import urlencode

import boto3
import httpx
from access_ssm import get_ssm

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

# Headers that describe the body or the request. Others belong to one connection, or to us.
FORWARDED = ("content-type", "content-encoding", "content-language", "idempotency-key", "x-request-id")
# And of the answer: httpx has undone its encoding, so only what is true of the bytes and of the request.
# https://www.rfc-editor.org/rfc/rfc9110#field.retry-after · #field.location
ANSWERED = ("content-type", "content-language", "location", "retry-after", "www-authenticate", "x-request-id")

# The most that SQS takes, in bytes.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
LONGEST_MESSAGE = 1_048_576

sqs = boto3.client("sqs")
back_end = httpx.Client(base_url=os.environ["BACKEND_URL"], timeout=float(os.environ.get("BACKEND_TIMEOUT", "5")))


def forward(event, context):
    """POST /forward/…: passes the request on and the back end's answer back.

    API Gateway has buffered the body by now, so its length is known.
    httpx sends it as Content-Length.
    """
    if not may_pass(event):
        return answer(401, "The header X-Api-Key is missing or wrong.")
    path, body = path_of(event), body_of(event)
    try:
        response = back_end.post(address(path), content=body, headers=sendable(headers_of(event)))
    except httpx.ConnectTimeout:
        return failed(502, "The back end cannot be reached.")
    except httpx.TimeoutException:
        return failed(504, "The back end did not answer in time.")
    except httpx.HTTPError:
        return failed(502, "The back end cannot be reached.")
    logger.info("Forwarded %d bytes: %d", len(body), response.status_code)
    return {
        "statusCode": response.status_code,
        "headers": headers_back(response),
        "body": base64.b64encode(response.content).decode(),
        "isBase64Encoded": True,
    }


def accept(event, context):
    """POST /queued/…: puts the request into a queue and answers at once; `deliver` forwards it."""
    if not may_pass(event):
        return answer(401, "The header X-Api-Key is missing or wrong.")
    body = base64.b64encode(body_of(event)).decode()
    message = json.dumps({"path": path_of(event), "headers": headers_of(event), "body": body})
    if len(message) > LONGEST_MESSAGE:
        return answer(413, "The queue takes about 780 kB; send more to /forward.")
    sent = sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=message)
    # A back end that knows this key takes a message once, however often it is delivered.
    return answer(202, "Accepted", id=headers_of(event).get("idempotency-key", sent["MessageId"]))


def deliver(event, context):
    """Takes messages from the queue. Those that fail stay there and come again, then go to the dead letters.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failures = []
    for record in event["Records"]:
        try:
            deliver_one(record["messageId"], json.loads(record["body"]))
        except Exception as error:  # whatever is wrong with one message, the others are good
            # Not the error itself: its text holds the whole address, and an address may hold a secret.
            why = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
            logger.warning("Not delivered yet: %s: %s", record["messageId"], why)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def deliver_one(message_id, message):
    headers = sendable({"idempotency-key": message_id} | message["headers"])
    content = base64.b64decode(message["body"])
    back_end.post(address(message["path"]), content=content, headers=headers).raise_for_status()


def may_pass(event):
    [key] = get_ssm(["middleman_api_key"])
    given = next((value for name, value in event["headers"].items() if name.lower() == "x-api-key"), "")
    return hmac.compare_digest(given.encode(), key.encode())


def path_of(event):
    """What stands behind /forward or /queued, with the query.

    A REST API has decoded the query, and not the path.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    path = "/" + (event["pathParameters"] or {}).get("proxy", "")
    query = urlencode(event.get("multiValueQueryStringParameters") or {}, doseq=True)
    return f"{path}?{query}" if query else path


def headers_of(event):
    return {name.lower(): value for name, value in event["headers"].items() if name.lower() in FORWARDED}


def address(path):
    """The back end's address of a path, which is taken as it stands: //x is a path too."""
    base = back_end.base_url
    return base.copy_with(raw_path=base.raw_path.rstrip(b"/") + path.encode())


def sendable(headers):
    """Headers as bytes: httpx refuses letters beyond ASCII, and HTTP does not."""
    return {name: value.encode() for name, value in headers.items()}


def headers_back(response):
    """What the caller needs of the back end's headers, such as how long to wait and where the order is."""
    return {name.title(): value for name, value in response.headers.items() if name in ANSWERED}


def body_of(event):
    body = event["body"] or ""
    return base64.b64decode(body) if event["isBase64Encoded"] else body.encode()


def failed(status, message):
    logger.error(message)
    return answer(status, message)


def answer(status, message, **more):
    body = json.dumps({"message": message, **more})
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": body}
