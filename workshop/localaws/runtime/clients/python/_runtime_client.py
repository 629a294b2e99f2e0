"""What runs inside a Python execution environment: asks for requests, calls the handler, posts what it returns.

Started by `bootstrap.py` beside it, with as few imports as it can, because every cold start pays for them. It must
work on every Python that Lambda still offers, and it knows nothing of this package.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
"""

import _socket
import json
import os
import sys

from _runtime_setup import encode, make_context, prepare

HERE = (__file__, sys.argv[0])
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


class Fault(Exception):
    """A failure of the function as a whole, with the error type that AWS gives it."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, trace or []


class RuntimeAPI:
    """A keep-alive connection to the Runtime API; an answer and the wish for the next request travel together."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.host = address.encode()
        self.next = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: " + self.host + b"\r\n\r\n"

    def post(self, path, body, headers=b"", then=b""):
        """Send a POST, and directly behind it what else is to be asked."""
        head = b"POST /2018-06-01/runtime/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n"
        self.socket.sendall(head % (path, self.host, len(body), headers) + body + then)

    def read(self):
        """The next HTTP response: status, headers with lower-case names, body."""
        data = self.buffer
        while True:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                break
            data += self.receive()
        lines = data[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        size = end + 4 + int(headers.get("content-length", 0))
        if len(data) < size:
            parts, have = [data], len(data)
            while have < size:
                parts.append(self.receive())
                have += len(parts[-1])
            data = b"".join(parts)
        self.buffer = data[size:]
        return int(lines[0].split(" ", 2)[1]), headers, data[end + 4 : size]

    def receive(self):
        data = self.socket.recv(262144)
        if not data:  # the engine is gone, and so is the reason to live
            os._exit(0)
        return data


class Frames:
    """Log records that stay one event however many lines they have.

    They travel on standard output between the prints, so that the order is kept. Each piece is small enough to be
    written at once (PIPE_BUF), and starts with a secret, so that nothing printed is mistaken for one.
    """

    def __init__(self, secret):
        self.secret = secret

    def write(self, message):
        if not message:
            return
        if not self.secret:
            os.write(1, message.replace("\n", "\r").encode("utf-8", "replace") + b"\n")
            return
        data = message.encode("utf-8", "replace")
        while data:
            piece, data = data[:4000], data[4000:]
            os.write(1, self.secret + (b"+" if data else b".") + len(piece).to_bytes(2, "big") + piece)


class Current:
    """The request being handled, for the log lines."""

    request_id = ""
    tenant_id = None


def find_handler(name):
    """The function that `module.function` or `folder/module.function` names."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    from importlib import import_module

    try:
        module = import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'") from None


def describe(error, request_id=""):
    """An exception as the error document that the caller gets."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace
    else:
        import traceback

        frames = traceback.extract_tb(error.__traceback__)
        while len(frames) > 1 and frames[0].filename in HERE:
            frames.pop(0)
        # Without columns: AWS's client gives four fields a frame, so no ^^^^ stands below the code.
        four = [(frame.filename, frame.lineno, frame.name, frame.line) for frame in frames]
        kind, message, trace = type(error).__name__, str(error), traceback.format_list(four)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def error_line(document):
    """The error as it is logged: `[ERROR] …` with the trace, or a JSON object."""
    if JSON_LOGS:
        from time import gmtime, strftime

        stamp = {"timestamp": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()), "level": "ERROR"}
        return json.dumps({**stamp, **document}, ensure_ascii=False)
    heading = ": ".join(filter(None, (document["errorType"], document["errorMessage"])))
    lines = [f"[ERROR] {heading}", "Traceback (most recent call last):"]
    for element in document["stackTrace"]:
        for line in element.splitlines() or [""]:
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    return "\n".join(lines)


def error_header(document):
    """The error type as a header."""
    return b"Lambda-Runtime-Function-Error-Type: " + document["errorType"].encode("ascii", "replace") + b"\r\n"


def serve(api, handler, frames):
    """Requests, one after the other, until the process is ended."""
    api.socket.sendall(api.next)
    while True:
        status, headers, body = api.read()
        if status != 200:
            sys.exit(f"The Runtime API answered {status}: {body.decode('utf-8', 'replace')}")
        request_id = Current.request_id = headers["lambda-runtime-aws-request-id"]
        Current.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        path, about = b"invocation/" + request_id.encode(), b"Content-Type: application/json\r\n"
        try:
            context = make_context(headers)
            try:
                event = json.loads(body)
            except ValueError as error:
                raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
            result = handler(event, context)
            event = None
            path += b"/response"
            if isinstance(result, bytes):
                about = b"Content-Type: application/unknown\r\n"
            else:
                try:
                    result = encode(result)
                except Exception as error:
                    raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
        except Exception as error:
            document = describe(error, request_id)
            frames.write(error_line(document))
            path = b"invocation/" + request_id.encode() + b"/error"
            about += error_header(document)
            result = json.dumps(document).encode()
        api.post(path, result, about, api.next)
        result = context = None
        api.read()  # the answer to the POST; a refusal has been made into an error of the request already


def main():
    """Set the house, find the handler, serve."""
    frames = Frames(bytes.fromhex(sys.argv.pop()) if len(sys.argv) > 1 else b"")
    prepare(frames, Current, JSON_LOGS)
    api = RuntimeAPI(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = find_handler(os.environ["_HANDLER"])
    except Exception as error:
        document = describe(error)
        frames.write(error_line(document))
        api.post(b"init/error", json.dumps(document).encode(), error_header(document))
        api.read()
        sys.exit(1)
    serve(api, handler, frames)
