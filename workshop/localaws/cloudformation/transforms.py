"""Transforms: SAM through AWS's own translator when it is installed, everything else refused by name.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from __future__ import annotations

import logging
import os
from typing import Any

from workshop.localaws.cloudformation.template import invalid

SAM = "AWS::Serverless-2016-10-31"


def apply(template: dict[str, Any], parameters: dict[str, Any], region: str) -> dict[str, Any]:
    """The template without its transforms.

    Raises:
        AwsError: ValidationError: another transform, SAM not installed, or a template SAM refuses.
    """
    named = template.get("Transform")
    if not named:
        return template
    names = [named] if isinstance(named, (str, dict)) else list(named)
    for name in names:
        if name == SAM:
            template = _sam(template, parameters, region)
        elif name == "AWS::LanguageExtensions":
            continue  # Fn::Length, Fn::ToJsonString and FindInMap's default are known without it
        else:
            told = name if isinstance(name, str) else name.get("Name")
            raise invalid(f"No transform named {told} found. The offline cloud knows {SAM}.")
    return {section: body for section, body in template.items() if section != "Transform"}


def _sam(template: dict[str, Any], parameters: dict[str, Any], region: str) -> dict[str, Any]:
    try:
        from samtranslator.parser.parser import Parser
        from samtranslator.translator.translator import Translator
    except ImportError:
        raise invalid(
            f"Transform {SAM} needs the Python package aws-sam-translator, which is not installed. Install it, or "
            "write the template without SAM."
        ) from None
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException

    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of metrics that nobody collects
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    session = boto3.Session(region_name=region)
    managed = _Managed()
    try:
        translator = Translator(managed, Parser(), boto_session=session)
        return (
            translator.translate(template, {name: value for name, value in parameters.items() if value is not None})
            or {}
        )
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes)
        raise invalid(
            f"Transform {SAM} failed with: Invalid Serverless Application Specification document. {causes}"
        ) from None


class _Managed(dict[str, str]):
    """AWS's managed policies by name, without asking IAM for all of them."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.startswith(("AWS", "Amazon", "CloudWatch"))

    def get(self, name: str, default: Any = None) -> Any:
        """The ARN of a managed policy."""
        return (
            f"arn:aws:iam::aws:policy/{'service-role/' if name.startswith('AWSLambda') else ''}{name}"
            if name in self
            else default
        )

    def __getitem__(self, name: str) -> str:
        return str(self.get(name))
