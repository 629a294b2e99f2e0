"""Against SimFaaS, the published simulator (https://github.com/pacslab/simfaas), on its README's own case.

SimFaaS is no dependency. Install it anywhere and name that interpreter: SIMFAAS_PYTHON=/path/to/python pytest …
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from workshop.fleet import Service, simulate
from workshop.fleet.arrivals import recorded
from workshop.fleet.events import EventLoop
from workshop.fleet.run import POOL

PYTHON = os.environ.get("SIMFAAS_PYTHON", sys.executable)
RATE, WARM, COLD, IDLE_LIFE = 0.9, 1.991, 2.244, 600.0
END = 1e6  # its README's run: 900,000 requests, about a quarter of a minute


def has_simfaas() -> bool:
    return subprocess.run([PYTHON, "-c", "import simfaas"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_simfaas(), reason="SimFaaS is not installed (name it in SIMFAAS_PYTHON)")


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """The same requests for everybody: SimFaaS's figures, and the requests it took."""
    rng = np.random.default_rng(2019)
    count = int(END * RATE * 1.1)
    requests = {"arrivals": np.cumsum(rng.exponential(1 / RATE, count))}
    # Both deal cold service times by a request's position, ours from a pool.
    requests |= {"warm": rng.exponential(WARM, count), "cold": np.resize(rng.exponential(COLD, POOL), count)}
    path = tmp_path_factory.mktemp("simfaas") / "requests.npz"
    np.savez(path, **requests)
    script = Path(__file__).with_name("simfaas_case.py")
    command = [PYTHON, str(script), str(path), str(IDLE_LIFE), str(END)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = json.loads(out.stdout)
    taken = {name: values[: theirs["requests"]] for name, values in requests.items()}
    return theirs, taken


def test_the_event_loop_repeats_simfaas_request_by_request(case):
    theirs, taken = case
    loop = EventLoop(IDLE_LIFE, reuse="newest")
    loop.run(*(taken[name].tolist() for name in ("arrivals", "warm", "cold")))
    assert len(loop.cold) == theirs["cold"]
    end = taken["arrivals"][-1]
    alive = np.minimum(loop.deaths(end), end) - np.asarray(loop.born)
    assert alive.sum() / end == pytest.approx(theirs["instances"], rel=1e-3)


def dealt(values):
    """Deals given service times in order, from the first one in every run, so that both serve the same requests."""
    dealt_to = {}

    def draw(rng, count):
        first = dealt_to.get(rng, 0)
        dealt_to[rng] = first + count
        return values[first : first + count]

    return draw


def test_the_fast_simulator_is_within_one_per_cent(case):
    theirs, taken = case
    first = taken["arrivals"][0]
    service = Service(dealt(taken["warm"]), dealt(taken["cold"]))
    ours = simulate(recorded(taken["arrivals"]), service, idle_life=IDLE_LIFE)
    assert ours.average_instances == pytest.approx(theirs["instances"], rel=0.01)
    assert ours.average_running == pytest.approx(theirs["running"], rel=0.01)
    assert ours.cold == pytest.approx(theirs["cold"], rel=0.01)  # SimFaaS reuses the newest, we the one last used
    assert ours.seconds == pytest.approx(taken["arrivals"][-1] - first)


def test_its_speed_beside_simfaas(case, record_property):
    from workshop.fleet import exponential, steady

    theirs, _ = case
    service = Service(exponential(WARM), exponential(COLD))
    simulate(steady(RATE, 100_000), service, idle_life=IDLE_LIFE)
    best = min(timed(service) for _ in range(3))
    ratio = 2 / best * 3_000_000 / theirs["events_per_second"]  # an arrival and a departure a request
    record_property("times_simfaas", round(ratio))
    assert ratio > 10  # about 130 on an idle machine; tests do not assert speed closely


def timed(service) -> float:
    from workshop.fleet import steady

    began = time.perf_counter()
    simulate(steady(RATE, 3_000_000), service, idle_life=IDLE_LIFE)
    return time.perf_counter() - began
