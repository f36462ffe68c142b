"""The HTTP connections behind the SDKs: kept alive, bounded in time, and plain about what happened.

The SDKs' own transports have no deadline, and their exceptions do not say whether a byte had left.
That is the difference between 'send again' and 'in doubt', so the SDKs are given this one instead
through the hooks they offer. It knows three endings: an answer, never left (`NotConnected`), may
have arrived (`Interrupted`). Redirects are not followed and proxies not used.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException, HTTPMessage, HTTPResponse
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, cast
from urllib.parse import SplitResult, urlsplit

from campaigns.channels.deadline import Deadline

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: One address of a host gets so long to answer; there may be others.
_CONNECT_SECONDS = 5.0
#: An idle connection older than this may be on its way to being closed by the other side.
_IDLE_SECONDS = 15.0
_CHUNK = 64 * 1024
#: No answer of a provider is this long; what is beyond is not read.
_LONGEST_ANSWER = 16 * 1024 * 1024


class NotConnected(Exception):  # noqa: N818 - an ending, not a mistake
    """No connection came about: nothing of the request left."""


class Interrupted(Exception):  # noqa: N818 - an ending, not a mistake
    """The connection ended, or time did, after the request may have arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A body may have broken off: the status still holds."""

    status: int
    reason: str
    headers: HTTPMessage
    body: bytes

    @property
    def ok(self) -> bool:
        """A 2xx status line was read."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


@dataclass(slots=True)
class _Idle:
    socket: socket.socket
    since: float


@dataclass(slots=True)
class Wire:
    """Connections for one thread. With `base_url` every request goes there, whatever its host."""

    base_url: str | None
    _idle: dict[tuple[str, str], _Idle] = field(default_factory=dict)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        """One request, one answer. Raises NotConnected or Interrupted, nothing else."""
        if deadline.left <= 0:
            raise NotConnected("no time was left to begin")
        target = self._target(url)
        origin = (target.scheme, target.netloc)
        request = _written(method, target, headers, body)
        connection = self._take(origin) or _connect(target, deadline)
        try:
            answer, reusable = _exchange(connection, method, request, deadline)
        except BaseException:
            connection.close()
            raise
        if reusable:
            self._idle[origin] = _Idle(connection, time.monotonic())
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close what is idle. The wire can be used again."""
        while self._idle:
            self._idle.popitem()[1].socket.close()

    def _target(self, url: str) -> SplitResult:
        asked = urlsplit(url)
        if self.base_url is None:
            return asked
        base = urlsplit(self.base_url)
        path = base.path.rstrip("/") + asked.path
        return asked._replace(scheme=base.scheme, netloc=base.netloc, path=path)

    def _take(self, origin: tuple[str, str]) -> socket.socket | None:
        """An idle connection that the other side has not closed meanwhile."""
        idle = self._idle.pop(origin, None)
        if idle is None:
            return None
        stale = time.monotonic() - idle.since > _IDLE_SECONDS
        if stale or readable(idle.socket):
            idle.socket.close()
            return None
        return idle.socket


def readable(connection: socket.socket) -> bool:
    """Something to read where nothing was asked is the other side's goodbye."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _written(
    method: str, target: SplitResult, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {target.netloc}", "Accept-Encoding: identity"]
    lines += [
        f"{name}: {value}"
        for name, value in headers.items()
        if name.lower() not in _OURS and value is not None
    ]
    if body is not None or method != "GET":
        lines.append(f"Content-Length: {len(body or b'')}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a request header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


_OURS = frozenset({"host", "accept-encoding", "content-length", "connection", "transfer-encoding"})


def _connect(target: SplitResult, deadline: Deadline) -> socket.socket:
    try:
        host = target.hostname or ""
        port = target.port or (443 if target.scheme == "https" else 80)
        connection = reach(host, port, deadline)
        if target.scheme == "https":
            connection.settimeout(deadline.wait())
            return tls_context().wrap_socket(connection, server_hostname=host)
        return connection
    except (OSError, ValueError) as error:  # UnicodeError of a host name is a ValueError
        raise NotConnected(f"{target.netloc}: {error}") from error


def reach(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Try the host's addresses in turn. The resolver's own time is bounded by its configuration."""
    trouble: OSError = OSError(f"no address for {host}")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.wait(_CONNECT_SECONDS))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            deadline.wait()
        except OSError as error:
            connection.close()
            trouble = error
        else:
            return connection
    raise trouble


@cache
def tls_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    import certifi  # what requests brings; some systems have no certificates of their own

    context.load_verify_locations(cafile=certifi.where())
    return context


def _exchange(
    connection: socket.socket, method: str, request: bytes, deadline: Deadline
) -> tuple[Answer, bool]:
    broken: OSError | None = None
    try:
        _send(connection, request, deadline)
    except (BrokenPipeError, ConnectionError) as error:
        broken = error  # a provider may answer (413, 401) and close before it has read everything
    except OSError as error:
        raise Interrupted(_describe(error)) from error
    try:
        return _receive(connection, method, deadline)
    except (OSError, HTTPException, ValueError) as error:
        raise Interrupted(_describe(broken or error)) from error


def _send(connection: socket.socket, request: bytes, deadline: Deadline) -> None:
    view = memoryview(request)
    for start in range(0, len(view), _CHUNK):
        connection.settimeout(deadline.wait())
        connection.sendall(view[start : start + _CHUNK])


def _receive(connection: socket.socket, method: str, deadline: Deadline) -> tuple[Answer, bool]:
    """Read the answer; a status line is kept even when what follows it breaks off."""
    source = _Source(connection, deadline)
    response = HTTPResponse(cast(socket.socket, source), method=method)
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


def _describe(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no complete answer in time"
    return f"{type(error).__name__}: {error}"


class _Source:
    """What HTTPResponse takes for a socket: every read of it keeps the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._reader = _Reader(connection, deadline)

    def makefile(self, _mode: str) -> BufferedReader:
        return BufferedReader(self._reader)


class _Reader(RawIOBase):
    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        self._connection.settimeout(self._deadline.wait())
        return self._connection.recv_into(memoryview(buffer))
