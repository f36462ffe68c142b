"""What a stage cost: wall clock, CPU and peak memory, the product's processes told apart from the
sandbox's. Linux only: the numbers come from /proc."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import active_children
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
#: Writing this to clear_refs forgets the peak so far (proc(5)).
_FORGET_PEAK = "5"


@dataclass(slots=True)
class Stage:
    """One stage: seconds and MiB. `items` is how many customers or messages went through it;
    `steps` is the CPU of its threads by what they did."""

    name: str
    items: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    sandbox_cpu: float = 0.0
    server_cpu: float = 0.0
    peak: float = 0.0
    worker_peak: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.wall if self.wall else 0.0


def peak_of(pid: int) -> float:
    """The most memory the process has held at once, in MiB; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((row for row in status.splitlines() if row.startswith("VmHWM")), "x 0")
    return int(line.split()[1]) / 1024


class Peaks:
    """Watches a process and all it starts, while in the context: `highest` is the most memory any
    one of them held, in MiB. A process's own figure (getrusage) begins with its parent's."""

    def __init__(self, pid: int) -> None:
        self.highest = 0.0
        self._pid = pid
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.highest = max([self.highest, *map(peak_of, family(self._pid))])


def family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    try:
        children = [
            int(c)
            for f in Path(f"/proc/{pid}/task").glob("*/children")
            for c in f.read_text().split()
        ]
    except OSError:
        return
    for child in children:
        yield from family(child)


def cpu_of(pid: int) -> float:
    """CPU seconds of a running process; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_of_server(pid: int) -> float:
    """CPU seconds of a server that forks: its own, its children's, and of those that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = sum(map(int, fields[11:15])) / _TICKS
    return ended + sum(cpu_of(child) for child in list(family(pid))[1:])


@contextmanager
def measured(stages: list[Stage], name: str, sandbox: int, server: int = 0) -> Iterator[Stage]:
    """Measure a block. `sandbox` and `server` (of the database; 0: none of ours) are process ids;
    the server's CPU is told when it has ended what the block began."""
    stage = Stage(name)
    server_before = cpu_of_server(server) if server else 0.0
    Path("/proc/self/clear_refs").write_text(_FORGET_PEAK)
    before, sandbox_before, began = own_cpu(), cpu_of(sandbox), time.perf_counter()
    with _watching(stage):
        yield stage
        stage.wall = time.perf_counter() - began
    stage.cpu = own_cpu() - before
    stage.sandbox_cpu = cpu_of(sandbox) - sandbox_before
    stage.server_cpu = cpu_of_server(server) - server_before if server else 0.0
    stage.peak = peak_of(os.getpid())
    stages.append(stage)


def own_cpu() -> float:
    """Of this process and of its children that have ended."""
    usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextmanager
def _watching(stage: Stage) -> Iterator[None]:
    """Note the workers' peak while they live: once they have ended nobody knows it."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            peaks = [peak_of(child.pid or 0) for child in active_children()]
            stage.worker_peak = max([stage.worker_peak, *peaks])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
