"""`make demo`: the shipped campaign to 600 made-up customers, through Prefect, in a sandbox.

Prefect's server needs 10 to 20 seconds to start, so it starts first and everything else happens
meanwhile. Exits 1 when anything does not add up.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from campaigns.errors import CampaignsError
from flows import environment, stage
from flows.examples import examples
from flows.server import PrefectServer
from flows.story import SHOWN, Story

if TYPE_CHECKING:
    from campaigns.bootstrap import App


def main() -> int:
    """Run the demo; 0 when everything adds up."""
    console = Console(highlight=False)
    try:
        with stage.only_one(), ExitStack() as stack:
            return demo(stack, Story(console))
    except (CampaignsError, RuntimeError) as error:
        console.print(f"[red]The demo stopped:[/] {error}")
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130


def demo(stack: ExitStack, story: Story) -> int:
    """Everything, in the order that people read it."""
    started = time.monotonic()
    stage.fresh_home()
    # The demo stores no blocks; registering their types would cost the server three seconds.
    environment.prepare(PREFECT_API_BLOCKS_REGISTER_ON_START="false")
    server = stack.enter_context(PrefectServer(log=stage.HOME / "prefect.log"))
    server.use()
    story.opening()
    sandbox = stack.enter_context(stage.sandbox())
    from campaigns.bootstrap import connect

    app = stack.enter_context(connect())
    story.imported(stage.make_customers(app, sandbox), sandbox.url)
    stack.enter_context(stage.public_app(sandbox))
    story.preview(planned := app.preview(stage.CAMPAIGN))
    send = _load_flow()
    with story.waiting("Prefect is starting"):
        server.wait()
    story.prefect_is_up(time.monotonic() - started)
    stack.callback(_say_goodbye)

    first = _run(send, app, story)
    story.report(app.report(first["run"]), planned, sandbox.log.counts())
    stage.heard(sandbox)
    story.came_back(app.evidence.provider_states(first["run"]), sandbox.log.counts())
    story.three_customers(examples(app, sandbox.log, SHOWN))
    before = sum(sandbox.log.counts().values())
    second = _run(send, app, story)
    story.second_run(second, sandbox.log, before)
    return story.ending(time.monotonic() - started)


def _load_flow() -> Any:
    """Import the flow, without the second that each run waits for Prefect's heartbeat thread."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.send_campaign import send_campaign

    def send() -> Any:
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            return send_campaign(stage.CAMPAIGN)

    return send


def _run(send: Any, app: App, story: Story) -> dict[str, int]:
    with _following(app, story):
        counts: dict[str, int] = send()
    return counts


@contextmanager
def _following(app: App, story: Story) -> Iterator[None]:
    """A progress bar beside the flow: the run's numbers, looked at four times a second."""
    before = app.runs.latest()
    over = threading.Event()
    with story.progress(f"Sending {stage.CAMPAIGN}") as move:

        def look() -> None:
            while not over.wait(0.25):
                run = app.runs.latest()
                if run is not None and (before is None or run.id != before.id):
                    progress = app.progress(run.id)
                    move(progress.settled, progress.planned)

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            run = app.runs.latest()
            if run is not None:
                progress = app.progress(run.id)
                move(progress.settled, progress.planned)


def _say_goodbye() -> None:
    """Prefect sends logs and events in the background: the last of them before the server goes."""
    from prefect.events.worker import EventsWorker

    EventsWorker.drain_all()  # whatever its name says: of every such service


if __name__ == "__main__":
    sys.exit(main())
