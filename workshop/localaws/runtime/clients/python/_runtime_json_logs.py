"""Log records as JSON objects, with the fields that Lambda documents.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

import json
import time

USUAL = {
    *("name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text"),
    *("stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName"),
    *("processName", "process", "taskName", "aws_request_id", "tenant_id"),
}


# A value that JSON does not have, in a message or an extra field, is written as its text.
ENCODE = json.JSONEncoder(ensure_ascii=False, default=str).encode


def make_formatter(logging):
    """A formatter; `logging` is given because this file is loaded while that module is."""

    class JsonFormatter(logging.Formatter):
        def format(self, record):
            fields = {
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
                # Levels of one's own count as the standard one below them.
                "level": logging.getLevelName(min(50, max(0, record.levelno)) // 10 * 10),
                "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
                "logger": record.name,
            }
            if record.exc_info and record.exc_info[0]:
                import traceback

                fields["stackTrace"] = traceback.format_tb(record.exc_info[2])
                fields["errorType"] = record.exc_info[0].__name__
                fields["errorMessage"] = str(record.exc_info[1])
            fields["requestId"] = record.aws_request_id
            if "stackTrace" in fields:
                fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
            if record.tenant_id is not None:
                fields["tenantId"] = record.tenant_id
            for name, value in record.__dict__.items():
                if name not in USUAL and name not in fields and value is not None:
                    fields[name] = value
            return ENCODE(fields) + "\n"

    return JsonFormatter()
