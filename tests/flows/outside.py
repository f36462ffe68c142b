"""The world outside, on this machine: whatever Prefect's server says to Slack or SendGrid by TLS
arrives here, and what it mails as well. The server is pointed here by the usual variables of a
proxy, so that the blocks are Prefect's own, with the addresses that they have in real life.

A process of its own: who tells gives up after four seconds, and the process of thousands of tests
may stand still for as long while its memory is looked through.
"""

from __future__ import annotations

import email
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from flows.server import free_port
from tests.certificates import signed_by_itself

ROOT = Path(__file__).parents[2]
SLACK, SENDGRID = "hooks.slack.com", "api.sendgrid.com"


class Outside:
    """What was said to it, as its process writes it down."""

    def __init__(self, folder: Path, port: int, smtp_port: int) -> None:
        self.smtp_port = smtp_port
        self._folder = folder
        self._port = port
        self._old = 0

    @property
    def environment(self) -> dict[str, str]:
        """For whoever shall talk to it."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self._port}",
            "NO_PROXY": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": str(_certificate(self._folder)),
        }

    @property
    def told(self) -> list[tuple[str, str, Any]]:
        """Host, path and document of each post."""
        return [
            (host, path, document) for kind, host, path, document in self._new() if kind == "post"
        ]

    @property
    def mails(self) -> list[tuple[str, str, str]]:
        """To whom, subject and text of each mail."""
        return [(to, subject, text) for kind, to, subject, text in self._new() if kind == "mail"]

    def to(self, host: str) -> list[Any]:
        """What was said to a host."""
        return [document for where, _, document in self.told if where == host]

    def forget(self) -> None:
        """What was said so far is another test's."""
        self._old = len(self._lines())

    def _new(self) -> list[list[Any]]:
        return [json.loads(line) for line in self._lines()[self._old :]]

    def _lines(self) -> list[str]:
        """Those that are written to their end."""
        written = _record(self._folder)
        lines = written.read_text().splitlines(keepends=True) if written.exists() else []
        return [line for line in lines if line.endswith("\n")]


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """It answers while this lasts."""
    command = [sys.executable, "-m", "tests.flows.outside", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ports = process.stdout.readline().split()
        yield Outside(folder, *map(int, ports))
        process.communicate()  # closes its input, which ends it


def _certificate(folder: Path) -> Path:
    return folder / "outside.pem"


def _record(folder: Path) -> Path:
    return folder / "outside.jsonl"


class _Server(ThreadingHTTPServer):
    """A proxy that answers in place of whom it is asked to connect to, and a mail server."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        signed_by_itself(_certificate(folder), SLACK, SENDGRID)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(_certificate(folder))
        self._record = _record(folder)
        self._one_at_a_time = threading.Lock()

    def note(self, *said: Any) -> None:
        """A line of the record."""
        with self._one_at_a_time, self._record.open("a") as file:
            file.write(json.dumps(said) + "\n")

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _smtp: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """A mail (aiosmtpd calls this)."""
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self.note("mail", ",".join(envelope.rcpt_tos), str(mail["Subject"]), text)
        return "250 OK"


class _Answer(BaseHTTPRequestHandler):
    server: _Server
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
        self.server.note("post", self.host, self.path, json.loads(body))
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


def main() -> None:
    """Tells its two ports, and serves until its input ends: until who started it is gone."""
    with _Server(Path(sys.argv[1])) as server:
        smtp = Controller(server, hostname="127.0.0.1", port=free_port())
        smtp.start()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port, smtp.port, flush=True)
        sys.stdin.read()
        server.shutdown()
        smtp.stop()


if __name__ == "__main__":
    main()
