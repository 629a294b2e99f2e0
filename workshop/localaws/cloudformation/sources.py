"""What templates fetch: themselves from S3, parameters from Systems Manager, secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from workshop.localaws.cloudformation.template import invalid

VIRTUAL = re.compile(r"(?P<bucket>.+)\.s3[.-].*amazonaws\.com(\.cn)?")


class Sources:
    """Fetches from a region's services.

    Args:
        client: `client(service, region)`, in the process.
        region: which.
    """

    def __init__(self, client: Callable[[str, str], Any], region: str) -> None:
        self.client, self.region = client, region

    def stored(self, url: str) -> str:
        """The text behind a TemplateURL: a virtual-hosted, path or s3:// address.

        Raises:
            AwsError: no such object, or no address in S3.
        """
        from botocore.exceptions import ClientError

        parts = urlsplit(url)
        found = VIRTUAL.fullmatch(parts.netloc)
        if found:
            bucket, key = found["bucket"], parts.path.lstrip("/")
        elif parts.scheme == "s3":
            bucket, key = parts.netloc, parts.path.lstrip("/")
        else:
            bucket, _, key = parts.path.lstrip("/").partition("/")
        try:
            answer = self.client("s3", self.region).get_object(Bucket=bucket, Key=unquote(key))
        except ClientError as error:
            raise invalid(
                f"S3 error: {error.response['Error']['Message']} For more information check "
                "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
            ) from None
        except Exception:
            raise invalid(f"TemplateURL must reference a valid S3 object to which you have access: {url}") from None
        return str(answer["Body"].read().decode("utf-8", "replace"))

    def parameter(self, name: str) -> str:
        """The value of a Systems Manager parameter.

        Raises:
            AwsError: there is none.
        """
        from botocore.exceptions import ClientError

        try:
            found = self.client("ssm", self.region).get_parameter(Name=name, WithDecryption=True)
        except ClientError:
            raise invalid(f"Unable to fetch parameters [{name}] from parameter store for this account.") from None
        return str(found["Parameter"]["Value"])

    def dynamic(self, service: str, reference: str) -> str:
        """The value of a dynamic reference.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html

        Raises:
            AwsError: there is nothing there.
        """
        if service.startswith("ssm"):
            return self.parameter(reference)
        from botocore.exceptions import ClientError

        front, _, rest = reference.partition(":SecretString")
        key = rest.lstrip(":").partition(":")[0]
        try:
            text = self.client("secretsmanager", self.region).get_secret_value(SecretId=front)["SecretString"]
        except ClientError as error:
            raise invalid(f"Could not fetch the secret {front}: {error.response['Error']['Message']}") from None
        if not key:
            return str(text)
        try:
            return str(json.loads(text)[key])
        except (ValueError, KeyError, TypeError):
            raise invalid(f"Could not find a value associated with JSONKey in SecretString: {key}") from None
