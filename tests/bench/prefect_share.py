"""`python -m tests.bench.prefect_share`: how much of a run's CPU is Prefect's, start-up told apart.

A real server and a real worker; the deployment `spring-sale` runs once over a hundred customers
and once over many, each in a home of its own. What a hundred cost is start-up: the server's work
for one run, the worker, the flow's process with its imports, the compile. What more it is with many
is Prefect's share, and an upper bound of it: the flow's process also counts for the product
(progress, report). Planning and sending are in processes below it, and are the product's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaigns.bootstrap import connect
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from flows import environment
from flows.server import PrefectServer, stop
from tests.bench.customers import write_customers
from tests.bench.end_to_end import CAMPAIGN, TEMPLATES
from tests.bench.measuring import cpu_of, family
from tests.bench.tables import write_between

CHECKOUT = Path(__file__).resolve().parents[2]
POOL = "campaigns"
FEW = 100
_ENDS = 1_800.0
_IDLE = 20.0


@dataclass(frozen=True)
class Spent:
    """CPU seconds of one run, and its wall seconds."""

    server: float
    worker: float
    flow: float
    product: float
    wall: float
    accepted: int

    @property
    def prefect(self) -> float:
        """All that is there for Prefect."""
        return self.server + self.worker + self.flow


class Watcher:
    """Adds up the CPU of the server and of the worker's processes, by how far below it they are."""

    def __init__(self, server: int, worker: int) -> None:
        self._server, self._worker = server, worker
        self._last: dict[tuple[str, int], float] = {}
        self._first = {pid: cpu_of(pid) for pid in family(server)}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self._look()

    def _look(self) -> None:
        for pid in family(self._server):
            self._note("server", pid, cpu_of(pid) - self._first.get(pid, 0.0))
        self._note("worker", self._worker, cpu_of(self._worker))
        below = list(family(self._worker))[1:]
        flows = _children(self._worker)
        for pid in below:
            self._note("flow" if pid in flows else "product", pid, cpu_of(pid))

    def _note(self, what: str, pid: int, seconds: float) -> None:
        key = (what, pid)
        self._last[key] = max(seconds, self._last.get(key, 0.0))

    def spent(self, wall: float, accepted: int) -> Spent:
        """What came together."""
        sums: defaultdict[str, float] = defaultdict(float)
        for (what, _), seconds in self._last.items():
            sums[what] += seconds
        return Spent(sums["server"], sums["worker"], sums["flow"], sums["product"], wall, accepted)


def _children(pid: int) -> set[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for file in files for child in file.read_text().split()}


def _prefect(*words: str) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", *words]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"prefect {' '.join(words)}:\n{done.stdout}\n{done.stderr}")


@contextmanager
def _worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
    with log.open("wb") as words:
        process = subprocess.Popen(
            [*command, "--type", "process"], cwd=CHECKOUT, stdout=words, stderr=words
        )
    try:
        yield process
    finally:
        stop(process)


def measure(folder: Path, customers: int, server: int, *, mix: str) -> Spent:
    """Import so many customers, and send to them by the deployment."""
    folder.mkdir()
    with SandboxProcess(folder / "sandbox") as sandbox:
        given = {
            "CAMPAIGNS_HOME": str(folder),
            "CAMPAIGNS_TEMPLATES": str(TEMPLATES),
            "CAMPAIGNS_SANDBOX_URL": sandbox.url,
            "CAMPAIGNS_SANDBOX_QUIET_HOURS": "false",
            "CAMPAIGNS_WORKERS": "2",
            # Ten shards at least, so that they are planned in processes below the flow's.
            "CAMPAIGNS_SHARD_SIZE": str(min(20_000, max(100, customers // 20))),
        }
        os.environ.update(given)
        with connect(Settings()) as app:
            app.import_customers(*write_customers(folder, str(customers), mix=mix))
            with _worker(folder / "worker.log") as worker, Watcher(server, worker.pid) as watcher:
                began = time.monotonic()
                _prefect("deployment", "run", "send-campaign/spring-sale")
                while not _over(app.runs.latest()):
                    if time.monotonic() - began > _ENDS:
                        raise SystemExit(f"no end of it; see {folder / 'worker.log'}")
                    time.sleep(0.5)
                while _children(worker.pid):
                    time.sleep(0.2)
                wall = time.monotonic() - began
            accepted = app.report(app.latest_run().id).accepted
        if not accepted == sum(sandbox.log.counts().values()) - 1:
            raise SystemExit("the sandbox's log says otherwise")
        return watcher.spent(wall, accepted)


def _over(run: object) -> bool:
    return getattr(run, "finished_at", None) is not None


def idling(server: int) -> float:
    """CPU seconds per second of a server that has nothing to do."""
    before = sum(map(cpu_of, family(server)))
    time.sleep(_IDLE)
    return (sum(map(cpu_of, family(server))) - before) / _IDLE


def text(few: Spent, many: Spent, customers: int, idle: float) -> str:
    """The figures as a table."""
    during = many.prefect - few.prefect
    product = many.product - few.product
    waiting = idle * (many.wall - few.wall)
    without = during - waiting
    lines = [
        f"| CPU seconds | {FEW} customers (start-up) | {customers:,} customers |",
        "|---|---:|---:|",
        *(
            f"| {name} | {getattr(few, name):.1f} | {getattr(many, name):.1f} |"
            for name in ("server", "worker", "flow", "product")
        ),
        "",
        f"{many.accepted:,} messages in {many.wall:.0f} s. Beyond start-up Prefect took "
        f"{during:.1f} s of {during + product:.1f} s: **{during / (during + product):.1%}** "
        f"(asked for: at most 5%). A server that does nothing took {idle:.3f} s a second, "
        f"{waiting:.1f} s of it: without that, **{without / (without + product):.1%}**.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--mix", default="real")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campaigns-bench-") as name:
        folder = Path(name)
        for variable in [n for n in os.environ if n.startswith("CAMPAIGNS_")]:
            del os.environ[variable]
        environment.prepare(folder / "prefect", PREFECT_API_BLOCKS_REGISTER_ON_START="false")
        with PrefectServer(log=folder / "server.log") as server:
            server.use()
            server.wait()
            _prefect("work-pool", "create", POOL, "--type", "process", "--overwrite")
            _prefect("deploy", "--name", "spring-sale")
            assert server._process is not None
            pid = server._process.pid
            idle = idling(pid)
            few = measure(folder / "few", FEW, pid, mix=args.mix)
            many = measure(folder / "many", args.customers, pid, mix=args.mix)
    told = text(few, many, args.customers, idle)
    print(told)
    if args.write:
        command = f"`python -m tests.bench.prefect_share --customers {args.customers}`"
        write_between("prefect-share", f"{command}, campaign {CAMPAIGN}\n\n{told}")


if __name__ == "__main__":
    main()
