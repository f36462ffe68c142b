"""The world outside, on this machine: whatever Prefect's server says to Slack or SendGrid by TLS
arrives here, and what it mails as well. The server is pointed here by the usual variables of a
proxy, so that the blocks are Prefect's own, with the addresses that they have in real life."""

from __future__ import annotations

import email
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.certificates import signed_by_itself

SLACK, SENDGRID = "hooks.slack.com", "api.sendgrid.com"


class Outside(ThreadingHTTPServer):
    """A proxy that answers in place of whom it is asked to connect to."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.certificate = signed_by_itself(folder / "outside.pem", SLACK, SENDGRID)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate)
        self.told: list[tuple[str, str, Any]] = []  # host, path, document
        self.mails: list[tuple[str, str, str]] = []  # to, subject, text
        self.smtp_port = _free_port()

    @property
    def environment(self) -> dict[str, str]:
        """For whoever shall talk to it."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.server_port}",
            "NO_PROXY": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": str(self.certificate),
        }

    def to(self, host: str) -> list[Any]:
        """What was said to a host."""
        return [document for where, _, document in self.told if where == host]

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _smtp: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """A mail (aiosmtpd calls this)."""
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self.mails.append((",".join(envelope.rcpt_tos), str(mail["Subject"]), text))
        return "250 OK"


class _Answer(BaseHTTPRequestHandler):
    server: Outside
    protocol_version = "HTTP/1.1"
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.host, self.path, json.loads(body)))
        answer = b"ok"
        self.send_response(202 if self.host == SENDGRID else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """It answers while this lasts."""
    with Outside(folder) as server:
        smtp = Controller(server, hostname="127.0.0.1", port=server.smtp_port)
        smtp.start()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
        smtp.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
