"""The pictures: they are drawn from plain data, and say in words what they show."""

import pytest

from workshop import show
from workshop.show.numbers import median, percentile, spread


def test_stacked_bars_say_totals_and_leave_crumbs_out():
    rows = {"hello": {"process": 10, "imports": 0.01}, "stripe": {"imports": 90, "process": 10}}
    picture = show.stacked(rows, "Imports")
    assert "hello: 10 ms (process 10)" in picture.alt and "stripe: 100 ms (imports 90, process 10)" in picture.alt


def test_lines_say_where_they_begin_and_end():
    picture = show.lines({"a": ([1, 1000], [2, 5000])}, "Grows", xlabel="requests", ylabel="dollars", log="xy")
    assert "from 2 at 1 to 5,000 at 1,000" in picture.alt


def test_dots_say_medians_and_the_middle_half():
    assert "warm: median 2 ms, half between 1 and 3" in show.dots({"warm": [1, 2, 3, 1, 3]}, "Warm").alt


def test_a_map_says_its_shares():
    shares = [[1.0, 0.5, 0.1], [0.9, 0.2, 0.002], [0.5, 0.01, 0.0]]
    picture = show.share_map([0.01, 0.1, 1], [1, 10, 100], shares, "Cold")
    assert "100 % at 0.01" in picture.alt and picture.png.startswith(b"\x89PNG")


def test_a_timeline_counts_environments_and_cold_starts():
    rows = [show.Span("a", 1.0, 50, 100), show.Span("b", 1.01, 50, 100, 5), show.Span("a", 2.0, 50)]
    picture = show.timeline(rows)
    assert "3 requests, 2 environments, 2 cold starts" in picture.alt and "1 waited" in picture.alt
    assert len(show.timeline_table(rows).rows) == 3
    assert show.timeline([]).png


def test_spans_of_what_the_offline_cloud_tells():
    row = {"environment_id": "e", "started": 5.0, "duration_ms": 2.0, "init_ms": None, "queued_ms": 1.0}
    [span] = show.spans([row])
    assert (span.environment, span.init_ms, span.began) == ("e", 0.0, pytest.approx(4.999))


@pytest.mark.parametrize(("q", "value"), [(0, 1), (50, 2), (75, 3), (100, 4)])
def test_percentiles_by_nearest_rank(q, value):
    assert percentile([4, 1, 3, 2], q) == value


def test_medians_and_spreads():
    assert median([1, 2, 3, 4]) == 2.5 and spread([1, 2, 3, 4]) == (1, 3)
    with pytest.raises(ValueError):
        percentile([], 50)
