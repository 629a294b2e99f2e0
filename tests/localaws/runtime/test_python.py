"""The Python runtime client behaves as AWS's.

https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import re

import pytest

from tests.localaws.runtime.room import Engines

pytestmark = pytest.mark.anyio


async def test_an_event_goes_in_and_an_answer_comes_out(engines: Engines, room_settings: dict[str, str]) -> None:
    async with engines(**room_settings) as room:
        echo = room.function("def handler(event, context):\n    return {'got': event}\n")
        assert await room.call(echo, {"é": ["☃", 1.5, None]}) == {"got": {"é": ["☃", 1.5, None]}}
        assert room.last.init_ms > 0
        assert await room.call(echo, 2) == {"got": 2}
        assert room.last.init_ms is None
        assert len(room.engine.environments()) == 1


async def test_module_state_is_kept_and_a_raised_exception_keeps_it_too(engines: Engines) -> None:
    code = """
        calls = []
        def handler(event, context):
            calls.append(event)
            if event == 'bad':
                raise ValueError('not this one')
            return calls
    """
    async with engines() as room:
        spec = room.function(code)
        await room.call(spec, 1)
        error = await room.fail(spec, "bad")
        assert error["errorType"] == "ValueError"
        assert error["errorMessage"] == "not this one"
        assert error["requestId"] == room.last.request_id
        assert "line 5, in handler" in error["stackTrace"][0]
        assert await room.call(spec, 2) == [1, "bad", 2]
        assert sum(line.startswith("INIT_START") for line in room.lines) == 1
        logged = next(line for line in room.lines if line.startswith("[ERROR]"))
        heading = "[ERROR] ValueError: not this one\nTraceback (most recent call last):\n"
        assert logged.startswith(f"{heading}\u00a0\u00a0File ")
        assert "^" not in logged + error["stackTrace"][0]  # AWS's client marks no columns
        empty = room.function("def handler(e, c):\n    raise ValueError\n")
        await room.fail(empty)
        assert next(line for line in room.lines[::-1] if "ERROR" in line).startswith("[ERROR] ValueError\nTraceback")


CANNOT_START = {
    "Runtime.ImportModuleError": (
        "import nope",
        "app.handler",
        "Unable to import module 'app': No module named 'nope'",
    ),
    "Runtime.HandlerNotFound": ("x = 1", "app.handler", "Handler 'handler' missing on module 'app'"),
    "Runtime.MalformedHandlerName": (
        "x = 1",
        "app",
        "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
    ),
    "Runtime.BuiltInModuleConflict": ("x = 1", "sys.exit", "Cannot use built-in module sys as a handler module"),
    "Runtime.UserCodeSyntaxError": (
        "def f(:",
        "app.handler",
        "Syntax error in module 'app': invalid syntax (app.py, line 1)",
    ),
    "ZeroDivisionError": ("1 / 0", "app.handler", "division by zero"),
}


@pytest.mark.parametrize("kind", CANNOT_START)
async def test_code_that_cannot_start(engines: Engines, kind: str) -> None:
    code, handler, message = CANNOT_START[kind]
    async with engines() as room:
        error = await room.fail(room.function(code, handler=handler))
        assert (error["errorType"], error["errorMessage"], error["requestId"]) == (kind, message, "")
        phases = [re.search(r"Phase: (\w+)\tStatus: error\tError Type: (\S+)", line) for line in room.lines]
        assert [match.groups() for match in phases if match] == [("init", kind), ("invoke", kind)]
        assert f"Status: error\tError Type: {kind}" in room.lines[-1]


async def test_a_handler_module_that_is_not_there(engines: Engines) -> None:
    async with engines() as room:
        error = await room.fail(room.function("x = 1", handler="other.handler"))
        assert error["errorMessage"] == "Unable to import module 'other': No module named 'other'"


async def test_folders_in_the_handlers_name(engines: Engines) -> None:
    async with engines() as room:
        files = {"src/deep/app.py": "def handler(event, context):\n    return __name__\n"}
        assert await room.call(room.function(files, handler="src/deep/app.handler")) == "src.deep.app"
        assert await room.call(room.function(files, handler="src.deep.app.handler")) == "src.deep.app"


async def test_what_has_no_json_form(engines: Engines) -> None:
    async with engines() as room:
        spec = room.function("def handler(event, context):\n    return {1, 2}\n")
        error = await room.fail(spec)
        assert error["errorType"] == "Runtime.MarshalError"
        assert error["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"
        assert error["stackTrace"] == []


async def test_decimals_of_dynamodb_are_numbers_with_all_their_digits(engines: Engines) -> None:
    code = """
        from decimal import Decimal
        def handler(event, context):
            return {'price': Decimal('12.3000000000000000001'), 'n': Decimal(3), 'text': b'bytes'}
    """
    async with engines() as room:
        invocation = await room.engine.invoke(room.function(code), b"{}")
        assert invocation.payload == b'{"price": 12.3000000000000000001, "n": 3, "text": "bytes"}'


async def test_named_tuples_are_objects(engines: Engines) -> None:
    """AWS's client encodes by simplejson: https://simplejson.readthedocs.io/en/latest/#simplejson.JSONEncoder"""
    code = """
        from collections import namedtuple
        Point = namedtuple('Point', 'x y')
        class Own:
            def _asdict(self):
                return {'own': Point(1, 2)}
        circle = []
        circle.append(circle)
        def handler(event, context):
            return [Point(1, (2, 3)), {'a': [Point(1, 2)]}, Own()] if event else circle
    """
    async with engines() as room:
        spec = room.function(code)
        assert await room.call(spec, 1) == [{"x": 1, "y": [2, 3]}, {"a": [{"x": 1, "y": 2}]}, {"own": {"x": 1, "y": 2}}]
        assert (await room.fail(spec, 0))["errorMessage"] == "Unable to marshal response: Circular reference detected"


async def test_bytes_are_answered_as_they_are(engines: Engines) -> None:
    async with engines() as room:
        invocation = await room.engine.invoke(room.function("def handler(e, c):\n    return b'\\x00raw'\n"), b"{}")
        assert invocation.payload == b"\x00raw"


async def test_the_context_object_is_complete_and_true(engines: Engines) -> None:
    code = """
        import time
        def handler(event, context):
            first = context.get_remaining_time_in_millis()
            time.sleep(0.05)
            client = context.client_context
            return {
                'id': context.aws_request_id, 'name': context.function_name, 'version': context.function_version,
                'arn': context.invoked_function_arn, 'memory': context.memory_limit_in_mb,
                'group': context.log_group_name, 'stream': context.log_stream_name, 'first': first,
                'second': context.get_remaining_time_in_millis(), 'tenant': context.tenant_id,
                'custom': client.custom, 'app': client.client.app_title, 'env': client.env,
                'identity': [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
            }
    """
    async with engines() as room:
        spec = room.function(code, name="told", timeout=5.0, log_group="/my/group")
        told = await room.call(
            spec,
            client_context=b'{"custom": {"a": 1}, "env": {"b": 2}, "client": {"app_title": "T"}}',
            cognito_identity=b'{"cognitoIdentityId": "me", "cognitoIdentityPoolId": "pool"}',
        )
        assert told["id"] == room.last.request_id
        assert (told["name"], told["version"], told["arn"], told["memory"]) == ("told", "$LATEST", spec.arn, "256")
        assert (told["group"], told["stream"]) == ("/my/group", room.last.log_stream)
        assert 5000 >= told["first"] > told["second"] > 3000
        assert (told["custom"], told["app"], told["env"], told["tenant"]) == ({"a": 1}, "T", {"b": 2}, None)
        assert told["identity"] == ["me", "pool"]
        # "Indicates if the invoker specified a version number or alias."
        named = await room.call(spec, invoked_arn=f"{spec.arn}:live", client_context=b'{"client": {}}')
        assert named["arn"] == f"{spec.arn}:live"


async def test_the_context_writes_events_to_the_log(engines: Engines) -> None:
    async with engines() as room:
        await room.call(room.function("def handler(e, context):\n    context.log('one')\n    context.log('two\\n2')\n"))
        assert room.lines[2:4] == ["one", "two\n2"]


async def test_logging_is_set_up_as_in_lambda(engines: Engines) -> None:
    code = """
        import logging
        log = logging.getLogger(__name__)
        def handler(event, context):
            logging.getLogger().setLevel(logging.INFO)
            log.info('one\\ntwo %s', 3)
            log.debug('not this')
            print('printed')
            logging.warning('last')
    """
    async with engines() as room:
        await room.call(room.function(code))
        request_id = room.last.request_id
        start = room.lines.index(f"START RequestId: {request_id} Version: $LATEST\n")
        info, printed, warning, end = room.lines[start + 1 : start + 5]
        stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
        assert re.fullmatch(rf"\[INFO\]\t{stamp}\t{request_id}\tone\ntwo 3\n", info)
        assert printed == "printed\n"
        assert re.fullmatch(rf"\[WARNING\]\t{stamp}\t{request_id}\tlast\n", warning)
        assert end == f"END RequestId: {request_id}\n"


async def test_logging_in_json(engines: Engines) -> None:
    code = """
        import logging
        def handler(event, context):
            logging.info('hello', extra={'order': 7})
            logging.debug('not at this level')
            try:
                1 / 0
            except ZeroDivisionError:
                logging.exception('caught')
            raise KeyError('gone')
    """
    async with engines() as room:
        await room.fail(room.function(code, log_format="JSON"))
        records = [json.loads(line) for line in room.lines]
        kinds = [record.get("type", record.get("level")) for record in records]
        assert kinds == ["platform.initStart", "platform.start", "INFO", "ERROR", "ERROR", "platform.report"]
        hello, caught, raised = records[2:5]
        assert (hello["message"], hello["order"], hello["logger"]) == ("hello", 7, "root")
        assert hello["requestId"] == room.last.request_id
        assert (caught["errorType"], caught["errorMessage"]) == ("ZeroDivisionError", "division by zero")
        assert caught["stackTrace"]
        assert caught["location"].endswith("app.py:handler:8")
        assert raised["errorType"] == "KeyError"
        metrics = records[-1]["record"]["metrics"]
        assert metrics["memorySizeMB"] == 256
        assert metrics["billedDurationMs"] >= metrics["durationMs"] + metrics["initDurationMs"]


async def test_what_json_logs_make_of_odd_records(engines: Engines) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html#python-logging-standard"""
    code = """
        import datetime, logging
        logging.warning('at init')
        def handler(event, context):
            logging.info({'order': 7})
            logging.info('sent', extra={'on': datetime.date(2026, 3, 2), 'nobody': None})
            logging.log(25, 'between')
    """
    async with engines() as room:
        await room.call(room.function(code, log_format="JSON"))
        early, order, sent, between = [json.loads(line) for line in room.lines if '"level"' in line]
        assert early["requestId"] == ""
        assert order["message"] == {"order": 7}
        assert (sent["on"], "nobody" in sent) == ("2026-03-02", False)
        assert between["level"] == "INFO"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sent["timestamp"])


async def test_only_the_sdk_is_there_besides_the_standard_library(
    engines: Engines, room_settings: dict[str, str]
) -> None:
    code = """
        import importlib
        def handler(event, context):
            found = {}
            for name in event:
                try:
                    found[name] = bool(importlib.import_module(name))
                except ImportError as error:
                    found[name] = str(error)
            return found
    """
    async with engines(**room_settings) as room:
        sdk = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"]
        others = ["stripe", "httpx", "moto", "yaml", "pytest", "workshop", "pip", "numpy"]
        found = await room.call(room.function(code), sdk + others)
        assert {name: found[name] for name in sdk} == dict.fromkeys(sdk, True)
        assert {name: found[name] for name in others} == {name: f"No module named '{name}'" for name in others}
