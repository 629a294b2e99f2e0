"""What a merchant sees at Stripe: charges, events, webhooks; and, of the stand-in, mishaps on request.

Works against the stand-in and, with `STRIPE_TEST_KEY`, against Stripe's own test mode. What only the stand-in can do
says so.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from workshop import lesson
from workshop.core.errors import WorkshopError
from workshop.core.live_keys import has_live_key
from workshop.show import Code, Table


class StripeSide:
    """The merchant's own look at Stripe.

    Args:
        cloud: what `connect()` gave: whose Stripe, with which key.
    """

    def __init__(self, cloud: Any) -> None:
        import stripe

        self.url, self.key = cloud.partners["stripe"], cloud.stripe_key
        self.is_stand_in = urlsplit(self.url).hostname == "127.0.0.1"
        client = stripe.StripeClient(self.key, base_addresses={"api": self.url}, max_network_retries=2)
        self.api = client.v1
        self._began = newest.data[0].id if (newest := self.api.charges.list({"limit": 1})).data else None

    def __repr__(self) -> str:
        return "The stand-in for Stripe on this machine" if self.is_stand_in else "Stripe's test mode"

    def charges(self, *, all_of_them: bool = False) -> list[Any]:
        """The charges since this object was made, oldest first: those that took money, or all."""
        wanted: Any = {"limit": 100} | ({"ending_before": self._began} if self._began else {})
        found = list(self.api.charges.list(wanted).auto_paging_iter())
        if not self._began:  # the library walks backwards from `ending_before`: oldest first
            found.reverse()
        return [charge for charge in found if charge.paid or all_of_them]

    def table(self, most: int = 6) -> Table:
        """The newest charges, as a merchant looks at them."""
        rows = [
            (charge.id[:11] + "…", money(charge.amount, charge.currency), charge.status, charge.failure_code or "")
            for charge in self.charges(all_of_them=True)[-most:]
        ]
        return Table(rows, ["charge", "amount", "status", "code"], f"{self!r} has")

    def tell(self, door: str, **body: Any) -> Any:
        """Tells the stand-in something: a fault, a setting. Stripe itself cannot be told.

        Raises:
            WorkshopError: this is Stripe itself, or the stand-in does not understand.
        """
        if not self.is_stand_in:
            raise WorkshopError(
                "Only the stand-in can be told to misbehave; this kernel talks to Stripe itself.",
                fix="Unset STRIPE_TEST_KEY and restart the kernel to see the mishaps.",
            )
        answer = httpx.post(f"{self.url}/_stand_in/{door}", json=body, timeout=60)
        if answer.status_code != 200:
            raise WorkshopError(answer.json()["message"], where=door)
        return answer.json()

    @contextlib.contextmanager
    def mishap(self, **fault: Any) -> Iterator[None]:
        """A fault for as long as the block runs: `mishap(kind="drop", when="after", path="/v1/charges")`."""
        self.tell("faults", **fault)
        try:
            yield
        finally:
            httpx.delete(f"{self.url}/_stand_in/faults", timeout=60)

    def apple_pay_token(self) -> str:
        """A card token as Apple Pay makes it on a phone; at Stripe itself its test token `tok_visa`."""
        return self.tell("apple_pay_tokens", card="visa")["id"] if self.is_stand_in else "tok_visa"

    def register(self, url: str, kinds: list[str]) -> str:
        """Registers a webhook endpoint, in place of an earlier one at the same address. Returns its signing secret."""
        self.unregister(url)
        wanted: Any = {"url": url, "enabled_events": kinds}
        return str(self.api.webhook_endpoints.create(wanted).secret)

    def unregister(self, url: str) -> None:
        """Stripe tells this address nothing any more."""
        for endpoint in self.api.webhook_endpoints.list().data:
            if endpoint.url == url:
                self.api.webhook_endpoints.delete(endpoint.id)

    def newest_event(self, kind: str) -> Any:
        """The newest event of a kind."""
        return self.api.events.list({"type": kind, "limit": 1}).data[0]


def money(amount: int, currency: str) -> str:
    """An amount as a person writes it: `£19.99`."""
    places = {"jpy": 0, "kwd": 3}.get(currency.lower(), 2)
    sign = {"gbp": "£", "eur": "€", "usd": "$", "jpy": "¥"}.get(currency.lower(), f"{currency.upper()} ")
    return f"{sign}{amount / 10**places:,.{places}f}"


def put_secrets(**values: str) -> Table:
    """Puts secrets into the Parameter Store, encrypted. Shows their names only. Refuses live keys of Stripe.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    """
    import boto3

    ssm = boto3.client("ssm")
    rows = []
    for name, value in values.items():
        if has_live_key(value):
            raise WorkshopError(
                f"{name} is a live Stripe key. This workshop makes test payments only and stores no live key.",
                fix="Use a test key (sk_test_…), such as stripe_side.key.",
            )
        version = ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)["Version"]
        rows.append((name, "SecureString", version))
    return Table(rows, ["parameter", "type", "version"])


def delete_secrets(*names: str) -> str:
    """Deletes parameters; those that are gone already do not matter."""
    import boto3

    boto3.client("ssm").delete_parameters(Names=list(names))
    return f"{len(names)} parameter{'s' * (len(names) > 1)} deleted."


def may(function: str) -> Table:
    """What a function's role allows, from IAM itself.

    Args:
        function: its full name, such as `stripe-payment-dev-payment`.
    """
    import boto3

    role = boto3.client("lambda").get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    iam = boto3.client("iam")
    rows = []
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        statements = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
        for statement in statements:
            actions = ", ".join(listed(statement["Action"]))
            rows += [(actions, resource) for resource in listed(statement["Resource"])]
    return Table(rows, ["may", "on"], f"The role of {function}", widest=70)


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def answers(url: Any, bodies: dict[str, Any]) -> Table:
    """Posts each body and shows what came back.

    Args:
        url: an address, or an endpoint of a deployment.
        bodies: what is sent, by the words that describe it: text as it is, anything else as JSON.
    """
    rows = []
    with httpx.Client(timeout=60) as client:
        for words, body in bodies.items():
            sent = {"content": body} if isinstance(body, str | bytes) else {"json": body}
            answer = client.post(str(getattr(url, "url", url)), **sent)
            reason = answer.json().get("error", answer.text)
            rows.append((words, answer.status_code, textwrap.shorten(reason, 90, placeholder=" …")))
    return Table(rows, ["sent", "answer", "reason"])


def function(path: str, name: str) -> Code:
    """One function of a file, by its name.

    Args:
        path: the file, named from the checkout.
        name: the function's name.
    """
    file = lesson.locate(path)
    source = file.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return Code(ast.get_source_segment(source, node), caption=f"{file.name}, {name}")
    raise WorkshopError(f"There is no function {name!r} in {file.name}.", fix="Check the name.")


def library_facts() -> Table:
    """What today's `stripe` library is by itself: read from the installed package."""
    import stripe

    waits = inspect.signature(stripe.RequestsClient).parameters["timeout"].default
    return Table(
        [
            ("version", stripe.VERSION),
            ("API version it asks for", stripe.api_version),
            ("waits for an answer, unless told otherwise", f"{waits} s"),
            ("tries again by itself", f"{stripe.max_network_retries} times"),
            ("a charge is a dict", issubclass(stripe.Charge, dict)),
        ],
        ["the library", ""],
    )
