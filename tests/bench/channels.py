"""`python -m tests.bench.channels sms`: what a channel alone costs, without a database.

Batches as dispatch makes them, one after another, in one process on one connection, to a sandbox
whose log is in memory where there is /dev/shm (`sink`: e-mail over SMTP to a server that keeps
nothing): CPU of this process and of the sandbox for each message, told apart. `--profile` shows
where the CPU of this process goes.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from campaigns.channels.base import Sender
from campaigns.channels.registry import open_senders
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Envelope
from campaigns.domain.message import Skeleton
from campaigns.sandbox.process import SandboxProcess
from tests.bench.measuring import cpu_of
from tests.bench.smtp_sink import Sink
from tests.contract.channels import SMTP, Row, configuration, mail_url
from tests.unit.channels import make

ROWS = {
    "sms": Row(Channel.SMS),
    "whatsapp": Row(Channel.WHATSAPP),
    "smtp": SMTP,
    "sink": SMTP,
    "sendgrid": Row(Channel.EMAIL),
}


@dataclass(frozen=True)
class Cost:
    """Of `messages`: seconds by the clock, of this process's CPU, and of the sandbox's."""

    messages: int
    wall: float
    cpu: float
    sandbox_cpu: float

    def line(self, name: str) -> str:
        """A row of a table."""
        each = (f"{s / self.messages * 1e6:,.0f}" for s in (self.cpu, self.sandbox_cpu))
        return f"| {name} | {self.messages / self.wall:,.0f} | {' | '.join(each)} |"


HEAD = "| channel | per second | product CPU µs each | sandbox CPU µs each |\n|---|---:|---:|---:|"


def opened(row: Row, sandbox: SandboxProcess, mail: str = "") -> Sender:
    """The channel's sender, pointed at the sandbox, or at the mail server `mail`."""
    given = configuration(sandbox.url, smtp_url=mail or mail_url(sandbox))
    given = replace(given, email_provider=row.email_provider)
    return open_senders(given, [row.channel])[row.channel]


def batches(row: Row, count: int, size: int) -> Iterator[list[Envelope]]:
    """Envelopes in batches; phones of a range that holds a million."""
    for first in range(1, count + 1, size):
        made = make.envelopes(row.channel, min(size, count + 1 - first), first)
        if row.channel is not Channel.EMAIL:
            made = [replace(e, address=f"+34600{e.delivery_id % 1_000_000:06}") for e in made]
        yield made


def send_all(sender: Sender, skeleton: Skeleton, given: list[list[Envelope]]) -> int:
    """Send; how many were accepted."""
    outcomes = [outcome for batch in given for outcome in sender.send(skeleton, batch)]
    return sum(isinstance(outcome, Accepted) for outcome in outcomes)


def measure(
    row: Row,
    sandbox: SandboxProcess,
    count: int,
    profile: Path | None = None,
    sink: Sink | None = None,
) -> Cost:
    """What sending so many costs; to a sink in place of the sandbox's mail server."""
    vendor = sink.pid if sink else sandbox.pid
    sender, skeleton = (
        opened(row, sandbox, sink.url if sink else ""),
        make.skeleton_for(row.channel),
    )
    sender.prepare([skeleton])
    size = sender.limits.batch
    assert send_all(sender, skeleton, list(batches(row, size, size))) == size
    given = list(batches(row, count, size))
    gc.collect()
    gc.freeze()
    profiler = cProfile.Profile() if profile else None
    before, wall, cpu = cpu_of(vendor), time.perf_counter(), time.process_time()
    if profiler:
        profiler.enable()
    sent = send_all(sender, skeleton, given)
    if profiler:
        profiler.disable()
        profiler.dump_stats(str(profile))
    cost = Cost(
        count,
        time.perf_counter() - wall,
        time.process_time() - cpu,
        cpu_of(vendor) - before,
    )
    sender.close()
    assert sent == count, f"{sent} of {count} were accepted"
    return cost


def memory() -> str | None:
    """A folder that is no disk, if there is one: so that nobody waits for the sandbox's."""
    place = Path("/dev/shm")
    return str(place) if place.is_dir() else None


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("channels", nargs="+", choices=ROWS)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--profile", type=Path, help="write cProfile's statistics there")
    asked = parser.parse_args()
    print(HEAD)
    with tempfile.TemporaryDirectory(dir=memory()) as home, SandboxProcess(Path(home)) as sandbox:
        for name in asked.channels:
            with Sink() as sink:
                to = sink if name == "sink" else None
                cost = measure(ROWS[name], sandbox, asked.messages, asked.profile, to)
            print(cost.line(name), flush=True)
    if asked.profile:
        pstats.Stats(str(asked.profile)).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
