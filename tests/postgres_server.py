"""A throwaway PostgreSQL server for the tests, from the binaries of this machine.

`python -m tests.postgres_server start DIR` makes a server in DIR on a free port of loopback and
prints its URL (for CAMPAIGNS_TEST_POSTGRES_URL); `… stop DIR` ends it and removes DIR.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from flows.server import free_port

_USER = "postgres"  # Debian's; the server refuses to run as root
#: Tests need no crash safety of their own server, so commits do not wait for the disk.
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "lc_messages": "C",
}


#: A server in earnest: a commit is on disk when it returns.
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}


def start(folder: Path, options: Mapping[str, str] | None = None) -> str:
    """Make and start a server in `folder` (new or empty), `options` on top of the tests'. Returns
    its URL.

    Raises SystemExit with a plain word where there are no binaries or the server does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, _USER)
        # The server's user has to get there, and a temporary folder is root's alone.
        folder.parent.chmod(folder.parent.stat().st_mode | 0o011)
    data = folder / "data"
    _run("initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
    settings = {**_OPTIONS, **(options or {})}
    for _attempt in range(5):  # someone may take the free port before the server does
        port = free_port()
        words = " ".join(f"-c {k}={v}" for k, v in settings.items())
        command = f"{words} -c port={port} -c unix_socket_directories="
        log = folder / "server.log"
        if _succeeds("pg_ctl", "-D", data, "-w", "-t", "60", "-l", log, "-o", command, "start"):
            return f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
    raise SystemExit(f"PostgreSQL does not start; its log:\n{log.read_text()}")


def stop(folder: Path) -> None:
    """End the server and remove its folder."""
    _run("pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder)


def _binaries() -> Path | None:
    """Debian's place, newest version first; elsewhere the PATH."""
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda p: int(p.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _command(program: str, *arguments: object) -> list[str]:
    binaries = _binaries()
    if binaries is None:
        raise SystemExit("no PostgreSQL here: install Debian's package `postgresql`")
    words = [str(binaries / program), *map(str, arguments)]
    return ["runuser", "-u", _USER, "--", *words] if os.geteuid() == 0 else words


def _succeeds(program: str, *arguments: object) -> bool:
    return (
        subprocess.run(
            _command(program, *arguments),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
        == 0
    )


def _run(program: str, *arguments: object) -> None:
    done = subprocess.run(
        _command(program, *arguments),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")


def main(arguments: list[str]) -> None:
    """`start DIR` or `stop DIR`."""
    match arguments:
        case ["start", folder]:
            print(start(Path(folder).resolve()))
        case ["stop", folder]:
            stop(Path(folder).resolve())
        case _:
            raise SystemExit("usage: python -m tests.postgres_server start|stop DIR")


if __name__ == "__main__":
    main(sys.argv[1:])
