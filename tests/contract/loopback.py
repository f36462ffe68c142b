"""A server that answers with the bytes it is given, for what no well-behaved server does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Talk = Callable[[socket.socket, bytes], None]


@dataclass
class Loopback:
    """Its URL, and what it was asked: one entry per request, head and body."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def loopback(talk: Talk) -> Iterator[Loopback]:
    """Serve on a free port; `talk` gets the connection and one whole request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        asked = Loopback(f"http://{host}:{port}")
        open_ones: list[socket.socket] = []
        thread = threading.Thread(target=_serve, args=(server, asked, talk, open_ones), daemon=True)
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in open_ones:
                connection.close()
            thread.join(timeout=120)


def saying(answer: bytes) -> Talk:
    """Talk that sends these bytes."""
    return lambda connection, _: connection.sendall(answer)


def _serve(
    server: socket.socket, asked: Loopback, talk: Talk, open_ones: list[socket.socket]
) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        asked.connections += 1
        open_ones.append(connection)
        threading.Thread(target=_talk, args=(connection, asked, talk), daemon=True).start()


def _talk(connection: socket.socket, asked: Loopback, talk: Talk) -> None:
    with connection:
        try:
            while request := _read(connection):
                asked.requests.append(request)
                talk(connection, request)
        except OSError:
            return


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
