"""`python -m tests.bench.peers`: the same message to the same customers, by us and by others.

The shipped spring sale's e-mail, to members. Ours is the whole delivery: claimed, written, the
intent on disk, sent, settled with its interaction, in one process on one lane. The others write and
send, and keep what they keep by themselves. All send to the same places on this machine, one after
another in turns: over SMTP to a sink that keeps nothing, or to the sandbox's SendGrid (its log in
memory where the machine has /dev/shm, so that nobody waits for its disk). How many arrived is
counted there.

The others live in an environment of their own, made on first use from the `bench` extra (--venv).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from campaigns.bootstrap.app import App
from campaigns.channels.smtp.channel import EmailSender as SmtpSender
from campaigns.domain.message import Part, Skeleton
from campaigns.sandbox.config import SENDGRID_KEY
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from campaigns.store.outbox import SqlOutbox
from tests.bench.channels import memory
from tests.bench.protocol import TEMPLATES, Bench, Careless, Cost, prepared
from tests.bench.smtp_sink import Sink
from tests.faults.clock import SharedClock

ROOT = Path(__file__).parents[2]
SENDER = "hello@news.example.com"
#: What each peer is called, and how many messages it gets: the slow ones need fewer to be told.
OVER_SMTP = {
    "jinja2_smtplib": ("Jinja2, `EmailMessage`, smtplib on one connection", 1_000),
    "django_post_office": ("django-post-office", 500),
    "mailmerge": ("mailmerge", 300),
    "apprise": ("Jinja2, Apprise", 200),
}
BY_SENDGRID = {"jinja2_sendgrid": ("Jinja2, SendGrid SDK one by one", 500)}
#: No peer's turn takes so many seconds.
_LONGEST = 120
HEAD = """\
| who | messages | per second | µs of CPU each | ours is faster by | ours takes of the CPU |
|---|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True)
class Side:
    """What some messages cost."""

    count: int
    cost: Cost

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.count / self.cost.wall

    @property
    def each(self) -> float:
        """µs of CPU for one."""
        return self.cost.cpu / self.count * 1e6


def environment(folder: Path) -> Path:
    """The Python that has the peers, made when it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        same = [f"{name}=={version(name)}" for name in ("jinja2", "sendgrid")]
        wanted = [*extra["optional-dependencies"]["bench"], *same]
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def job_of(bench: Bench, count: int) -> dict[str, Any]:
    """The message as templates, and the customers with their values as we would write them."""
    bench.forget(count)
    composer = bench.app._dispatcher(bench.run.release_hash).composer
    limits = dict.fromkeys(bench.app.releases.load(bench.run.release_hash).policy.channels, count)
    batch = Careless(bench.app.database, 0, 1).claim(bench.run.id, 0, limits=limits)
    assert batch is not None
    text = composer.text(batch.skeleton_id)
    written, _ = composer.write(batch, text, now=bench.app.clock.now(), lasting=timedelta(0))
    customers = [{"address": w.address, "values": dict(w.values)} for w in written]
    return {"sender": SENDER, "customers": customers, **templates_of(text.skeleton)}


def templates_of(skeleton: Skeleton) -> dict[str, str]:
    """The skeleton's parts as others write them: `{{ slot }}`, which Jinja2 and Django share."""
    return {name: _template(skeleton.parts[name]) for name in ("subject", "text", "html")}


def _template(part: Part) -> str:
    assert not any(mark in literal for literal in part.literals for mark in ("{{", "{%", "{#"))
    holes = [f"{{{{ {hole.slot} }}}}" for hole in part.holes]
    return "".join(
        literal + hole for literal, hole in zip(part.literals, [*holes, ""], strict=True)
    )


def peer(python: Path, name: str, job: dict[str, Any], folder: Path) -> Cost:
    """One peer's turn, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        file = Path(own) / "job.json"
        file.write_text(json.dumps({**job, "folder": own}))
        worker = ROOT / "tests" / "bench" / "peer_worker.py"
        ran = subprocess.run(
            [str(python), str(worker), name, str(file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
    if ran.returncode:
        raise SystemExit(f"{name} failed:\n{ran.stderr[-2000:]}")
    return Cost(**json.loads(ran.stdout.splitlines()[-1]))


def rows(
    ours: list[Side], theirs: dict[str, list[Side]], names: dict[str, tuple[str, int]], who: str
) -> list[str]:
    """Rows of the table: medians of each, and of the ratios of each turn."""
    lines = [_row(who, ours, "", "")]
    for name, sides in theirs.items():
        faster = median(a.rate / b.rate for a, b in zip(ours, sides, strict=True))
        cpu = median(a.each / b.each for a, b in zip(ours, sides, strict=True))
        lines.append(_row(names[name][0], sides, f"{faster:.1f} ×", f"{cpu:.1%}"))
    return lines


def _row(name: str, sides: list[Side], faster: str, cpu: str) -> str:
    rate, each = (median(getattr(s, what) for s in sides) for what in ("rate", "each"))
    return f"| {name} | {sides[0].count:,} | {rate:,.0f} | {each:,.0f} | {faster} | {cpu} |"


def over_smtp(python: Path, home: Path, sandbox: SandboxProcess, rounds: int, ours: int) -> None:
    """Everybody who sends over SMTP."""
    mine: list[Side] = []
    theirs: dict[str, list[Side]] = {name: [] for name in OVER_SMTP}
    with Sink() as sink, App(_settings(home, sandbox, sink.url), _clock(home)) as app:
        bench = prepared(app)
        bench.cost([SqlOutbox(app.database)], SmtpSender.limits.batch)
        sent = SmtpSender.limits.batch
        for _ in range(rounds):
            mine.append(Side(ours, bench.cost([SqlOutbox(app.database)], ours)))
            sent += ours
            for name, (_, count) in OVER_SMTP.items():
                job = {**job_of(bench, count), "smtp_port": sink.port}
                theirs[name].append(Side(count, peer(python, name, job, home)))
                sent += count
        arrived = sink.stop()["mails"]
    assert arrived == sent, f"{arrived} of {sent} arrived"
    who = "**ours, over SMTP, delivery protocol on**"
    print("\n".join(rows(mine, theirs, OVER_SMTP, who)), flush=True)


def by_sendgrid(python: Path, home: Path, sandbox: SandboxProcess, rounds: int, ours: int) -> None:
    """Ours in batches of a thousand, theirs one by one."""
    mine: list[Side] = []
    theirs: dict[str, list[Side]] = {name: [] for name in BY_SENDGRID}
    with App(_settings(home, sandbox, ""), _clock(home)) as app:
        bench = prepared(app)
        bench.cost([SqlOutbox(app.database)], 1_000)
        sent = 1_000
        for _ in range(rounds):
            mine.append(Side(ours, bench.cost([SqlOutbox(app.database)], ours)))
            sent += ours
            for name, (_, count) in BY_SENDGRID.items():
                job = {**job_of(bench, count), "sendgrid_url": sandbox.url}
                job["sendgrid_key"] = SENDGRID_KEY
                theirs[name].append(Side(count, peer(python, name, job, home)))
                sent += count
    arrived = sandbox.log.counts()["email"]
    assert arrived == sent, f"{arrived} of {sent} arrived"
    who = "**ours, through the SendGrid SDK, delivery protocol on**"
    print("\n".join(rows(mine, theirs, BY_SENDGRID, who)), flush=True)


def _settings(home: Path, sandbox: SandboxProcess, smtp_url: str) -> Settings:
    return Settings(
        home=home,
        templates=TEMPLATES,
        sandbox_url=sandbox.url,
        email_provider="smtp" if smtp_url else "sendgrid",
        smtp_url=smtp_url,  # type: ignore[arg-type]
        link_secret="of this benchmark",
    )


def _clock(home: Path) -> Any:
    return SharedClock(home / "clock").clock()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=5_000, help="of ours, each round")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv-peers")
    asked = parser.parse_args()
    python = environment(asked.venv)
    print(HEAD)
    for compared in (over_smtp, by_sendgrid):
        with (
            tempfile.TemporaryDirectory() as home,
            tempfile.TemporaryDirectory(dir=memory()) as log,
            SandboxProcess(Path(log)) as sandbox,
        ):
            compared(python, Path(home), sandbox, asked.rounds, asked.messages)


if __name__ == "__main__":
    main()
