"""Sends a mail for a front end, so that the front end needs no key of the mail provider."""

import json
import logging
import os
import re

import httpx
from access_ssm import get_ssm

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

# Which texts a front end may send, and what it may fill in. Everything else stays the provider's secret.
TEMPLATES = {
    "order-confirmation": {"name", "order"},
    "delivery-date": {"name", "order", "day"},
}
ADDRESS = re.compile(r"[^@\s,;<>\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LONGEST = 100  # letters of one value: enough for a name, too few for an advertisement
SENDER = os.environ["MAIL_FROM"]

mail = httpx.Client(base_url=os.environ["MAIL_API_URL"], timeout=4)


def send(event, context):
    """POST /send {"template": …, "to": …, "data": {…}}"""
    try:
        template, to, data = checked(json.loads(event["body"] or ""))
    except (ValueError, RecursionError) as error:
        return answer(400, message=str(error))

    [key] = get_ssm(["secret_api_key"])
    headers = {"X-Postmark-Server-Token": key}
    letter = {"From": SENDER, "To": to}
    letter |= {"TemplateAlias": template, "TemplateModel": data}
    try:
        response = mail.post("/email/withTemplate", json=letter, headers=headers)
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        logger.error("The mail provider answered %s", error.response.status_code)
        return answer(502, message="The mail provider refused the message.")
    except httpx.HTTPError as error:
        logger.error("The mail provider cannot be reached: %r", error)
        return answer(502, message="The mail provider cannot be reached.")

    number = response.json()["MessageID"]
    logger.info("Sent %s as %s", template, number)  # not to whom: that is personal
    return answer(200, id=number)


def checked(body):
    """The template, recipient and data of a request; ValueError says what is wrong with it."""
    if not isinstance(body, dict):
        raise ValueError("A JSON object with template, to and data is needed.")
    template, to, data = body.get("template"), body.get("to"), body.get("data", {})
    if template not in list(TEMPLATES):
        raise ValueError(f"The template is one of: {', '.join(TEMPLATES)}.")
    if not isinstance(to, str) or len(to) > 254 or not to.isprintable() or not ADDRESS.fullmatch(to):
        raise ValueError("The recipient is one e-mail address.")
    if not isinstance(data, dict) or set(data) != TEMPLATES[template]:
        raise ValueError(f"The data of {template} is: {', '.join(sorted(TEMPLATES[template]))}.")
    if not all(isinstance(value, str) and value.isprintable() and 0 < len(value) <= LONGEST for value in data.values()):
        raise ValueError(f"Each value is one line of at most {LONGEST} letters.")
    return template, to, data


def answer(status, **body):
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
