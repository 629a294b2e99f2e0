"""What a lesson shows where the clock cannot be moved and no process can be killed is what its text says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from tests.on_aws.by_cell import ROOT
from workshop import deploy, remove

ENCRYPTED = {"Type": "SecureString", "Overwrite": True}
OFFLINE = {
    "Wednesday 23:00, into production": ("pending", "pending"),
    "Wednesday 23:00, into main": ("pending", "success"),
    "Saturday noon, opened on Friday": ("pending", "pending"),
    "Saturday noon, opened on Saturday": ("success", "pending"),
    "Wednesday 23:00, opened at noon, told again": ("success", "pending"),
}


@pytest.fixture
def checks(on_aws: Any) -> Iterator[tuple[Any, Any, str]]:
    """Lesson 03 up to its webhook: a repository, the deployed checks, the secret between them."""
    from workshop.scenarios.pull_requests import repository

    on_aws.clock.move_to("2026-03-25T12:00:00Z")
    shop, secret = repository(on_aws, "shop"), os.urandom(20).hex()
    boto3.client("ssm").put_parameter(Name="github_token", Value=shop.token_for_checks(), **ENCRYPTED)
    boto3.client("ssm").put_parameter(Name="github_webhook_secret", Value=secret, **ENCRYPTED)
    deploy("demo_lambdas/access_ssm", quiet=True)
    yield shop, deploy("demo_lambdas/pr_checks", quiet=True), secret
    for folder in ("pr_checks", "access_ssm"):
        remove(f"demo_lambdas/{folder}", quiet=True)
    on_aws.clock.reset()


def test_lesson_03_goes_by_the_time_of_its_story(on_aws: Any, checks: tuple[Any, Any, str]) -> None:
    shop, deployed, secret = checks
    assert "200" in str(shop.add_webhook(deployed, secret))
    noon = shop.open("(TEAM #123) AAC I love this site")
    assert "Wednesday 12:00: open" in str(noon.look()) and "Ready to merge." in str(noon.look())
    on_aws.clock.move_to("2026-03-25T23:00:00Z")
    assert "Wednesday 23:00: production opens" in str(shop.open("(TEAM #124) AAC I pay by card").look())
    told = httpx.post(f"{on_aws.partners['github']}/_stand_in/clock", json={"to": "tomorrow"})
    assert told.status_code == 400 and "null" in told.json()["message"]


def test_lesson_03_has_the_same_table_of_hard_moments(on_aws: Any, checks: tuple[Any, Any, str]) -> None:
    from workshop.scenarios.two_versions import TwoVersions

    _, deployed, secret = checks
    naive = deploy("demo_lambdas/pr_checks_naive", quiet=True)
    try:
        rows = TwoVersions(on_aws, naive, deployed, secret).the_clock().rows
    finally:
        remove("demo_lambdas/pr_checks_naive", quiet=True)
    assert {words: (old, new) for words, old, new in rows} == OFFLINE


def test_lesson_09_has_a_crash(on_aws: Any) -> None:
    """Lambda ends a function whose time is over, after the charge and before it heard so."""
    from workshop.scenarios.once import MISHAPS, how_often
    from workshop.scenarios.shop import Shop

    shop = Shop(on_aws)
    try:
        shop.open_orders(("sofa", "ada", 4999))
        crash = "a crash after the charge, then again"
        [row] = how_often(shop, {crash: MISHAPS[crash]}).rows
    finally:
        shop.close()
    assert [str(each) for each in row] == [crash, "2", "1", "1, unknown to us", "1"]


def test_a_last_word_in_the_middle_of_a_lesson_is_kept_for_its_end(
    on_aws: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from workshop.scenarios import layers, schedules

    schedules.once("demo_lambdas/hello_world", "hello", {})
    layers.measure("hello_world", rounds=1)
    assert "on AWS" not in capsys.readouterr().err
    deploy("demo_lambdas/hello_world", quiet=True)
    remove("demo_lambdas/hello_world", quiet=True)
    assert "on AWS" in capsys.readouterr().err


LAST_CELL = """from workshop import connect, deploy, remove
connect()
for folder in ("hello_world", "keep_warm"):
    deploy(f"demo_lambdas/{folder}", quiet=True)
for folder in ("hello_world", "keep_warm"):
    remove(f"demo_lambdas/{folder}", quiet=True)
    print("Removed:", folder)
"the value of the cell"
"""


def test_in_a_notebook_what_is_left_is_said_last_and_once(on_aws: Any) -> None:
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(LAST_CELL), nbformat.v4.new_code_cell("1")]
    NotebookClient(
        nbformat.v4.new_notebook(cells=cells),
        timeout=60,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    ).execute(env=os.environ | {"PYTHONPATH": str(ROOT)})
    texts = [str(one.get("text") or one["data"]["text/plain"]) for one in cells[0].outputs]
    assert ["on AWS" in text for text in texts[1:]].count(True) == 1 and "(e7k2)" in texts[-1], texts
    assert len(cells[1].outputs) == 1
