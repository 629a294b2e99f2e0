"""The least a function can be. It says when it was loaded."""

import time

began = time.time()
ready = time.time()


def handler(event, context):
    return {"statusCode": 200, "began": began, "imported": began, "ready": ready, "body": "Hello"}
