"""The least policy and everything that the kit can call: read from the sources, so that no notebook need be run for it.

What runs in a function is allowed by the function's own role, in its serverless.yml.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

from tests.on_aws.test_arguments import ROOT, operations
from workshop.on_aws import policy

# Operations whose permission has another name.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
OTHER_NAMES = {
    "s3:ListObjectsV2": ["s3:ListBucket"],
    "s3:HeadObject": ["s3:GetObject"],
    "s3:ListBuckets": ["s3:ListAllMyBuckets"],
    "s3:ListObjectVersions": ["s3:ListBucketVersions"],
    "s3:DeleteObjects": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    "lambda:Invoke": ["lambda:InvokeFunction"],
}
# Not called with the reader's permissions while the workshop runs on AWS, and why.
NOT_ON_AWS = {
    "create_connection": "a socket's, not EventBridge's",
    "get_caller_identity": "needs no permission",
    "create_change_set": "`deploymentMethod: changesets` of a reader's own service",
    "delete_change_set": "the same",
    "describe_change_set": "the same",
    "execute_change_set": "the same",
    "describe_stack_resource": "a deployment bucket of a reader's own service",
    "get_parameter": "`${ssm:…}` in a reader's own service",
    "get_layer_version_by_arn": "`workshop invoke local` with somebody else's layer",
    "query": "a key of HTTP's, not DynamoDB's",
}
# Run beside the reader's work; orphans.py makes things on an offline cloud only, so that their removal is recorded.
NOT_THE_READERS = (
    "workshop/localaws/",
    "workshop/partners/",
    "workshop/bench/",
    "workshop/stage/",
    "workshop/on_aws/orphans.py",
)
# The console page looks at APIs of both kinds; API Gateway's permissions are HTTP verbs.
VERBS = {"get": "apigateway:GET", "create": "apigateway:POST", "delete": "apigateway:DELETE"}


def called() -> Iterator[tuple[str, str]]:
    """Operations named in the kit's and the notebooks' code, each with where."""
    files = [path for path in sorted((ROOT / "workshop").rglob("*.py")) if "__pycache__" not in path.parts]
    cells = [
        (f"{path.name} cell {number}", "".join(cell["source"]))
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"])
        if cell["cell_type"] == "code"
    ]
    texts = [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in files]
    for where, text in texts + cells:
        if where.startswith(NOT_THE_READERS):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and node.attr in operations():
                yield node.attr, where
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in operations():
                yield node.value, where  # get_paginator("…"), in_parallel, tables of operations


def permissions(operation: str) -> list[list[str]]:
    """The permissions an operation takes, one list a service that has one of that name."""
    name = "".join(part.capitalize() for part in operation.split("_"))
    found = []
    for service, _, _ in operations()[operation]:
        if service.startswith("apigateway"):
            found.append([VERBS.get(operation.partition("_")[0], "apigateway:PATCH")])
        else:
            found.append(OTHER_NAMES.get(f"{service}:{name}", [f"{service}:{name}"]))
    return found


def test_everything_that_the_sources_call_is_in_the_policy() -> None:
    allowed, missing = set(policy.actions()), set()
    seen = set()
    for operation, where in called():
        seen.add(operation)
        if operation not in NOT_ON_AWS and not any(set(one) <= allowed for one in permissions(operation)):
            missing.add(f"{operation} ({where})")
    assert missing == set(), "make it again: python -m workshop.on_aws.recording"
    assert len(seen) > 60
    assert set(NOT_ON_AWS) <= seen  # what is excused is still called
