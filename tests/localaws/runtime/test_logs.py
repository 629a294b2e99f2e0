"""What functions write, in frames: nothing lost, nothing forged, in order, bounded.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

import asyncio
import calendar
import re

import pytest

from tests.localaws.runtime.room import OWN_PYTHON, Engines, until
from workshop.core import system

pytestmark = pytest.mark.anyio


async def test_the_frame_of_a_cold_and_a_warm_request(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("print('at start')\ndef handler(e, c):\n    print('hello')\n")
        await room.call(spec)
        cold = room.last
        await room.call(spec)
        warm = room.last
        number = re.escape(OWN_PYTHON.removeprefix("python"))
        version = rf"INIT_START Runtime Version: python:{number}\.v\d+\t"
        assert re.match(version + "Runtime Version ARN: arn:aws:lambda:eu-west-1::runtime:", room.lines[0])
        assert room.lines[1:] == [
            "at start\n",
            f"START RequestId: {cold.request_id} Version: $LATEST\n",
            "hello\n",
            f"END RequestId: {cold.request_id}\n",
            f"REPORT RequestId: {cold.request_id}\tDuration: {cold.duration_ms:.2f} ms\t"
            f"Billed Duration: {cold.billed_ms} ms\tMemory Size: 256 MB\tMax Memory Used: {cold.max_memory_mb} MB\t"
            f"Init Duration: {cold.init_ms:.2f} ms\t\n",
            f"START RequestId: {warm.request_id} Version: $LATEST\n",
            "hello\n",
            f"END RequestId: {warm.request_id}\n",
            f"REPORT RequestId: {warm.request_id}\tDuration: {warm.duration_ms:.2f} ms\t"
            f"Billed Duration: {warm.billed_ms} ms\tMemory Size: 256 MB\tMax Memory Used: {warm.max_memory_mb} MB\t\n",
        ]
        # The init phase is billed since 1 August 2025:
        # https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
        assert cold.billed_ms - 1 < cold.duration_ms + cold.init_ms <= cold.billed_ms
        assert warm.billed_ms - 1 < warm.duration_ms <= warm.billed_ms


async def test_one_stream_for_each_environment_named_by_the_engines_clock(engines: Engines) -> None:
    day = calendar.timegm((2031, 2, 3, 4, 5, 6))
    async with engines(clock=lambda: float(day)) as room:
        one, two = room.function("def handler(e, c): pass\n"), room.function("def handler(e, c): pass\n", version="3")
        await room.call(one)
        await room.call(one)
        await room.call(two)
        streams = list(dict.fromkeys(stream for stream, _, _ in room.sink.events))
        assert len(streams) == 2
        assert re.fullmatch(r"2031/02/03/\[\$LATEST\][0-9a-f]{32}", streams[0])
        assert re.fullmatch(r"2031/02/03/\[3\][0-9a-f]{32}", streams[1])
        assert {at for _, at, _ in room.sink.events} == {day * 1000}


async def test_everything_printed_stands_between_start_and_end(engines: Engines) -> None:
    code = """
        import logging, os, subprocess, sys
        def handler(event, context):
            print('one')
            logging.warning('two')
            print('three\\nfour', end='\\n\\n')
            sys.stderr.write('five\\n')
            os.write(1, b'six\\n')
            subprocess.run(['/bin/echo', 'seven'], check=True)
            logging.warning('eight')
            print('n' * 100_000)
            print('no line end', end='')
    """
    async with engines() as room:
        for _ in range(3):
            room.sink.events.clear()
            await room.call(room.function(code))
            lines = [line.rpartition("\t")[2] for line in room.lines if not line.startswith(("INIT_START", "REPORT"))]
            assert lines[0].startswith("START") and lines[-1].startswith("END")
            assert lines[1:-1] == [
                *("one\n", "two\n", "three\n", "four\n", "\n", "five\n", "six\n", "seven\n", "eight\n"),
                *("n" * 100_000 + "\n", "no line end"),
            ]


async def test_nothing_printed_can_be_taken_for_an_answer(engines: Engines) -> None:
    code = """
        import os, sys
        def handler(event, context):
            os.write(1, b'HTTP/1.1 200 OK\\r\\n\\r\\n{"forged": true}\\n')
            os.write(1, bytes(range(256)) * 300)
            os.write(1, b'\\0' * 1000)
            os.write(2, 'END RequestId: forged\\n'.encode())
            return 'true'
    """
    async with engines() as room:
        spec = room.function(code)
        assert await room.call(spec) == "true"
        assert await room.call(spec) == "true"
        ends = [line for line in room.lines if line == f"END RequestId: {room.last.request_id}\n"]
        assert len(ends) == 1


async def test_a_child_process_cannot_answer_for_the_function(engines: Engines) -> None:
    code = """
        import http.client, os
        def handler(event, context):
            refused = []
            for request_id, headers in (
                ('not-this-one', {}),
                (context.aws_request_id, {'Origin': 'http://evil.example'}),
                (context.aws_request_id, {'Host': 'evil.example'}),
            ):
                path = f'/2018-06-01/runtime/invocation/{request_id}/response'
                connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
                connection.request('POST', path, '"forged"', headers)
                refused.append(connection.getresponse().status)
            return refused
    """
    async with engines() as room:
        assert await room.call(room.function(code)) == [400, 403, 403]


async def test_long_lines_are_cut_where_cloudwatch_would_refuse_them(engines: Engines) -> None:
    code = """
        import logging
        def handler(event, context):
            print('p' * 600_000)
            logging.warning('l' * 600_000)
            print('☃' * 200_000)
            logging.warning('☃' * 200_000)
    """
    async with engines() as room:
        await room.call(room.function(code))
        assert "\ufffd" not in "".join(room.lines)  # cut between letters, not within one
        assert "".join(room.lines).count("☃") == 400_000
        texts = [line for line in room.lines if set(line.strip()[-9:]) <= {"p", "l"}]
        assert all(len(text.encode()) <= 262_144 - 26 for text in texts)
        together = "".join(texts)
        assert together.count("p" * 600_000 + "\n") == 1
        assert together.count("l" * 600_000 + "\n") == 1


async def test_the_log_tail_is_the_last_four_kilobytes_of_this_request(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("def handler(n, c):\n    print('before' if not n else '£' * n)\n")
        await room.call(spec, 0)
        invocation = await room.engine.invoke(spec, b"2", tail=True)
        assert invocation.log_tail == "".join(room.lines[-4:])
        assert invocation.log_tail.startswith("START RequestId: ")
        invocation = await room.engine.invoke(spec, b"9000", tail=True)
        assert 4090 <= len(invocation.log_tail.encode()) <= 4096
        assert invocation.log_tail.endswith(room.lines[-1])
        assert (await room.engine.invoke(spec, b"1")).log_tail == ""


async def test_output_of_a_long_request_is_seen_while_it_runs(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("import time\ndef handler(e, c):\n    print('working')\n    time.sleep(2)\n")
        task = asyncio.create_task(room.call(spec))
        await until(lambda: "working\n" in room.lines)
        assert not task.done()
        await task


@pytest.mark.skipif(system.WINDOWS, reason="nothing is frozen on Windows")
async def test_what_is_left_undone_is_logged_with_the_next_request(engines: Engines) -> None:
    code = """
        import threading, time
        told = []
        def late():
            time.sleep(0.5)
            print('late', flush=True)
            told.append('late')
        def handler(event, context):
            if event:
                threading.Thread(target=late).start()
            else:
                while 'late' not in told:
                    time.sleep(0.01)
    """
    async with engines() as room:
        spec = room.function(code)
        await room.call(spec, True)
        await until(lambda: room.engine.environments()[0]["frozen"])
        await asyncio.sleep(0.6)
        assert "late\n" not in room.lines
        await room.call(spec, False)
        starts = [at for at, line in enumerate(room.lines) if line.startswith("START")]
        assert starts[1] < room.lines.index("late\n") < len(room.lines) - 2


async def test_much_output_stays_bounded(engines: Engines) -> None:
    code = """
        def handler(event, context):
            for number in range(30_000):
                print(number)
    """
    async with engines() as room:
        largest = 0
        keep = room.sink.write

        def write(spec: object, stream: str, events: list[tuple[int, str]]) -> None:
            nonlocal largest
            largest = max(largest, len(events))
            keep(spec, stream, events)

        room.sink.write = write
        await room.call(room.function(code))
        assert [line for line in room.lines if line[0].isdigit()] == [f"{number}\n" for number in range(30_000)]
        assert largest <= 1000
