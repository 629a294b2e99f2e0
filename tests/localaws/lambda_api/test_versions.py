"""Versions, aliases, layers and concurrency."""

from __future__ import annotations

from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.localaws.bench import Bench, eventually, unique, zipped
from tests.localaws.lambda_api.test_functions import create, refusal

VERSION = "def handler(event, context): return [context.function_version, {number}]\n"


def published(api: Any, role: str, count: int) -> str:
    """The name of a function with versions 1 to `count`, each answering its own number."""
    name = create(api, role, Code={"ZipFile": zipped(VERSION.format(number=1))})["FunctionName"]
    for number in range(1, count + 1):
        api.update_function_code(FunctionName=name, ZipFile=zipped(VERSION.format(number=number)))
        assert api.publish_version(FunctionName=name)["Version"] == str(number)
    return str(name)


def test_versions_keep_their_code(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
    name = published(api, role, 2)
    api.update_function_code(FunctionName=name, ZipFile=zipped(VERSION.format(number=3)))
    for qualifier, answer in (("1", b'["1", 1]'), ("2", b'["2", 2]'), ("$LATEST", b'["$LATEST", 3]')):
        got = api.invoke(FunctionName=name, Qualifier=qualifier)
        assert got["Payload"].read() == answer
        assert got["ExecutedVersion"] == qualifier
    assert api.invoke(FunctionName=f"{name}:1")["Payload"].read() == b'["1", 1]'


def test_publishing_without_a_change_gives_the_same_version(api: Any, role: str) -> None:
    name = published(api, role, 1)
    assert api.publish_version(FunctionName=name)["Version"] == "1"
    wrong = refusal(api.publish_version, FunctionName=name, CodeSha256="x" * 44)
    assert wrong[0] == "InvalidParameterValueException"


def test_an_alias_points_and_weighs(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    name = published(api, role, 2)
    made = api.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert made["AliasArn"].endswith(f":function:{name}:live")
    assert api.invoke(FunctionName=name, Qualifier="live")["Payload"].read() == b'["1", 1]'
    half = {"AdditionalVersionWeights": {"2": 0.5}}
    api.update_alias(FunctionName=name, Name="live", RoutingConfig=half)
    seen = {api.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] for _ in range(60)}
    assert seen == {"1", "2"}
    assert refusal(api.delete_function, FunctionName=name, Qualifier="2")[0] == "ResourceConflictException"
    assert refusal(api.get_alias, FunctionName=name, Name="nope")[0] == "ResourceNotFoundException"
    assert refusal(api.create_alias, FunctionName=name, Name="x", FunctionVersion="9")[0] == "ResourceNotFoundException"


def test_tags_belong_to_the_function(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
    arn = create(api, role)["FunctionArn"]
    api.publish_version(FunctionName=arn)
    code, message = refusal(api.tag_resource, Resource=f"{arn}:1", Tags={"a": "b"})
    assert code == "InvalidParameterValueException"
    assert message.startswith("Tags on function aliases and versions are not supported.")
    api.tag_resource(Resource=arn, Tags={"a": "b"})
    api.untag_resource(Resource=arn, TagKeys=["a", "never"])
    assert api.list_tags(Resource=arn)["Tags"] == {}


def test_layers_are_found_versioned_and_kept(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    layer = unique("layer")
    content = {"ZipFile": zipped("WORD = 'from the layer'\n", "python/shared.py")}
    first = api.publish_layer_version(LayerName=layer, Content=content, CompatibleRuntimes=["python3.12"])
    assert first["Version"] == 1
    assert api.publish_layer_version(LayerName=layer, Content=content)["Version"] == 2
    source = "import shared\ndef handler(event, context): return shared.WORD\n"
    name = create(api, role, Code={"ZipFile": zipped(source)}, Layers=[first["LayerVersionArn"]])["FunctionName"]
    assert api.invoke(FunctionName=name)["Payload"].read() == b'"from the layer"'
    # A deleted layer version stays with the functions that use it.
    api.delete_layer_version(LayerName=layer, VersionNumber=1)
    api.update_function_configuration(FunctionName=name, Timeout=4)
    assert api.invoke(FunctionName=name)["Payload"].read() == b'"from the layer"'
    assert refusal(api.get_layer_version, LayerName=layer, VersionNumber=1)[0] == "ResourceNotFoundException"
    assert [row["Version"] for row in api.list_layer_versions(LayerName=layer)["LayerVersions"]] == [2]


def test_two_versions_of_one_layer_are_refused(api: Any, role: str) -> None:
    layer = unique("layer")
    content = {"ZipFile": zipped("X = 1\n", "python/x.py")}
    arns = [api.publish_layer_version(LayerName=layer, Content=content)["LayerVersionArn"] for _ in range(2)]
    code, message = refusal(create, api=api, role=role, Layers=arns)
    assert code == "InvalidParameterValueException"
    assert "Two different versions" in message


def test_zero_can_be_reserved_under_any_account_limit() -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    from workshop.cloud.switch import start_local

    connected = start_local()
    try:
        httpx.post(f"{connected.endpoint}/_workshop/settings", json={"account_concurrency": 50}).raise_for_status()
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
        url = connected.endpoint
        small = Bench(lambda service: boto3.client(service, endpoint_url=url, **keys), url)
        arn, put = small.function(), small.client("lambda").put_function_concurrency
        assert put(FunctionName=arn, ReservedConcurrentExecutions=0)["ReservedConcurrentExecutions"] == 0
        assert "below its minimum" in refusal(put, FunctionName=arn, ReservedConcurrentExecutions=1)[1]
    finally:
        connected.close()


def test_reserved_concurrency_of_zero_throttles(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    name = create(api, role)["FunctionName"]
    api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert api.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    with pytest.raises(ClientError) as caught:
        api.invoke(FunctionName=name)
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    api.delete_function_concurrency(FunctionName=name)
    assert api.invoke(FunctionName=name)["StatusCode"] == 200
    left = refusal(api.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=950)
    assert "UnreservedConcurrentExecution below its minimum" in left[1]


def test_provisioned_concurrency_becomes_ready(api: Any, bench: Bench, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    name = published(api, role, 1)
    refused = refusal(
        api.put_provisioned_concurrency_config,
        FunctionName=name,
        Qualifier="$LATEST",
        ProvisionedConcurrentExecutions=1,
    )
    assert refused[0] == "InvalidParameterValueException"
    api.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=2)

    def state() -> Any:
        found = api.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
        return found if found["Status"] == "READY" else None

    assert eventually(state)["AvailableProvisionedConcurrentExecutions"] == 2
    api.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    gone = refusal(api.get_provisioned_concurrency_config, FunctionName=name, Qualifier="1")
    assert gone[0] == "ProvisionedConcurrencyConfigNotFoundException"
