"""Functions: what AWS takes and refuses, and what it says of a function."""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import urllib.request
import zipfile
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.core import test_unzip
from tests.core.test_unzip import ODD
from tests.localaws.bench import ECHO, Bench, unique, zipped

EMPTY = b"PK\x05\x06" + bytes(18)  # a zip with nothing in it


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    """(code, message) of the error a call gives."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def create(api: Any, role: str, **config: Any) -> dict[str, Any]:
    given = {"FunctionName": unique("f"), "Runtime": "python3.12", "Handler": "handler.handler", "Role": role}
    return api.create_function(**given | {"Code": {"ZipFile": zipped(ECHO)}} | config)


def test_configuration_is_complete_and_waiters_end(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
    package = zipped(ECHO)
    name = create(api, role, Code={"ZipFile": package}, MemorySize=256, Tags={"team": "a"})["FunctionName"]
    api.get_waiter("function_active_v2").wait(FunctionName=name)
    api.get_waiter("function_updated_v2").wait(FunctionName=name)
    found = api.get_function(FunctionName=name)
    configuration = found["Configuration"]
    assert configuration["CodeSha256"] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    assert configuration["CodeSize"] == len(package)
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    assert (configuration["Timeout"], configuration["MemorySize"], configuration["Version"]) == (3, 256, "$LATEST")
    assert found["Tags"] == {"team": "a"}
    assert urllib.request.urlopen(found["Code"]["Location"]).read() == package


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
        ({"MemorySize": 127}, "ValidationException", "greater than or equal to 128"),
        ({"MemorySize": 10241}, "ValidationException", "less than or equal to 10240"),
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"Handler": ""}, "InvalidParameterValueException", "Runtime and Handler are mandatory"),
        ({"Description": "d" * 257}, "ValidationException", "less than or equal to 256"),
        ({"TracingConfig": {"Mode": "Loud"}}, "ValidationException", "[Active, PassThrough]"),
        ({"DeadLetterConfig": {"TargetArn": "a-queue"}}, "ValidationException", "'deadLetterConfig.targetArn'"),
        (
            {"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "LOUD"}},
            "ValidationException",
            "[TRACE, DEBUG, INFO, WARN, ERROR, FATAL]",
        ),
        ({"LoggingConfig": {"LogGroup": "two words"}}, "ValidationException", "'loggingConfig.logGroup'"),
        ({"Code": {"ZipFile": EMPTY}}, "InvalidParameterValueException", "non-empty zip"),
        ({"Handler": "two words"}, "ValidationException", "'handler'"),
        ({"FunctionName": "no spaces"}, "ValidationException", "'functionName'"),
        # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated
        ({"Runtime": "nodejs8.10"}, "InvalidParameterValueException", "no longer supported"),
        ({"Runtime": "cobol85"}, "InvalidParameterValueException", "'runtime'"),
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "reserved keys"),
        ({"Environment": {"Variables": {"LONG": "x" * 4096}}}, "InvalidParameterValueException", "4KB limit"),
        # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
        (
            {"Layers": [f"arn:aws:lambda:eu-west-1:123456789012:layer:l{n}:1" for n in range(6)]},
            "InvalidParameterValueException",
            "more than 5 layers",
        ),
        (
            {"Layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:nowhere:1"]},
            "InvalidParameterValueException",
            "does not exist",
        ),
        ({"Code": {"ZipFile": b"not a zip"}}, "InvalidParameterValueException", "Could not unzip"),
        ({"Code": {"S3Bucket": "no-such-bucket-here", "S3Key": "k"}}, "InvalidParameterValueException", "NoSuchBucket"),
        (
            {"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "DEBUG"}},
            "InvalidParameterValueException",
            "LogFormat",
        ),
    ],
)
def test_what_aws_refuses_is_refused(unchecked: Any, role: str, config: dict[str, Any], code: str, said: str) -> None:
    told = refusal(create, api=unchecked, role=role, **config)
    assert told[0] == code
    assert said in told[1]


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "said"),
    [
        # https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
        (
            "PUT",
            "configuration",
            {"Timeout": "5"},
            "SerializationException",
            "STRING_VALUE can not be converted to an Integer, at 'timeout'.",
        ),
        ("PUT", "configuration", {"Timeout": True}, "SerializationException", "at 'timeout'"),
        (
            "PUT",
            "configuration",
            {"Environment": {"Variables": {"AB": 1}}},
            "SerializationException",
            "NUMBER_VALUE can not be converted to a String, at 'environment.variables.AB'.",
        ),
        ("PUT", "configuration", {"Layers": [None]}, "SerializationException", "at 'layers.1.member'"),
        ("PUT", "configuration", [], "SerializationException", "at 'the request body'"),
        ("POST", "aliases", {"Name": "live"}, "ValidationException", "at 'functionVersion'"),
        ("POST", "aliases", {"Name": "live", "FunctionVersion": 1}, "SerializationException", "at 'functionVersion'"),
        ("PUT", "concurrency", {}, "ValidationException", "at 'reservedConcurrentExecutions'"),
    ],
)
def test_a_member_of_the_wrong_type_is_named(
    bench: Bench, method: str, path: str, body: Any, code: str, said: str
) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=s"
    name = bench.function().rpartition(":")[2]
    url = f"{bench.url}/2015-03-31/functions/{name}/{path}"
    got = httpx.request(method, url, json=body, headers={"Authorization": scope})
    assert (got.status_code, got.headers["x-amzn-errortype"]) == (400, code)
    assert said in got.json()["message"]


def test_the_role_must_exist_and_trust_lambda(api: Any, bench: Bench) -> None:
    for role in ("arn:aws:iam::123456789012:role/nobody", bench.role(service="events.amazonaws.com")):
        code, message = refusal(create, api=api, role=role)
        assert code == "InvalidParameterValueException"
        assert message == "The role defined for the function cannot be assumed by Lambda."


def test_a_name_is_taken_once_and_an_unknown_one_is_not_found(api: Any, role: str) -> None:
    name = create(api, role)["FunctionName"]
    assert refusal(create, api=api, role=role, FunctionName=name)[0] == "ResourceConflictException"
    code, message = refusal(api.get_function, FunctionName="missing")
    assert code == "ResourceNotFoundException"
    assert message == "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:missing"


def test_zip_entries_stay_in_their_folder(api: Any, role: str) -> None:
    for entry in ("../outside.py", "/etc/outside.py", "a/../../outside.py"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(entry, "x")
        code, message = refusal(create, api=api, role=role, Code={"ZipFile": buffer.getvalue()})
        assert code == "InvalidParameterValueException"
        assert "outside" in message


def test_links_and_executable_bits_are_kept(api: Any, role: str) -> None:
    buffer = io.BytesIO()
    source = (
        "import os\n"
        "def handler(event, context):\n"
        "    return [os.path.islink('link.txt'), open('link.txt').read(), os.access('tool', os.X_OK)]\n"
    )
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", source)
        archive.writestr("real.txt", "linked")
        link = zipfile.ZipInfo("link.txt")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "real.txt")
        tool = zipfile.ZipInfo("tool")
        tool.create_system, tool.external_attr = 3, 0o755 << 16
        archive.writestr(tool, "#!/bin/sh\n")
    name = create(api, role, Code={"ZipFile": buffer.getvalue()})["FunctionName"]
    assert api.invoke(FunctionName=name)["Payload"].read() == b'[true, "linked", true]'


def test_a_link_out_of_the_package_is_refused(api: Any, role: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("outside")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "../../etc/passwd")
    code, message = refusal(create, api=api, role=role, Code={"ZipFile": buffer.getvalue()})
    assert code == "InvalidParameterValueException"
    assert "points outside" in message


@pytest.mark.parametrize("case", ODD)
def test_an_odd_zip_is_a_sentence_for_functions_and_for_layers(api: Any, role: str, case: str) -> None:
    content = {"ZipFile": test_unzip.zipped(*ODD[case])}
    code, message = refusal(create, api=api, role=role, Code=content)
    of_layer = refusal(lambda **given: api.publish_layer_version(LayerName="odd", **given), Content=content)
    assert (code, message) == of_layer
    assert code == "InvalidParameterValueException"
    assert message.startswith("Could not unzip uploaded file.") and "workshop-cloud" not in message


def test_new_code_and_configuration_reach_the_next_request(api: Any, role: str) -> None:
    name = create(api, role)["FunctionName"]
    api.invoke(FunctionName=name)
    source = "import os\ndef handler(event, context): return os.environ.get('WORD', 'none')\n"
    before = api.get_function_configuration(FunctionName=name)["RevisionId"]
    api.update_function_code(FunctionName=name, ZipFile=zipped(source))
    assert api.invoke(FunctionName=name)["Payload"].read() == b'"none"'
    api.update_function_configuration(FunctionName=name, Environment={"Variables": {"WORD": "new"}})
    assert api.invoke(FunctionName=name)["Payload"].read() == b'"new"'
    assert api.get_function_configuration(FunctionName=name)["RevisionId"] != before
    stale = refusal(api.update_function_configuration, FunctionName=name, Timeout=5, RevisionId=before)
    assert stale[0] == "PreconditionFailedException"


def test_functions_are_listed_in_pages(api: Any, role: str) -> None:
    names = {create(api, role)["FunctionName"] for _ in range(3)}
    pages = list(api.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) > 1
    assert names <= {function["FunctionName"] for page in pages for function in page["Functions"]}


def test_deleted_means_gone(api: Any, role: str) -> None:
    name = create(api, role)["FunctionName"]
    api.delete_function(FunctionName=name)
    assert refusal(api.invoke, FunctionName=name)[0] == "ResourceNotFoundException"
    assert refusal(api.delete_function, FunctionName=name)[0] == "ResourceNotFoundException"


def test_regions_are_apart_and_arns_reach_across(api: Any, client: Any, role: str) -> None:
    far = client("lambda", region="eu-central-1")
    name = unique("far")
    arn = create(far, role, FunctionName=name)["FunctionArn"]
    assert ":eu-central-1:" in arn
    assert refusal(api.get_function, FunctionName=name)[0] == "ResourceNotFoundException"
    assert far.invoke(FunctionName=arn)["StatusCode"] == 200


def test_configuration_of_a_url(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
    name = create(api, role)["FunctionName"]
    made = api.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert made["FunctionUrl"].endswith(".lambda-url.eu-west-1.on.aws/")
    assert api.get_function_url_config(FunctionName=name)["FunctionUrl"] == made["FunctionUrl"]
    assert refusal(api.create_function_url_config, FunctionName=name, AuthType="NONE")[0] == "ResourceConflictException"
    api.delete_function_url_config(FunctionName=name)
    assert refusal(api.get_function_url_config, FunctionName=name)[0] == "ResourceNotFoundException"


def test_permissions_make_a_policy(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
    import json

    name = create(api, role)["FunctionName"]
    api.add_permission(
        FunctionName=name,
        StatementId="s1",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bucket",
        SourceAccount="123456789012",
    )
    statement = json.loads(api.get_policy(FunctionName=name)["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
        "StringEquals": {"AWS:SourceAccount": "123456789012"},
    }
    twice = refusal(
        api.add_permission, FunctionName=name, StatementId="s1", Action="lambda:InvokeFunction", Principal="*"
    )
    assert twice[0] == "ResourceConflictException"
    api.remove_permission(FunctionName=name, StatementId="s1")
    assert refusal(api.get_policy, FunctionName=name)[0] == "ResourceNotFoundException"


def test_a_mapping_needs_its_queue(api: Any, role: str) -> None:
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    name = create(api, role)["FunctionName"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:never-made"
    code, message = refusal(api.create_event_source_mapping, FunctionName=name, EventSourceArn=arn)
    assert code == "InvalidParameterValueException"
    assert "NonExistentQueue" in message


def test_runtimes_say_whether_they_run_here(bench: Bench) -> None:
    found = httpx.get(f"{bench.url}/_workshop/runtimes").json()["runtimes"]
    assert found["python3.12"]["available"] is True
    for about in found.values():
        assert about["available"] or about["warning"]
    # https://docs.aws.amazon.com/lambda/latest/api/API_RuntimeVersionConfig.html
    api = bench.client("lambda")
    for runtime in [name for name in found if name.startswith("python") and found[name]["available"]]:
        name = create(api, bench.role(), Runtime=runtime)["FunctionName"]
        told = api.get_function_configuration(FunctionName=name)["RuntimeVersionConfig"]
        assert told.get("Error", {}).get("Message", "") == found[runtime]["warning"]


def test_a_runtime_this_machine_lacks_is_refused_at_once(api: Any, bench: Bench, role: str) -> None:
    import httpx

    found = httpx.get(f"{bench.url}/_workshop/runtimes").json()["runtimes"]
    missing = [runtime for runtime, about in found.items() if not about["available"]]
    if not missing:
        pytest.skip("this machine runs every runtime")
    assert refusal(create, api=api, role=role, Runtime=missing[0])[0] == "InvalidParameterValueException"
