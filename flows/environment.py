"""What Prefect is told through the environment: stay quiet, and stay in this folder.

Settings that hold wherever Prefect is started from the checkout are in prefect.toml. Those here
are for Prefect processes of our own (demo, serve, tests): call `prepare` before anything imports
prefect, since it reads its settings once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

#: Where the demo's Prefect keeps its database: the user's own (~/.prefect) is left alone.
HOME = Path(".campaigns") / "prefect"

QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",  # the client's own switch; the server's is in prefect.toml
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    # Log lines go to the run's page; in the terminal they would tear the progress bar.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


def prepare(
    home: Path = HOME, *, environ: MutableMapping[str, str] = os.environ, **more: str
) -> None:
    """Point Prefect at a home of ours and silence it. `more` are further variables.

    A PREFECT_API_URL or profile of the user's is set aside: the demo must never write to a
    server that others use.
    """
    environ.pop("PREFECT_API_URL", None)
    environ.pop("PREFECT_API_KEY", None)
    environ.pop("PREFECT_PROFILE", None)
    environ["PREFECT_HOME"] = str(home.resolve())
    environ.update(QUIET)
    environ.update(more)
