"""Answers read by one pattern are what `http.client` reads, and the odd ones go to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.channels.http_answer import Answer, by_http_client, plain_head, read_answer

_NAMES = st.sampled_from(
    ["Content-Length", "content-length", "Connection", "Transfer-Encoding", "Date", "X-Id", "A b"]
)
_VALUES = st.sampled_from(
    ["2", "0", "7", " 2 ", "two", "-1", "1_0", "close", "keep-alive, Close", "chunked", "", "a: b"]
) | st.text(st.characters(max_codepoint=255), max_size=12)
_STATUS = st.sampled_from(
    [
        "HTTP/1.1 201 Created",
        "HTTP/1.1 200 OK ",
        "HTTP/1.1 429 Too Many Requests",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 304 x",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 200",
        "HTTP/1.1",
        "HTTP/1.1 100 Continue",
        "ICY 200 OK",
        "HTTP/1.1 99 x",
        "HTTP/1.1  200  OK",
        "nonsense",
    ]
)
_END = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r"])


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    lines = [draw(_STATUS)]
    lines += [f"{draw(_NAMES)}: {draw(_VALUES)}" for _ in range(draw(st.integers(0, 5)))]
    text = "".join(line + draw(_END) for line in lines) + draw(_END)
    return text.encode("latin-1") + draw(
        st.sampled_from([b"", b"{", b"{}", b"{}{}", b"5\r\nhello"])
    )


def giving(data: bytes, piece: int) -> Callable[[int], bytes]:
    """A connection that brings so much at a time, and ends."""
    left = [data[i : i + piece] for i in range(0, len(data), piece)]
    return lambda _most: left.pop(0) if left else b""


def plainly(data: bytes) -> object:
    return seen(lambda: by_http_client(data, lambda _most: b"", "POST"))


def seen(read: Callable[[], tuple[Answer, bool]]) -> object:
    try:
        answer, kept = read()
    except Exception as error:
        return type(error)
    return answer.status, answer.reason, answer.headers.items(), answer.body, kept


@settings(max_examples=400, deadline=None)
@given(answers(), st.integers(1, 90))
@example(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX: a\x85b: c\r\n\r\n{}", 90)
@example(b"HTTP/1.1 201 Created\r\nX: a\r\n Content-Length: 9\r\nContent-Length: 2\r\n\r\n{}", 90)
@example(b"HTTP/1.1 201 Created\r\nno colon\r\nContent-Length: 2\r\n\r\n{}", 90)
def test_an_answer_is_what_http_client_makes_of_it(data: bytes, piece: int) -> None:
    ours = seen(lambda: read_answer(giving(data, piece), "POST"))
    theirs = plainly(data)
    if isinstance(theirs, tuple) and isinstance(ours, tuple) and ours[3:] != theirs[3:]:
        # Bytes beyond the answer belong to nothing: such a connection is not used again.
        assert plain_head(data) is not None
        assert (ours[3], ours[4]) == (theirs[3], False)
        ours = (*ours[:4], theirs[4])
    assert ours == theirs


def test_twilios_answers_take_the_short_way() -> None:
    head = (
        b"HTTP/1.1 201 CREATED\r\nContent-Type: application/json;charset=utf-8\r\n"
        b"Content-Length: 2\r\nConnection: keep-alive\r\nTwilio-Request-Id: RQ0\r\n\r\n"
    )
    found = plain_head(head + b"{}")
    assert found is not None
    assert (found.status, found.length, found.kept, found.end) == (201, 2, True, len(head))


@pytest.mark.parametrize(
    "field",
    [b"Transfer-Encoding: chunked", b"Content-Length: 3", b"Bad name: x", b" folded", b"X: \x00"],
)
def test_an_answer_with_something_odd_goes_the_long_way(field: bytes) -> None:
    assert (
        plain_head(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n" + field + b"\r\n\r\n") is None
    )
