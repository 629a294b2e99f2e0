"""Whose third parties a connected process talks to on AWS: the stand-ins of this machine, or the real ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import psutil
import pytest

from tests.on_aws.by_cell import ROOT, as_aws

STARTED = "from workshop import connect; import json, os\n"


def python(source: str, endpoint: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of a reader on AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WORKSHOP_"))}
    environment = kept | as_aws(endpoint, "s2t4") | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | variables
    return subprocess.run(
        [sys.executable, "-c", STARTED + source],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_a_notebook_has_stand_ins_that_end_with_it(cloud: Any) -> None:
    done = python(
        "c = connect(); print(json.dumps([c.mode, c.partners, c.stripe_key, os.environ['MAIL_API_URL'],"
        " c.stand_in('github'), c._process.pid]))",
        cloud.endpoint,
    )
    assert done.returncode == 0, done.stderr
    mode, partners, key, mail, github, pid = json.loads(done.stdout)
    assert mode == "aws" and key == "sk_test_workshop"
    assert all(address.startswith("http://127.0.0.1:") for address in partners.values()) and len(partners) == 5
    assert (mail, github) == (partners["mail"], partners["github"])
    assert not psutil.pid_exists(pid)


def test_with_a_key_of_the_readers_own_stripe_is_the_real_one(cloud: Any) -> None:
    """https://docs.stripe.com/keys#test-live-modes; nothing is asked of it here."""
    source = "c = connect(); print(c.partners['stripe'], c.stripe_key)"
    done = python(source, cloud.endpoint, STRIPE_TEST_KEY="sk_test_1")
    assert done.stdout.split() == ["https://api.stripe.com", "sk_test_1"], done.stderr


@pytest.mark.parametrize(
    "how", ["connect(stand_ins=False)", "__import__('workshop.cloud.switch', fromlist=['_']).connect_command()"]
)
def test_without_stand_ins_the_third_parties_are_the_real_ones(cloud: Any, how: str) -> None:
    done = python(f"c = {how}; print(json.dumps(c.partners)); c.stand_in('github')", cloud.endpoint)
    assert json.loads(done.stdout.splitlines()[0]) == {
        "stripe": "https://api.stripe.com",
        "paypal": "https://api-m.sandbox.paypal.com",
        "github": "https://api.github.com",
    }
    assert "This lesson needs the stand-in for github" in done.stderr
