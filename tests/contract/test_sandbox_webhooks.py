"""What the sandbox tells afterwards: to this machine only, again when refused, as its mailboxes
behave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import orjson
import pytest

from campaigns.sandbox.process import SandboxProcess
from tests.waiting import until


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@contextmanager
def listener(*answers: int) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers with these statuses and then 204, and what it was told."""
    told: list[Any] = []
    waiting = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = waiting.pop(0) if waiting else 204
            if status == 204:
                told.append((self.path, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def control(sandbox: SandboxProcess, method: str, path: str, document: Any = None) -> Any:
    return httpx.request(method, f"{sandbox.url}/sandbox/{path}", json=document, timeout=60)


def send(sandbox: SandboxProcess, *recipients: str) -> None:
    people = [
        {"to": [{"email": who}], "custom_args": {"delivery_id": str(n)}}
        for n, who in enumerate(recipients, start=1)
    ]
    mail = {
        "personalizations": people,
        "from": {"email": "hello@news.example.com"},
        "subject": "Spring",
        "content": [{"type": "text/plain", "value": "Hello"}],
    }
    headers = {"Authorization": "Bearer SG.sandbox.key"}
    assert (
        httpx.post(
            f"{sandbox.url}/v3/mail/send", json=mail, headers=headers, timeout=60
        ).status_code
        == 202
    )


def test_nobody_but_this_machine_is_told(sandbox: SandboxProcess) -> None:
    for url in ("https://news.example.com", "http://192.0.2.1:80"):
        answer = control(sandbox, "POST", "webhooks", {"url": url})
        assert answer.status_code == 400
        assert "this machine only" in answer.text


def test_each_mailbox_behaves_as_its_name_says(sandbox: SandboxProcess) -> None:
    with listener() as (url, told):
        control(sandbox, "POST", "webhooks", {"url": url})
        names = ("ana", "bounced", "blocked", "complains")
        send(sandbox, *(f"{name}.x@example.com" for name in names))
        until(lambda: bool(told))
    ((path, body),) = told
    assert path == "/webhooks/sendgrid"
    assert body.endswith(b"]\r\n")
    found: dict[str, list[str]] = {}
    for event in orjson.loads(body):
        found.setdefault(event["delivery_id"], []).append(event.get("type", event["event"]))
    assert found == {
        "1": ["processed", "delivered"],
        "2": ["processed", "bounce"],
        "3": ["processed", "blocked"],
        "4": ["processed", "delivered", "spamreport"],
    }


def test_what_is_not_taken_is_told_again_and_what_is_forbidden_is_not(
    sandbox: SandboxProcess,
) -> None:
    with listener(503, 500) as (url, told):
        control(sandbox, "POST", "webhooks", {"url": url})
        send(sandbox, "ana@example.com")
        until(lambda: len(told) == 1)
    with listener(403) as (url, told):
        control(sandbox, "POST", "webhooks", {"url": url})
        send(sandbox, "ana@example.com")
        until(lambda: control(sandbox, "GET", "webhooks").json()["waiting"] == 0)
        assert told == []
    control(sandbox, "POST", "webhooks", {"url": ""})
