"""Three insurance products that pay through one service, `demo_lambdas/payment_service`: the products' side."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import textwrap
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from workshop import lesson
from workshop.core.errors import WorkshopError
from workshop.core.paths import set_aside
from workshop.scenarios.shop import delete_tables
from workshop.scenarios.stripe_side import StripeSide, delete_secrets, put_secrets
from workshop.show import Http, Table

SERVICE = "payment_service"
IGNORED = shutil.ignore_patterns("__pycache__", ".serverless")
IMPORTS = "from providers.base import BaseProvider, Outcome\n\n\n"
# The stand-in's sandbox merchant. PayPal itself gives each developer a pair of their own.
PAYPAL = {"paypal_client_id": "workshop-client", "paypal_client_secret": "workshop-secret"}
PRODUCT_KEYS = {f"product_key_{name}": f"the key of {name}" for name in ("learner", "short_term", "new_driver")}


class Insurance:
    """The service, deployed from a copy in `my_work/` that a reader may change.

    Args:
        cloud: what `connect()` gave.
    """

    def __init__(self, cloud: Any) -> None:
        self.stripe, self.paypal_url = StripeSide(cloud), cloud.partners["paypal"]
        put_secrets(stripe_test_key=self.stripe.key, **PAYPAL, **PRODUCT_KEYS)
        lesson.deploy("demo_lambdas/access_ssm", quiet=True)
        self.folder, original = lesson.MY_WORK / SERVICE, lesson.find(f"demo_lambdas/{SERVICE}")
        put_away(self.folder, contents(original))
        shutil.copytree(original, self.folder, ignore=IGNORED)
        self.as_made = contents(self.folder)
        self.http = httpx.Client(timeout=60)
        self.deploy()

    def deploy(self) -> Any:
        """Deploys the copy as it is now."""
        deployed = lesson.deploy(self.folder, quiet=True)
        self.tables = [name for key, name in deployed.outputs.items() if key.endswith("Table")]
        self.address = next(each.url for each in deployed.endpoints if each.url.endswith("/payments"))
        return deployed

    def post(self, **change: Any) -> httpx.Response:
        """What a product sends for a payment."""
        reference = f"P-{uuid.uuid4().hex[:8]}"
        body = {"product": "learner", "reference": reference, "provider": "stripe", "source": "tok_visa"}
        body |= {"money": {"amount": 1999, "currency": "GBP"}} | change
        return self.send(self.address, json.dumps(body).encode(), body["product"])

    def send(self, url: str, raw: bytes, product: str) -> httpx.Response:
        """A request that a product signs with its key, as `signature.py` of the service says."""
        at, path = int(time.time()), f"/payments{url.removeprefix(self.address)}"
        said = b".".join([str(at).encode(), path.encode(), raw])
        signed = hmac.new(PRODUCT_KEYS[f"product_key_{product}"].encode(), said, hashlib.sha256).hexdigest()
        headers = {"Authorization": f"Signature {product}:{at}:{signed}", "Content-Type": "application/json"}
        return self.http.post(url, content=raw, headers=headers)

    def strangers(self) -> Table:
        """What somebody without a product's key gets, and a product that pays for another one."""
        body = {"product": "learner", "reference": "P-taken", "provider": "stripe", "source": "tok_visa"}
        raw = json.dumps(body | {"money": {"amount": 30, "currency": "GBP"}}).encode()
        unsigned = self.http.post(self.address, content=raw)
        other = self.send(self.address, raw, "short_term")
        rows = [("30 pence, unsigned", unsigned), ("30 pence, signed by another product", other)]
        said = [(words, each.status_code, each.json()["error"]) for words, each in rows]
        return Table(said, ["the request", "answer", "reason"])

    def pay(self, **change: Any) -> Http:
        """A payment, and the exchange."""
        return Http(self.post(**change))

    def approve(self, answer: httpx.Response) -> httpx.Response:
        """The buyer's step at PayPal, and the product's call when the buyer is back."""
        self.http.post(answer.json()["url"], data={"choice": "good"})
        product, _, reference = answer.json()["payment"].partition("-")
        return self.send(f"{self.address}/{product}/{reference}/finish", b"", product)

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
        if not name.isidentifier():
            raise WorkshopError(f"{name!r} is no name for a provider: it becomes a Python module's.", used_wrongly=True)
        path = self.folder / "providers" / f"{name}.py"
        path.write_text(f'"""A third provider."""\n\n{IMPORTS}{textwrap.dedent(source).strip()}\n', encoding="utf-8")
        self.as_made[path.relative_to(self.folder).as_posix()] = path.read_bytes()
        self.deploy()
        return path

    def close(self) -> str:
        """Removes the service, its copy and its secrets. A copy that the reader has changed is kept."""
        self.http.close()
        delete_secrets(*PAYPAL, *PRODUCT_KEYS)
        lesson.remove(self.folder, quiet=True)
        delete_tables(*self.tables)
        kept = put_away(self.folder, self.as_made)
        copied = f" Your changed copy is kept as {kept}." if kept else ""
        return f"payment-service is removed, and the tables that a removal keeps are deleted.{copied}"


def contents(folder: Path) -> dict[str, bytes]:
    """A folder's files with what they hold, without what Python and packaging leave there."""
    found = (path for path in folder.rglob("*") if not {"__pycache__", ".serverless"} & set(path.parts))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.is_file()}


def put_away(folder: Path, as_made: dict[str, bytes]) -> str:
    """Removes a folder that is as it was made; one that the reader has changed is moved aside. Says where to."""
    if not os.path.lexists(folder):
        return ""
    if not folder.is_symlink() and folder.is_dir() and contents(folder) == as_made:
        shutil.rmtree(folder, ignore_errors=True)
        return ""
    return set_aside(folder).relative_to(lesson.MY_WORK.parent).as_posix()
