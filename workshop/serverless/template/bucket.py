"""The deployment bucket: encrypted, reached over TLS only.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
"""

from __future__ import annotations

from workshop.serverless import naming
from workshop.serverless.template.build import Template, own_bucket


def add(template: Template) -> None:
    """Adds the bucket, its policy and the output that names it."""
    named = own_bucket(template.service)
    if named:
        template.output(naming.BUCKET_OUTPUT, named)
        return
    here = naming.ref(naming.BUCKET)
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    template.add(
        naming.BUCKET,
        "AWS::S3::Bucket",
        {"BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]}},
    )
    arns = [naming.join("", "arn:", naming.PARTITION, ":s3:::", here, end) for end in ("/*", "")]
    arns[1]["Fn::Join"][1].pop()
    statement = {
        "Action": "s3:*",
        "Effect": "Deny",
        "Principal": "*",
        "Resource": arns,
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    template.add(
        naming.BUCKET_POLICY,
        "AWS::S3::BucketPolicy",
        {"Bucket": here, "PolicyDocument": {"Statement": [statement]}},
    )
    template.output(naming.BUCKET_OUTPUT, here)
