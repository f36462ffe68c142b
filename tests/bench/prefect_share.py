"""`python -m tests.bench.prefect_share`: how much of a run's CPU is Prefect's, start-up told apart.

A real server and a real worker; the deployment `spring-sale` runs once over a few customers and
once over many, each in a home of its own. What the few cost is start-up: the server's work for one
run, the worker, the flow's process with its imports, the compile. What more it is with many is
Prefect's share, told twice. At most: all of the server, the worker and the flow's process.
Measured: without the product's own work in the flow's process (tests/bench/inside.py). Planning and
sending are in processes below it, and are the product's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaigns.bootstrap import App, connect
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from flows import environment
from flows.server import PrefectServer, stop
from tests.bench import inside
from tests.bench.customers import write_customers
from tests.bench.end_to_end import CAMPAIGN, TEMPLATES
from tests.bench.measuring import cpu_of, family
from tests.bench.tables import write_between

CHECKOUT = Path(__file__).resolve().parents[2]
POOL = "campaigns"
#: Enough for several shards, so that these, too, are sent by processes below the flow's.
FEW = 300
#: Seconds after which a run is given up: of the few, and for each customer more.
_ENDS, _EACH = 300.0, 1 / 1_000


@dataclass(frozen=True)
class Spent:
    """CPU seconds of one run, and its wall seconds. `own` is what of the flow's process was the
    product's own work, by function; `idle` what the server took a second before the run."""

    server: float
    worker: float
    flow: float
    product: float
    wall: float
    accepted: int
    own: Mapping[str, float]
    idle: float

    @property
    def own_sum(self) -> float:
        """The product's own work in the flow's process."""
        return sum(self.own.values())

    @property
    def at_most(self) -> float:
        """All that is there for Prefect, and the product's own work in it."""
        return self.server + self.worker + self.flow

    @property
    def total(self) -> float:
        """All processes but the sandbox's."""
        return self.at_most + self.product


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

    def spent(self) -> Mapping[str, float]:
        """What came together."""
        sums = dict.fromkeys(("server", "worker", "flow", "product"), 0.0)
        for (what, _), seconds in self._last.items():
            sums[what] += seconds
        return sums


def _children(pid: int) -> set[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for file in files for child in file.read_text().split()}


def _prefect(*words: str) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", *words]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"prefect {' '.join(words)}:\n{done.stdout}\n{done.stderr}")


@contextmanager
def _worker(log: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
    with log.open("wb") as words:
        process = subprocess.Popen(
            [*command, "--type", "process"],
            cwd=CHECKOUT,
            env={**os.environ, **env},
            stdout=words,
            stderr=words,
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
            # Several shards, so that processes below the flow's send them.
            "CAMPAIGNS_SHARD_SIZE": str(min(20_000, max(100, customers // 20))),
        }
        os.environ.update(given)
        with connect(Settings()) as app:
            with _idling(server) as idle:
                app.import_customers(*write_customers(folder, str(customers), mix=mix))
            with (
                inside.hooked(folder / "inside") as env,
                _worker(folder / "worker.log", env) as worker,
                Watcher(server, worker.pid) as watcher,
            ):
                wall = _run(app, worker.pid, _ENDS + customers * _EACH)
            accepted = app.report(app.latest_run().id).accepted
        if not accepted == sum(sandbox.log.counts().values()) - 1:
            raise SystemExit("the sandbox's log says otherwise")
        own = inside.told(folder / "inside")["product"]
        return Spent(**watcher.spent(), wall=wall, accepted=accepted, own=own, idle=idle[0])


def _run(app: App, worker: int, ends: float) -> float:
    """Seconds until the deployment's run has ended, and its process."""
    began = time.monotonic()
    _prefect("deployment", "run", "send-campaign/spring-sale")
    while not _over(app.runs.latest()) or _children(worker):
        if time.monotonic() - began > ends:
            raise SystemExit("no end of it")
        time.sleep(0.2)
    return time.monotonic() - began


def _over(run: object) -> bool:
    return getattr(run, "finished_at", None) is not None


@contextmanager
def _idling(server: int) -> Iterator[list[float]]:
    """CPU seconds per second of a server that has nothing to do meanwhile."""
    found: list[float] = []
    before, began = sum(map(cpu_of, family(server))), time.monotonic()
    yield found
    found.append((sum(map(cpu_of, family(server))) - before) / (time.monotonic() - began))


def text(few: Spent, many: Spent, customers: int) -> str:
    """The figures as a table, and the share in both bounds."""
    rows = [
        ("server", few.server, many.server),
        ("worker", few.worker, many.worker),
        ("flow's process, Prefect's part", few.flow - few.own_sum, many.flow - many.own_sum),
        ("flow's process, the product's own work", few.own_sum, many.own_sum),
        ("the product's processes", few.product, many.product),
    ]
    during, own = many.at_most - few.at_most, many.own_sum - few.own_sum
    total = many.total - few.total
    waiting = many.idle * (many.wall - few.wall)
    lines = [
        f"| CPU seconds | {FEW} customers (start-up) | {customers:,} customers | beyond start-up |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {a:.1f} | {b:.1f} | {b - a:.1f} |" for name, a, b in rows),
        "",
        f"{many.accepted:,} messages in {many.wall:.0f} s. Beyond start-up: "
        f"**{(during - own) / total:.1%}** of {total:.1f} s is Prefect's (asked for: at most 5%), "
        f"and {during / total:.1%} if the flow's whole process counts for it. A server that does "
        f"nothing took {many.idle:.3f} s a second, {waiting:.1f} s of it.",
        "",
        f"The product's own work in the flow's process: {_largest(few, many)}.",
    ]
    return "\n".join(lines)


def _largest(few: Spent, many: Spent) -> str:
    """What grew the most, in seconds."""
    grown = Counter({name: spent - few.own.get(name, 0.0) for name, spent in many.own.items()})
    return ", ".join(
        f"`{name.removeprefix('campaigns.')}` {more:.2f} s"
        for name, more in grown.most_common(4)
        if more > 0
    )


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
            measure(folder / "first", FEW, pid, mix=args.mix)  # a new server's first run costs more
            few = measure(folder / "few", FEW, pid, mix=args.mix)
            many = measure(folder / "many", args.customers, pid, mix=args.mix)
    told = text(few, many, args.customers)
    print(told)
    if args.write:
        command = f"`python -m tests.bench.prefect_share --customers {args.customers}`"
        write_between("prefect-share", f"{command}, campaign {CAMPAIGN}\n\n{told}")


if __name__ == "__main__":
    main()
