"""What moto's Resource Groups Tagging API does not know of: Lambda, which is ours, and EventBridge's rules.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.awslambda.utils import get_backend as lambda_backend
from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend as Api

from workshop.localaws.moto import stores


def install() -> None:
    """Called once moto's tagging API is imported."""
    original = Api._get_resources_generator

    def resources(
        self: Any,
        tag_filters: list[dict[str, Any]] | None = None,
        resource_type_filters: list[str] | None = None,
        resource_arn_list: list[str] | None = None,
    ) -> Iterator[TaggedResource]:
        yield from original(self, tag_filters, resource_type_filters, resource_arn_list)
        matches = make_tag_matcher(tag_filters)
        for arn, tags, kind in (*_lambdas(self.account_id, self.region_name), *_rules(self)):
            if not tags or not matches(tags) or not match_resource_type(kind, resource_type_filters):
                continue
            if not resource_arn_list or arn in resource_arn_list:
                yield TaggedResource(arn, tags, kind)

    Api._get_resources_generator = resources  # type: ignore[method-assign]


def _lambdas(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Functions and event source mappings of our own store."""
    functions = getattr(lambda_backend(account, region), "functions", None)
    if functions is None:
        return
    here = functions.service.store.region(region)
    for function in list(here.functions.values()):
        yield function.arn, dict(function.tags), "lambda:function"
    for uuid, mapping in list(here.mappings.items()):
        arn = f"arn:aws:lambda:{region}:{account}:event-source-mapping:{uuid}"
        yield arn, dict(mapping.get("_tags") or {}), "lambda:event-source-mapping"


def _rules(api: Any) -> Iterator[tuple[str, dict[str, str], str]]:
    """EventBridge's rules, of every bus."""
    backend = stores.existing("events", api.account_id, api.region_name)
    for bus in list(backend.event_buses.values()) if backend else ():
        for rule in list(bus.rules.values()):
            yield rule.arn, backend.tagger.get_tag_dict_for_resource(rule.arn), "events:rule"
