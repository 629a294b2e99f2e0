"""The file that most tests here begin with."""

HELLO = """\
service: {name}
provider:
  name: aws
  runtime: python3.13
  region: eu-west-1
functions:
  hello:
    handler: handler.hello
    events:
      - http: GET /hello
"""
