"""The faults of a published status checker: each fails in `pr_checks_naive` and passes in `pr_checks`, as deployed."""

from __future__ import annotations

from workshop.scenarios import layers, schedules
from workshop.scenarios.pull_requests import repository
from workshop.scenarios.two_versions import TwoVersions


def test_each_fault_of_the_published_checker_fails_there_and_not_here(shared, deployed, parameter, clock):
    clock.move_to("2026-03-25T12:00:00Z")
    parameter("github_webhook_secret", "between two")
    parameter("github_token", repository(shared, "shop").token_for_checks())
    naive, ours = deployed("pr_checks_naive"), deployed("pr_checks")
    both = TwoVersions(shared, naive, ours, "between two")
    door = {row[0]: row[1:] for row in both.at_the_door().rows}
    assert door["GitHub's first ping"] == ["502", "200"]
    assert door["signed with SHA-1 only"] == ["200, accepted", "401, refused"]
    assert door["a pull request is opened"] == ["200, 0 of 2 posted", "200, 2 of 2 posted"]
    echoed, said = (int(words.split()[1].replace(",", "")) for words in door["not signed at all"])
    assert echoed > 1000 > 100 > said
    times = {row[0]: row[1:] for row in both.the_clock().rows}
    assert times["Wednesday 23:00, into production"] == ["pending", "pending"]
    assert times["Wednesday 23:00, into main"] == ["pending", "success"]
    assert times["Saturday noon, opened on Friday"] == ["pending", "pending"]
    assert times["Saturday noon, opened on Saturday"] == ["success", "pending"]
    assert times["Wednesday 23:00, opened at noon, told again"] == ["success", "pending"]


def test_the_published_job_never_turns_the_page(shop, deployed):
    schedules.open_many(shop, 32)
    naive = deployed("pr_checks_naive").functions["time-of-day"]
    layers.ask(naive, {"state": "pending"})
    assert schedules.time_checks(shop).rows == [["none", "2"], ["pending", "30"]]
    layers.ask(deployed("pr_checks").functions["time-of-day"], {"time": "2026-03-25T16:00:00Z"})
    assert schedules.time_checks(shop).rows == [["pending", "32"]]
