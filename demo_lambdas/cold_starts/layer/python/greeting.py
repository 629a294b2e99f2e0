"""What the functions share."""


def greet():
    return "Hello"
