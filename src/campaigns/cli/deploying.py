"""`campaigns deploy`, and what else the command line asks of Prefect."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campaigns.errors import ConfigurationError

if TYPE_CHECKING:
    from campaigns.bootstrap import App


@click.command("deploy")
@click.option(
    "--notify",
    metavar="TYPE/NAME",
    multiple=True,
    help="A notification block of Prefect's that alerts go to, such as slack-webhook/marketing; "
    "may be given several times.  [CAMPAIGNS_NOTIFY, with commas]",
)
def deploy_command(notify: tuple[str, ...]) -> int:
    """Put work pool, deployments, schedules and alerts on the Prefect server that is set.

    Gives every campaign of the templates its deployment with a form of its own. Again after a
    campaign is added; schedules that somebody switched on or off stay so.
    """
    from campaigns.settings import load_settings

    blocks = notify or [name.strip() for name in load_settings().notify.split(",") if name]
    if not in_checkout():
        raise ConfigurationError(
            "deploying needs the checkout and Prefect: go to the folder of prefect.yaml, in the "
            "environment that `make` sets up there."
        )
    return run_module("flows.deploy", "--notify", *blocks)


def run_module(module: str, *arguments: str, quiet: bool = False) -> int:
    """Run a module of `flows` from the checkout's folder; its exit code. In a process of its own:
    this one does not know Prefect."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", module, *arguments],
        check=False,
        stdout=subprocess.DEVNULL if quiet else None,
    )
    return done.returncode


def let_go_on(app: App, release: str, *, quiet: bool) -> None:
    """After an answer: the flow run that waits for it in Prefect goes on, at once where this is the
    checkout with Prefect, else with the next housekeeping."""
    from campaigns.bootstrap.asking import waited_for

    if not waited_for(app, release):
        return
    if not in_checkout() or run_module("flows.questions", quiet=quiet):
        click.echo(
            "A run waits for it in Prefect: it goes on with the next housekeeping.", err=True
        )


def in_checkout() -> bool:
    """Whether this is the folder from which Prefect's flows are run."""
    return Path("prefect.yaml").is_file() and find_spec("prefect") is not None
