"""What the benchmarks measure holds: the same bytes, quickly."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

import pytest

from campaigns.domain.channel import Channel
from campaigns.sandbox.process import SandboxProcess
from tests.bench import channels, check, fill, peers, webhooks
from tests.bench.smtp_sink import Sink
from tests.unit.channels import make


def test_filling_gives_every_customer_the_bytes_that_jinja2_gives() -> None:
    assert fill.different() == 0


def test_the_customers_of_the_benchmark_are_many_and_some_hostile() -> None:
    customers = [raw for _, raw in fill.profiles()]
    names = {str(raw["first_name"]) for raw in customers}
    assert len(customers) == fill.CUSTOMERS == 2000
    assert any("<script>" in name for name in names)
    assert any("👩" in name for name in names)
    assert "None" in names


def test_filling_is_many_times_as_fast_as_jinja2() -> None:
    """The benchmark asks for twenty; here other tests may have the memory busy."""
    filling, jinja = fill.measure()
    assert jinja > 10 * filling


def test_a_check_of_four_channels_three_locales_and_two_variants_takes_under_a_second(
    tmp_path: Path,
) -> None:
    """Of processor time: the clock depends on what else the machine does."""
    taken = check.measure(check.make(tmp_path), times=5)
    assert median(taken.processor) < check.MOST


def test_events_are_verified_and_on_disk_at_eight_thousand_a_second_of_one_core(
    tmp_path: Path,
) -> None:
    """Of processor time, over HTTP into SQLite; `python -m tests.bench.webhooks` tells the clock's
    too."""
    measured = webhooks.measure(tmp_path, deliveries=5_000, batch=500)
    assert measured.recorded == 5_000
    assert measured.per_cpu_second > 8_000


def test_others_send_the_words_that_we_send(tmp_path: Path) -> None:
    """The peer that needs nothing we do not have, to the sink, which counts."""
    job = {
        "sender": peers.SENDER,
        "customers": [{"address": f"p{n}@example.com", "values": VALUES} for n in range(20)],
        **peers.templates_of(make.mail()),
    }
    assert job["subject"] == "A sale, {{ first_name }}"
    assert job["html"].startswith('<p>Hello {{ first_name }}</p><a href="{{ page }}">')
    with Sink() as sink:
        job["smtp_port"] = sink.port
        cost = peers.peer(Path(sys.executable), "jinja2_smtplib", job, tmp_path)
        told = sink.stop()
    assert (told["mails"], told["recipients"]) == (20, 20)
    assert cost.cpu > 0


VALUES = {"first_name": "Ana", "page": "https://news.example.com/p/1"}


@pytest.mark.parametrize(("name", "most"), [("sms", 600), ("sink", 200)])
def test_a_channel_alone_takes_little_of_the_processor(
    name: str, most: int, tmp_path: Path
) -> None:
    """Microseconds of this process for one message: four times what was measured, at least."""
    with SandboxProcess(tmp_path) as sandbox, Sink() as sink:
        to = sink if name == "sink" else None
        cost = channels.measure(channels.ROWS[name], sandbox, 200, sink=to)
    assert cost.cpu / cost.messages * 1e6 < most


def test_a_sinks_count_is_of_mails_and_of_recipients(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox, Sink() as sink:
        sender = channels.opened(channels.SMTP, sandbox, sink.url)
        for _ in range(2):
            sender.send(make.mail(), make.envelopes(Channel.EMAIL, 3))
        sender.close()
        assert {**sink.stop(), "octets": 0} == {"mails": 6, "recipients": 3, "octets": 0}
