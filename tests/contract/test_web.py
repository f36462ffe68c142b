"""The public app over loopback: what it refuses, and how."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from campaigns.bootstrap.app import App
from campaigns.settings import Settings
from campaigns.store.engine import Database
from tests.web_server import serving


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    settings = Settings(_env_file=None, home=tmp_path, database_url=database_url)
    with App(settings) as made:
        yield made


@pytest.fixture
def client(app: App) -> Iterator[httpx.Client]:
    with serving(app) as url, httpx.Client(base_url=url) as client:
        yield client


def test_it_says_that_it_is_well(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.head("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/%00%ff", 404), ("DELETE", "/healthz", 405)],
)
def test_a_refusal_is_plain_and_repeats_nothing(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text in {"Not Found\n", "Method Not Allowed\n"}


def test_every_answer_leaves_a_browser_nothing_to_be_tricked_with(client: httpx.Client) -> None:
    for path in ("/healthz", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def _pieces() -> Iterator[bytes]:
    for _ in range(70):
        yield b"x" * 1000


@pytest.mark.parametrize("body", [b"x" * 70_000, _pieces()], ids=["announced", "in pieces"])
def test_a_body_beyond_the_limit_is_cut_off_before_it_is_read(
    client: httpx.Client, body: bytes | Iterator[bytes]
) -> None:
    assert client.post("/webhooks/twilio/status", content=body).status_code in {404, 413}


def test_a_database_that_is_gone_is_told_so_that_providers_try_again(
    client: httpx.Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.errors import DatabaseError

    def gone(_self: Database) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(Database, "read", gone)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
