"""Imports boto3 and makes a client, as most functions do. It says when each was done."""

import time

began = time.time()

import boto3  # noqa: E402  (the time before it is measured)

imported = time.time()

ssm = boto3.client("ssm")

ready = time.time()


def handler(event, context):
    return {"statusCode": 200, "began": began, "imported": imported, "ready": ready, "body": "Hello"}
