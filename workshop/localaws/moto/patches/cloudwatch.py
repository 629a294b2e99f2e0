"""CloudWatch reads our metrics and moto's custom ones alike: statistics by dimensions, percentiles, metric math."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from workshop.localaws.metrics.reading import Reader, plain
from workshop.localaws.moto.current import CURRENT


def install() -> None:
    """Put our methods on moto's CloudWatch backend."""

    def get_metric_data(
        self: Any, queries: list[dict[str, Any]], start_time: Any, end_time: Any, scan_by: str = ""
    ) -> Any:
        reader = Reader(CURRENT.metrics, self)
        return reader.data(queries, start_time, end_time, newest_first=scan_by != "TimestampAscending")

    def get_metric_statistics(self: Any) -> Any:
        return ActionResult(Reader(CURRENT.metrics, self.cloudwatch_backend).statistics(plain(self._get_params())))

    original = CloudWatchBackend.list_metrics
    original = getattr(original, "workshop_original", original)

    def list_metrics(self: Any, next_token: Any, namespace: Any, metric_name: Any, dimensions: Any) -> Any:
        token, found = original(self, next_token, namespace, metric_name, dimensions)
        own = [] if next_token else Reader(CURRENT.metrics, self).listed(namespace, metric_name, dimensions or [])
        return token, [*own, *found]

    list_metrics.workshop_original = original  # type: ignore[attr-defined]
    CloudWatchBackend.get_metric_data = get_metric_data  # type: ignore[method-assign]
    CloudWatchResponse.get_metric_statistics = get_metric_statistics  # type: ignore[method-assign]
    CloudWatchBackend.list_metrics = list_metrics  # type: ignore[method-assign]
