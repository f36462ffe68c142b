"""`make serve`: keep the demo up: Prefect's pages, customers' inboxes, the desk, a worker."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from campaigns.errors import CampaignsError
from campaigns.sandbox.process import SandboxProcess
from flows import environment, stage
from flows.server import PrefectServer, free_port, stop

#: Where people expect Prefect's pages, if nobody is there yet.
USUAL_PORT = 4200


def main() -> int:
    """Serve until Ctrl-C."""
    console = Console(highlight=False)
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    try:
        with stage.only_one(), ExitStack() as stack:
            serve(stack, console, asked)
    except (CampaignsError, RuntimeError) as error:
        console.print(f"[red]Stopped:[/] {error}")
        return 1
    return 0


def serve(stack: ExitStack, console: Console, asked: threading.Event) -> None:
    """Start everything, tell the addresses, and wait until someone asks to stop."""
    first = not (stage.HOME / "campaigns.db").exists()
    stage.HOME.mkdir(parents=True, exist_ok=True)
    environment.prepare(PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL="INFO")
    server = PrefectServer(port=free_port(USUAL_PORT), pages=True, log=stage.HOME / "prefect.log")
    stack.enter_context(server)
    server.use()
    sandbox = stack.enter_context(stage.sandbox())
    public = stack.enter_context(stage.public_app(sandbox))
    desk = stack.enter_context(stage.desk())
    if first:
        with console.status("Making customers …"):
            _make_customers(sandbox)
    with console.status("Prefect is starting …"):
        server.wait()
    with console.status("Putting the deployments on it …"):
        _deploy()
    worker = _start_worker(stage.HOME / "worker.log")
    stack.callback(stop, worker, seconds=40.0)  # a flow under way gets its 30 s to end in order
    console.print(_addresses(server.address, sandbox.url, desk, public))
    while not asked.wait(1.0):
        if worker.poll() is not None:
            raise RuntimeError(f"the worker ended; its log is {stage.HOME / 'worker.log'}")
    console.print("Stopping …")


def _make_customers(sandbox: SandboxProcess) -> None:
    from campaigns.bootstrap import connect

    with connect() as app:
        stage.make_customers(app, sandbox)


def _deploy() -> None:
    """`campaigns deploy`, on this server. Raises RuntimeError with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "flows.deploy"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        raise RuntimeError(f"putting the deployments on the server failed:\n{done.stdout}")


def _start_worker(log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", "campaigns"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _addresses(pages: str, inboxes: str, desk: str, public: str) -> Panel:
    lines = [
        f"[bold]Prefect[/]   [link={pages}]{pages}[/]   Deployments → spring-sale → Run",
        f"[bold]Inboxes[/]   [link={inboxes}]{inboxes}[/]   what customers got; write back there",
        f"[bold]Desk[/]      [link={desk}]{desk}[/]   what they wrote, for staff to answer",
        f"[bold]Public[/]    [link={public}]{public}[/]   clicks, preferences, webhooks",
        f"[bold]Data[/]      CAMPAIGNS_HOME={stage.HOME} .venv/bin/campaigns show run",
    ]
    return Panel("\n".join(lines), title="Up until Ctrl-C", title_align="left", expand=False)


if __name__ == "__main__":
    sys.exit(main())
