"""`campaigns deploy`."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from campaigns.errors import ConfigurationError


@click.command("deploy")
@click.option(
    "--notify",
    metavar="TYPE/NAME",
    help="A notification block of Prefect's that alerts go to, such as slack-webhook/marketing.  "
    "[CAMPAIGNS_NOTIFY]",
)
def deploy_command(notify: str | None) -> int:
    """Put work pool, deployments, schedules and alerts on the Prefect server that is set.

    Gives every campaign of the templates its deployment with a form of its own. Again after a
    campaign is added; schedules that somebody switched on or off stay so.
    """
    from campaigns.settings import load_settings

    block = load_settings().notify if notify is None else notify
    if not Path("prefect.yaml").is_file() or find_spec("prefect") is None:
        raise ConfigurationError(
            "deploying needs the checkout and Prefect: go to the folder of prefect.yaml, in the "
            "environment that `make` sets up there."
        )
    # In a process of its own, with the checkout on its path: this one does not know Prefect.
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "flows.deploy", "--notify", block], check=False
    )
    return done.returncode
