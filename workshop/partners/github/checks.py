"""What the statuses of a commit add up to, and whether a pull request may be merged."""

from __future__ import annotations

from collections import Counter
from typing import Any

from workshop.partners.github.store import Pull, Repo, Status

BAD = ("error", "failure")


def latest(repo: Repo, sha: str) -> list[Status]:
    """The newest status of each context, in the order the contexts first appeared."""
    newest: dict[str, Status] = {}
    for status in repo.statuses.get(sha, []):
        newest[status.context.lower()] = status  # a dict keeps the place of the first
    return list(newest.values())


def combined_state(statuses: list[Status]) -> str:
    """`failure` when any is bad, `pending` when there is none or one is pending, else `success`.

    https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference
    """
    if any(status.state in BAD for status in statuses):
        return "failure"
    if not statuses or any(status.state == "pending" for status in statuses):
        return "pending"
    return "success"


def required_contexts(repo: Repo, branch: str) -> list[str]:
    """The status checks that must pass before a merge into a protected branch."""
    rules: dict[str, Any] = repo.protection.get(branch) or {}
    return list((rules.get("required_status_checks") or {}).get("contexts", []))


def run_states(repo: Repo, sha: str) -> dict[str, str]:
    """The check runs of a commit as a status' words: a neutral or skipped one counts as a success.

    https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
    """
    newest = {run.name: run for run in repo.check_runs.values() if run.sha == sha}
    good = ("success", "neutral", "skipped")
    return {
        name: "pending" if run.status != "completed" else "success" if run.conclusion in good else "failure"
        for name, run in newest.items()
    }


def unmet(repo: Repo, pull: Pull) -> dict[str, str]:
    """The required checks that keep a pull request from its protected branch: context -> expected, pending, failing."""
    states = {status.context.lower(): status.state for status in latest(repo, pull.head_sha)}
    states |= {name.lower(): state for name, state in run_states(repo, pull.head_sha).items()}
    out = {}
    for context in required_contexts(repo, pull.base):
        state = states.get(context.lower(), "expected")
        if state != "success":
            out[context] = "failing" if state in BAD else state
    return out


def refusal(missing: dict[str, str], required: int) -> str:
    """GitHub's sentence about required checks: one is called by its name, several are counted."""
    [(context, state), *more] = missing.items()
    if not more:
        return f'Required status check "{context}" is {state}.'
    of = f"{len(missing)} of {required} required status checks"
    counts = Counter(missing.values())
    if len(counts) == 1:
        return f"{of} are {state}."
    return f"{of} have not succeeded: {' and '.join(f'{counts[each]} {each}' for each in sorted(counts))}."


def behind(repo: Repo, pull: Pull) -> bool:
    """True when `strict` is on and the base has commits the head lacks."""
    rules: dict[str, Any] = repo.protection.get(pull.base) or {}
    if not (rules.get("required_status_checks") or {}).get("strict"):
        return False
    return repo.branches[pull.base] not in {commit.sha for commit in repo.history(pull.head_sha)}


def mergeable_state(repo: Repo, pull: Pull) -> str:
    """`draft`, `blocked`, `behind`, `unstable` or `clean`, as `GET …/pulls/{number}` says it."""
    if pull.draft:
        return "draft"
    if unmet(repo, pull):
        return "blocked"
    if behind(repo, pull):
        return "behind"
    statuses = latest(repo, pull.head_sha)
    runs = run_states(repo, pull.head_sha).values()
    unstable = (statuses and combined_state(statuses) != "success") or any(state != "success" for state in runs)
    return "unstable" if unstable else "clean"
