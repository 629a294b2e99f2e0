"""The service that is measured: two functions behind an API, one silent, one that prints."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "serverless.yml": """\
service: {name}

provider:
  name: aws
  runtime: python{python}
  region: eu-west-1
  stage: dev

functions:
  silent:
    handler: handler.silent
    events:
      - http:
          path: silent
          method: get
  printing:
    handler: handler.printing
    events:
      - http:
          path: printing
          method: get
""",
    "handler.py": """\
import json


def silent(event, context):
    return {"statusCode": 200, "body": json.dumps({"path": event["path"]})}


def printing(event, context):
    print("about to answer", event["path"])
    print("request", context.aws_request_id)
    print("done")
    return {"statusCode": 200, "body": json.dumps({"path": event["path"]})}
""",
}


def write(folder: Path, name: str) -> Path:
    """A fresh service in `folder/name`. Returns its folder."""
    import sys

    target = folder / name
    target.mkdir()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for file, text in FILES.items():
        text = text.replace("{name}", name).replace("{python}", version) if file.endswith(".yml") else text
        (target / file).write_text(text, encoding="utf-8")
    return target


def change(folder: Path, number: int) -> None:
    """Another version of the code: what a deploy must notice."""
    text = f"{FILES['handler.py']}\n\nVERSION = {number}\n"
    (folder / "handler.py").write_text(text, encoding="utf-8")
