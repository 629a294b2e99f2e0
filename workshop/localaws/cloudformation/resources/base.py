"""What every resource type is made of, and the calls its handler makes."""

from __future__ import annotations

import json
import logging
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

from workshop.localaws.cloudformation.resources.schemas import Schema, schema_of, surplus

log = logging.getLogger(__name__)
LETTERS = string.ascii_uppercase + string.digits
REGISTRY: dict[str, Resource] = {}
Properties = dict[str, Any]
# How services say that something is not there; deleting it has succeeded then.
GONE = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "UnknownResource")


class Failed(Exception):
    """A resource cannot be made, changed or removed; the text is the event's reason."""


@dataclass
class Call:
    """What a handler works with: which resource of which stack it is about, and the services.

    Args:
        client: `client(service, region)`.
        region, account, url: of the cloud.
        stack, stack_id, logical: which resource this is.
    """

    client: Callable[[str, str], Any]
    region: str
    account: str
    url: str
    stack: str
    stack_id: str
    logical: str
    tags: dict[str, str]

    def __call__(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call a service, with values turned into the kinds it takes: templates say `"true"` and `"128"`.

        Raises:
            Failed: the service refused, in the words CloudFormation uses.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client(service, self.region)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer = getattr(client, operation)(**coerced(model.input_shape, given))
        except ClientError as error:
            raise Refused(error, client.meta.service_model.service_id) from None
        except BotoCoreError as error:
            raise Failed(
                "Properties validation failed for resource "
                + self.logical
                + " with message: "
                + " ".join(str(error).split())
            ) from None
        return answer

    def name(self, limit: int = 64, *, lower: bool = False) -> str:
        """A physical name of CloudFormation's making: stack, logical id and twelve random letters."""
        tail = "".join(random.choices(LETTERS, k=12))
        room = limit - len(tail) - 1
        logical = self.logical[:24] if len(self.stack) + len(self.logical) + 1 > room else self.logical
        front = f"{self.stack[: max(1, room - len(logical) - 1)]}-{logical}"[:room]
        made = f"{front}-{tail}"
        return made.lower() if lower else made

    def id(self) -> str:
        """A random id."""
        return str(uuid4())

    def tagged(self, given: Any = None) -> dict[str, str]:
        """The stack's own tags and its tags, and a resource's: the last wins."""
        own = {
            "aws:cloudformation:stack-name": self.stack,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical,
        }
        return own | self.tags | pairs(given)


class Refused(Failed):
    """A service's refusal."""

    def __init__(self, error: Any, service: str) -> None:
        fault, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        self.code, self.status = str(fault.get("Code", "")), meta.get("HTTPStatusCode", 400)
        self.message = str(fault.get("Message", ""))
        super().__init__(
            f'Resource handler returned message: "{self.message}" (Service: {service}, '
            f"Status Code: {self.status}, Request ID: {meta.get('RequestId', uuid4())})"
        )

    @property
    def gone(self) -> bool:
        """True when it says that the thing is not there."""
        return self.status == 404 or any(word in self.code for word in GONE)


def reason_of(error: Exception, kind: str, name: Any) -> str:
    """The sentence an event gives for a failure."""
    if isinstance(error, Refused) and (
        "AlreadyExists" in error.code or error.code in ("ResourceConflictException", "BucketAlreadyOwnedByYou")
    ):
        return f"{name or ''} already exists" if name else str(error)
    if isinstance(error, Failed):
        return str(error)
    if isinstance(error, (KeyError, TypeError, AttributeError, ValueError, IndexError)):
        log.debug("a property of %s has an unexpected form", kind, exc_info=True)
        told = f"a property of {kind} has an unexpected form ({error})"
        return f"Properties validation failed for resource with message: {told}"
    log.exception("handling %s failed", kind)
    return f"Internal Failure: {error}"


class Resource:
    """One resource type. Subclasses say how; instances hold no state.

    Its properties, which of them are required and which cannot be changed come from AWS's own schemas (`schemas`).
    `lacks` are those AWS has and the offline cloud does not do, each with the value that changes nothing: given with
    any other, the resource is refused. `replaces` are further properties whose change makes a new resource, as their
    documentation says and the schema does not
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/). `fixed` are those AWS changes in place
    and the offline cloud cannot: such an update is refused.
    """

    type: ClassVar[str] = ""
    lacks: ClassVar[Properties] = {}
    replaces: ClassVar[tuple[str, ...]] = ()
    fixed: ClassVar[tuple[str, ...]] = ()
    attributes_known: ClassVar[str] = ""
    name_property: ClassVar[str] = ""  # the one that gives it a name of the reader's choice

    @property
    def schema(self) -> Schema:
        """What AWS says of this type."""
        return schema_of(self.type)

    def create(self, call: Call, given: Properties) -> str:
        """Make it; returns its physical id."""
        raise Failed(f"{self.type} cannot be made.")

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        """Change it in place; only called when no property in `replaces` changed."""

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        """Remove it."""

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        """What Fn::GetAtt gives."""
        return {}

    def reference(self, physical: str) -> str:
        """What Ref gives."""
        return physical

    def check(self, given: Properties) -> None:
        """Refuse unknown and missing properties, and those the offline cloud does not do.

        Raises:
            Failed: as CloudFormation words it.
        """
        if found := surplus(self.schema.properties, given):
            where, name = found
            raise Failed(
                f"Properties validation failed for resource with message: {where}: extraneous key [{name}] is not "
                f"permitted (Encountered unsupported property {name})"
            )
        for name in self.schema.required:
            if given.get(name) is None:
                raise Failed(
                    f"Properties validation failed for resource with message: #: required key [{name}] not found"
                )
        for name in self.lacking(given):
            raise Failed(
                f"Properties validation failed for resource with message: {name} of {self.type} is known to AWS, but "
                "the offline cloud does not do it. Leave it out here, or deploy to AWS."
            )

    def lacking(self, given: Properties) -> list[str]:
        """The given properties that AWS has and the offline cloud does not do; a value that changes nothing is none."""
        return [
            name
            for name, harmless in self.lacks.items()
            if given.get(name) is not None and plain(given[name]) != plain(harmless)
        ]

    def check_change(self, given: Properties, old: Properties) -> None:
        """Refuse to change in place what the offline cloud cannot.

        Raises:
            Failed: with the property's name.
        """
        for name in self.fixed:
            if given.get(name) != old.get(name):
                raise Failed(f"The offline cloud cannot change {name} of a resource of {self.type} that is made.")

    def must_replace(self, given: Properties, old: Properties) -> bool:
        """True when the change cannot be made in place."""
        return any(given.get(name) != old.get(name) for name in (*self.schema.create_only, *self.replaces))


def plain(value: Any) -> Any:
    """A value as templates may write it two ways: `true` and "true", 5 and "5"."""
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return value


def register(kind: type[Resource]) -> type[Resource]:
    """Class decorator: this is how resources of its `type` are handled."""
    REGISTRY[kind.type] = kind()
    return kind


def coerced(shape: Any, value: Any) -> Any:
    """A value as a botocore shape wants it: numbers and booleans from text, text from numbers."""
    if shape is None or value is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        if getattr(shape, "is_document_type", False):
            return value
        return {name: coerced(shape.members.get(name), each) for name, each in value.items() if each is not None}
    if kind == "list" and isinstance(value, list):
        return [coerced(shape.member, each) for each in value]
    if kind == "map" and isinstance(value, dict):
        return {str(name): coerced(shape.value, each) for name, each in value.items()}
    if kind == "string" and isinstance(value, (int, float, bool)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "string" and isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, str):
        return _from_text(kind, value)
    return value


def _from_text(kind: str, value: str) -> Any:
    if kind == "boolean" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        if kind in ("integer", "long"):
            return int(value)
        if kind in ("float", "double"):
            return float(value)
    except ValueError:
        return value
    return value


def pairs(tags: Any) -> dict[str, str]:
    """Tags as a dict, from either form a template has them in."""
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or []}


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as a list of Key and Value."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def camel(value: Any, *, keep: tuple[str, ...] = ()) -> Any:
    """Member names with a small first letter, all the way down; below a member in `keep` nothing changes."""
    if isinstance(value, list):
        return [camel(each, keep=keep) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name[:1].lower() + name[1:]: each if name in keep else camel(each, keep=keep) for name, each in value.items()
    }


def document(value: Any) -> str | None:
    """A policy or other JSON document as text."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def only(given: Properties, *names: str) -> Properties:
    """The members with these names that are there."""
    return {name: given[name] for name in names if given.get(name) is not None}
