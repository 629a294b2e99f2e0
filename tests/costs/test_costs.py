"""The arithmetic of prices, held against AWS's own worked examples where there is one."""

import pytest

from workshop.core.errors import WorkshopError
from workshop.costs import (
    MADE_ORDERS_A_MONTH,
    PRICES,
    bill,
    billed_ms,
    break_even,
    claims,
    duration_for,
    per_million,
    price,
    price_list,
    server_bill,
)


def test_awss_own_example_three_million_requests_of_one_second_at_512_mb():
    # https://aws.amazon.com/lambda/pricing/, Example 1 (2019): $18.34 for duration, $0.40 for requests, $18.74 in all.
    lines = bill(3e6, 512, 1000, api=None, log_bytes=0, rules="2019").lines
    assert [round(line.usd, 2) for line in lines] == [0.40, 18.34]
    assert [line.quantity for line in lines] == [3e6, 1.5e6]


def test_awss_own_example_thirty_million_requests_of_200_ms_at_128_mb():
    # https://aws.amazon.com/lambda/pricing/, Example 2 (2019): $5.83 for duration, $5.80 for requests.
    lines = bill(30e6, 128, 200, api=None, log_bytes=0, rules="2019").lines
    assert [round(line.usd, 2) for line in lines] == [5.80, 5.83]


@pytest.mark.parametrize(
    ("duration", "init", "rules", "billed"),
    [
        (0.2, 0, "2025", 1),
        (102.25, 0, "2025", 103),
        (2.0, 0, "2025", 2),
        (1.5 + 0.5, 0, "2025", 2),
        (102.25, 126.3, "2025", 229),  # REPORT of a cold start since August 2025: both phases, rounded up together
        (102.25, 126.3, "2020", 103),
        (102.25, 126.3, "2019", 200),
        (100.0, 0, "2019", 100),
        (0, 0, "2019", 100),
    ],
)
def test_what_is_billed_in_each_year(duration, init, rules, billed):
    assert billed_ms(duration, init, rules=rules) == billed


def test_seven_dollars_are_a_gigabyte_for_200_ms_behind_a_rest_api():
    assert per_million(1024, 200, api="rest", rules="2019") == pytest.approx(7.03, abs=0.005)
    assert per_million(1024, 200, api="rest") == pytest.approx(7.03, abs=0.005)
    assert per_million(1024, 200, api=None) == pytest.approx(3.53, abs=0.005)


def test_the_duration_that_makes_seven_dollars_makes_seven_dollars():
    for memory in (128, 512, 1024, 3008):
        for api in ("rest", "http", None):
            # billed in whole milliseconds, so the bill can lie one of them above
            one_ms = price("lambda.x86_64").usd * memory / 1024 * 1000
            total = per_million(memory, duration_for(7, memory, api=api), api=api)
            assert 7 - 1e-6 <= total <= 7 + one_ms


def test_the_free_tier_covers_a_million_short_requests():
    lines = {line.price.name: line.usd for line in bill(1e6, 128, 100, api=None).lines}
    assert set(lines.values()) == {0.0}
    assert bill(1e6, 128, 100, api=None, free_tier=False).total > 0


def test_tiers_are_taken_one_after_the_other():
    rest = price("api.rest")
    assert rest.cost(333e6) == pytest.approx(1165.5)
    assert rest.cost(334e6) == pytest.approx(1165.5 + 2.8)
    assert rest.cost(25_000e6) == pytest.approx(333 * 3.5 + 667 * 2.8 + 19_000 * 2.38 + 5_000 * 1.51)


def test_cold_starts_cost_since_august_2025():
    free = bill(1e6, 512, 100, cold_share=0.01, init_ms=500, rules="2020", free_tier=False).total
    billed = bill(1e6, 512, 100, cold_share=0.01, init_ms=500, rules="2025", free_tier=False).total
    assert billed - free == pytest.approx(1e6 * 0.01 * 0.5 * 0.5 * price("lambda.x86_64").usd)


def test_a_bill_adds_up_and_reads_as_a_table():
    month = bill(5e6, 256, 80, api="http", caption="A month")
    assert month.total == pytest.approx(sum(line.usd for line in month.lines))
    assert "Total" in str(month) and "API Gateway, HTTP API" in str(month)


def test_break_even_is_where_the_bills_meet():
    server = server_bill("fargate", count=2, load_balancer=True).total
    requests = break_even(server, 512, 100)
    assert bill(requests, 512, 100).total == pytest.approx(server, rel=1e-6)
    assert bill(requests * 0.9, 512, 100).total < server


def test_a_server_costs_its_hours():
    # 730 hours of a t3.small and of its address
    assert server_bill("ec2").total == pytest.approx(730 * (0.0228 + 0.005))


def test_every_price_names_its_source_and_tiers_fall():
    for one in PRICES:
        assert one.source.startswith("https://") and one.usd > 0
        assert [usd for _, usd in one.tiers] == sorted((usd for _, usd in one.tiers), reverse=True)
        assert one.tiers[-1][0] == float("inf")
    assert "undated" in str(price_list()) and "2026-10-01" in str(price_list())


def test_mades_size_follows_from_its_published_results():
    assert round(MADE_ORDERS_A_MONTH, -3) == 147_000


def test_claims_take_measured_figures():
    table = str(claims({"ten": "10 processes"}))
    assert "10 processes" in table and "see there" in table and table.count("\n") >= 13


@pytest.mark.parametrize(
    "call",
    [
        lambda: bill(-1, 128, 10),
        lambda: bill(1, 64, 10),
        lambda: bill(1, 128, -10),
        lambda: bill(1, 128, 10, api="soap"),
        lambda: bill(1, 128, 10, architecture="mips"),
        lambda: bill(1, 128, 10, cold_share=2),
        lambda: bill(1, 128, 10, rules="1999"),
        lambda: bill(1, 128, 10, rules="2019", api="http"),
        lambda: price("lambda.gold"),
        lambda: server_bill("mainframe"),
        lambda: break_even(10, 128, 0, api=None, log_bytes=0) and break_even(float("inf"), 128, 1),
    ],
)
def test_nonsense_is_refused_in_a_sentence(call):
    with pytest.raises(WorkshopError):
        call()
