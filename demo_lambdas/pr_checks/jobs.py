"""The clock opens and closes the protected branch for every pull request that is open."""

import asyncio
import logging
import os
from datetime import datetime

import httpx
from access_ssm import get_ssm
from checks import PROTECTED_BRANCH, time_check
from github import GitHub

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def time_of_day(event, context):
    """Runs at 08:00 and at 16:00 on working days.

    It is not told what to set: it looks at the time it was scheduled for. A run that is late, repeated or started by
    hand sets what is right.
    """
    [token] = get_ssm(["github_token"])
    status = time_check(PROTECTED_BRANCH, datetime.fromisoformat(event["time"]))
    try:
        count = asyncio.run(set_all(token, os.environ["GITHUB_REPOSITORY"], status))
    except httpx.HTTPStatusError as error:  # its own text holds the whole address, and goes into the log
        raise RuntimeError(f"GitHub answered {error.response.status_code}.") from None
    logger.info("%s for %d open pull requests: %s", status.state, count, status.description)
    return {"state": status.state, "pull_requests": count}


async def set_all(token, repo, status):
    """Sets a status on every open pull request into the protected branch; returns how many there are.

    One after the other, as GitHub asks. One that GitHub refuses does not keep the others waiting; then the job fails
    at its end, and Lambda runs it again.
    https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    """
    count, refused = 0, []
    async with GitHub(token) as github:
        async for pull in github.open_pulls(repo, PROTECTED_BRANCH):
            try:
                await github.post_status(repo, pull["head"]["sha"], status)
                count += 1
            except httpx.HTTPStatusError as error:
                refused.append(f"#{pull['number']} ({error.response.status_code})")
    if refused:
        raise RuntimeError(f"GitHub took {status.state} for {count} pull requests, but not for {', '.join(refused)}")
    return count
