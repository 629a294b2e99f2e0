"""Waits as long as the event says, a tenth of a second otherwise. Requests at once need environments at once."""

import time

began = ready = time.time()


def handler(event, context):
    time.sleep(event.get("seconds", 0.1))
    return {"statusCode": 200, "began": began, "imported": began, "ready": ready, "body": "Hello"}
