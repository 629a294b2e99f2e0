"""Three insurance products that pay through one service, `demo_lambdas/payment_service`: the products' side."""

from __future__ import annotations

import shutil
import textwrap
import uuid
from pathlib import Path
from typing import Any

import httpx

from workshop import lesson
from workshop.scenarios.stripe_side import StripeSide, delete_secrets, put_secrets
from workshop.show import Http, Table

SERVICE = "payment_service"
IMPORTS = "from providers.base import BaseProvider, Outcome\n\n\n"
# The stand-in's sandbox merchant. PayPal itself gives each developer a pair of their own.
PAYPAL = {"paypal_client_id": "workshop-client", "paypal_client_secret": "workshop-secret"}


class Insurance:
    """The service, deployed from a copy in `my_work/` that a reader may change.

    Args:
        cloud: what `connect()` gave.
    """

    def __init__(self, cloud: Any) -> None:
        self.stripe, self.paypal_url = StripeSide(cloud), cloud.partners["paypal"]
        put_secrets(stripe_test_key=self.stripe.key, **PAYPAL)
        lesson.deploy("demo_lambdas/access_ssm", quiet=True)
        self.folder = lesson.MY_WORK / SERVICE
        shutil.rmtree(self.folder, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(lesson.find(f"demo_lambdas/{SERVICE}"), self.folder, ignore=ignored)
        self.http = httpx.Client(timeout=60)
        self.deploy()

    def deploy(self) -> Any:
        """Deploys the copy as it is now."""
        deployed = lesson.deploy(self.folder, quiet=True)
        self.address = next(each.url for each in deployed.endpoints if each.url.endswith("/payments"))
        return deployed

    def post(self, **change: Any) -> httpx.Response:
        """What a product sends for a payment."""
        reference = f"P-{uuid.uuid4().hex[:8]}"
        body = {"product": "learner", "reference": reference, "provider": "stripe", "source": "tok_visa"}
        return self.http.post(self.address, json=body | {"money": {"amount": 1999, "currency": "GBP"}} | change)

    def pay(self, **change: Any) -> Http:
        """A payment, and the exchange."""
        return Http(self.post(**change))

    def approve(self, answer: httpx.Response) -> httpx.Response:
        """The buyer's step at PayPal, and the product's call when the buyer is back."""
        self.http.post(answer.json()["url"], data={"choice": "good"})
        product, _, reference = answer.json()["payment"].partition("-")
        return self.http.post(f"{self.address}/{product}/{reference}/finish")

    def pay_with_both(self) -> Table:
        """Payments of three products, in three currencies, by card and with PayPal."""
        rows = []
        for product, provider, amount, currency in (
            ("learner", "stripe", 1999, "GBP"),
            ("short_term", "paypal", 1999, "GBP"),
            ("new_driver", "paypal", 1999, "JPY"),
            ("new_driver", "stripe", 1990, "KWD"),
            ("learner", "paypal", 1990, "KWD"),
        ):
            wanted = {"amount": amount, "currency": currency}
            answer = self.post(product=product, provider=provider, money=wanted)
            steps = [str(answer.status_code)]
            if answer.status_code == 202:
                answer = self.approve(answer)
                steps.append(f"the buyer approves, {answer.status_code}")
            body = answer.json()
            rows.append(
                (
                    product,
                    provider,
                    f"{amount} {currency}",
                    ", ".join(steps),
                    body.get("money", ""),
                    body.get("state") or body["error"],
                )
            )
        return Table(rows, ["product", "provider", "amount sent", "answers", "money", "state"])

    def add_provider(self, name: str, source: str) -> Path:
        """Writes a third provider's file and deploys again.

        Args:
            name: the provider's name, as requests will say it.
            source: its class `Provider`; the imports are added.
        """
        path = self.folder / "providers" / f"{name}.py"
        path.write_text(f'"""A third provider."""\n\n{IMPORTS}{textwrap.dedent(source).strip()}\n', encoding="utf-8")
        self.deploy()
        return path

    def close(self) -> str:
        """Removes the service, its copy and its secrets."""
        self.http.close()
        delete_secrets(*PAYPAL)
        lesson.remove(self.folder, quiet=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return "payment-service is removed."
