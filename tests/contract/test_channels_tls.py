"""The way to the vendors' own hosts: TLS, trusted or not."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from campaigns.channels import wire as wires
from campaigns.channels.deadline import Deadline
from campaigns.channels.smtp import session as sessions
from campaigns.channels.smtp.session import Server, Session
from campaigns.channels.wire import Answer, Interrupted, NotConnected, Wire
from tests.certificates import signed_by_itself

OK = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost` that nobody signed, with its key, in one file."""
    return signed_by_itself(tmp_path_factory.mktemp("tls") / "certificate.pem", "localhost")


@contextmanager
def _serving(certificate: Path, answer: Callable[[ssl.SSLSocket], None]) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, context, answer), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=120)


def _serve(
    server: socket.socket, context: ssl.SSLContext, answer: Callable[[ssl.SSLSocket], None]
) -> None:
    while True:
        try:
            connection, _ = server.accept()
            with context.wrap_socket(connection, server_side=True) as secure:
                answer(secure)
        except ssl.SSLError:
            continue  # a client that does not trust us
        except OSError:
            return


def _whole(secure: ssl.SSLSocket) -> None:
    """Answer each request as soon as it ends with this mark."""
    data = b""
    while more := secure.recv(65536):
        data += more
        if data.endswith(b"the end"):
            secure.sendall(OK)
            data = b""


def _post(wire: Wire, port: int, deadline: Deadline | None = None, size: int = 0) -> Answer:
    return wire.request(
        "POST",
        f"https://localhost:{port}/",
        headers={},
        body=b"x" * size + b"the end",
        deadline=deadline or Deadline(60),
    )


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(wires, "tls_context", lambda: context)


def test_a_host_whose_certificate_nobody_signed_gets_nothing(certificate: Path) -> None:
    with (
        _serving(certificate, _whole) as port,
        pytest.raises(NotConnected, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        _post(Wire(None), port)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_gets_nothing(certificate: Path) -> None:
    with _serving(certificate, _whole) as port, pytest.raises(NotConnected, match="mismatch"):
        Wire(f"https://127.0.0.1:{port}").request(
            "POST", "https://localhost/", headers={}, body=b"the end", deadline=Deadline(60)
        )


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("size", [0, 3_000_000])
def test_requests_over_tls_are_answered_on_one_connection(certificate: Path, size: int) -> None:
    connections = 0

    def counted(secure: ssl.SSLSocket) -> None:
        nonlocal connections
        connections += 1
        _whole(secure)

    with _serving(certificate, counted) as port:
        wire = Wire(None)
        answers = [_post(wire, port, size=size) for _ in range(4)]
        wire.close()
    assert [(a.status, a.body) for a in answers] == [(201, b"{}")] * 4
    # TLS 1.3 tickets that come after the first answer may look like a goodbye, once.
    assert connections <= 2


@pytest.mark.usefixtures("trusted")
def test_a_drip_over_tls_does_not_outlive_the_deadline(certificate: Path) -> None:
    def drip(secure: ssl.SSLSocket) -> None:
        secure.recv(65536)
        while True:
            secure.sendall(b"x")
            time.sleep(0.001)

    looks = itertools.count()  # one for each wait, however quick this machine is
    with _serving(certificate, drip) as port, pytest.raises(Interrupted, match="in time"):
        _post(Wire(None), port, Deadline(30, lambda: float(next(looks))))


def test_mail_is_encrypted_before_the_password_is_said(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(sessions, "tls_context", lambda: trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    heard: list[str] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.sendall(b"220 here\r\n")
        connection.recv(1000)
        connection.sendall(b"250-here\r\n250 STARTTLS\r\n")
        connection.recv(1000)
        # What a stranger slips in before the encryption must not be read after it.
        connection.sendall(b"220 go\r\n250 evil\r\n")
        with context.wrap_socket(connection, server_side=True) as secure:
            for said in (b"250 AUTH PLAIN\r\n", b"235 in\r\n"):
                heard.append(secure.recv(1000).decode().split()[0])
                secure.sendall(said)

    with socket.create_server(("localhost", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        own = Session(Server("localhost", server.getsockname()[1], False, "me", "secret"))
        own.open(Deadline(60))
        thread.join(timeout=120)
        own.close()
    assert heard == ["EHLO", "AUTH"]
    assert "EVIL" not in own.offers
