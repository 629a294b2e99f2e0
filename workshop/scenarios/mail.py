"""The account at the mail provider: keys made and revoked, the messages that went out, a page with a key in it."""

from __future__ import annotations

from typing import Any

import httpx

from workshop.errors import WorkshopError
from workshop.show import Code, Table


class MailAccount:
    """The shop's account at the workshop's mail provider.

    Args:
        cloud: what `connect()` returned.

    Raises:
        WorkshopError: the cloud has no stand-in for the provider.
    """

    def __init__(self, cloud: Any) -> None:
        self.url = cloud.partners.get("mail", "")
        if not self.url:
            raise WorkshopError(
                "This lesson sends mail to the workshop's own provider, which lambdas on AWS cannot reach.",
                fix="Run it with WORKSHOP_CLOUD=local, or set MAIL_API_URL and a key of a provider of yours.",
            )

    def new_key(self, name: str) -> str:
        """A new key; the provider shows its name beside every message sent with it."""
        return httpx.post(f"{self.url}/_stand_in/keys", json={"name": name}, timeout=10).json()["key"]

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
    """A shop's page that calls the provider itself, with the key in it: the wrong way."""
    return f"""<!doctype html>
<button onclick="thank()">Order</button>
<script>
function thank() {{
  fetch("{url}/email", {{
    method: "POST",
    headers: {{"X-Postmark-Server-Token": "{key}"}},
    body: JSON.stringify({{From: "shop@example.com", To: buyer, Subject: "Thank you", TextBody: "…"}})
  }})
}}
</script>"""


def without(secret: str, text: str) -> Code:
    """A text to show, with a secret in it covered."""
    return Code(text.replace(secret, "•" * 8), language="html")
