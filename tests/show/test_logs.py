"""Log lines as AWS documents them, read back: REPORT fields, requests put together, filters, both formats."""

import io
import json

import pytest

from workshop.core.errors import WorkshopError
from workshop.show.logs import LogPrinter, LogView, follow, parse, parse_report
from workshop.show.logs.read import group_name

A = "8f507cfc-xmpl-4697-b07a-ac58fc914c95".replace("xmpl", "4a7b")
B = "1c0b29e4-9d1f-4c5a-8f57-2f4e7f0a9b11"
STREAM = "2026/11/24/[$LATEST]0123456789abcdef0123456789abcdef"
OTHER = "2026/11/24/[$LATEST]fedcba9876543210fedcba9876543210"

# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
REPORT = (
    f"REPORT RequestId: {A}\tDuration: 15.74 ms\tBilled Duration: 147 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 56 MB\tInit Duration: 130.49 ms\t\n"
)


def report_of(request_id, duration):
    times = f"Duration: {duration:.2f} ms\tBilled Duration: {duration} ms"
    return f"REPORT RequestId: {request_id}\t{times}\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"


def test_report_of_a_cold_start():
    report = parse_report(REPORT)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (15.74, 147, 130.49)
    assert (report.memory_mb, report.max_memory_mb, report.status, report.request_id) == (128, 56, "success", A)


def test_report_of_a_warm_request_with_x_ray_fields():
    # https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html: the trace's fields stand on a line of their own
    text = REPORT.replace("\tInit Duration: 130.49 ms\t\n", " \t\nXRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1\t")
    report = parse_report(text + "SegmentId: 07f5xmpl2d1f6f85\tSampled: true\t\n")
    assert report.init_ms is None and report.max_memory_mb == 56


def test_report_of_a_timeout_and_of_an_error():
    base = report_of(A, 3000)
    assert parse_report(base + "Status: timeout").status == "timeout"
    report = parse_report(base + "Status: error\tError Type: Runtime.ExitError")
    assert (report.status, report.error_type) == ("error", "Runtime.ExitError")


def test_what_is_no_report_is_refused():
    with pytest.raises(ValueError, match="no REPORT line"):
        parse_report("REPORT of the week")


def test_report_of_the_json_format():
    # https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
    metrics = {"durationMs": 1.5, "billedDurationMs": 122, "initDurationMs": 120}
    metrics |= {"memorySizeMB": 256, "maxMemoryUsedMB": 40}
    record = {"requestId": A, "metrics": metrics, "status": "success"}
    event = {"time": "2026-11-24T03:00:00.000Z", "type": "platform.report", "record": record}
    line = parse({"message": json.dumps(event)})
    assert line.kind == "report" and line.report.init_ms == 120.0 and line.report.billed_ms == 122


@pytest.mark.parametrize(
    ("message", "level", "text"),
    [
        ("plain print", "", "plain print"),
        (f"[INFO]\t2026-11-24T03:00:00.000Z\t{A}\tabout to charge", "INFO", "about to charge"),
        (f"[WARNING]\t2026-11-24T03:00:00.000Z\t{A}\tslow", "WARN", "slow"),
        ("[ERROR] ValueError: boom\nTraceback (most recent call last):\n  File …", "ERROR", None),
        ('{"level": "ERROR", "message": "declined", "charge": "ch_1"}', "ERROR", "declined charge=ch_1"),
        ('{"message": {"a": 1}}', "", '{"a": 1}'),
        ("{not json", "", "{not json"),
        ("[1, 2]", "", "[1, 2]"),
        ("ERROR: no colon trouble", "ERROR", None),
        ("Errors happen", "", "Errors happen"),
    ],
)
def test_levels_and_texts(message, level, text):
    line = parse({"message": message, "timestamp": 1, "logStreamName": STREAM})
    assert line.level == level and line.text == (message if text is None else text)


START = 1_790_000_000_000


def events(*messages, stream=STREAM, start=START):
    return [{"timestamp": start + n, "message": text, "logStreamName": stream} for n, text in enumerate(messages)]


def one_request(request_id, *prints, report="", first=()):
    end = report or report_of(request_id, 2)
    return [*first, f"START RequestId: {request_id} Version: $LATEST\n", *prints, f"END RequestId: {request_id}\n", end]


INIT = "INIT_START Runtime Version: python:3.12.v18\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:0"
COLD = one_request(A, "about to charge", "charged ch_42", report=REPORT, first=(INIT,))
WARM = one_request(B, "about to charge", "Your card was declined. charge ch_43")


def test_prints_belong_to_the_request_their_stream_was_serving():
    mixed = sorted(events(*COLD) + events(*WARM, stream=OTHER, start=START + 2), key=lambda event: event["timestamp"])
    view = LogView(mixed)
    assert [request.request_id for request in view.requests] == [A, B]
    assert [line.text for line in view[0].own_lines()] == ["about to charge", "charged ch_42"]
    assert view[0].cold and not view[1].cold and view[0].lines[0].kind == "init_start"


def test_two_requests_of_one_environment_do_not_mix():
    view = LogView(events(*COLD, *WARM))
    assert [len(request.own_lines()) for request in view.requests] == [2, 2]


def test_requests_are_collapsed_until_something_is_wrong_or_searched():
    view = LogView(events(*COLD, *WARM))
    assert "about to charge" not in str(view) and "[2 lines]" in str(view)
    assert "about to charge" in str(view.filter(expand=True))


def test_a_search_finds_the_declined_payment_and_its_charge():
    found = LogView(events(*COLD, *WARM), text="DECLINED")
    assert [request.request_id for request in found.requests] == [B]
    assert "ch_43" in str(found) and "about to charge" in str(found) and "<b>" in found.html()


def test_filters_by_request_and_level():
    failed = one_request(B, "[ERROR] KeyError: 'token'\nTraceback (most recent call last):\n  File \"/var/task/h.py\"")
    view = LogView(events(*COLD, *failed))
    assert len(view.filter(request=A[:4])) == 1 and len(view.filter(level="error")) == 1
    assert view[1].status == "error" and "Traceback" in str(view)
    with pytest.raises(WorkshopError, match="no log level 'LOUD'"):
        view.filter(level="LOUD")


def test_timeout_crash_and_running_have_their_words():
    timeout = [f"START RequestId: {A} Version: 1", f"2026-11-24T03:00:03.000Z {A} Task timed out after 3.00 seconds"]
    ended = f"RequestId: {B} Error: Runtime exited with error: exit status 1\nRuntime.ExitError"
    crash = [f"START RequestId: {B} Version: 1", ended]
    assert LogView(events(*timeout))[0].status == "timeout"
    assert LogView(events(*crash))[0].status == "error"
    assert LogView(events(timeout[0]))[0].status == "running"


def test_structured_lines_beside_prints():
    data = {"timestamp": "2026-11-24T03:00:00Z", "level": "INFO", "message": "charged"}
    data |= {"charge": "ch_9", "requestId": A}
    view = LogView(events(*one_request(A, "print beside", json.dumps(data))), expand=True)
    assert "print beside" in str(view) and "INFO  charged charge=ch_9" in str(view)


def test_html_escapes_and_needs_no_style_block():
    html = LogView(events(*one_request(A, "<script>alert(1)</script>")), expand=True).html()
    assert "<script>" not in html and "<details" in html and "<style" not in html


def test_report_is_explained_field_by_field_and_figures_follow_from_lines():
    view = LogView(events(*COLD, *WARM))
    assert "Init Duration" in str(view.explain()) and "130.49 ms" in str(view.explain())
    figures = {row[0]: row[1] for row in view.metrics().rows}
    assert figures["requests"] == "2" and figures["cold"] == "1" and figures["billed, ms"] == "149"
    with pytest.raises(WorkshopError, match="No request here has a REPORT"):
        LogView([]).explain()


def test_an_empty_view_says_so():
    assert str(LogView([])) == "(no request)" and "(no request)" in LogView([]).html()


def test_the_printer_prints_wanted_lines_with_their_request():
    out = io.StringIO()
    printer = LogPrinter(out, text="charge")
    for event in events(*COLD, *WARM):
        printer.take(event)
    lines = out.getvalue().splitlines()
    assert len(lines) == 4 and all(line.split()[1] in (A[:8], B[:8]) for line in lines)
    assert "\x1b" not in out.getvalue()


def test_a_function_an_arn_and_a_group_name_the_same_group():
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:hello:live"
    assert {group_name(name) for name in ("hello", arn, "/aws/lambda/hello")} == {"/aws/lambda/hello"}


def test_following_yields_each_event_once_and_waits_for_the_group():
    class Client:
        """A log group that appears late and whose pages repeat events, as CloudWatch's do."""

        calls = 0

        class exceptions:
            class ResourceNotFoundException(Exception): ...

        def get_paginator(self, name):
            assert name == "filter_log_events"
            return self

        def paginate(self, logGroupName, startTime):
            self.calls += 1
            if self.calls == 1:
                raise self.exceptions.ResourceNotFoundException
            known = events(*COLD)[: self.calls]
            yield {"events": [dict(event, eventId=str(n)) for n, event in enumerate(known)]}

    lines = follow("hello", since_ms=0, client=Client(), poll_seconds=0)
    assert [next(lines).message for _ in COLD] == [message.rstrip("\n") for message in COLD]
