"""One connection with a deadline, for HTTP and SMTP.

A socket with a time-out asks the kernel three times for every read: to set the time-out, to wait,
and to read; and a poll object for each look at it. Here the socket never blocks and is looked at
by one poll object, so that a short answer costs one wait and one read.
"""

from __future__ import annotations

import select
import socket
import ssl
from math import ceil

from campaigns.channels.deadline import Deadline

#: One address of a host gets so long to answer; there may be others.
_CONNECT_SECONDS = 5.0


class Connection:
    """A connected socket, TLS or not. Each call raises OSError, TimeoutError past the deadline."""

    __slots__ = ("_poll", "socket")

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket = connected
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)

    def send(self, data: bytes, deadline: Deadline) -> None:
        """All of it."""
        deadline.wait()
        view = memoryview(data)
        while view:
            try:
                view = view[self.socket.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(select.POLLOUT, deadline)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, deadline)

    def receive(self, most: int, deadline: Deadline) -> bytes:
        """What has come, as soon as there is some; nothing once the other side has ended."""
        waiting = select.POLLIN
        if isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
            waiting = 0  # decrypted already: the kernel knows of nothing
        while True:
            if waiting:
                self._wait(waiting, deadline)
            else:
                deadline.wait()
            try:
                return self.socket.recv(most)
            except (BlockingIOError, ssl.SSLWantReadError):
                waiting = select.POLLIN
            except ssl.SSLWantWriteError:
                waiting = select.POLLOUT

    @property
    def left(self) -> bool:
        """Something to read where nothing was asked is the other side's goodbye."""
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """Let go of it."""
        self.socket.close()

    def _wait(self, what: int, deadline: Deadline) -> None:
        if what == select.POLLIN:
            poll = self._poll
        else:
            poll = select.poll()
            poll.register(self.socket, what)
        while not poll.poll(ceil(deadline.wait() * 1000)):
            pass


def connect(
    host: str, port: int, deadline: Deadline, tls: ssl.SSLContext | None = None
) -> Connection:
    """Try the host's addresses in turn. The resolver's own time is bounded by its configuration.

    Raises OSError, or ValueError for a host that has no name.
    """
    connected = _reach(host, port, deadline)
    return Connection(connected if tls is None else _encrypted(connected, tls, host, deadline))


def encrypt(
    connection: Connection, tls: ssl.SSLContext, host: str, deadline: Deadline
) -> Connection:
    """The connection under TLS from here on. Raises OSError."""
    return Connection(_encrypted(connection.socket, tls, host, deadline))


def _encrypted(
    plain: socket.socket, tls: ssl.SSLContext, host: str, deadline: Deadline
) -> ssl.SSLSocket:
    try:
        plain.settimeout(deadline.wait())
        return tls.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _reach(host: str, port: int, deadline: Deadline) -> socket.socket:
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
