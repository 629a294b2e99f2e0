"""What every operation of Lambda's API works with: the store, the zips, and the neighbours it asks."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workshop.localaws.faults import AwsError
from workshop.localaws.http import Request
from workshop.localaws.lambda_api import names, validate
from workshop.localaws.lambda_api.names import Reference
from workshop.localaws.lambda_api.packages import MAX_ZIPPED_DIRECT, Packages
from workshop.localaws.lambda_api.store import LATEST, Alias, Function, Package, Region, Store, Version


def _nothing(*_: Any) -> None:
    return None


@dataclass
class Service:
    """Lambda's state and its neighbours.

    Args:
        store, packages: what it remembers.
        role_trusted: does this role exist and trust lambda.amazonaws.com?
        s3_object: the bytes of (bucket, key, version id or None); raises AwsError.
        changed: called with a function's ARN after every change of what its name leads to.
        retired: called with a function's ARN when its environments must be replaced.
        mappings_changed: called with a region after an event source mapping came, changed or went.
        runnable: raises AwsError when this machine cannot run a runtime; says how its interpreter differs, if it does.
        source_exists: raises AwsError when an event source's queue or stream is not there.
        reserved: called with an ARN and its reserved concurrency, None for none.
        provisioned: called with an ARN, a qualifier and how many environments to keep ready.
        account_limit: the account's concurrency.
        url: the cloud's address, for links to code.
    """

    store: Store
    packages: Packages
    role_trusted: Callable[[str], bool] = lambda _: True
    s3_object: Callable[[str, str, str | None], bytes] = lambda *_: b""
    changed: Callable[[str], None] = _nothing
    retired: Callable[[str], None] = _nothing
    mappings_changed: Callable[[str], None] = _nothing
    runnable: Callable[[str], str] = lambda _: ""
    source_exists: Callable[[str], None] = _nothing
    reserved: Callable[[str, int | None], None] = _nothing
    provisioned: Callable[[str, str, int], None] = _nothing
    account_limit: Callable[[], int] = lambda: 1000
    url: str = ""
    clock: Callable[[], float] = field(default=time.time)

    def reference(self, request: Request, name: str) -> Reference:
        """The function a request names in its path and its Qualifier."""
        return names.parse(name, request.region, self.store.account, request.arguments.get("Qualifier"))

    def region(self, request: Request) -> Region:
        """Lambda in the request's region."""
        return self.store.region(request.region)

    def function(self, reference: Reference) -> Function:
        """The function.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        region = self.store.regions.get(reference.region)
        found = region.functions.get(reference.name) if region else None
        if found is None or reference.account != self.store.account:
            raise names.not_found(reference)
        return found

    def version(self, function: Function, reference: Reference) -> Version:
        """The version that the reference's qualifier means; of a weighted alias, its main one."""
        qualifier = reference.qualifier
        if qualifier in ("", LATEST):
            return function.latest
        alias: Alias | None = function.aliases.get(qualifier)
        found = (
            function.versions.get(alias.version if alias else qualifier)
            if not alias or alias.version != LATEST
            else function.latest
        )
        if found is None:
            raise names.not_found(reference)
        return found

    def package(self, code: dict[str, Any]) -> Package:
        """The package that a Code member means: a zip in the request or an object in S3."""
        if code.get("ImageUri"):
            raise validate.refused("Container images are not supported offline: upload a zip.")
        if code.get("ZipFile") is not None:
            try:
                data = base64.b64decode(code["ZipFile"], validate=True)
            except (binascii.Error, ValueError, TypeError):
                raise AwsError(
                    "InvalidRequestContentException", "Could not parse request body into json: ZipFile is not base64."
                ) from None
            if len(data) > MAX_ZIPPED_DIRECT:
                raise AwsError(
                    "RequestEntityTooLargeException",
                    f"Request must be smaller than {MAX_ZIPPED_DIRECT * 7 // 5} bytes for the CreateFunction operation",
                    413,
                )
        elif code.get("S3Bucket") and code.get("S3Key"):
            data = self.s3_object(code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion"))
        else:
            raise validate.refused("Please provide a source for function code.")
        if not data:
            raise validate.refused("Uploaded file must be a non-empty zip")
        return self.packages.add(data)

    def code_url(self, package: Package) -> str:
        """Where a package can be downloaded."""
        return f"{self.url}/_workshop/code/{package.zip_file.name}"
