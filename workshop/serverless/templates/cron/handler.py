"""A function that the clock calls."""


def nightly(event, context):
    """`event["time"]` is the time that the schedule meant, in UTC."""
    print(f"Nightly run for {event['time']}")
