"""Runs SimFaaS on given arrival and service times; started by the interpreter that has SimFaaS. Prints JSON."""

import json
import sys
import time

import numpy as np
from simfaas.ServerlessSimulator import ServerlessSimulator
from simfaas.SimProcess import SimProcess


class Requests:
    """The times of one run: request `at` is the one that is arriving."""

    def __init__(self, path):
        data = np.load(path)
        self.gaps = np.diff(data["arrivals"], prepend=0.0)
        self.warm, self.cold, self.at = data["warm"], data["cold"], -1


class Dealt(SimProcess):
    """A SimFaaS process that deals given times instead of drawing them."""

    def __init__(self, deal):
        super().__init__()
        self.generate_trace = deal


def main(path, idle_life, end):
    requests = Requests(path)

    def arrive():
        requests.at += 1
        return requests.gaps[requests.at]

    simulator = ServerlessSimulator(
        arrival_process=Dealt(arrive),
        warm_service_process=Dealt(lambda: requests.warm[requests.at - 1]),
        cold_service_process=Dealt(lambda: requests.cold[requests.at - 1]),
        expiration_threshold=float(idle_life),
        max_time=float(end),
    )
    began = time.perf_counter()
    simulator.generate_trace(debug_print=False, progress=False)
    seconds = time.perf_counter() - began
    simulator.calculate_time_lengths()
    out = {
        "requests": simulator.total_req_count,
        "cold": simulator.total_cold_count,
        "instances": float(simulator.get_average_server_count()),
        "running": float(simulator.get_average_server_running_count()),
        "events_per_second": len(simulator.hist_times) / seconds,
    }
    print(json.dumps(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
