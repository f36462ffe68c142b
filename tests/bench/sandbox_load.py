"""What the sandbox alone sustains: `python -m tests.bench.sandbox_load`.

A raw keep-alive client. Prints Twilio creates a second at several numbers of connections and
SendGrid recipients a second in batches of 1000, with the sandbox's CPU time for each.
"""

from __future__ import annotations

import argparse
import http.client
import selectors
import socket
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import requests

from campaigns.sandbox.config import SENDGRID_KEY, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN
from campaigns.sandbox.process import SandboxProcess


def _stats(sandbox: SandboxProcess) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{sandbox.url}/sandbox/stats", timeout=10).json()
    return found


def _text(number: int) -> bytes:
    credentials = b64encode(f"{TWILIO_ACCOUNT_SID}:{TWILIO_AUTH_TOKEN}".encode()).decode()
    body = urlencode(
        {
            "To": f"+34600{number % 1_000_000:06}",
            "From": "+447700900123",
            "Body": "Hi Ana, 20% off everything until 31 March with the code PRIMAVERA20: "
            "https://shop.example.com/spring Reply STOP to opt out.",
            "StatusCallback": f"https://news.example.com/webhooks/twilio?delivery={number}",
        }
    )
    return (
        f"POST /2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Messages.json HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: application/json\r\n"
        f"Authorization: Basic {credentials}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def texts(sandbox: SandboxProcess, connections: int, seconds: float) -> None:
    """Each connection sends its next text when the last was answered."""
    port = int(sandbox.url.rpartition(":")[2])
    before, number, answered = _stats(sandbox), 0, 0
    with selectors.DefaultSelector() as selector:
        started = time.monotonic()
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, connection)
            connection.sendall(_text(number := number + 1))
        while time.monotonic() - started < seconds:
            for key, _ in selector.select(1):
                assert key.data.recv(65536).startswith(b"HTTP/1.1 201")
                answered += 1
                key.data.sendall(_text(number := number + 1))
        took = time.monotonic() - started
        for key in list(selector.get_map().values()):
            key.data.close()
    after = _stats(sandbox)
    cpu = (after["cpu_seconds"] - before["cpu_seconds"]) / answered * 1e6
    group = answered / (after["commits"] - before["commits"])
    print(
        f"Twilio, {connections:>2} connections: {answered / took:>6,.0f} creates/s, "
        f"{cpu:.0f} µs CPU each, {group:.1f} per commit"
    )


def _batch(number: int) -> bytes:
    people = [
        {
            "to": [{"email": f"customer{number * 1000 + i}@example.com"}],
            "substitutions": {"^0;": f"Ana {i}", "^1;": f"https://news.example.com/u/{'x' * 40}"},
            "headers": {"List-Unsubscribe": f"<https://news.example.com/u/{'x' * 40}>"},
            "custom_args": {"delivery_id": str(number * 1000 + i)},
        }
        for i in range(1000)
    ]
    return orjson.dumps(
        {
            "from": {"email": "hello@news.example.com"},
            "subject": "^0;, 20% off",
            "content": [
                {"type": "text/plain", "value": "Hi ^0; " * 100},
                {"type": "text/html", "value": "<p>Hi ^0;</p>" * 600},
            ],
            "personalizations": people,
        }
    )


def mails(sandbox: SandboxProcess, batches: int) -> None:
    """One connection, batches of 1000 built beforehand."""
    port = int(sandbox.url.rpartition(":")[2])
    headers = {"Authorization": f"Bearer {SENDGRID_KEY}", "Content-Type": "application/json"}
    bodies = [_batch(n) for n in range(batches)]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    before, started = _stats(sandbox), time.monotonic()
    for body in bodies:
        connection.request("POST", "/v3/mail/send", body, headers)
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        answer.read()
    took = time.monotonic() - started
    connection.close()
    cpu = (_stats(sandbox)["cpu_seconds"] - before["cpu_seconds"]) / batches * 1e3
    print(
        f"SendGrid, batches of 1000: {batches * 1000 / took:,.0f} recipients/s, "
        f"{cpu:.1f} µs CPU each"
    )


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--batches", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, SandboxProcess(Path(home)) as sandbox:
        for connections in (1, 4, 16, 32, 64):
            texts(sandbox, connections, options.seconds)
        mails(sandbox, options.batches)


if __name__ == "__main__":
    main()
