"""Who gets into JupyterLab's port."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.browser.conftest import fresh_copy_in, served


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on a copy."""
    yield from served(fresh_copy_in(tmp_path_factory.mktemp("port")), "notebooks/00_start_here.ipynb")


def test_jupyterlabs_port_lets_nobody_in_without_its_token(address: str) -> None:
    parts = urlsplit(address)
    base, token = f"http://127.0.0.1:{parts.port}", parts.query.removeprefix("token=")
    with httpx.Client(base_url=base) as http:
        assert http.get("/api/contents").status_code == 403
        assert http.post("/api/kernels", json={}).status_code == 403
        assert http.get("/api/contents", headers={"Authorization": f"token {token}"}).status_code == 200
    with httpx.Client(base_url=base, headers={"Authorization": f"token {token}"}) as known:
        assert known.get("/api/contents", headers={"Host": "evil.test"}).status_code == 403, "under another name"
