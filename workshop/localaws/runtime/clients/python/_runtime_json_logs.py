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


def make_formatter(logging):
    """A formatter; `logging` is given because this file is loaded while that module is."""

    class JsonFormatter(logging.Formatter):
        def format(self, record):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            fields = {
                "timestamp": f"{stamp}.{int(record.created * 1000) % 1000:03d}Z",
                "level": record.levelname,
                "message": record.getMessage(),
                "logger": record.name,
            }
            if record.exc_info and record.exc_info[0]:
                import traceback

                fields["stackTrace"] = traceback.format_tb(record.exc_info[2])
                fields["errorType"] = record.exc_info[0].__name__
                fields["errorMessage"] = str(record.exc_info[1])
                fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
            if record.aws_request_id:
                fields["requestId"] = record.aws_request_id
            if record.tenant_id is not None:
                fields["tenantId"] = record.tenant_id
            for name, value in record.__dict__.items():
                if name not in USUAL and name not in fields and value is not None:
                    fields[name] = value
            return json.dumps(fields, ensure_ascii=False) + "\n"

    return JsonFormatter()
