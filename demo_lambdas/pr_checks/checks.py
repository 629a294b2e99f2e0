"""The two checks: pure functions of a title, a branch and a time."""

import os
import re
from datetime import datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

NAME_CHECK = "Pull Request Name Check"
TIME_CHECK = "Time of Day Check"

TITLE_PATTERN = os.environ.get("TITLE_PATTERN", r"\((?P<team>[A-Z]+) #(?P<ticket>\d+)\) (?P<story>\S.*)")
TITLE_EXAMPLE = os.environ.get("TITLE_EXAMPLE", "(TEAM #123) AAC I love this site")
PROTECTED_BRANCH = os.environ.get("PROTECTED_BRANCH", "production")
TIME_ZONE = os.environ.get("TIME_ZONE", "Europe/London")
OPENS = time.fromisoformat(os.environ.get("OPENS", "08:00"))
CLOSES = time.fromisoformat(os.environ.get("CLOSES", "16:00"))


class Status(NamedTuple):
    """What a commit status says. `state` is success, failure or pending; `description` has at most 140 letters."""

    context: str
    state: str
    description: str


def title_check(title: str) -> Status:
    """Team, ticket number and story must be there: release notes are made of them."""
    if re.fullmatch(TITLE_PATTERN, title.strip()):
        return Status(NAME_CHECK, "success", "Team, ticket and story are there.")
    return Status(NAME_CHECK, "failure", f"Write it like: {TITLE_EXAMPLE}"[:140])


def time_check(base: str, now: datetime) -> Status:
    """Merges into the protected branch wait for working hours, by the clock on the team's wall.

    Args:
        base: the branch the pull request goes into.
        now: a time with a zone.
    """
    if base != PROTECTED_BRANCH:
        return Status(TIME_CHECK, "success", f"Only {PROTECTED_BRANCH} has opening hours.")
    here = now.astimezone(ZoneInfo(TIME_ZONE))
    hours = f"Monday to Friday, {OPENS:%H:%M} to {CLOSES:%H:%M}"
    if here.weekday() < 5 and OPENS <= here.time() < CLOSES:
        return Status(TIME_CHECK, "success", f"{here:%A %H:%M}: open {hours}.")
    return Status(TIME_CHECK, "pending", f"{here:%A %H:%M}: {PROTECTED_BRANCH} opens {hours}.")
