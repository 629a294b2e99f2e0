"""Which runtimes run, with which interpreter, and custom runtimes over any HTTP client.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from tests.localaws.runtime.room import OWN_PYTHON, Engines
from workshop.core import system
from workshop.core.errors import WorkshopError

pytestmark = pytest.mark.anyio
POSIX = pytest.mark.skipif(system.WINDOWS, reason="a bootstrap is a program for Linux")
NODE = pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@pytest.mark.parametrize(("runtime", "newest"), [("nodejs8.10", "nodejs24.x"), ("python3.8", "python3.14")])
async def test_retired_runtimes_are_refused_as_aws_does(engines: Engines, runtime: str, newest: str) -> None:
    async with engines() as room:
        with pytest.raises(WorkshopError) as refused:
            room.engine.check_runtime(runtime)
        assert refused.value.what == (
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            f"We recommend you use the new runtime ({newest}) while creating or updating functions."
        )


async def test_runtimes_that_do_not_run_here_say_so(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    async with engines() as room:
        with pytest.raises(WorkshopError, match=r"java21 is not available on this machine"):
            room.engine.check_runtime("java21")
        with pytest.raises(WorkshopError, match=r"'python4' at 'runtime' is not one of AWS Lambda's runtimes"):
            room.engine.check_runtime("python4")
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(WorkshopError, match=r"nodejs22\.x is not available .* no `node` on the PATH"):
            room.engine.check_runtime("nodejs22.x")


async def test_the_interpreter_of_the_runtimes_version_is_used(engines: Engines, room_settings: dict[str, str]) -> None:
    code = """
        import sys
        def handler(event, context):
            import boto3
            return [list(sys.version_info[:2]), boto3.__name__]
    """
    async with engines(**room_settings) as room:
        found = set()
        for minor in range(10, 15):
            warning = room.engine.check_runtime(f"python3.{minor}")
            spec = room.function(code, runtime=f"python3.{minor}", timeout=60.0)
            version, sdk = await room.call(spec)
            assert sdk == "boto3"
            if warning is None:
                assert version == [3, minor]
                found.add(f"python3.{minor}")
            else:
                assert version == list(sys.version_info[:2])
                own = ".".join(map(str, sys.version_info[:3]))
                assert warning == f"This machine has no Python 3.{minor}: python3.{minor} runs with Python {own} here."
        assert OWN_PYTHON in found


@NODE
@pytest.mark.parametrize(
    "source",
    [
        "exports.handler = async (event, context) => ({event, left: context.getRemainingTimeInMillis() > 1000});",
        "exports.handler = (event, context, done) => { setTimeout(() => done(null, {event, left: true}), 5); };",
        "exports.handler = (event, context) => { context.succeed({event, left: true}); };",
    ],
)
async def test_node_handlers(engines: Engines, source: str, room_settings: dict[str, str]) -> None:
    async with engines(**room_settings) as room:
        spec = room.function({"app.js": source}, runtime="nodejs20.x")
        assert await room.call(spec, {"é": 1}) == {"event": {"é": 1}, "left": True}
        assert await room.call(spec, 2) == {"event": 2, "left": True}
        assert len(room.engine.environments()) == 1


@NODE
async def test_node_modules_errors_and_logs(engines: Engines) -> None:
    async with engines() as room:
        files = {
            "app.mjs": """
                import { name } from "shared";
                export const handler = async (event) => {
                    console.log("one\\ntwo", { a: 1 });
                    if (event) throw new TypeError("not this");
                    return name;
                };
            """,
            "node_modules/shared/index.js": "exports.name = 'packaged';",
        }
        spec = room.function(files, runtime="nodejs22.x")
        assert await room.call(spec) == "packaged"
        line = next(line for line in room.lines if "one\n" in line)
        assert line.endswith(f"Z\t{room.last.request_id}\tINFO\tone\ntwo {{ a: 1 }}\n")
        error = await room.fail(spec, 1)
        assert (error["errorType"], error["errorMessage"]) == ("TypeError", "not this")
        assert error["trace"][0] == "TypeError: not this"
        error = await room.fail(room.function({"app.js": "require('nope')"}, runtime="nodejs22.x"))
        assert error["errorType"] == "Runtime.ImportModuleError"
        error = await room.fail(room.function({"app.js": "exports.handler = (a, b, c) => 1"}, runtime="nodejs24.x"))
        assert error["errorType"] == "Runtime.CallbackHandlerDeprecated"
        layer = {"nodejs/node_modules/inlayer/index.js": "module.exports = 'layer'"}
        code = {"app.js": "const found = require('inlayer'); exports.handler = async () => found"}
        assert await room.call(room.function(code, runtime="nodejs22.x", layers=[layer])) == "layer"


@NODE
async def test_node_answers_that_never_come_or_have_no_form(engines: Engines) -> None:
    """https://github.com/aws/aws-lambda-nodejs-runtime-interface-client: Runtime.js, RAPIDClient.js"""
    never = "exports.handler = async (event) => event || new Promise(() => {})"
    circle = "exports.handler = async () => { const circle = {}; circle.circle = circle; return circle; }"
    stream = "exports.handler = awslambda.streamifyResponse(async () => {})"
    async with engines() as room:
        spec = room.function({"app.js": never}, runtime="nodejs22.x")
        error = await room.fail(spec)
        assert error["errorType"] == "Runtime.NodeJsExit"
        assert "a Promise that was never settled" in error["errorMessage"]
        assert await room.call(spec, "warm") == "warm"
        assert len(room.engine.environments()) == 1
        error = await room.fail(room.function({"app.js": circle}, runtime="nodejs22.x"))
        assert error["errorMessage"] == "Unable to stringify response body"
        error = await room.fail(room.function({"app.js": stream}, runtime="nodejs22.x"))
        assert error["errorMessage"].startswith("Response streaming is not available offline")


@NODE
async def test_node_logs_in_json(engines: Engines) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html"""
    code = """
        exports.handler = async () => {
            const circle = {}; circle.circle = circle;
            console.info({ a: 1 });
            console.warn('two', { b: 2 });
            console.error(new TypeError('three'));
            console.log(circle);
            console.error('four', new RangeError('far'));
        }
    """
    async with engines() as room:
        await room.call(room.function({"app.js": code}, runtime="nodejs22.x", log_format="JSON"))
        one, two, three, circle, four = [json.loads(line) for line in room.lines if '"level"' in line]
        assert (one["level"], one["message"], one["requestId"]) == ("INFO", {"a": 1}, room.last.request_id)
        assert (two["level"], two["message"]) == ("WARN", "two { b: 2 }")
        assert (three["message"]["errorType"], three["message"]["errorMessage"]) == ("TypeError", "three")
        assert "Circular" in circle["message"]
        assert (four["errorType"], four["errorMessage"]) == ("RangeError", "far")
        assert four["message"].startswith("four RangeError: far\n")


CURL = """
    #!/bin/sh
    cd "${TMPDIR:-/tmp}" || exit 1
    api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
    while true; do
        event=$(curl -sS -D headers.txt -o event.json "$api/invocation/next") || exit 1
        id=$(grep -i '^lambda-runtime-aws-request-id:' headers.txt | tr -d '\\r' | cut -d' ' -f2)
        echo "handling $id"
        if grep -q fail event.json; then
            curl -sS "$api/invocation/$id/error" -H 'Lambda-Runtime-Function-Error-Type: Shell.Failed' \\
                -d '{"errorType": "Shell.Failed", "errorMessage": "as asked"}'
        else
            curl -sS -H 'Expect: 100-continue' -H 'Transfer-Encoding: chunked' -X POST -T event.json \\
                "$api/invocation/$id/response"
        fi
    done
"""
PHP = """
    #!/usr/bin/env php
    <?php
    $api = 'http://' . getenv('AWS_LAMBDA_RUNTIME_API') . '/2018-06-01/runtime/invocation/';
    while (true) {
        $event = json_decode(file_get_contents($api . 'next'), true);
        foreach ($http_response_header as $line) {
            if (stripos($line, 'Lambda-Runtime-Aws-Request-Id:') === 0) { $id = trim(substr($line, 30)); }
        }
        $options = ['method' => 'POST', 'content' => json_encode($event), 'header' => 'Content-Type: text/json'];
        file_get_contents($api . $id . '/response', false, stream_context_create(['http' => $options]));
    }
"""
NODE_HTTP = """
    #!/usr/bin/env node
    const http = require('http');
    const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
    const agent = new http.Agent({ keepAlive: true });
    const call = (method, path, body) => new Promise((resolve) => {
        path = '/2018-06-01/runtime/invocation/' + path;
        const request = http.request({ host, port, agent, method, path }, (answer) => {
            let text = '';
            answer.on('data', (part) => { text += part; }).on('end', () => resolve({ text, headers: answer.headers }));
        });
        for (const letter of body ?? '') request.write(letter);  // chunked, a character each
        request.end();
    });
    (async () => {
        for (;;) {
            const { text, headers } = await call('GET', 'next');
            await call('POST', headers['lambda-runtime-aws-request-id'] + '/response', text);
        }
    })();
"""
RAW = f"""
    #!{sys.executable}
    import os, socket, time
    host, port = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')
    def first_line(answer):
        print(answer.split(b'\\r\\n')[0].decode(), flush=True)
    def talk(*pieces):
        with socket.create_connection((host, int(port))) as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.01)
            return connection.makefile('rb').read()
    first_line(talk(b'nonsense\\r\\n\\r\\n'))
    first_line(talk(b'GET /2018-06-01/elsewhere HTTP/1.1\\r\\nconnection: close\\r\\n\\r\\n'))
    while True:
        answer = talk(b'ge'.upper() + b'T /2018-06-01/runtime/invoc', b'ation/next HTTP/1.1\\r\\nhost: loc',
            b'alhost\\r\\nconnection: close\\r\\n', b'\\r\\n')
        head, _, body = answer.partition(b'\\r\\n\\r\\n')
        headers = dict(line.lower().split(b': ') for line in head.split(b'\\r\\n')[1:])
        path = b'/2018-06-01/runtime/invocation/' + headers[b'lambda-runtime-aws-request-id'] + b'/response'
        talk(b'POST ' + path + b' HTTP/1.0\\r\\ncontent-length: %d\\r\\n' % len(body), b'\\r\\n' + body[:2], body[2:])
"""


@POSIX
@pytest.mark.parametrize(
    "bootstrap",
    [
        pytest.param(CURL, marks=needs("curl"), id="curl"),
        pytest.param(PHP, marks=needs("php"), id="php"),
        pytest.param(NODE_HTTP, marks=NODE, id="node"),
        pytest.param(RAW, id="sockets"),
    ],
)
async def test_a_custom_runtime_with_any_http_client(engines: Engines, bootstrap: str) -> None:
    async with engines(isolation="paths") as room:  # the interpreter may be anywhere
        spec = room.function({"bootstrap": bootstrap}, runtime="provided.al2023")
        for event in ({"a": 1}, ["ok", "é" * 3000], 3):
            assert await room.call(spec, event) == event
        assert len(room.engine.environments()) == 1
        if bootstrap is CURL:
            assert f"handling {room.last.request_id}\n" in room.lines
            error = await room.fail(spec, "fail")
            assert error == {"errorType": "Shell.Failed", "errorMessage": "as asked"}
        if bootstrap is RAW:
            assert "HTTP/1.1 400 Bad Request\n" in room.lines
            assert "HTTP/1.1 404 Not Found\n" in room.lines


@POSIX
@needs("curl")
async def test_a_bootstrap_in_a_layer(engines: Engines, room_settings: dict[str, str]) -> None:
    async with engines(**room_settings) as room:
        layer = {"bootstrap": CURL}
        assert await room.call(room.function({"x": ""}, runtime="provided.al2", layers=[layer]), 5) == 5


@POSIX
async def test_a_bootstrap_that_is_missing_or_cannot_run(engines: Engines) -> None:
    async with engines() as room:
        error = await room.fail(room.function({"app.py": ""}, runtime="provided.al2023"))
        assert error["errorType"] == "Runtime.InvalidEntrypoint"
        assert "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]" in error["errorMessage"]
        spec = room.function({"bootstrap": "#!/nowhere/interpreter\n"}, runtime="provided.al2023")
        error = await room.fail(spec)
        assert error["errorType"] == "Runtime.InvalidEntrypoint"
        seen = "/var/task" if room.engine.isolation == "namespaces" else spec.code_dir
        assert f"fork/exec {seen}/bootstrap: no such file or directory" in error["errorMessage"]
        (spec.code_dir / "bootstrap").chmod(0o644)
        assert "permission denied" in (await room.fail(spec))["errorMessage"]


@POSIX
async def test_asking_for_the_next_request_before_answering_is_refused(engines: Engines) -> None:
    code = """
        import http.client, os
        def handler(event, context):
            connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
            connection.request('GET', '/2018-06-01/runtime/invocation/next')
            return connection.getresponse().status
    """
    async with engines() as room:
        assert await room.call(room.function(code)) == 403


async def test_a_streamed_answer_and_one_that_breaks_off(engines: Engines) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming"""
    code = """
        import os, socket
        def handler(broken, context):
            host, port = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')
            connection = socket.create_connection((host, int(port)))
            connection.sendall((
                f'POST /2018-06-01/runtime/invocation/{context.aws_request_id}/response HTTP/1.1\\r\\n'
                f'Host: {host}:{port}\\r\\n'
                'Lambda-Runtime-Function-Response-Mode: streaming\\r\\nTransfer-Encoding: chunked\\r\\n'
                'Trailer: Lambda-Runtime-Function-Error-Type\\r\\n\\r\\n').encode())
            for piece in (b'"streamed ', b'in pieces"'):
                connection.sendall(b'%x\\r\\n%s\\r\\n' % (len(piece), piece))
            trailer = b'Lambda-Runtime-Function-Error-Type: Broken\\r\\n' if broken else b''
            connection.sendall(b'0\\r\\n' + trailer + b'\\r\\n')
            connection.recv(1000)
    """
    async with engines() as room:
        spec = room.function(code)
        assert await room.call(spec, False) == "streamed in pieces"
        assert await room.fail(spec, True) == "streamed in pieces"
        assert room.last.status == "error"
