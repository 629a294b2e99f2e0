"""The few calls of GitHub's REST API that the checks need. https://docs.github.com/rest"""

import os
from collections.abc import AsyncIterator

import httpx
from checks import Status

API = os.environ.get("GITHUB_API_URL", "https://api.github.com")
TIMEOUT = 5  # seconds; GitHub itself waits ten for our answer
ILL = (500, 502, 503, 504)


class GitHub:
    """GitHub, asked with one token. Use it as `async with GitHub(token) as github`."""

    def __init__(self, token: str):
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self.http = httpx.AsyncClient(base_url=API, headers=headers, timeout=TIMEOUT)

    async def __aenter__(self) -> "GitHub":
        return self

    async def __aexit__(self, *_) -> None:
        await self.http.aclose()

    async def pull(self, repo: str, number: int) -> dict | None:
        """A pull request as it is now; None when GitHub does not show it. Raises when GitHub is ill."""
        response = await self.http.get(f"/repos/{repo}/pulls/{number}")
        if response.status_code in ILL:
            response.raise_for_status()
        return response.json() if response.is_success else None

    async def open_pulls(self, repo: str, base: str) -> AsyncIterator[dict]:
        """Every open pull request into a branch. GitHub answers in pages, each with a link to the next."""
        url, params = f"/repos/{repo}/pulls", {"state": "open", "base": base, "per_page": "100"}
        while url:
            response = await self.http.get(url, params=params)
            response.raise_for_status()
            for pull in response.json():
                yield pull
            url, params = response.links.get("next", {}).get("url"), None  # the link has the parameters in it

    async def post_status(self, repo: str, sha: str, status: Status) -> None:
        """Sets one commit status; raises `httpx.HTTPStatusError` when GitHub refuses it."""
        response = await self.http.post(f"/repos/{repo}/statuses/{sha}", json=status._asdict())
        response.raise_for_status()
