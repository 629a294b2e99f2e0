"""Hello, world: one function behind one route."""

import json


def hello(event, context):
    """Answers a GET on /hello. API Gateway wants a status code and a body that is text."""
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"message": "Hello, world!"}),
    }
