"""Our handlers by AWS's own runtime client, over our Runtime API, and what both clients make of odd ones.

https://github.com/aws/aws-lambda-python-runtime-interface-client
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.localaws.runtime.room import Engines, until
from workshop.core import system


def python_with_ric() -> str:
    """An interpreter that has AWS's own runtime client: named by AWSLAMBDARIC_PYTHON, or this one."""
    named = os.environ.get("AWSLAMBDARIC_PYTHON", "")
    if not named and importlib.util.find_spec("awslambdaric"):
        named = sys.executable
    return named


pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not system.LINUX or not python_with_ric(),
        reason="awslambdaric (Linux only) is not installed: name an interpreter that has it in AWSLAMBDARIC_PYTHON",
    ),
]


async def test_awss_own_runtime_client_runs_our_handlers(engines: Engines) -> None:
    code = """
        import logging
        def handler(event, context):
            print('printed by', context.aws_request_id)
            logging.warning('logged')
            if event == 'bad':
                raise ValueError('as asked')
            left = context.get_remaining_time_in_millis() > 1000
            return {'event': event, 'left': left, 'arn': context.invoked_function_arn}
    """
    async with engines(isolation="paths") as room:
        bootstrap = f'#!/bin/sh\nexec {python_with_ric()} -m awslambdaric "$_HANDLER"\n'
        spec = room.function({"app.py": code, "bootstrap": bootstrap}, runtime="provided.al2023")
        for event in ({"a": "é"}, [1], "x" * 100_000):
            assert await room.call(spec, event) == {"event": event, "left": True, "arn": spec.arn}
        assert f"printed by {room.last.request_id}\n" in room.lines
        error = await room.fail(spec, "bad")
        assert (error["errorType"], error["errorMessage"]) == ("ValueError", "as asked")
        assert len(room.engine.environments()) == 1
        # The same handler by our own client: the same error document but for the folder.
        own = await room.fail(room.function({"app.py": code}), "bad")
        assert {**own, "requestId": 0, "stackTrace": 0} == {**error, "requestId": 0, "stackTrace": 0}
        assert len(own["stackTrace"]) == len(error["stackTrace"]) == 1
        broken = room.function({"app.py": "import nope", "bootstrap": bootstrap}, runtime="provided.al2023")
        theirs = await room.fail(broken)
        assert theirs == await room.fail(room.function("import nope"))
        await until(lambda: len(room.engine.environments()) == 2)


ODD = {
    "no JSON form": "import datetime\ndef handler(e, c):\n    return datetime.date(2026, 3, 2)",
    "not a number": "def handler(e, c):\n    return [float('nan'), float('-inf')]",
    "decimals": "from decimal import Decimal as D\ndef handler(e, c):\n    return [D('1.10'), D('1E+3'), D('NaN')]",
    "bytes": "def handler(e, c):\n    return b'\\xff\\x00'",
    "bytes inside": "def handler(e, c):\n    return {'a': b'ok'}",
    "a named tuple": "import collections as c\nP = c.namedtuple('P', 'x')\ndef handler(e, c):\n    return P((1, 2))",
    "a generator": "def handler(e, c):\n    yield 1",
    "a coroutine": "async def handler(e, c):\n    return 1",
    "a circle": "def handler(e, c):\n    e['e'] = e\n    return e",
    "a surrogate": "def handler(e, c):\n    return '\\ud800'",
    "odd keys": "def handler(e, c):\n    return {1: 1, None: 2, True: 3}",
    "deep": "def handler(e, c):\n    for _ in range(10**5):\n        e = [e]\n    return e",
    "chained": """
        def handler(event, context):
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise KeyError('k') from error
    """,
    "a group": "def handler(e, c):\n    raise ExceptionGroup('many', [ValueError(1), KeyError(2)])",
    "helpers": "def a(x):\n    return 1 + int(x)\ndef handler(e, c):\n    return a('z')",
    "unicode": "class Größe(Exception):\n    pass\ndef handler(e, c):\n    raise Größe('é\\nü')",
    "nothing to say": "def handler(e, c):\n    raise ValueError",
    "an exit": "import sys\ndef handler(e, c):\n    sys.exit('bye')",
    "a base exception": "def handler(e, c):\n    raise GeneratorExit",
    "a fault in a log call": "import logging\ndef handler(e, c):\n    logging.warning('%d', 'x')",
    "at import": "raise RuntimeError('at import')",
    "an exit at import": "import sys\nsys.exit(3)",
    "a syntax error": "def handler(e, c):\n    return (",
}


@pytest.mark.parametrize("odd", ODD)
async def test_odd_handlers_end_as_with_awss_own_client(engines: Engines, odd: str) -> None:
    question = "import sys; print(*sys.version_info[:2], sep='.')"  # messages differ between versions of Python
    version = subprocess.run([python_with_ric(), "-c", question], capture_output=True, text=True, check=True).stdout
    async with engines(isolation="paths") as room:
        answers = []
        bootstrap = f'#!/bin/sh\nexec {python_with_ric()} -m awslambdaric "$_HANDLER"\n'
        for more, runtime in (({}, f"python{version.strip()}"), ({"bootstrap": bootstrap}, "provided.al2023")):
            spec = room.function({"app.py": ODD[odd], **more}, runtime=runtime)
            invocation = await room.engine.invoke(spec, b"{}")
            text = invocation.payload.decode("utf-8", "backslashreplace").replace(invocation.request_id, "ID")
            text = text.replace(str(spec.code_dir), "CODE")
            if odd == "a fault in a log call":  # the frames within the clients differ
                text = text.partition('"stackTrace"')[0]
            answers.append((invocation.function_error, text))
        assert answers[0] == answers[1]
