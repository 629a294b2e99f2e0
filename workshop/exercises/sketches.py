"""The challenge's words, a service that holds, and naive ones that do not, each for its own reason."""

from __future__ import annotations

ABOUT = """Veygo had three products. Here is a fourth, for pets, with no steps given. Build and deploy a service:

- `POST /payments` takes `{"reference": "PET-1", "plan": "pet-basic", "amount": 1299, "source": "tok_visa"}`. Plans: `pet-basic` 1299 pence, `pet-plus` 2499. It answers 200, 402 for a declined card, 400 for what makes no sense or has the wrong amount, 502 or 503 while nobody knows.
- A reference is paid once at most, however often it is sent. After a decline the same reference may try another card.
- `POST /webhook` believes only what Stripe signed in the last five minutes: 200, else 400.
- The parameters `stripe_test_key` and `stripe_webhook_secret` hold the secrets, `STRIPE_API_BASE` leads to Stripe. (On AWS their names begin with what a function finds in its variable `SSM_PREFIX`.)

Pass what deploy returned. The grader pays, and then it attacks."""  # noqa: E501

YAML = """service: pet-payments

provider:
  name: aws
  runtime: python3.13
  stage: dev
  region: eu-west-1
  timeout: 25
  environment:
    STRIPE_API_BASE: ${env:STRIPE_API_BASE}
  iam:
    role:
      statements:
        - Effect: Allow
          Action: ssm:GetParameters
          Resource:
            - arn:aws:ssm:${aws:region}:${aws:accountId}:parameter/stripe_test_key
            - arn:aws:ssm:${aws:region}:${aws:accountId}:parameter/stripe_webhook_secret

functions:
  pay:
    handler: handler.pay
    events:
      - http: POST /payments
  webhook:
    handler: handler.webhook
    events:
      - http: POST /webhook
"""

HEAD = """import json, os, re

import boto3
import stripe

PRICES = {"pet-basic": 1299, "pet-plus": 2499}
client = stripe.StripeClient("set below", base_addresses={"api": os.environ["STRIPE_API_BASE"]},
                             http_client=stripe.RequestsClient(timeout=4), max_network_retries=0)


def secret(name):
    name = os.environ.get("SSM_PREFIX", "") + name
    [found] = boto3.client("ssm").get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    return found["Value"]


def answer(status, **body):
    return {"statusCode": status, "body": json.dumps(body)}


def checked(event):
    body = json.loads(event["body"] or "")
    reference, plan, amount, source = (body[name] for name in ("reference", "plan", "amount", "source"))
    if not (isinstance(reference, str) and re.fullmatch(r"[A-Za-z0-9-]{1,40}", reference) and isinstance(source, str)):
        raise ValueError("reference or source")
    if type(amount) is not int or PRICES[plan] != amount:
        raise ValueError("amount")
    return reference, plan, amount, source


def pay(event, context):
    try:
        reference, plan, amount, source = checked(event)
    except (ValueError, KeyError, TypeError) as error:
        return answer(400, error=f"This cannot be paid: {error}")
    key = {"api_key": secret("stripe_test_key")}
    try:
        return charged(reference, plan, amount, source, key)
    except stripe.CardError as error:
        return answer(402, error=error.user_message)
    except stripe.StripeError as error:
        print(f"Not known: {type(error).__name__}")
        return answer(503, error="Not known yet. Ask again: it is not taken twice.")
"""

FAIR = """

def charged(reference, plan, amount, source, key):
    intents = client.v1.payment_intents
    wanted = {"amount": amount, "currency": "gbp", "allowed_payment_method_types": ["card"], "metadata": {"plan": plan}}
    try:
        made = intents.create(wanted, key | {"idempotency_key": f"pet-{reference}"})
    except stripe.IdempotencyError:
        return answer(400, error="This reference is a payment of another plan.")
    intent = intents.retrieve(made.id, options=key)
    if intent.status != "succeeded":
        card = {"type": "card", "card": {"token": source}}
        try:
            intent = intents.confirm(made.id, {"payment_method_data": card}, key)
        except stripe.InvalidRequestError:  # somebody else was quicker: see what is true now
            intent = intents.retrieve(made.id, options=key)
    return answer(200, id=intent.id) if intent.status == "succeeded" else answer(503, error="Ask again.")
"""

WEBHOOK = """

def webhook(event, context):
    header = {name.lower(): value for name, value in event["headers"].items()}.get("stripe-signature", "")
    try:
        stripe.Webhook.construct_event(event["body"] or "", header, secret("stripe_webhook_secret"))
    except (ValueError, stripe.SignatureVerificationError):
        return answer(400, error="Not from Stripe.")
    return answer(200)
"""

NAIVE = """

def charged(reference, plan, amount, source, key):
    charge = client.v1.charges.create({"amount": amount, "currency": "gbp", "source": source}, key)
    return answer(200, id=charge.id)
"""
KEYED = NAIVE.replace(", key)\n", ', key | {"idempotency_key": reference})\n')
TRUSTING = "type(amount) is not int or PRICES[plan] != amount", "plan not in PRICES"
BELIEVING = """

def webhook(event, context):
    json.loads(event["body"] or "")
    return answer(200)
"""


def handler(kind: str) -> str:
    """A handler: one that holds (`FAIR`), or one with a fault of its own."""
    if kind == "naive":
        return HEAD + NAIVE + WEBHOOK
    if kind == "key only":
        return HEAD + KEYED + WEBHOOK
    if kind == "trusting":
        return HEAD.replace(*TRUSTING) + FAIR + WEBHOOK
    if kind == "believing":
        return HEAD + FAIR + BELIEVING
    return HEAD + FAIR + WEBHOOK


def service(folder: str) -> str:
    """What comes before the handler: the template, the secrets, `serverless.yml` and the library it needs."""
    return f"""import os
from pathlib import Path

import boto3
from workshop import connect, create, deploy

folder = create("{folder.rpartition("/")[2]}", template="hello-world")
secrets = {{"stripe_test_key": connect().stripe_key, "stripe_webhook_secret": "whsec_" + os.urandom(16).hex()}}
for name, value in secrets.items():
    boto3.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
Path(folder, "serverless.yml").write_text('''{YAML}''', encoding="utf-8")
Path(folder, "requirements.txt").write_text("stripe>=16.1,<17\\n", encoding="utf-8")"""


DEPLOYED = """Path(folder, "handler.py").write_text(r'''{handler}''', encoding="utf-8")
exercises.challenge.check(deploy(folder, quiet=True))"""
