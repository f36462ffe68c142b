"""A process that has imported everything and forks workers: one is there in milliseconds, where a
new interpreter takes a second. `python -m tests.faults.nursery` reads orders, a line each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.worker import Order, work

_ROOT = Path(__file__).parents[2]
#: Seconds. No worker takes this long; one that does is ended and told of.
_LONGEST = 120.0


class Nursery:
    """Context manager: starts workers and tells how they ended."""

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}{os.pathsep}{_ROOT}"}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            env=environment,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.communicate(timeout=120)  # the end of its orders is the end of it

    def start(self, order: Order) -> int:
        """A worker with this order. Returns its process id."""
        return self._ask("start", json.dumps(asdict(order)))

    def wait(self, pid: int) -> int:
        """Until the worker has ended or stopped: the number of the signal that did it, 0 when it
        ended by itself. Raises AssertionError when it failed, or never ended."""
        told = self._ask("wait", str(pid))
        assert told >= 0, f"a worker {'hangs' if told == _HUNG else 'failed'}: see above"
        return told

    def _ask(self, what: str, with_what: str) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{what} {with_what}\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())


_FAILED, _HUNG = -1, -2


def _start(document: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # orders and answers are not for workers
        work(Order.from_json(document))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _wait(pid: int) -> int:
    give_up = time.monotonic() + _LONGEST
    pause = 0.001
    while time.monotonic() < give_up:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if found:
            return _told(status)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return _HUNG


def _told(status: int) -> int:
    if os.WIFSTOPPED(status):
        return os.WSTOPSIG(status)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    return _FAILED if os.WEXITSTATUS(status) else 0


def main() -> None:
    """Read orders until there are no more."""
    import psycopg  # noqa: F401  what workers would load one by one
    import sendgrid  # noqa: F401
    import twilio.rest.api.v2010.account.message  # noqa: F401

    import campaigns.channels.sendgrid.http
    import campaigns.channels.twilio.http
    import campaigns.services.links
    import campaigns.store.outbox
    import campaigns.store.releases  # noqa: F401

    alive: set[int] = set()
    while line := sys.stdin.readline():
        what, _, with_what = line.partition(" ")
        if what == "start":
            answer = _start(with_what)
            alive.add(answer)
        else:
            answer = _wait(int(with_what))
            if answer != signal.SIGSTOP:
                alive.discard(int(with_what))
        print(answer, flush=True)
    for pid in alive:  # of a trial that failed
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
