"""A sandbox of one's own: a process on a free port, for tests, demos and benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from campaigns.errors import CampaignsError
from campaigns.sandbox.log import SandboxLog

#: What the process says on stderr, in its home.
_WORDS = "sandbox.stderr"
_SOURCE = Path(__file__).resolve().parents[2]


class SandboxProcess:
    """Context manager: a running sandbox with its address in `url` (`smtp_url`
    for mail over SMTP) and its log in `log`.

    Raises CampaignsError with the sandbox's own words when it does not start.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int = 0,
        faults: Path | None = None,
        config: Path | None = None,
        record: int = 0,
        webhooks: str = "",
    ) -> None:
        self.home = home
        self.url = ""
        self.smtp_url = ""
        self._command = [sys.executable, "-m", "campaigns.sandbox", "--quiet"]
        self._command += ["--port", str(port), "--home", str(home), "--record", str(record)]
        if faults is not None:
            self._command += ["--faults", str(faults)]
        if webhooks:
            self._command += ["--webhooks", webhooks]
        if config is not None:
            self._command += ["--config", str(config)]
        self._process: subprocess.Popen[str] | None = None
        self._log: SandboxLog | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> SandboxLog:
        """The log, also after the sandbox ended."""
        if self._log is None:
            self._log = SandboxLog(self.home)
        return self._log

    def start(self) -> None:
        """Start and wait until it answers."""
        paths = [str(_SOURCE), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / _WORDS).open("w") as words:
            self._process = subprocess.Popen(  # noqa: S603 – our own command
                self._command,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=words,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        assert self._process.stdout is not None
        # It prints its address when it listens.
        line = self._process.stdout.readline()
        if not line.startswith("Sandbox: "):
            self._end(kill=False)
            said = (self.home / _WORDS).read_text().strip()
            raise CampaignsError(f"the sandbox did not start: {said}")
        self.url = line.removeprefix("Sandbox: ").strip()
        self.smtp_url = self._process.stdout.readline().removeprefix("SMTP: ").strip()

    def stop(self) -> None:
        """Ask it to end, wait, and let go of the log."""
        self._end(kill=False)
        if self._log is not None:
            self._log.close()
            self._log = None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
