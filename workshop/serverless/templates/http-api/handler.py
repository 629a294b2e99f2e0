"""One function behind an HTTP API, which is the cheaper and simpler kind of API Gateway."""


def greet(event, context):
    """What a function returns without a status code is sent as JSON with 200."""
    return {"message": f"Hello, {event['pathParameters']['name']}!"}
