"""What S3 requests need; S3 names its operations by method, path and query.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from workshop.localaws.iam import attached
from workshop.localaws.iam.evaluation import Need

if TYPE_CHECKING:
    from workshop.localaws.iam.requests import Asked

# Sub-resource in the query: the noun of its actions.
_BUCKET = {
    "location": "BucketLocation",
    "policy": "BucketPolicy",
    "versioning": "BucketVersioning",
    "notification": "BucketNotification",
    "cors": "BucketCORS",
    "lifecycle": "LifecycleConfiguration",
    "encryption": "EncryptionConfiguration",
    "tagging": "BucketTagging",
    "acl": "BucketAcl",
    "website": "BucketWebsite",
    "logging": "BucketLogging",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "ownershipControls": "BucketOwnershipControls",
    "policyStatus": "BucketPolicyStatus",
}
_OBJECT = {
    "tagging": "ObjectTagging",
    "acl": "ObjectAcl",
    "retention": "ObjectRetention",
    "attributes": "ObjectAttributes",
}


def s3_needs(asked: Asked) -> list[Need]:
    """The permissions one S3 request takes."""
    request = asked.request
    host = re.match(r"(?P<bucket>[\w.-]+)\.s3[.-]", request.host)
    path = unquote(request.path).lstrip("/")
    bucket, _, key = (host["bucket"], "", path) if host else path.partition("/")
    if not bucket:
        return [asked.need("s3:ListAllMyBuckets", "arn:aws:s3:::*")]
    arn = f"arn:aws:s3:::{bucket}"
    policy = attached.bucket(bucket)
    query = request.arguments
    if not key:
        return _bucket_needs(asked, arn, query, policy)
    found = [asked.need(f"s3:{_object_action(request.method, query)}", f"{arn}/{key}", resource_policy=policy)]
    source = unquote(request.headers.get("x-amz-copy-source", "")).lstrip("/").partition("?")[0]
    if source and request.method == "PUT":
        origin = attached.bucket(source.partition("/")[0])
        found.insert(0, asked.need("s3:GetObject", f"arn:aws:s3:::{source}", resource_policy=origin))
    return found


def _object_action(method: str, query: dict[str, str]) -> str:
    for name, noun in _OBJECT.items():
        if name in query:
            return {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Delete"}.get(method, "Put") + noun
    if method in ("GET", "HEAD"):
        if "uploadId" in query:
            return "ListMultipartUploadParts"
        return "GetObjectVersion" if "versionId" in query else "GetObject"
    if method == "DELETE":
        if "uploadId" in query:
            return "AbortMultipartUpload"
        return "DeleteObjectVersion" if "versionId" in query else "DeleteObject"
    return "PutObject"


def _bucket_needs(asked: Asked, arn: str, query: dict[str, str], policy: tuple) -> list[Need]:
    method = asked.request.method
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Put"}.get(method, "Put")
    for name, noun in _BUCKET.items():
        if name in query:
            action = "DeleteBucketPolicy" if method == "DELETE" and name == "policy" else verb + noun
            return [asked.need(f"s3:{action}", arn, resource_policy=policy)]
    if method == "POST" and "delete" in query:
        # One version of an object, the one called `null` too, takes another permission:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
        found = re.findall(r"<Object>(.*?)</Object>", asked.request.body.decode("utf-8", "replace"), re.S)
        needed = []
        for one in found:
            key = re.search(r"<Key>([^<]*)</Key>", one)
            action = "DeleteObjectVersion" if "<VersionId>" in one else "DeleteObject"
            needed.append(asked.need(f"s3:{action}", f"{arn}/{key[1] if key else ''}", resource_policy=policy))
        return needed
    if method in ("GET", "HEAD"):
        action = "ListBucketVersions" if "versions" in query else "ListBucket"
        action = "ListBucketMultipartUploads" if "uploads" in query else action
        for name in ("prefix", "delimiter", "max-keys"):
            if name in query:
                asked.context[f"s3:{name}"] = query[name]
        return [asked.need(f"s3:{action}", arn, resource_policy=policy)]
    return [asked.need("s3:DeleteBucket" if method == "DELETE" else "s3:CreateBucket", arn, resource_policy=policy)]
