"""The HTTP connections behind the SDKs: kept alive, bounded in time, and plain about what happened.

The SDKs' own transports have no deadline, and their exceptions do not say whether a byte had left.
That is the difference between 'send again' and 'in doubt', so the SDKs are given this one instead
through the hooks they offer. It knows three endings: an answer, never left (`NotConnected`), may
have arrived (`Interrupted`). Redirects are not followed and proxies not used.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from http.client import HTTPException
from urllib.parse import SplitResult, urlsplit

from campaigns.channels.connection import Connection, connect
from campaigns.channels.deadline import Deadline
from campaigns.channels.http_answer import Answer, read_answer

__all__ = ["Answer", "Interrupted", "NotConnected", "Wire", "tls_context"]

#: An idle connection older than this may be on its way to being closed by the other side.
_IDLE_SECONDS = 15.0


class NotConnected(Exception):  # noqa: N818 - an ending, not a mistake
    """No connection came about: nothing of the request left."""


class Interrupted(Exception):  # noqa: N818 - an ending, not a mistake
    """The connection ended, or time did, after the request may have arrived."""


@dataclass(slots=True)
class _Idle:
    connection: Connection
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
        target = _target(self.base_url, url)
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
            self._idle.popitem()[1].connection.close()

    def _take(self, origin: tuple[str, str]) -> Connection | None:
        """An idle connection that the other side has not closed meanwhile."""
        idle = self._idle.pop(origin, None)
        if idle is None:
            return None
        stale = time.monotonic() - idle.since > _IDLE_SECONDS
        if stale or idle.connection.left:
            idle.connection.close()
            return None
        return idle.connection


@lru_cache(maxsize=64)
def _target(base_url: str | None, url: str) -> SplitResult:
    """Where a request for `url` goes. Most requests are for the same few."""
    asked = urlsplit(url)
    if base_url is None:
        return asked
    base = urlsplit(base_url)
    path = base.path.rstrip("/") + asked.path
    return asked._replace(scheme=base.scheme, netloc=base.netloc, path=path)


def _written(
    method: str, target: SplitResult, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    told = tuple((name, value) for name, value in headers.items() if value is not None)
    head = _head(method, target, told)
    if body is None and method == "GET":
        return head + b"\r\n"
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body or b""), body or b"")


@lru_cache(maxsize=16)
def _head(method: str, target: SplitResult, headers: tuple[tuple[str, str], ...]) -> bytes:
    """All but the length. Where each message is a request of its own they differ in no more."""
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {target.netloc}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in _OURS]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a request header")
    return "\r\n".join([*lines, ""]).encode("latin-1")


_OURS = frozenset({"host", "accept-encoding", "content-length", "connection", "transfer-encoding"})


def _connect(target: SplitResult, deadline: Deadline) -> Connection:
    try:
        host = target.hostname or ""
        secure = target.scheme == "https"
        port = target.port or (443 if secure else 80)
        return connect(host, port, deadline, tls_context() if secure else None)
    except (OSError, ValueError) as error:  # UnicodeError of a host name is a ValueError
        raise NotConnected(f"{target.netloc}: {error}") from error


@cache
def tls_context() -> ssl.SSLContext:
    """What we trust: the system's authorities, and certifi's."""
    context = ssl.create_default_context()
    import certifi  # what requests brings; some systems have no certificates of their own

    context.load_verify_locations(cafile=certifi.where())
    return context


def _exchange(
    connection: Connection, method: str, request: bytes, deadline: Deadline
) -> tuple[Answer, bool]:
    broken: OSError | None = None
    try:
        connection.send(request, deadline)
    except (BrokenPipeError, ConnectionError) as error:
        broken = error  # a provider may answer (413, 401) and close before it has read everything
    except OSError as error:
        raise Interrupted(_describe(error)) from error
    try:
        return read_answer(lambda most: connection.receive(most, deadline), method)
    except (OSError, HTTPException, ValueError) as error:
        raise Interrupted(_describe(broken or error)) from error


def _describe(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no complete answer in time"
    return " ".join(f"{type(error).__name__}: {error}".split())  # one line, whatever was answered
