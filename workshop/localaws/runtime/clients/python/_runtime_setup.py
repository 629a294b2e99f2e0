"""The house inside a Python environment: the module search path, `logging`, the context object, JSON."""
# Paths are strings: pathlib is an import that every start would pay for.
# ruff: noqa: PTH118

import _frozen_importlib_external as importer  # what `importlib.machinery` imports, without its own imports
import _imp
import builtins
import json
import os
import sys
from time import time

SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


def prepare(frames, current, json_logs):
    """Set `sys.path`, the SDK's finder and the set-up of `logging`, which waits until somebody imports it."""
    task = os.environ["LAMBDA_TASK_ROOT"]
    opt, site, bytecode, sdk_bytecode = os.environ.pop("_WORKSHOP_FOLDERS").split("|")
    if os.environ.get("LC_CTYPE") == "C.UTF-8":  # the interpreter's own doing, where LANG's locale is not installed
        del os.environ["LC_CTYPE"]
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    layers = [os.path.join(opt, "python", "lib", version, "site-packages"), os.path.join(opt, "python")]
    sys.path[:0] = [task, *layers]
    keep_bytecode({task: bytecode, opt: bytecode, **({site: sdk_bytecode} if sdk_bytecode else {})})
    sys.meta_path.insert(0, LoggingFinder(frames, current, json_logs))
    sys.meta_path.append(SdkFinder(site))
    LambdaContext.log_sink = frames
    builtins.exit = builtins.quit = sys.exit  # what `site` would add


def keep_bytecode(folders):
    """Keep compiled modules of some folders elsewhere: a function's package is read-only, here as on AWS.

    AWS compiles such modules at every cold start; here only the first environment of a version does.
    """

    class Loader(importer.SourceFileLoader):
        def get_code(self, name):
            before = sys.pycache_prefix
            sys.pycache_prefix = next(kept for folder, kept in folders.items() if within(self.path, folder))
            try:
                return super().get_code(name)
            finally:
                sys.pycache_prefix = before

    kinds = (
        (importer.ExtensionFileLoader, _imp.extension_suffixes()),
        (Loader, importer.SOURCE_SUFFIXES),
        (importer.SourcelessFileLoader, importer.BYTECODE_SUFFIXES),
    )
    make = importer.FileFinder.path_hook(*kinds)

    def hook(path):
        if not any(within(path, folder) for folder in folders):
            raise ImportError(path)
        return make(path)

    sys.path_hooks.insert(0, hook)


def within(path, folder):
    return path == folder or path.startswith(folder + os.sep)


class SdkFinder:
    """Finds the SDK's packages in the workshop's own environment, and nothing else there.

    On AWS boto3 is part of the runtime and every other library has to be packaged with the function.
    """

    def __init__(self, site):
        self.site = site

    def find_spec(self, name, path=None, target=None):
        if path is None and self.site and name in SDK:
            return importer.PathFinder.find_spec(name, [self.site])
        return None


class LoggingFinder:
    """Sets `logging` up as Lambda does at the moment it is first imported."""

    def __init__(self, *parts):
        self.parts = parts

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        spec = importer.PathFinder.find_spec(name, None)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            set_up_logging(module, *self.parts)

        spec.loader.exec_module = exec_module
        return spec


def set_up_logging(logging, frames, current, json_logs):
    """One handler on the root logger, with AWS's format.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    import time as clock

    class LambdaLoggerHandler(logging.Handler):
        log_sink = frames

        def emit(self, record):
            frames.write(self.format(record))

    class LambdaLoggerFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = current.request_id
            record.tenant_id = current.tenant_id
            return True

    handler = LambdaLoggerHandler()
    logging.Formatter.converter = clock.gmtime
    if json_logs:
        from _runtime_json_logs import make_formatter

        handler.setFormatter(make_formatter(logging))
    else:
        layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(layout, "%Y-%m-%dT%H:%M:%S"))
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    root = logging.getLogger()
    if level in logging._nameToLevel:
        root.setLevel(level)
    handler.addFilter(LambdaLoggerFilter())
    root.addHandler(handler)


class Record:
    """An object with fixed fields, all None until given."""

    __slots__ = ()

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self):
        fields = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{fields}])"


class CognitoIdentity(Record):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(Record):
    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")


class ClientContext(Record):
    __slots__ = ("client", "custom", "env")


class LambdaContext:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    log_sink = None

    def __init__(self, headers, client_context, identity):
        environ = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self.client_context = client_context
        self.identity = identity
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self):
        """Milliseconds until this request times out."""
        return max(0, self._epoch_deadline_time_in_ms - int(time() * 1000))

    def log(self, msg):
        """Write one event to the log."""
        self.log_sink.write(str(msg))

    def __repr__(self):
        names = ("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb")
        names += ("function_version", "invoked_function_arn", "client_context", "identity", "tenant_id")
        return f"LambdaContext([{','.join(f'{name}={getattr(self, name)}' for name in names)}])"


def make_context(headers):
    """The context object of a request, from the headers it came with."""
    client = headers.get("lambda-runtime-client-context")
    cognito = headers.get("lambda-runtime-cognito-identity")
    client_context = None
    if client:
        values = json.loads(client)
        client_context = ClientContext(values)
        if client_context.client is not None:
            client_context.client = Client(client_context.client)
    ids = json.loads(cognito) if cognito else {}
    identity = CognitoIdentity({})
    identity.cognito_identity_id = ids.get("cognitoIdentityId")
    identity.cognito_identity_pool_id = ids.get("cognitoIdentityPoolId")
    return LambdaContext(headers, client_context, identity)


class Encoder(json.JSONEncoder):
    """JSON as the managed runtime writes it: Decimals are numbers with all their digits, bytes are text."""

    marker = os.urandom(8).hex()
    decimals = False

    def default(self, value):
        if isinstance(value, bytes):
            return value.decode()
        decimal = sys.modules.get("decimal")
        if decimal and isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            Encoder.decimals = True
            return self.marker + str(value) + self.marker
        if callable(getattr(value, "_asdict", None)):
            return as_objects(value._asdict())
        return super().default(value)


ENCODER = Encoder(ensure_ascii=os.environ.get("AWS_EXECUTION_ENV", "") < "AWS_Lambda_python3.12")


def has_named_tuple(value):
    """Whether there is a named tuple in a value: the managed runtime writes it as an object, `json` as an array."""
    if isinstance(value, dict):
        return any(map(has_named_tuple, value.values()))
    if isinstance(value, (list, tuple)):
        return hasattr(value, "_asdict") or any(map(has_named_tuple, value))
    return False


def without_named_tuples(value):
    """The value itself where there are none."""
    try:
        return as_objects(value) if has_named_tuple(value) else value
    except RecursionError:  # a circle, or too deep: the encoder says which
        return value


def as_objects(value):
    """The value with named tuples made into objects."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: as_objects(item) for key, item in value.items()}
    return list(map(as_objects, value)) if isinstance(value, (list, tuple)) else value


def encode(value):
    """A handler's result as JSON bytes.

    Raises:
        TypeError, ValueError: it has no JSON form.
    """
    text = ENCODER.encode(without_named_tuples(value))
    if Encoder.decimals:
        text = text.replace('"' + Encoder.marker, "").replace(Encoder.marker + '"', "")
        Encoder.decimals = False
    return text.encode("utf-8")
