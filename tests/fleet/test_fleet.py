"""The simulator's invariants, its two ways against each other, and against queueing theory."""

import numpy as np
import pytest

from workshop.core.errors import WorkshopError
from workshop.fleet import (
    Pings,
    Service,
    bursts,
    cold_map,
    cold_share_formula,
    daily,
    erlang_b,
    exponential,
    recorded,
    running_distribution,
    simulate,
    steady,
)
from workshop.fleet.events import EventLoop
from workshop.fleet.lastused import Stack, simulate_chunk
from workshop.fleet.run import _mostly_cold, _Run

SERVICE = Service(warm=exponential(1.0), cold=exponential(1.6))


def by_chunks(arrivals, warm, cold, idle_life, size):
    """The fast way over given times: positions of cold requests."""
    stack, found = Stack(), []
    for first in range(0, len(arrivals), size):
        part = slice(first, first + size)
        outcome = simulate_chunk(arrivals[part], warm[part], lambda at: cold[at], first, idle_life, stack)
        found += (outcome.cold + first).tolist()
    return found


def by_loop(arrivals, warm, cold, idle_life):
    loop = EventLoop(idle_life)
    loop.run(arrivals.tolist(), warm.tolist(), cold.tolist())
    return loop.cold


@pytest.mark.parametrize(("rate", "idle_life"), [(0.01, 60), (0.3, 5), (2, 2), (2, 0), (50, 30), (400, 0.5)])
@pytest.mark.parametrize("size", [7, 1000, 65536])
def test_both_ways_tell_the_same_history(rate, idle_life, size):
    rng = np.random.default_rng(int(rate * 100 + size))
    count = 700 if size == 7 else 20_000
    arrivals = np.cumsum(rng.exponential(1 / rate, count))
    warm, cold = rng.exponential(1.0, count), rng.exponential(1.6, count)
    assert by_chunks(arrivals, warm, cold, idle_life, size) == by_loop(arrivals, warm, cold, idle_life)


def test_both_ways_agree_when_times_are_equal():
    arrivals = np.repeat(np.arange(0.0, 300.0, 10.0), 5)  # five at once, every ten seconds, all take ten seconds
    warm, cold = np.full(150, 10.0), np.full(150, 12.0)
    assert by_chunks(arrivals, warm, cold, 25.0, 8) == by_loop(arrivals, warm, cold, 25.0)


def test_ten_at_once_need_ten_environments():
    fleet = simulate(recorded([0.0] * 10), Service(0.1, 0.5), idle_life=60)
    assert (fleet.cold, len(fleet.born)) == (10, 10)


def test_one_after_another_share_one_environment():
    fleet = simulate(recorded(range(100)), Service(0.1, 0.5), idle_life=60)
    assert (fleet.cold, len(fleet.born), fleet.average_instances) == (1, 1, 1.0)


def test_an_idle_life_that_ends_just_in_time():
    times = recorded([0, 10, 70])  # served for one second each: idle from 11 to 70 is 59 seconds
    assert simulate(times, Service(1.0, 1.0), idle_life=59.5).cold == 1
    assert simulate(times, Service(1.0, 1.0), idle_life=59.0).cold == 2


@pytest.mark.parametrize("limit", [None, 3])
def test_requests_are_conserved_and_every_cold_start_is_a_birth(limit):
    fleet = simulate(steady(2, 20_000), SERVICE, idle_life=30, limit=limit)
    assert fleet.requests == 20_000
    assert len(fleet.born) == fleet.cold == len(fleet.died)
    assert (fleet.throttled > 0) == (limit is not None)
    assert (np.sort(fleet.died) >= np.sort(fleet.born)).all()
    alive = fleet.instances(np.linspace(0, fleet.seconds, 500))
    assert alive.min() >= 0 and alive.max() <= (limit or 10**9)


def test_cold_starts_never_grow_with_idle_life():
    shares = [simulate(steady(1, 30_000), SERVICE, idle_life=t, seed=3).cold_share for t in (0, 1, 5, 30, 120, 900)]
    assert shares == sorted(shares, reverse=True) and shares[0] == 1.0 and shares[-1] < 0.001


def test_the_same_seed_gives_the_same_history_and_another_seed_another():
    one, same, other = (simulate(steady(1, 5_000), SERVICE, idle_life=5, seed=seed) for seed in (1, 1, 2))
    assert (one.cold, one.seconds, one.percentile(99)) == (same.cold, same.seconds, same.percentile(99))
    assert one.seconds != other.seconds


def test_environments_die_where_both_ways_say_so():
    arrays = simulate(steady(0.5, 30_000), SERVICE, idle_life=60)
    loop = simulate(steady(0.5, 30_000), SERVICE, idle_life=60, limit=10_000)
    assert np.allclose(np.sort(arrays.died), np.sort(loop.died))
    assert arrays.average_instances == pytest.approx(loop.average_instances)
    assert arrays.percentile(99) == loop.percentile(99)


@pytest.mark.parametrize(("load", "servers"), [(5, 7), (20, 20), (2, 1)])
def test_throttles_follow_erlangs_loss_formula(load, servers):
    # Erlang B holds for any service time distribution: constant ones here.
    fleet = simulate(steady(load, 150_000), Service(1.0, 1.0), idle_life=1e9, limit=servers)
    assert fleet.throttled / fleet.requests == pytest.approx(erlang_b(load, servers), rel=0.03)


def test_erlang_b_at_known_points():
    assert erlang_b(1, 1) == 0.5 and erlang_b(2, 2) == pytest.approx(0.4)  # by hand: 1/(1+1), 2/(1+2+2)


def test_cold_starts_follow_the_exact_formula():
    for rate, idle_life in ((0.9, 60), (3, 10), (0.2, 20)):
        service = Service(exponential(1.0), exponential(1.0))
        fleet = simulate(steady(rate, 400_000), service, idle_life=idle_life, seed=5)
        assert fleet.cold_share == pytest.approx(cold_share_formula(rate, 1.0, idle_life), rel=0.03)


def test_the_formula_at_known_points():
    # One request a thousand seconds hardly ever meets another: cold when none came for service + idle life.
    assert cold_share_formula(0.001, 0.001, 100) == pytest.approx(np.exp(-0.1), rel=1e-3)
    assert cold_share_formula(1, 1, 0) == pytest.approx(1.0)
    assert running_distribution(1.0, 40).sum() == pytest.approx(1.0)


def test_average_running_is_littles_law():
    fleet = simulate(steady(4, 100_000), Service(exponential(0.5), exponential(0.5)), idle_life=600)
    assert fleet.average_running == pytest.approx(4 * 0.5, rel=0.02)


def test_provisioned_concurrency_takes_cold_starts_away():
    plain = simulate(steady(1, 20_000), SERVICE, idle_life=10)
    ready = simulate(steady(1, 20_000), SERVICE, idle_life=10, provisioned=3)
    assert ready.cold < 0.7 * plain.cold and ready.average_instances >= 3


def test_a_ping_keeps_one_warm_and_half_of_a_burst_of_two_is_cold_still():
    traffic = bursts(2, every=3600, requests=200, within=0)
    plain = simulate(traffic, Service(0.2, 0.8), idle_life=600)
    pinged = simulate(traffic, Service(0.2, 0.8), idle_life=600, keep_warm=Pings(every=300, seconds=0.001))
    assert plain.cold_share == 1.0
    assert pinged.requests == 200 and pinged.cold_share == pytest.approx(0.5, abs=0.01)


def test_a_warm_up_is_left_out_of_the_figures_but_shapes_the_fleet():
    fleet = simulate(recorded(np.arange(100.0)), Service(0.1, 0.9), idle_life=50, warm_up=10)
    assert (fleet.requests, fleet.cold, len(fleet.born)) == (90, 0, 1)


def test_the_map_is_monotone_in_idle_life_and_agrees_with_the_formula():
    shares = cold_map([0.01, 0.1], [10, 100, 1000], Service(exponential(0.1), exponential(0.1)))
    for column in zip(*shares, strict=True):
        assert list(column) == sorted(column, reverse=True)
    assert shares[1][0] == pytest.approx(cold_share_formula(0.01, 0.1, 100), rel=0.05)


def test_a_fleet_that_starts_empty_is_not_taken_for_a_cold_one():
    # The first second of a busy function is all cold starts; the arrays are still the quicker way.
    busy = _Run(steady(100, 50_000), Service(0.9, 1.3), None, 0)
    quiet = _Run(steady(0.001, 50_000), Service(0.9, 1.3), None, 0)
    assert (_mostly_cold(busy, 600.0), _mostly_cold(quiet, 60.0)) == (False, True)


def test_percentiles_of_a_known_mixture():
    fleet = simulate(recorded(np.arange(100.0)), Service(0.1, 0.9), idle_life=50)
    assert (fleet.percentile(50), fleet.percentile(99), fleet.percentile(100)) == (0.1, 0.1, 0.9)


def test_a_daily_wave_keeps_its_average_and_its_night():
    times = daily(1.0, 300_000, swing=0.9).times()
    assert len(times) / times[-1] == pytest.approx(1.0, rel=0.05)
    hours = np.bincount(((times % 86_400) // 3600).astype(int), minlength=24)
    assert hours[0] < hours[12] / 5 and (np.diff(times) >= 0).all()


def test_bursts_are_sorted_and_complete():
    times = bursts(7, every=60, requests=100, within=1).times()
    assert len(times) == 100 and (np.diff(times) >= 0).all() and times[7] >= 60


def test_chunks_do_not_change_a_stream():
    stream = steady(2.0, 5_000)
    rng = np.random.default_rng(0)
    assert np.allclose(np.concatenate(list(stream.chunks(rng, 5_000))), stream.times())


@pytest.mark.parametrize(
    "call",
    [
        lambda: steady(0, 10),
        lambda: steady(float("nan"), 10),
        lambda: daily(1, 10, swing=1.5),
        lambda: bursts(5, 10, 10, within=20),
        lambda: recorded([]),
        lambda: simulate(steady(1, 10), SERVICE, idle_life=-1),
        lambda: simulate(steady(1, 10), SERVICE, idle_life=1, limit=1, provisioned=2),
        lambda: simulate(steady(1, 10), SERVICE, idle_life=1, reuse="oldest"),
        lambda: simulate(steady(1, 10), Service([], 1.0), idle_life=1),
        lambda: simulate(steady(1, 10), Service(-1.0, 1.0), idle_life=1),
    ],
)
def test_nonsense_is_refused_in_a_sentence(call):
    with pytest.raises(WorkshopError):
        call()
