"""The process that compiles: one that waits, with everything imported, and forks one per compile.

A template is a program, and some programs do not end or want all the memory there is. So each
compile runs in a process of its own with limits, and is killed when it meets them; the process
that asked stays as it was. The waiting process has one thread and holds no locks, which makes
forking it safe however many threads the asking process has.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import resource
import select
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from campaigns.content.compile import compile_campaign
from campaigns.content.compiled import Compiled
from campaigns.content.frames import COMPILED, HEAD, NOT_FOUND, PROGRESS, write_frame
from campaigns.content.templates import OutOfTime
from campaigns.content.warm import warm, warm_up
from campaigns.domain.findings import Finding, Level
from campaigns.errors import NotFoundError
from campaigns.x_rules import x_rules

#: Processor time of one compile. An ordinary campaign needs a tenth of it.
SOFT_CPU_SECONDS: Final = 1.5
#: Where the soft limit cannot reach (one long operation inside C), the kernel kills.
HARD_CPU_SECONDS: Final = 2
#: Time on the clock: for a process that gets no work done at all. Generous, since on a busy machine
#: a sound template waits long for little work, and what works without end has met the limit above.
WALL_SECONDS: Final = 60.0
#: Memory of one compile beyond what the imports take.
MEMORY_BYTES: Final = 256 * 1024 * 1024
#: Compiles at once, of those asked for together; each has the limits above.
AT_ONCE: Final = min(4, os.cpu_count() or 1)


def serve() -> None:
    """Answer requests until standard input ends: with the process that asks, this one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    x_rules()  # slow to import, so once and for all compiles
    warm_up()
    gc.freeze()  # what stays is not walked by each compile again
    gc.enable()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whoever prints must not spoil a frame
    for line in sys.stdin.buffer:
        for kind, content in _compile_apart(json.loads(line)):
            try:
                write_frame(answers, kind, content)
            except BrokenPipeError:  # who asked is gone, by Ctrl-C or killed: nobody wants to know
                os._exit(0)
            if kind == COMPILED:
                _learn(pickle.loads(content))  # noqa: S301 - a process of ours wrote it


def _learn(compiled: Compiled) -> None:
    """Learn the locales of a campaign, for the next time it is compiled."""
    for locale in compiled.release.policy.locales if compiled.release else ():
        warm(locale)


def _compile_apart(asked: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """A process per campaign, some at once, and their answers in order."""
    begun: deque[_Apart] = deque()
    for name in asked["names"]:
        if len(begun) == AT_ONCE:
            yield begun.popleft().answer()
        begun.append(_begin({**asked, "name": name}))
    while begun:
        yield begun.popleft().answer()


def _begin(request: dict[str, str]) -> _Apart:
    """Fork, and compile there."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(readable)
        _work(request, os.fdopen(writable, "wb"))
    os.close(writable)
    folder = Path(request["root"]) / "campaigns" / request["name"]
    return _Apart(pid, os.fdopen(readable, "rb", buffering=0), str(folder))


@dataclass(frozen=True, slots=True)
class _Apart:
    """A process that compiles, what it tells, and the campaign's folder."""

    pid: int
    stream: BinaryIO
    folder: str

    def answer(self) -> tuple[bytes, bytes]:
        """Wait for the result, within limits."""
        with self.stream:
            kind, content, place, stalled = _listen(self.stream)
        if kind is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        _, _, used = os.wait4(self.pid, 0)
        if kind is None:
            told = limit_met(used.ru_utime + used.ru_stime, stalled=stalled)
            return COMPILED, pickle.dumps(Compiled(None, (_refused(told, place or self.folder),)))
        return kind, content


_TOO_LONG: Final = (
    f"this template needs more than {SOFT_CPU_SECONDS:g} s of processor time; look at its loops "
    "and numbers."
)
_TOO_LARGE: Final = (
    f"this template needs more than {MEMORY_BYTES >> 20} MB of memory; look at its loops and "
    "numbers."
)


_TOO_DEEP: Final = "this template includes or calls itself without end."


def limit_met(worked: float, *, stalled: bool) -> str:
    """Which limit a compile met that ended without a result, in a sentence.

    Args:
        worked: its seconds of processor time.
        stalled: it was ended for the time on the clock; else it died by itself or by the kernel.
    """
    if stalled:
        return (
            f"it was not compiled within {WALL_SECONDS:.0f} s on the clock, of which it worked "
            f"{worked:.1f}: this machine is too busy. The file may be sound; try again."
        )
    return _TOO_LONG if worked >= SOFT_CPU_SECONDS else _TOO_LARGE


def _refused(told: str, path: str) -> Finding:
    return Finding("file", Level.ERROR, told, "", path)


def _our_mistake(error: Exception, path: str) -> Finding:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Finding(
        "file",
        Level.ERROR,
        f"it could not be checked: {type(error).__name__} at {Path(place.filename).name}:"
        f"{place.lineno}. The mistake is the program's, not the file's.",
        "Report it, with this line.",
        path,
    )


def _listen(stream: BinaryIO) -> tuple[bytes | None, bytes, str, bool]:
    """The result of a compile and the file it was at last; no result when it died or, as the last
    says, stalled."""
    deadline = time.monotonic() + WALL_SECONDS
    received = bytearray()
    place = ""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([stream], [], [], left)[0]:
            break
        chunk = stream.read(1 << 16)
        if not chunk:
            return None, b"", place, False
        received += chunk
        while len(received) >= HEAD.size:
            kind, length = HEAD.unpack_from(received)
            if len(received) < HEAD.size + length:
                break
            content = bytes(received[HEAD.size : HEAD.size + length])
            del received[: HEAD.size + length]
            if kind != PROGRESS:
                return kind, content, place, False
            place = content.decode()
    return None, b"", place, True


def _work(request: dict[str, str], stream: BinaryIO) -> NoReturn:
    """In the forked process: compile within limits, send the result, end."""
    status = 1
    try:
        os.chdir(request["cwd"])
        _limit()
        kind, content = _compiled(request, stream)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write_frame(stream, kind, content)
        status = 0
    finally:
        os._exit(status)  # never back into the parent's loop


def _limit() -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stderr.fileno())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    memory = _address_space() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (HARD_CPU_SECONDS, HARD_CPU_SECONDS))
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.setitimer(signal.ITIMER_PROF, SOFT_CPU_SECONDS)


def _address_space() -> int:
    """Bytes of address space in use now; where Linux does not tell, a generous guess."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 1 << 30
    return pages * resource.getpagesize()


def _out_of_time(_signal: int, _frame: object) -> NoReturn:
    raise OutOfTime


def _compiled(request: dict[str, str], stream: BinaryIO) -> tuple[bytes, bytes]:
    last = [Path(request["root"]) / "campaigns" / request["name"]]

    def progress(path: Path) -> None:
        if path != last[0]:
            last[0] = path
            write_frame(stream, PROGRESS, str(path).encode())

    try:
        result = compile_campaign(
            Path(request["root"]), request["name"], request["edition"], progress
        )
    except NotFoundError as error:
        return NOT_FOUND, str(error).encode()
    except (OutOfTime, MemoryError) as error:
        told = _TOO_LONG if isinstance(error, OutOfTime) else _TOO_LARGE
        result = Compiled(None, (_refused(told, str(last[0])),))
    except RecursionError:
        result = Compiled(None, (_refused(_TOO_DEEP, str(last[0])),))
    except Exception as error:
        result = Compiled(None, (_our_mistake(error, str(last[0])),))
    return COMPILED, pickle.dumps(result)
