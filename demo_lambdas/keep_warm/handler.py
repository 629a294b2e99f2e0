"""A function that a clock calls every five minutes, so that an environment stays ready."""

import json
import time

started = time.time()


def hello(event, context):
    if event.get("keep_warm"):
        return {"age": time.time() - started}
    return {"statusCode": 200, "body": json.dumps({"message": "Hello, warm or cold"})}
