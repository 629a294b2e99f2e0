"""The account at the mail provider: keys made and revoked, the messages that went out, a page with a key in it."""

from __future__ import annotations

import json
import textwrap
import time
from typing import Any

import httpx

from workshop.show import Code, Table, Text


class MailAccount:
    """The shop's account at the workshop's mail provider.

    Args:
        cloud: what `connect()` returned.

    Raises:
        WorkshopError: the cloud has no stand-in for the provider.
    """

    def __init__(self, cloud: Any) -> None:
        self.keys: list[str] = []  # every key that was ever made, revoked ones too
        self.url = cloud.stand_in("mail")

    def new_key(self, name: str) -> str:
        """A new key; the provider shows its name beside every message sent with it."""
        self.keys.append(httpx.post(f"{self.url}/_stand_in/keys", json={"name": name}, timeout=10).json()["key"])
        return self.keys[-1]

    def revoke(self, key: str) -> str:
        """Makes a key worthless at once."""
        left = httpx.request("DELETE", f"{self.url}/_stand_in/keys", json={"key": key}, timeout=10).json()["keys"]
        return f"Revoked. Keys that still work: {left}"

    def sent(self, most: int = 5) -> Table:
        """The newest messages that went out, as the provider's web page lists them."""
        messages = httpx.get(f"{self.url}/_stand_in/inbox", timeout=10).json()[-most:]
        rows = [(each["to"], each["subject"], each["text"], each["key"]) for each in messages]
        return Table(rows, ["to", "subject", "text", "sent with"], "Messages that went out")

    def fail_once(self, status: int = 500) -> str:
        """Makes the provider fail at the next request."""
        httpx.post(f"{self.url}/_stand_in/faults", json={"kind": "status", "status": status}, timeout=10)
        return f"The provider's next answer is {status}."


def page_with(key: str, url: str) -> str:
    """The script of a shop's page that calls the provider itself, with the key in it: the wrong way."""
    return f"""function thank(buyer) {{
  fetch("{url}/email", {{
    method: "POST",
    headers: {{"X-Postmark-Server-Token": "{key}"}},
    body: JSON.stringify({{From: "shop@example.com", To: buyer, Subject: "Thanks"}})
  }})
}}"""


def without(secret: str, text: str) -> Code:
    """A script to show, with a secret in it covered."""
    return Code(text.replace(secret, "•" * 8), language="javascript")


def attempts(url: Any, changes: dict[str, dict[str, Any]]) -> Table:
    """Sends orders that were changed in one place each, and lists what the lambda answers.

    Args:
        url: the lambda's endpoint.
        changes: words -> what is different from a good request.
    """
    good = {"template": "order-confirmation", "to": "ada@example.com", "data": {"name": "Ada", "order": "A-17"}}
    rows = []
    for words, change in changes.items():
        response = httpx.post(str(getattr(url, "url", url)), json=good | change, timeout=30)
        rows.append((words, response.status_code, response.json().get("message", "sent")))
    return Table(rows, ["tried", "answer", "why"])


def error_of(function: str, body: Any) -> Text:
    """Invokes a function with an HTTP request's body and shows the error it ends with."""
    import boto3

    payload = json.dumps({"body": json.dumps(body)})
    answer = json.loads(boto3.client("lambda").invoke(FunctionName=function, Payload=payload)["Payload"].read())
    words = answer.get("errorMessage") or f"No error: {answer}"
    lines = textwrap.wrap(words, 84, break_on_hyphens=False, break_long_words=False)
    return Text("\n".join(_in_two(line, 84) for line in lines), answer.get("errorType", ""))


def _in_two(line: str, most: int) -> str:
    """A line whose one long word, an ARN, would be cut anywhere: cut after a slash instead."""
    at = line.rfind("/", 0, most) + 1
    return f"{line[:at]}\n{line[at:]}" if len(line) > most and at else line


def rotate(account: MailAccount, ssm: Any, url: Any, order: Any, seconds: float = 3.0) -> Table:
    """Stores a new key while mails are sent, and shows which key each mail went out with.

    Args:
        account: the account at the provider.
        ssm: boto3's client for the Parameter Store.
        url: the lambda's endpoint.
        order: what to send.
        seconds: how long to go on after the change.
    """
    address, rows, last = str(getattr(url, "url", url)), [], ""
    httpx.post(address, json=order, timeout=30)
    ssm.put_parameter(Name="secret_api_key", Value=account.new_key("autumn"), Type="SecureString", Overwrite=True)
    changed = time.monotonic()
    while (passed := time.monotonic() - changed) < seconds:
        status = httpx.post(address, json=order, timeout=30).status_code
        name = httpx.get(f"{account.url}/_stand_in/inbox", timeout=10).json()[-1]["key"]
        if name != last:
            rows.append((f"{passed:.1f} s", status, name))
            last = name
        time.sleep(0.1)
    return Table(rows, ["after the change", "answer", "sent with the key"])


def log_of(function: str, secrets: list[str]) -> Text:
    """The end of a function's log, and whether a secret stands anywhere in it.

    Args:
        function: its name or ARN.
        secrets: such as the `keys` of an account.
    """
    import boto3

    group = f"/aws/lambda/{function.rpartition(':')[2]}"
    pages = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    text = "\n".join(event["message"].strip() for page in pages for event in page["events"])
    lines = text.splitlines()
    ours = [line.rpartition("\t")[2] for line in lines if line.startswith("[INFO]")][-2:]
    found = sum(secret in text for secret in secrets)
    verdict = f"{found} of {len(secrets)} keys stand in them!" if found else f"None of {len(secrets)} keys is in them."
    return Text("\n".join(ours), f"{len(lines)} lines of log. {verdict} The last that the handler wrote:")
