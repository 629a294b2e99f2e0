"""Runs one handler once: the process behind `invoke local`. Standard library only; arguments as its parent gives them.

Its answer goes to a file, so that nothing the handler prints can be taken for it.
"""

import importlib
import json
import sys
import time
import traceback
import uuid
from pathlib import Path


class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, environment, seconds):
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.invoked_function_arn = (
            f"arn:aws:lambda:{environment['AWS_REGION']}:123456789012:function:{self.function_name}"
        )
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self):
        """What is left of the time-out."""
        return max(int((self._end - time.monotonic()) * 1000), 0)


def run(handler, event, seconds):
    """Returns (payload, error) as Lambda gives them."""
    import os

    try:
        module, _, name = handler.rpartition(".")
        function = getattr(importlib.import_module(module.replace("/", ".")), name)
        payload = function(event, Context(os.environ, seconds))
        json.dumps(payload)
        return payload, ""
    except BaseException as error:  # sys.exit() in a handler is an error of the handler
        traceback.print_exc()
        stack = traceback.format_tb(error.__traceback__)[1:]
        return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack}, "Unhandled"


def main():
    handler, event, result, seconds = sys.argv[1:5]
    sys.path[0] = str(Path.cwd())  # not this file's folder
    payload, error = run(handler, json.loads(Path(event).read_text(encoding="utf-8")), float(seconds))
    Path(result).write_text(json.dumps({"payload": payload, "error": error}), encoding="utf-8")


if __name__ == "__main__":
    main()
