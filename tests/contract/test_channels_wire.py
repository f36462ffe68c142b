"""The transport under the SDKs, against servers that behave and servers that do not."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from campaigns.channels.deadline import Deadline
from campaigns.channels.wire import Answer, Interrupted, NotConnected, Wire
from tests.contract.loopback import Loopback, Talk, loopback, saying

OK = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: abc\r\nContent-Length: 2\r\n\r\n{}"


def _post(wire: Wire, deadline: Deadline | None = None, body: bytes = b"x=1") -> Answer:
    return wire.request(
        "POST",
        "https://api.example.com/v1/send?a=1",
        headers={"Authorization": "Basic abc"},
        body=body,
        deadline=deadline or Deadline(60),
    )


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    made: list[Wire] = []
    yield made
    for wire in made:
        wire.close()


def _wire(server: Loopback | str, wires: list[Wire]) -> Wire:
    wires.append(Wire(server if isinstance(server, str) else server.url))
    return wires[-1]


def test_a_request_for_any_host_goes_to_the_base_url(wires: list[Wire]) -> None:
    with loopback(saying(OK)) as server:
        answer = _post(_wire(server.url + "/prefix/", wires))
    assert (answer.status, answer.headers.get("x-message-id"), answer.body) == (202, "abc", b"{}")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /prefix/v1/send?a=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Basic abc" in head
    assert body == b"x=1"


def test_connections_are_kept_alive(wires: list[Wire]) -> None:
    with loopback(saying(OK)) as server:
        wire = _wire(server, wires)
        for _ in range(5):
            _post(wire)
        assert (server.connections, len(server.requests)) == (1, 5)
        wire.close()
        wire.close()
        _post(wire)
        assert server.connections == 2


def test_a_connection_closed_while_idle_is_replaced_before_anything_is_sent(
    wires: list[Wire],
) -> None:
    """Otherwise a message would be in doubt each time a provider tidies up."""

    def once(connection: socket.socket, _: bytes) -> None:
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)

    with loopback(once) as server:
        wire = _wire(server, wires)
        for _ in range(3):
            assert _post(wire).ok
            idle = next(iter(wire._idle.values())).connection.socket
            idle.settimeout(5)
            assert idle.recv(1, socket.MSG_PEEK) == b""  # the goodbye has arrived
        assert server.connections == 3


def test_a_refused_connection_never_left(wires: list[Wire]) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(NotConnected, match=f"127.0.0.1:{port}"):
            _post(_wire(f"http://127.0.0.1:{port}", wires))


@pytest.mark.parametrize("host", ["a" * 80 + ".example.com", "a..b"])
def test_a_host_without_an_address_never_left(host: str, wires: list[Wire]) -> None:
    with pytest.raises(NotConnected):
        _post(_wire(f"http://{host}", wires))


def test_a_peer_without_tls_never_left(wires: list[Wire]) -> None:
    def not_tls(connection: socket.socket, _: bytes) -> None:
        connection.sendall(OK)

    with loopback(not_tls) as server, pytest.raises(NotConnected):
        _post(_wire(server.url.replace("http", "https"), wires), Deadline(1))


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 ", b"HTTP/1.1 2", b"nonsense\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n"],
)
def test_without_a_status_line_the_request_may_have_arrived(
    answer: bytes, wires: list[Wire]
) -> None:
    def broken(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with loopback(broken) as server, pytest.raises(Interrupted):
        _post(_wire(server, wires))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 202 Accepted\r\n",
        b"HTTP/1.1 202 Accepted\r\nX-Message",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n{",
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: nine\r\n\r\n",
    ],
)
def test_a_status_line_counts_whatever_breaks_off_after_it(
    answer: bytes, wires: list[Wire]
) -> None:
    def broken(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with loopback(broken) as server:
        wire = _wire(server, wires)
        assert _post(wire).status == 202
        assert _post(wire).status == 202
        assert server.connections == 2


def _dripping(begin: bytes) -> Talk:
    """Says this, and then one byte after the other until nobody listens."""

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(b"x")
            time.sleep(0.001)

    return drip


def _looks(count: int, seconds: float = 1.0) -> Deadline:
    """One that has passed when it has been looked at so often, however quick this machine is: each
    wait for a byte looks at it once, and finds so much less left."""
    looks = itertools.count()
    return Deadline(count * seconds, lambda: next(looks) * seconds)


@pytest.mark.parametrize("begin", [b"HTTP/1.1 202 Accepted", b""])
def test_a_drip_does_not_outlive_the_deadline(begin: bytes, wires: list[Wire]) -> None:
    with (
        loopback(_dripping(begin)) as server,
        pytest.raises(Interrupted, match="in time"),
    ):
        _post(_wire(server, wires), _looks(30))


def test_a_body_that_drips_past_the_deadline_leaves_the_status(wires: list[Wire]) -> None:
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 9999999\r\n\r\n"
    with loopback(_dripping(head)) as server:
        assert _post(_wire(server, wires), _looks(30)).status == 201


def test_a_peer_that_does_not_read_does_not_outlive_the_deadline(wires: list[Wire]) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=_accept_and_wait, args=(server, stop), daemon=True)
        accepting.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Interrupted, match="in time"):
            _post(_wire(url, wires), _looks(8, 0.1), b"x" * 30_000_000)
        stop.set()
        accepting.join(timeout=120)


def _accept_and_wait(server: socket.socket, stop: threading.Event) -> None:
    connection, _ = server.accept()
    with connection:
        stop.wait(120)


def test_an_answer_given_before_the_whole_request_was_read_is_read(wires: list[Wire]) -> None:
    """SendGrid may say 413 and close while we are still sending."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_early, args=(server,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        answer = _post(_wire(url, wires), body=b"x" * 9_000_000)
        assert answer.status == 413
        thread.join(timeout=120)


def _answer_early(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(10)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.2)  # lets the answer arrive before the reset that unread bytes cause


def test_a_request_that_has_no_time_left_is_not_begun(wires: list[Wire]) -> None:
    with loopback(saying(OK)) as server:
        wire = _wire(server, wires)
        _post(wire)
        with pytest.raises(NotConnected):
            _post(wire, Deadline(0))
        assert len(server.requests) == 1


def test_redirects_are_not_followed(wires: list[Wire]) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with loopback(saying(answer)) as server:
        assert _post(_wire(server, wires)).status == 302
        assert len(server.requests) == 1


def test_a_line_break_cannot_make_a_header(wires: list[Wire]) -> None:
    with loopback(saying(OK)) as server:
        with pytest.raises(ValueError, match="line break"):
            _wire(server, wires).request(
                "POST",
                "https://x.example/",
                headers={"A": "b\r\nC: d"},
                body=b"",
                deadline=Deadline(1),
            )
        assert server.requests == []
