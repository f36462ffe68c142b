"""Reading an HTTP answer: the common shape by one pattern, all else by `http.client`.

`http.client` reads headers with the parser for e-mails, which takes longer than the whole of a
small request (docs/benchmarks.md, SMS). An answer in the plainest shape, with its length told and
nothing odd in its headers, is read here; whatever is not surely that goes to `http.client`, byte
for byte. A test compares the two on random answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException, HTTPMessage, HTTPResponse, parse_headers
from io import BufferedReader, BytesIO, RawIOBase
from socket import socket
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: No answer of a provider is this long; what is beyond is not read.
_LONGEST_ANSWER = 16 * 1024 * 1024
_LONGEST_HEAD = 64 * 1024
_CHUNK = 64 * 1024
_MOST_HEADERS = 100  # http.client's own

_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) ([!-~][ -~]*)\r\n((?:[\w!#$%&'*+.^`|~-]+:[\t -~]*\r\n)+)\r\n",
    re.ASCII,
)
_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,7})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_CONNECTION = re.compile(rb"^connection:(.*)\r$", re.IGNORECASE | re.MULTILINE)
_ODD = re.compile(rb"^transfer-encoding:", re.IGNORECASE | re.MULTILINE)
_NO_BODY = ("204", "304")

#: Gives more bytes; none once the other side has ended. Raises OSError.
Read = Callable[[int], bytes]


@dataclass(frozen=True)
class Answer:
    """What came back. A body may have broken off: the status still holds. `told` are the headers,
    or their bytes, parsed when somebody asks."""

    status: int
    reason: str
    told: HTTPMessage | bytes
    body: bytes

    @cached_property
    def headers(self) -> HTTPMessage:
        """The headers, whatever the case of their names."""
        return parse_headers(BytesIO(self.told)) if isinstance(self.told, bytes) else self.told

    @property
    def ok(self) -> bool:
        """A 2xx status line was read."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Head(NamedTuple):
    """The plain head of an answer; `end` is where its body begins."""

    status: int
    reason: str
    fields: bytes
    length: int
    kept: bool
    end: int


def read_answer(read: Read, method: str) -> tuple[Answer, bool]:
    """The answer, and whether the connection is good for another request.

    Raises OSError, HTTPException or ValueError as long as no status line has come.
    """
    data = _as_far_as_the_body(read)
    head = plain_head(data) if method != "HEAD" else None
    if head is None:
        return by_http_client(data, read, method)
    end = head.end + head.length
    data = _up_to(data, end, read)
    answer = Answer(head.status, head.reason, head.fields, data[head.end : end])
    return answer, head.kept and len(data) == end


def plain_head(data: bytes) -> Head | None:
    """The head in its plainest shape; None where `http.client` has to say what it is."""
    found = _HEAD.match(data)
    if found is None:
        return None
    fields = found[3]
    lengths = _LENGTH.findall(fields)
    if len(lengths) != 1 or fields.lower().count(b"content-length") != 1 or _ODD.search(fields):
        return None
    if found[1].decode() in _NO_BODY or fields.count(b"\n") > _MOST_HEADERS:
        return None
    connection = _CONNECTION.search(fields)
    kept = connection is None or b"close" not in connection[1].lower()
    reason = found[2].decode("ascii").strip()
    return Head(int(found[1]), reason, fields + b"\r\n", int(lengths[0]), kept, found.end())


def by_http_client(data: bytes, read: Read, method: str) -> tuple[Answer, bool]:
    """As `http.client` reads it; a status line is kept even when what follows it breaks off."""
    response = HTTPResponse(cast(socket, _Source(data, read)), method=method)
    body, complete = b"", False
    try:
        response.begin()
        body = response.read(_LONGEST_ANSWER)
        complete = not response.length and response.isclosed()
    except (OSError, HTTPException, ValueError):
        if not isinstance(response.status, int):  # http.client's word for it is "UNKNOWN"
            raise
    finally:
        response.close()
    headers = response.headers if response.headers is not None else HTTPMessage()
    answer = Answer(response.status, response.reason, headers, body)
    return answer, complete and not response.will_close


def _as_far_as_the_body(read: Read) -> bytes:
    """The head, with what came along; less when it breaks off, which `http.client` will meet."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < _LONGEST_HEAD:
        try:
            more = read(_CHUNK)
        except OSError:
            break
        if not more:
            break
        data += more
    return data


def _up_to(data: bytes, end: int, read: Read) -> bytes:
    """`data` with what follows, `end` bytes in all or what there is."""
    pieces, have = [data], len(data)
    while have < end:
        try:
            more = read(_CHUNK)
        except OSError:
            break
        if not more:
            break
        pieces.append(more)
        have += len(more)
    return b"".join(pieces)


class _Source:
    """What HTTPResponse takes for a socket: what has been read, then what `read` gives."""

    def __init__(self, data: bytes, read: Read) -> None:
        self._reader = _Reader(data, read)

    def makefile(self, _mode: str) -> BufferedReader:
        return BufferedReader(self._reader)


class _Reader(RawIOBase):
    def __init__(self, data: bytes, read: Read) -> None:
        super().__init__()
        self._data = data
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        into = memoryview(buffer)
        data = self._data or self._read(len(into))
        now, self._data = data[: len(into)], data[len(into) :]
        into[: len(now)] = now
        return len(now)
