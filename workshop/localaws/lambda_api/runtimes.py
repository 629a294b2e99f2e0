"""Which runtimes AWS takes, and which it took once.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

from workshop.localaws.faults import AwsError

SUPPORTED = (
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "dotnet8",
    "dotnet10",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "provided.al2",
    "provided.al2023",
)
# Retired: name -> what AWS's message recommends.
RETIRED = {
    "nodejs": "nodejs22.x",
    "nodejs4.3": "nodejs22.x",
    "nodejs4.3-edge": "nodejs22.x",
    "nodejs6.10": "nodejs22.x",
    "nodejs8.10": "nodejs22.x",
    "nodejs10.x": "nodejs22.x",
    "nodejs12.x": "nodejs22.x",
    "nodejs14.x": "nodejs22.x",
    "nodejs16.x": "nodejs22.x",
    "nodejs18.x": "nodejs22.x",
    "python2.7": "python3.13",
    "python3.6": "python3.13",
    "python3.7": "python3.13",
    "python3.8": "python3.13",
    "python3.9": "python3.13",
    "ruby2.5": "ruby3.4",
    "ruby2.7": "ruby3.4",
    "dotnetcore1.0": "dotnet8",
    "dotnetcore2.0": "dotnet8",
    "dotnetcore2.1": "dotnet8",
    "dotnetcore3.1": "dotnet8",
    "dotnet6": "dotnet8",
    "dotnet7": "dotnet8",
    "java8": "java21",
    "go1.x": "provided.al2023",
    "provided": "provided.al2023",
}


def check(runtime: str) -> None:
    """Refuse a runtime that AWS does not take for a new function.

    Raises:
        AwsError: InvalidParameterValueException, in AWS's words.
    """
    if runtime in SUPPORTED:
        return
    if runtime in RETIRED:
        raise AwsError(
            "InvalidParameterValueException",
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            f"We recommend you use a supported runtime ({RETIRED[runtime]}) while creating or updating functions.",
        )
    known = ", ".join(SUPPORTED)
    raise AwsError(
        "InvalidParameterValueException",
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{known}] "
        f"or be a "
        "valid ARN",
    )
