"""Hello again, with its code in a layer: found under /opt/python, on the path like any module."""

import time

began = time.time()

from greeting import greet  # noqa: E402  (the time before it is measured)

imported = ready = time.time()


def handler(event, context):
    return {"statusCode": 200, "began": began, "imported": imported, "ready": ready, "body": greet()}
