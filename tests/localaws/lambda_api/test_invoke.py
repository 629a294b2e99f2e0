"""Invoke: kinds, limits, errors, tails. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from tests.localaws.bench import Bench
from tests.localaws.lambda_api.test_functions import create, refusal

SOURCE = """
import os, sys
def handler(event, context):
    print("got", len(str(event)))
    if event.get("raise"):
        raise ValueError("as asked")
    if event.get("big"):
        return "x" * (6 * 1024 * 1024 + event["big"])
    if event.get("trace"):
        return os.environ["_X_AMZN_TRACE_ID"]
    return {"client": getattr(context.client_context, "custom", None), "arn": context.invoked_function_arn}
"""
SCOPE = "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=s"


@pytest.fixture(scope="module")
def name(api: Any, role: str) -> str:
    from tests.localaws.bench import zipped

    return str(create(api, role, Code={"ZipFile": zipped(SOURCE)}, Timeout=20, MemorySize=256)["FunctionName"])


def test_log_tail_is_the_request_s_own_log(api: Any, name: str) -> None:
    got = api.invoke(FunctionName=name, LogType="Tail", Payload=b"{}")
    tail = base64.b64decode(got["LogResult"]).decode()
    request_id = got["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST" in tail
    assert "got 2" in tail
    assert f"REPORT RequestId: {request_id}\tDuration: " in tail


def test_a_function_error_is_a_200_with_a_header(api: Any, name: str) -> None:
    got = api.invoke(FunctionName=name, Payload=b'{"raise": true}')
    assert (got["StatusCode"], got["FunctionError"]) == (200, "Unhandled")
    answer = json.loads(got["Payload"].read())
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "as asked")
    assert answer["stackTrace"]


def test_event_is_accepted_and_dry_run_runs_nothing(api: Any, name: str) -> None:
    accepted = api.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert accepted["StatusCode"] == 202
    assert accepted["Payload"].read() == b""
    assert api.invoke(FunctionName=name, InvocationType="DryRun", Payload=b"{}")["StatusCode"] == 204


def test_client_context_arrives(api: Any, name: str) -> None:
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    answer = json.loads(api.invoke(FunctionName=name, ClientContext=context, Payload=b"{}")["Payload"].read())
    assert answer["client"] == {"a": "b"}
    wrong = refusal(api.invoke, FunctionName=name, ClientContext="%%%", Payload=b"{}")
    assert wrong[0] == "InvalidRequestContentException"


@pytest.mark.parametrize("payload", [b"{nonsense", b"[NaN]", b"-Infinity", b"\xff", b"1 2"])
def test_what_is_no_json_is_refused(api: Any, name: str, payload: bytes) -> None:
    code, message = refusal(api.invoke, FunctionName=name, Payload=payload)
    assert code == "InvalidRequestContentException"
    assert message.startswith("Could not parse request body into json")


def test_unknown_kinds_are_refused(unchecked: Any, name: str) -> None:
    for wrong, member in (({"InvocationType": "Later"}, "invocationType"), ({"LogType": "Head"}, "logType")):
        code, message = refusal(unchecked.invoke, FunctionName=name, Payload=b"{}", **wrong)
        assert code == "ValidationException"
        assert f"at '{member}' failed to satisfy constraint" in message
    later = refusal(unchecked.invoke_with_response_stream, FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert later[1].endswith("[RequestResponse, DryRun]")


def test_payload_limits(api: Any, name: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and, asynchronously, 1 MB
    over = json.dumps("x" * (6 * 1024 * 1024)).encode()
    code, message = refusal(api.invoke, FunctionName=name, Payload=over)
    assert code == "RequestTooLargeException"
    assert message == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    big = json.dumps("x" * (1024 * 1024)).encode()
    assert refusal(api.invoke, FunctionName=name, InvocationType="Event", Payload=big)[0] == "RequestTooLargeException"


def test_an_answer_over_6_mb_is_an_error(api: Any, name: str) -> None:
    got = api.invoke(FunctionName=name, Payload=b'{"big": 200}')
    assert got["FunctionError"] == "Unhandled"
    told = json.loads(got["Payload"].read())
    assert told["errorType"] == "Function.ResponseSizeTooLarge"
    assert told["errorMessage"] == "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    assert "FunctionError" not in api.invoke(FunctionName=name, Payload=b'{"big": 50}')  # the limit is 6 MB and 100


def test_the_context_says_how_the_function_was_named(api: Any, name: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/python-context.html: invoked_function_arn
    arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
    for qualifier in ("", ":$LATEST"):
        answer = api.invoke(FunctionName=name + qualifier, Payload=b"{}")["Payload"].read()
        assert json.loads(answer)["arn"] == arn + qualifier


def test_the_trace_goes_on(bench: Bench, name: str) -> None:
    # https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    root = "Root=1-6123abcd-0123456789abcdef01234567"
    url = f"{bench.url}/2015-03-31/functions/{name}/invocations"
    sent = {"Authorization": SCOPE, "X-Amzn-Trace-Id": f"{root};Parent=0123456789abcdef;Sampled=1"}
    assert httpx.post(url, headers=sent, content=b'{"trace": true}').json().startswith(root)


def test_names_of_every_form_reach_it(api: Any, name: str) -> None:
    arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
    for form in (name, f"{name}:$LATEST", f"123456789012:function:{name}", arn, f"{arn}:$LATEST"):
        assert api.invoke(FunctionName=form, Payload=b"{}")["StatusCode"] == 200
    two = refusal(api.invoke, FunctionName=f"{arn}:1", Qualifier="2", Payload=b"{}")
    assert two[0] == "InvalidParameterValueException"
    unknown = refusal(api.invoke, FunctionName=name, Qualifier="7", Payload=b"{}")
    assert unknown == ("ResourceNotFoundException", f"Function not found: {arn}:7")


def test_a_streamed_invocation_gives_chunks_and_an_end(api: Any, name: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
    events = list(api.invoke_with_response_stream(FunctionName=name, Payload=b"{}")["EventStream"])
    assert (
        json.loads(b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event))["client"]
        is None
    )
    assert "InvokeComplete" in events[-1]


def test_an_unknown_operation_is_an_aws_error(bench: Bench) -> None:
    got = httpx.get(f"{bench.url}/2015-03-31/nonsense", headers={"Authorization": SCOPE})
    assert got.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert "nonsense" in got.json()["message"]
