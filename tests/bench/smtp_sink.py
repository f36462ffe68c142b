"""`python -m tests.bench.smtp_sink --port 2525`: a mail server that takes everything, and counts.

For comparing what senders cost: it offers pipelining, asks nobody to log in and lets anybody, and
keeps nothing but the number of mails, of recipients (told apart) and of bytes. It says them when
it is ended by Ctrl-C or SIGTERM, as one line of JSON. (The sandbox's mail server checks more, and
has every mail on disk before it answers.)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n"
_ANSWERS = {
    b"EHLO": _HELLO,
    b"HELO": b"250 sink\r\n",
    b"AUTH": b"235 2.7.0 Welcome\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}
_OK = b"250 2.0.0 Ok\r\n"
_END = b"\r\n.\r\n"


@dataclass
class Taken:
    """What has come."""

    mails: int = 0
    octets: int = 0
    seen: set[bytes] = field(default_factory=set)

    def told(self) -> dict[str, int]:
        """In numbers."""
        return {"mails": self.mails, "recipients": len(self.seen), "octets": self.octets}


class _Connection(asyncio.Protocol):
    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._buffer = bytearray()
        self._in_content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer all that is complete in one write."""
        self._buffer += data
        answers, start = [], 0
        while True:
            mark = _END if self._in_content else b"\r\n"
            end = self._buffer.find(mark, start)
            if end < 0:
                break
            if self._in_content:
                self._taken.mails += 1
                self._taken.octets += end - start
                self._in_content = False
                answers.append(_OK)
            else:
                answers.append(self._answer(bytes(self._buffer[start:end])))
            start = end + len(mark)
        del self._buffer[:start]
        if answers:
            self._transport.write(b"".join(answers))

    def _answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._taken.seen.add(line.partition(b"<")[2].partition(b">")[0])
        self._in_content = verb == b"DATA"
        return _ANSWERS.get(verb, _OK)


async def _serve(port: int) -> Taken:
    taken, stopped = Taken(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    server = await loop.create_server(lambda: _Connection(taken), "127.0.0.1", port, backlog=1024)
    print(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    server.close()
    return taken


class Sink:
    """A sink in a process of its own, on a free port: `url`, and `stop` tells what came."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.smtp_sink"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        return self

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def stop(self) -> dict[str, int]:
        """End it; the number of mails, recipients and octets."""
        self._process.terminate()
        said, _ = self._process.communicate(timeout=20)
        told: dict[str, int] = json.loads(said)
        return told

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def main() -> None:
    """Run until it is told to end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="a free one unless it is told")
    port = parser.parse_args().port
    try:
        print(json.dumps(asyncio.run(_serve(port)).told()), flush=True)
    except (OSError, OverflowError) as error:
        parser.error(f"--port {port}: {error}")


if __name__ == "__main__":
    main()
