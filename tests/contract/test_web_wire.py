"""The public app against bytes that no client library sends: one clear refusal, and it goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from campaigns.bootstrap.app import App
from campaigns.settings import Settings
from campaigns.web import protocol
from tests.web_server import serving

HOOK = b"POST /webhooks/twilio HTTP/1.1\r\nHost: news.example.com\r\n"
#: What a smuggler hides behind a first request; it must never be answered.
HIDDEN = b"GET /healthz?hidden HTTP/1.1\r\nHost: news.example.com\r\n\r\n"
REFUSED = (b"HTTP/1.1 400", b"HTTP/1.1 403", b"HTTP/1.1 413", b"HTTP/1.1 422", b"HTTP/1.1 431")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("wire")
    with App(Settings(_env_file=None, home=home)) as app, serving(app) as address:
        yield address


def heard(url: str, *pieces: bytes) -> bytes:
    """All that the server says to these bytes until it hangs up; who sends on after that is cut
    off by the system."""
    parts = urlsplit(url)
    said = b""
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as one:
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                one.sendall(piece)
        with suppress(ConnectionResetError):
            while piece := one.recv(65_536):
                said += piece
    return said


def goes_on(url: str) -> None:
    assert httpx.get(f"{url}/healthz", timeout=60).text == "ok\n"


LENGTHS = (
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nab=cd",
    b"Content-Length: 5, 6\r\n\r\nab=cd",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: +5\r\n\r\nab=cd",
    b"Content-Length: 0x5\r\n\r\nab=cd",
    b"Content-Length: 5 5\r\n\r\nab=cd",
    b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    b"Content-Length:\r\n\r\nab=cd",
)
CHUNKS = (
    b"zz\r\nabc\r\n0\r\n\r\n",
    b"-5\r\nab=cd\r\n0\r\n\r\n",
    b"5\r\nab=cdXX0\r\n\r\n",
    b"ffffffffffffffffff\r\n",
    b"5 \x00\r\nab=cd\r\n0\r\n\r\n",
)
HEADS = (
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n",
)


@pytest.mark.parametrize("number", range(len(LENGTHS)))
def test_a_length_that_is_none_is_refused_and_nothing_behind_it_is_answered(
    url: str, number: int
) -> None:
    one_refusal(url, HOOK + LENGTHS[number])


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_chunks_that_are_none_are_refused_and_nothing_behind_them_is_answered(
    url: str, number: int
) -> None:
    one_refusal(url, HOOK + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS[number])


@pytest.mark.parametrize("number", range(len(HEADS)))
def test_a_body_of_two_lengths_smuggles_nothing_in(url: str, number: int) -> None:
    one_refusal(url, HOOK + HEADS[number])


@pytest.mark.parametrize(
    "bytes_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /he\x00althz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n folded: header\r\n\r\n",
        b"\r\n" * 40_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=["tls", "version", "nul", "nul-header", "folded", "newlines", "http2"],
)
def test_what_is_no_http_is_refused_or_left_unanswered(url: str, bytes_: bytes) -> None:
    said = heard(url, bytes_)
    assert not said or said.startswith((*REFUSED, b"HTTP/1.1 404")), said[:100]
    assert said.count(b"HTTP/1.1 ") <= 1
    goes_on(url)


@pytest.mark.parametrize(
    "head",
    [
        b"X-Huge: " + b"a" * 1_000_000 + b"\r\n",
        b"".join(b"X-%d: a\r\n" % n for n in range(20_000)),
        b"X-" + b"n" * 1_000_000 + b": a\r\n",
        b"Cookie: " + b"a=b; " * 50_000 + b"\r\n",
    ],
    ids=["huge", "many", "long-name", "cookies"],
)
def test_headers_beyond_all_measure_are_refused(url: str, head: bytes) -> None:
    said = heard(url, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
    assert not said or said.startswith(REFUSED), said[:100]
    goes_on(url)


def test_headers_that_a_large_cookie_or_token_needs_are_taken(url: str) -> None:
    head = b"Connection: close\r\nCookie: " + b"a" * 20_000 + b"\r\n"
    said = heard(url, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
    assert said.startswith(b"HTTP/1.1 200")


def test_a_head_that_does_not_come_is_not_waited_for(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 0.1)
    parts = urlsplit(url)
    for sent in (b"", b"GET /healthz HTTP/1.1\r\nHost:"):
        with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as slow:
            slow.sendall(sent)
            assert slow.recv(100) == b""
    goes_on(url)


def test_nobody_is_taken_to_a_web_socket(url: str) -> None:
    asked = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n"
    asked += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    said = heard(url, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + asked + b"\r\n")
    assert said.startswith(b"HTTP/1.1 200")
    goes_on(url)


def test_a_path_beyond_all_measure_is_refused(url: str) -> None:
    said = heard(url, b"GET /c/" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert not said or said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 414", *REFUSED))
    goes_on(url)


def one_refusal(url: str, request: bytes) -> None:
    said = heard(url, request + HIDDEN)
    assert said.startswith(REFUSED), said[:200]
    assert said.count(b"HTTP/1.1 ") == 1, said
    assert b"ok\n" not in said
    goes_on(url)
