"""The public app over loopback: what it refuses, and how."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
import pytest

from campaigns.bootstrap.app import App
from campaigns.store.engine import Database
from campaigns.web import guard
from campaigns.web.guard import limit_of
from tests.web_server import serving


@pytest.fixture
def client(app: App) -> Iterator[httpx.Client]:
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
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


def _pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 10_000 + 1):
        yield b"x" * 10_000


def _announce(client: httpx.Client, path: str, size: int) -> str:
    """The status that a request gets which only says how long its body will be."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), 10) as one:
        one.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        return one.recv(100).split()[1].decode()


def _heard(
    client: httpx.Client, path: str, body: Callable[[], bytes | Iterator[bytes]]
) -> httpx.Response:
    """The answer; who still sends when the connection is closed may not hear it, and asks again."""
    for _ in range(9):
        with suppress(httpx.ReadError, httpx.WriteError):
            return client.post(path, content=body())
    return client.post(path, content=body())


@pytest.mark.parametrize("path", ["/webhooks/twilio", "/webhooks/x", "/webhooks/sendgrid"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_beyond_the_limit_is_cut_off_before_it_is_read(
    client: httpx.Client, path: str, announced: bool
) -> None:
    size = limit_of(path) + 1
    if announced:
        told = _announce(client, path, size)
    else:
        told = str(_heard(client, path, lambda: _pieces(size)).status_code)
    assert told == "413"
    within = client.post(path, content=b"x" * (size - 1))
    assert within.status_code == 403


def test_a_body_that_does_not_come_is_not_waited_for(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 0.05)
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), 10) as slow:
        slow.sendall(b"POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na")
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_database_that_is_gone_is_told_so_that_providers_try_again(
    client: httpx.Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.errors import DatabaseError

    def gone(_self: Database) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(Database, "read", gone)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
