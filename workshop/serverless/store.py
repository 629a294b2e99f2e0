"""The deployment bucket: what earlier deployments left there, uploads, and emptying it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-folders.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from workshop.core.errors import WorkshopError
from workshop.serverless.aws import Clients, error_code
from workshop.serverless.packaging import Package
from workshop.serverless.service import Service

TEMPLATE, STATE = "compiled-cloudformation-template.json", "serverless-state.json"
KEPT = 5  # earlier deployments kept for rollback, as in the Framework
_FOLDER = re.compile(r"(\d+)-(\d{4}-\d\d-\d\dT[\d:.]+Z)")


class Taken(Exception):
    """Another deploy of the same service, of the same millisecond, has a deployment's folder."""


class Store:
    """One service's corner of a bucket."""

    def __init__(self, clients: Clients, bucket: str, service: Service) -> None:
        self.api, self.bucket = clients.get("s3"), bucket
        self.prefix = f"serverless/{service.name}/{service.stage}/"
        self.clients = clients

    def folders(self) -> dict[str, list[str]]:
        """The deployments in the bucket, oldest first: folder -> keys."""
        found: dict[str, list[str]] = {}
        for key in self.keys(self.prefix):
            name = key[len(self.prefix) :].partition("/")[0]
            if _FOLDER.fullmatch(name):
                found.setdefault(self.prefix + name, []).append(key)
        return dict(sorted(found.items(), key=lambda item: int(item[0].rpartition("/")[2].partition("-")[0])))

    def keys(self, prefix: str = "") -> list[str]:
        """The keys below a prefix.

        Raises:
            WorkshopError: the bucket is gone.
        """
        try:
            pages = self.api.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [one["Key"] for page in pages for one in page.get("Contents", [])]
        except self.api.exceptions.NoSuchBucket:
            raise WorkshopError(
                f"The deployment bucket {self.bucket} is gone.", fix="Run: workshop remove. Then deploy again."
            ) from None

    def hashes(self, keys: Iterable[str]) -> list[str]:
        """What the objects' metadata say of their content, sorted."""

        def one(key: str) -> str:
            try:
                return self.api.head_object(Bucket=self.bucket, Key=key)["Metadata"].get("filesha256", "")
            except self.api.exceptions.ClientError as error:
                if error_code(error) not in ("404", "NoSuchKey"):
                    raise
                return ""  # another deploy of the same service tidied it away after it was listed

        return sorted(in_parallel([partial(one, key) for key in keys]))

    def upload(self, folder: str, package: Package, template: dict[str, Any], skip: Iterable[str] = ()) -> None:
        """Uploads zips, template and state of one deployment.

        Args:
            skip: zips that the bucket has already, by file name.

        Raises:
            Taken: the folder is somebody else's, and as it was.
        """
        done: list[str] = []
        zips = {name: one for name, one in package.zips.items() if name not in skip}
        objects = [(name, one.content, one.sha256, "application/zip") for name, one in zips.items()]
        objects += [(*each, "application/json") for each in documents(package, template, folder)]
        try:
            in_parallel(
                [
                    partial(self.put, f"{folder}/{name}", content, digest, kind, done)
                    for name, content, digest, kind in objects
                ]
            )
        except self.api.exceptions.ClientError as error:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
            if error_code(error) in ("PreconditionFailed", "ConditionalRequestConflict", "412"):
                self.delete(done)
                raise Taken from None
            raise

    def put(self, key: str, content: bytes, digest: str, kind: str, done: list[str]) -> None:
        """One new object with the hash of what it means; added to `done`. One that is there is not overwritten."""
        self.api.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=content,
            ContentType=kind,
            Metadata={"filesha256": digest},
            IfNoneMatch="*",
        )
        done.append(key)

    def read_json(self, key: str) -> Any:
        """A JSON object's content; None when it is not there."""
        try:
            return json.loads(self.api.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        except self.api.exceptions.ClientError as error:
            if error_code(error) in ("NoSuchKey", "404"):
                return None
            raise

    def delete(self, keys: list[str]) -> None:
        """Deletes objects."""
        for at in range(0, len(keys), 1000):
            batch = [{"Key": key} for key in keys[at : at + 1000]]
            self.api.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})

    def empty(self, whole: bool = True) -> int:
        """Deletes everything, older versions too. Returns how many objects. A bucket that is gone is empty.

        Args:
            whole: the bucket is the stack's own; else only this service's corner is emptied.
        """
        prefix = "" if whole else self.prefix
        try:
            keys = self.keys(prefix)
            self.delete(keys)
            pages = self.api.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
            old = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for page in pages
                for one in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            ]
            for at in range(0, len(old), 1000):
                self.api.delete_objects(Bucket=self.bucket, Delete={"Objects": old[at : at + 1000], "Quiet": True})
        except WorkshopError:
            return 0
        except self.api.exceptions.ClientError as error:
            if error_code(error) == "NoSuchBucket":
                return 0
            raise
        return len(keys)

    def prune(self, in_use: str) -> None:
        """Deletes deployments older than the last few.

        None goes that the present template (`in_use`, as text) or a kept one refers to: an unchanged layer's zip stays
        where it was first put.
        """
        folders = self.folders()
        names = list(folders)
        old, kept = names[: -(KEPT + 1)], names[-(KEPT + 1) :]
        if old:
            in_use += json.dumps([self.read_json(f"{folder}/{TEMPLATE}") for folder in kept])
        for folder in old:
            if f"{folder}/" not in in_use:
                self.delete(folders[folder])

    def url(self, key: str) -> str:
        """An object's address, for CloudFormation."""
        endpoint = self.api.meta.endpoint_url
        return f"{endpoint}/{self.bucket}/{key}"


def documents(package: Package, template: dict[str, Any], folder: str) -> list[tuple[str, bytes, str]]:
    """Template and state: name, content, and a hash that does not change with the folder they are put in."""
    service = package.service
    state = {
        "service": {
            "service": service.name,
            "provider": {"name": "aws", "stage": service.stage, "region": service.region},
            "functions": {name: {"name": service.function_name(name)} for name in package.functions},
        },
        "package": {
            "individually": len({one.name for one in package.functions.values()}) > 1,
            "artifactDirectoryName": folder,
        },
    }
    content = json.dumps(template)
    return [
        (TEMPLATE, content.encode(), sha256(_placeless(content))),
        (STATE, json.dumps(state).encode(), sha256(json.dumps(state["service"]))),
    ]


def _placeless(text: str) -> str:
    return re.sub(r"/\d+-\d{4}-\d\d-\d\dT[\d:.]+Z(?=[/\"])", "", text)


def expected_hashes(package: Package, template: dict[str, Any], skip: Iterable[str] = ()) -> list[str]:
    """What `Store.hashes` gives when this package is what was deployed last."""
    zips = [one.sha256 for name, one in package.zips.items() if name not in skip]
    return sorted([*zips, *(digest for _, _, digest in documents(package, template, ""))])


def sha256(text: str) -> str:
    """Base64 SHA-256 of a text."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def in_parallel(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Runs jobs at the same time; results in order, the first error raised."""
    if len(jobs) < 2:
        return [job() for job in jobs]
    with ThreadPoolExecutor(min(8, len(jobs))) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]
