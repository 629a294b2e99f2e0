"""Services of moto whose extra is not installed: one clear refusal, which no SDK tries again."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

CALLS = {
    "cognito-idp": ("list_user_pools", {"MaxResults": 1}, "cognitoidp"),
    "xray": ("get_trace_summaries", {"StartTime": 0, "EndTime": 1}, "xray"),
}


@pytest.mark.parametrize("service", CALLS)
def test_a_service_without_its_package_is_refused_once_by_name(cloud: Any, service: str) -> None:
    operation, arguments, package = CALLS[service]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
    config = Config(retries={"max_attempts": 4, "mode": "standard"})
    client = boto3.client(service, endpoint_url=cloud.endpoint, config=config, **keys)  # type: ignore[call-overload]
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)
    response = refused.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    assert package in response["Error"]["Message"] and "does not have the service" in response["Error"]["Message"]
    assert "Traceback" not in str(response)
