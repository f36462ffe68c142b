"""What the sandbox said it accepted is in its log, whatever happens next."""

from __future__ import annotations

import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from campaigns.errors import CampaignsError, DatabaseError
from campaigns.sandbox.log import SandboxLog
from campaigns.sandbox.process import SandboxProcess
from tests.sandbox_clients import CALLBACK, FROM, control, mail, sendgrid_client, twilio_client


def test_a_message_is_in_the_log_when_the_sandbox_dies_right_after_its_answer(
    tmp_path: Path,
) -> None:
    for round_ in range(3):
        sandbox = SandboxProcess(tmp_path)
        sandbox.start()
        client = twilio_client(sandbox.url)
        message = client.messages.create(to="+34600000001", from_=FROM, body=f"{round_}")
        sandbox.kill()
        with SandboxLog(tmp_path) as log:
            entries = list(log.entries())
            assert len(entries) == round_ + 1
            assert entries[-1].provider_id == message.sid


def test_a_batch_is_in_the_log_whole_when_the_sandbox_dies_right_after_its_answer(
    tmp_path: Path,
) -> None:
    sandbox = SandboxProcess(tmp_path)
    sandbox.start()
    people = [f"p{n}@example.com" for n in range(1000)]
    sendgrid_client(sandbox.url).send(mail(*people))
    sandbox.kill()
    with SandboxLog(tmp_path) as log:
        assert [e.recipient for e in log.entries()] == people


def test_messages_that_arrive_together_are_each_logged_once(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        client = twilio_client(sandbox.url)

        def send(number: int) -> str:
            made = client.messages.create(
                to=f"+346000{number:05}",
                from_=FROM,
                body="Hola",
                status_callback=f"{CALLBACK}{number}",
            )
            return str(made.sid)

        with ThreadPoolExecutor(16) as pool:
            sids = list(pool.map(send, range(200)))
        found = sandbox.log.by_delivery()
        assert {d: [e.provider_id for e in es] for d, es in found.items()} == {
            str(n): [sid] for n, sid in enumerate(sids)
        }
        assert sandbox.log.duplicates() == {}
        stats = control(sandbox.url, "GET", "stats")
        assert stats["accepted"] == {"sms": 200}
        assert stats["commits"] < 200


def test_a_delivery_accepted_twice_is_told_as_a_duplicate(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        for _ in range(2):
            sendgrid_client(sandbox.url).send(mail("twice@example.com"))
        sendgrid_client(sandbox.url).send(mail("once@example.com"))
        assert sandbox.log.duplicates() == {"to twice@example.com": 2}
        assert [s.delivery for s in sandbox.log.entries(delivery="to once@example.com")] == [
            "to once@example.com"
        ]


def test_a_full_disk_answers_500_and_logs_nothing(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        client = twilio_client(sandbox.url)
        client.messages.create(to="+34600000001", from_=FROM, body="before")
        # No file of the process may grow beyond this: as if the disk were full.
        resource.prlimit(sandbox.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        with pytest.raises(TwilioRestException) as raised:
            client.messages.create(to="+34600000001", from_=FROM, body="x" * 1500)
        assert (raised.value.code, raised.value.status) == (20500, 500)
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(sandbox.pid, resource.RLIMIT_FSIZE, unlimited)
        client.messages.create(to="+34600000001", from_=FROM, body="after")
        bodies = [seen.text for _, seen in sandbox.log.messages()]
        assert bodies == ["before", "after"]


def test_it_ends_cleanly_when_asked_and_keeps_what_it_has(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        sendgrid_client(sandbox.url).send(mail("kept@example.com"))
        url = sandbox.url
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/sandbox/health", timeout=5)
    with SandboxLog(tmp_path) as log:
        assert [e.recipient for e in log.entries()] == ["kept@example.com"]
    assert not (tmp_path / "sandbox.stderr").read_text()


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        listening = {
            line.split()[1].partition(":")[0]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        }
    assert listening == {"0100007F"}


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "one") as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with pytest.raises(CampaignsError, match=f"port {port} on 127.0.0.1 is taken"):
            SandboxProcess(tmp_path / "two", port=port).start()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    command = [sys.executable, "-m", "campaigns.sandbox", "--port", "0"]
    ended = subprocess.run(
        [*command, "--home", str(tmp_path / "file" / "home")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "the sandbox's log cannot be opened" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_reading_where_no_sandbox_ran_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no sandbox has run here"):
        SandboxLog(tmp_path)
