"""The challenge: a payment service for a fourth product, with no steps given, and a grader that attacks it."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from workshop.exercises.asking import ask, aws
from workshop.exercises.attacks import KEY, WEBHOOK_SECRET, Attacker
from workshop.exercises.exercise import Attempt, Exercise, NotYet, need
from workshop.exercises.sketches import ABOUT, DEPLOYED, FAIR, handler, service


def grade_challenge(answer: Any) -> str:
    """Attacks the service, and says per attack what happened."""
    endpoints = {urlsplit(one.url).path.rpartition("/")[2]: one.url for one in getattr(answer, "endpoints", [])}
    for path in ("payments", "webhook"):
        need(path in endpoints, f"There is no address that ends in /{path}. Pass what deploy returned.")
    need(
        "127.0.0.1" in os.environ.get("STRIPE_API_BASE", ""),
        "The grader breaks Stripe's answers, so it needs the stand-in: unset STRIPE_TEST_KEY, restart the kernel, and "
        "`connect()` without arguments.",
    )
    secrets = {}
    for name in (KEY, WEBHOOK_SECRET):
        found = aws("ssm").get_parameters(Names=[name], WithDecryption=True)["Parameters"]
        need(found, f"The Parameter Store has no {name}. Put it there first: the grader reads it, too.")
        secrets[name] = found[0]["Value"]
    ask(endpoints["payments"], "POST", content="{")  # on AWS: until the API is there
    attacks = Attacker(endpoints["payments"], endpoints["webhook"], secrets[KEY], secrets[WEBHOOK_SECRET]).run()
    lines = [f"[{'broken' if one.why else 'held'}] {one.name}{': ' + one.why if one.why else ''}" for one in attacks]
    broken = sum(bool(one.why) for one in attacks)
    under = os.environ.get("SSM_PREFIX", "")
    if attacks[0].why and under:  # nobody can pay at all: the most likely reason where names have a prefix
        lines.append(f"Here parameters' names begin with {under}: does the function put its SSM_PREFIX before them?")
    if broken:
        raise NotYet("\n".join([*lines, f"{len(attacks) - broken} of {len(attacks)} held."]))
    return "\n".join([*lines, "All held. You have built a payment service."])


challenge = Exercise(
    name="challenge",
    title="The challenge: a fourth product",
    stretch=True,
    task=ABOUT,
    nudge="Notebook 09: one PaymentIntent a reference, made with the reference as its idempotency key, confirmed with "
    "each card that is tried. And what is true when nobody answered? Ask Stripe.",
    before=service("my_work/pet-payments"),
    solved=DEPLOYED.format(handler=handler(FAIR)),
    grade=grade_challenge,
    wrong=(
        # The forty lines: they charge whenever they are asked.
        Attempt(DEPLOYED.format(handler=handler("naive")), "[broken] a double submit: Five requests"),
        Attempt(DEPLOYED.format(handler=handler("trusting")), "[broken] a tampered amount: One penny"),
        Attempt(DEPLOYED.format(handler=handler("key only")), "[broken] a decline, then another card"),
        Attempt(DEPLOYED.format(handler=handler("believing")), "[broken] a bad webhook signature"),
        Attempt('exercises.challenge.check("my_work/pet-payments")', "Pass what deploy returned"),
    ),
)
