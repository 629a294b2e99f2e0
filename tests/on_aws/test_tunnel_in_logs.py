"""The tunnel's address holds the session's secret. No lesson's function writes it into its log, whatever fails."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import boto3
import httpx
import pytest

from workshop import lesson
from workshop.on_aws import tunnel


def all_logs() -> str:
    """Everything that any function has written."""
    logs = boto3.client("logs")
    groups = [
        one["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for one in page["logGroups"]
    ]
    events = []
    for group in groups:
        with contextlib.suppress(
            logs.exceptions.ResourceNotFoundException
        ):  # another test removed its service meanwhile
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
                events += [one["message"] for one in page["events"]]
    return "\n".join(events)


@pytest.mark.parametrize("status", [503, 502], ids=["nobody there", "hangs up"])
def test_no_function_logs_the_address(base: str, stand_in: Any, monkeypatch: Any, status: int) -> None:
    """`raise_for_status` names the whole address in its error, and a traceback that is not caught goes into the log."""
    path = "/drop" if status == 502 else ""
    name = f"gone{status}".replace("503", "a").replace("502", "b")
    here = f"http://127.0.0.1:{stand_in.server_address[1]}" if path else "http://127.0.0.1:7"
    tunnel.offer(name, here)
    for variable in ("BACKEND_URL", "MAIL_API_URL", "GITHUB_API_URL"):
        monkeypatch.setenv(variable, here + path)
    for key in ("middleman_api_key", "github_token", "github_webhook_secret", "secret_api_key"):
        boto3.client("ssm").put_parameter(Name=key, Value="key", Type="SecureString", Overwrite=True)
    services = ("access_ssm", "middleman", "third_party", "pr_checks")
    try:
        made = {one: lesson.deploy(f"demo_lambdas/{one}", quiet=True) for one in services}
        secret = tunnel._open["base"].rpartition("/")[2]
        [deliver] = [arn for name, arn in made["middleman"].functions.items() if name == "deliver"]
        message = json.dumps({"path": "/x", "headers": {}, "body": ""})
        events = {
            deliver: {"Records": [{"body": message, "messageId": "m1"}]},
            made["pr_checks"].functions["time-of-day"]: {"time": "2026-04-01T10:00:00Z"},
        }
        client = boto3.client("lambda")
        for arn, event in events.items():
            client.invoke(FunctionName=arn, Payload=json.dumps(event).encode())
        for one in services[1:]:
            for endpoint in made[one].endpoints:
                with contextlib.suppress(httpx.HTTPError):
                    lesson.call(endpoint.url.replace("{proxy+}", "x"), "POST", json={}, headers={"X-Api-Key": "key"})
        said = all_logs()
        assert "Not delivered yet: m1" in said and "GitHub" in said  # they failed, and said so
        assert secret not in said
    finally:
        for one in reversed(services):
            with contextlib.suppress(Exception):
                lesson.remove(f"demo_lambdas/{one}", quiet=True)
