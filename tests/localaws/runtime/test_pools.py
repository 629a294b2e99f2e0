"""Which environment gets a request, how many there are, and when they end.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.localaws.runtime.room import Engines, Room, until
from tests.support import LONGEST
from workshop.core import system
from workshop.localaws.runtime import FunctionSpec, Throttled

pytestmark = pytest.mark.anyio
SLEEP = "import time\ndef handler(e, c):\n    time.sleep(e)\n"


async def at_once(room: Room, spec: FunctionSpec, count: int, seconds: float = 0.3) -> list[int]:
    return await asyncio.gather(*(room.process(spec, seconds) for _ in range(count)))


async def test_ten_at_once_use_ten_processes_and_the_next_ten_the_same(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function(SLEEP)
        first = await at_once(room, spec, 10, 0.6)
        assert len(set(first)) == 10
        assert set(await at_once(room, spec, 10)) == set(first)
        assert {e["pid"] for e in room.engine.environments()} == set(first)


async def test_the_environment_used_last_is_used_again(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function(SLEEP)
        await at_once(room, spec, 2)  # both are warm: only what they do takes time
        slow = asyncio.create_task(room.process(spec, 1.0))
        await until(lambda: any(e["state"] == "busy" for e in room.engine.environments()))
        quick = await room.process(spec, 0)
        last = await slow
        assert quick != last
        assert [await room.process(spec, 0) for _ in range(3)] == [last] * 3


async def test_reserved_concurrency(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function(SLEEP)
        room.engine.set_reserved(spec.arn, 2)
        under_way = asyncio.create_task(at_once(room, spec, 2))
        await until(lambda: len(room.engine.environments()) == 2)
        with pytest.raises(Throttled) as refused:
            await room.process(spec, 0)
        assert refused.value.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
        await under_way
        await room.process(spec, 0)
        room.engine.set_reserved(spec.arn, 0)
        with pytest.raises(Throttled):
            await room.process(spec, 0)
        room.engine.set_reserved(spec.arn, None)
        await room.process(spec, 0)


async def test_the_accounts_limit_is_what_nobody_reserved(engines: Engines) -> None:
    async with engines(account_concurrency=3) as room:
        spec, other = room.function(SLEEP), room.function(SLEEP)
        room.engine.set_reserved(other.arn, 2)
        under_way = asyncio.create_task(room.process(spec, 0.3))
        await until(room.engine.environments)
        with pytest.raises(Throttled) as refused:
            await room.process(spec, 0)
        assert refused.value.reason == "ConcurrentInvocationLimitExceeded"
        await at_once(room, other, 2, 0)
        await under_way


async def test_beyond_the_cap_requests_wait_in_order(engines: Engines) -> None:
    async with engines(max_processes=2) as room:
        spec = room.function(SLEEP)
        pids = await at_once(room, spec, 6, 0.1)
        assert len(set(pids)) == 2
        assert len(room.engine.environments()) == 2
        assert room.last.queued_ms > 100
        other = room.function(SLEEP)  # idle environments of others make room
        assert await room.process(other, 0) not in pids
        assert len(room.engine.environments()) == 2
        mixed = await asyncio.gather(*(room.process(one, 0.05) for one in (spec, other, spec, other, spec)))
        assert len(mixed) == 5


async def test_a_waiting_request_whose_caller_left_is_dropped(engines: Engines) -> None:
    async with engines(max_processes=1) as room:
        spec = room.function(SLEEP)
        first = asyncio.create_task(room.process(spec, 0.3))
        await until(room.engine.environments)
        second = asyncio.create_task(room.process(spec, 0))
        await asyncio.sleep(0.05)
        second.cancel()
        await first
        await room.process(spec, 0)
        assert len(room.sink.invocations) == 2
        assert room.engine.concurrency.total == 0


async def test_an_update_reaches_new_requests_while_running_ones_finish(engines: Engines) -> None:
    async with engines() as room:
        old = room.function("import time\ndef handler(e, c):\n    time.sleep(e)\n    return 'old'\n", revision="1")
        await room.call(old, 0)
        under_way = asyncio.create_task(room.call(old, 0.4))
        await asyncio.sleep(0.05)
        new = replace(room.function("def handler(e, c):\n    return 'new'\n"), arn=old.arn, name=old.name, revision="2")
        assert await room.call(new) == "new"
        assert await under_way == "old"
        await until(lambda: len(room.engine.environments()) == 1)
        assert await room.call(new) == "new"


async def test_retiring_ends_idle_environments_now_and_busy_ones_after(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function(SLEEP)
        pids = await at_once(room, spec, 2)
        under_way = asyncio.create_task(room.process(spec, 1.0))
        await until(lambda: any(e["state"] == "busy" for e in room.engine.environments()))
        room.engine.retire(spec.arn)
        assert [e["state"] for e in room.engine.environments()] == ["busy"]
        assert await under_way in pids
        await until(lambda: not room.engine.environments())
        await until(lambda: not any(alive(pid) for pid in pids))
        assert await room.process(spec, 0) not in pids


async def test_idle_environments_are_reaped(engines: Engines) -> None:
    async with engines(idle_seconds=LONGEST) as room:
        spec = room.function(SLEEP)
        pid = await room.process(spec, 0)
        assert room.engine.reap() == 0
        room.engine.settings.idle_seconds = 0.05
        await asyncio.sleep(0.1)
        assert room.engine.reap() == 1
        assert room.engine.environments() == []
        await until(lambda: not alive(pid))


async def test_moving_the_clock_past_the_idle_time_reaps(engines: Engines) -> None:
    moved = [0.0]
    async with engines(clock=lambda: 1_900_000_000 + moved[0]) as room:
        spec = room.function(SLEEP)
        first = await room.process(spec, 0)
        moved[0] += 599
        assert room.engine.reap() == 0
        moved[0] += 2
        assert room.engine.reap() == 1
        assert await room.process(spec, 0) != first


async def test_a_runtime_that_does_not_come_back_is_not_waited_for(engines: Engines) -> None:
    code = """
        import http.client, os, time
        def handler(event, context):
            if event == 'stay':
                connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
                path = f'/2018-06-01/runtime/invocation/{context.aws_request_id}/response'
                connection.request('POST', path, '"answered early"')
                connection.getresponse().read()
                time.sleep(30)
            return 'another'
    """
    async with engines() as room:
        spec = room.function(code, timeout=2.0)
        assert await room.call(spec, "stay") == "answered early"
        stayed = room.last.environment_id
        assert await room.call(spec, "go") == "another"
        assert room.last.environment_id != stayed
        await until(lambda: stayed not in {e["id"] for e in room.engine.environments()})


async def test_provisioned_concurrency_is_initialised_ahead(engines: Engines) -> None:
    code = "import os\nkind = os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\ndef handler(e, c):\n    return kind\n"
    async with engines(idle_seconds=0) as room:
        spec = room.function(code, version="7")
        assert await room.engine.provision(spec, 2) == 2
        assert await room.call(spec) == "provisioned-concurrency"
        assert room.last.init_ms is None  # the request did not wait for it
        assert room.last.executed_version == "7"
        assert room.engine.reap() == 0
        assert await room.engine.provision(spec, 1) == 1
        assert len(room.engine.environments()) == 1
        assert await room.engine.provision(spec, 0) == 0
        assert room.engine.environments() == []


async def test_provisioned_environments_take_the_place_of_idle_ones(engines: Engines) -> None:
    async with engines(max_processes=2) as room:
        await at_once(room, room.function(SLEEP), 2)
        await until(lambda: {e["state"] for e in room.engine.environments()} == {"idle"})
        spec = room.function(SLEEP, version="1")
        assert await room.engine.provision(spec, 3) == 2  # as many as this machine may run
        assert {e["init_type"] for e in room.engine.environments()} == {"provisioned-concurrency"}


async def test_provisioning_code_that_cannot_start(engines: Engines) -> None:
    async with engines() as room:
        assert await room.engine.provision(room.function("import nope"), 2) == 0
        assert room.engine.environments() == []


async def ticks_in_half_a_second(engines: Engines, code: str) -> int:
    """How far a function's count gets between two requests. Without freezing it goes on, which is waited for."""
    async with engines() as room:
        spec = room.function(code)
        await room.call(spec)
        await until(lambda: room.engine.environments()[0]["frozen"])
        before = await room.call(spec)
        await until(lambda: room.engine.environments()[0]["frozen"])
        await asyncio.sleep(0.5)
        frozen = await room.call(spec) - before
        room.engine.settings.freeze = False
        before, deadline = await room.call(spec), time.monotonic() + LONGEST
        while await room.call(spec) < before + 50:
            assert time.monotonic() < deadline, "it stands still all the same"
            await asyncio.sleep(0.1)
        return frozen


@pytest.mark.skipif(system.WINDOWS, reason="only signals can stop a process")
async def test_between_requests_everything_stands_still(engines: Engines, tmp_path: Path) -> None:
    code = """
        import subprocess, threading, time
        ticks = [0]
        def work():
            while True:
                time.sleep(0.005)
                ticks[0] += 1
        threading.Thread(target=work, daemon=True).start()
        def handler(event, context):
            return ticks[0]
    """
    assert await ticks_in_half_a_second(engines, code) < 50  # not the hundred that the half second had room for


@pytest.mark.skipif(not system.LINUX, reason="only Linux tells of children in sessions of their own")
async def test_a_child_in_a_session_of_its_own_stands_still_too(engines: Engines) -> None:
    code = """
        import os, subprocess, tempfile
        file = os.path.join(tempfile.gettempdir(), 'ticks')
        open(file, 'w').close()
        tick = f'while true; do echo >> {file}; sleep 0.01; done'
        subprocess.Popen(['/bin/sh', '-c', tick], start_new_session=True)
        def handler(event, context):
            return os.path.getsize(file)
    """
    assert await ticks_in_half_a_second(engines, code) < 25  # not the fifty that the half second had room for


async def test_closing_with_requests_under_way(engines: Engines) -> None:
    async with engines() as room:
        under_way = asyncio.create_task(room.fail(room.function(SLEEP), 9))
        await until(lambda: any(e["state"] == "busy" for e in room.engine.environments()))
        pid = room.engine.environments()[0]["pid"]
        await room.engine.close()
        assert (await under_way)["errorType"] == "Runtime.ExitError"
        await until(lambda: not alive(pid))
        assert not room.engine.scratch.exists()


def alive(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
