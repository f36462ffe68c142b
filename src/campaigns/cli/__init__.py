"""The command line. Only names and help are known here; a command's code is loaded when it runs,
so that `campaigns --help` answers at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module

import click

from campaigns import __version__
from campaigns.cli.examples import below
from campaigns.errors import CampaignsError

#: command → (module, one line of help as a marketer reads it), in the order of a first day.
COMMANDS = {
    "doctor": ("campaigns.cli.doctor", "Tell what is set up, what is missing, what would happen."),
    "sandbox": ("campaigns.cli.sandbox", "Start the practice providers and their inbox page."),
    "sample": ("campaigns.cli.customers", "Write made-up customers to practise with."),
    "import": ("campaigns.cli.customers", "Bring customers in from a CSV or Parquet file."),
    "import-events": ("campaigns.cli.business", "Bring in purchases, visits, calls, questions."),
    "export": ("campaigns.cli.customers", "Write what is known of one customer, or of all."),
    "matches": ("campaigns.cli.persons", "Review customers who may be one person."),
    "merge": ("campaigns.cli.persons", "Make one person of two customers."),
    "merges": ("campaigns.cli.persons", "List who was merged, by whom and why."),
    "unmerge": ("campaigns.cli.persons", "Part two who were merged, as they were before."),
    "learn": ("campaigns.cli.learning", "Learn which channel each customer answers on."),
    "erase": ("campaigns.cli.rights", "Erase a customer for good, at their own request."),
    "readmit": ("campaigns.cli.rights", "Let somebody who was erased back in, at their request."),
    "retention": ("campaigns.cli.rights", "Delete the past that the brand keeps no longer."),
    "new": ("campaigns.cli.content", "Start a campaign from a sound example."),
    "check": ("campaigns.cli.content", "Check campaigns before anything is sent."),
    "studio": ("campaigns.cli.studio", "See a campaign as it will arrive, while you write it."),
    "measure": ("campaigns.cli.measuring", "Tell how long a text is on a channel, and if it fits."),
    "diff": ("campaigns.cli.proof", "Show what changed between two releases."),
    "schema": ("campaigns.cli.content", "Write the schemas that let editors check your files."),
    "calendar": ("campaigns.cli.calendar", "Show what goes out when, to whom, and what collides."),
    "plan": ("campaigns.cli.running", "Show who would get what, and who not, and why."),
    "approve": ("campaigns.cli.approving", "Approve one exact release and its plan."),
    "reject": ("campaigns.cli.approving", "Say no to a release, and why."),
    "run": ("campaigns.cli.running", "Send a campaign, once to each customer."),
    "journey": ("campaigns.cli.journeys", "Show who is where on a campaign's journey."),
    "deploy": ("campaigns.cli.deploying", "Put campaigns and forms on your Prefect server."),
    "show": ("campaigns.cli.showing", "Look at a customer, a delivery or a run."),
    "pause": ("campaigns.cli.control", "Stop a run before its next message."),
    "resume": ("campaigns.cli.control", "Let a paused or held run go on."),
    "go-on": ("campaigns.cli.going_on", "Go on with what waited, or stopped by itself."),
    "cancel": ("campaigns.cli.control", "End a run; what is pending is not sent."),
    "reconcile": ("campaigns.cli.reconciling", "Look for messages in doubt; list what stays so."),
    "resolve": ("campaigns.cli.reconciling", "Decide about a message in doubt, with who and why."),
    "fallback": ("campaigns.cli.reconciling", "Send what bounced on the next permitted channel."),
    "arm": ("campaigns.cli.control", "Let a restored or copied database send again."),
    "audit": ("campaigns.cli.control", "Show who did what, when and why."),
    "metrics": ("campaigns.cli.metrics", "Serve figures for Prometheus."),
    "report": ("campaigns.cli.reporting", "Tell what a run did, the goal first: page, table, CSV."),
    "experiment": ("campaigns.cli.experiments", "Analyse a randomised test, arm against control."),
    "reproduce": ("campaigns.cli.proof", "Make a sent message again, and prove it."),
    "serve": ("campaigns.cli.serving", "Answer webhooks, click links and customers' pages."),
    "inbox": ("campaigns.cli.replies", "Read and answer what customers wrote."),
    "desk": ("campaigns.cli.desk", "The pages for service and shop staff: inbox and history."),
    "keys": ("campaigns.cli.business", "Give programs access to the APIs, and take it away."),
}
#: Where a section of `campaigns --help` begins.
SECTIONS = {
    "doctor": "Begin",
    "import": "Customers",
    "new": "Write and check",
    "calendar": "Plan and send",
    "show": "Watch and steer",
    "report": "What it brought, and proof",
    "serve": "What customers and programs say",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        command.epilog = below(cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, COMMANDS))
        for section, names in _sections().items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(widest), COMMANDS[name][1]) for name in names])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"There is no command `{name}`.{hint}")
        return super().resolve_command(ctx, args)


def _sections() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in COMMANDS:
        if name in SECTIONS:
            names = found[SECTIONS[name]] = []
        names.append(name)
    return found


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Nothing reaches a real customer until CAMPAIGNS_LIVE=true. `campaigns COMMAND --help` "
    "tells more.",
)
@click.version_option(__version__, prog_name="campaigns")
def cli() -> None:
    """One campaign message, the same facts on every channel, to each customer once."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Errors are one message, never a traceback."""
    try:
        result = cli.main(list(arguments), prog_name="campaigns", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as end:
        click.echo(_ended_by_a_person(end), err=True)
        return 130
    except CampaignsError as error:
        return _tell(str(error), error.exit_code, as_json="--json" in arguments)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        return _tell(f"{error.strerror or error}{where}.", 2, as_json="--json" in arguments)


def _ended_by_a_person(end: BaseException) -> str:
    """click makes an Abort of Ctrl-C; one without that cause is a question answered with no."""
    if isinstance(end, click.Abort) and not isinstance(end.__cause__, KeyboardInterrupt):
        return "Not confirmed: nothing was done."
    return "Stopped. What was sent is recorded; the same command goes on from here."


def _tell(message: str, exit_code: int, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": message, "exit_code": exit_code}, ensure_ascii=False))
    else:
        click.secho("Error: ", fg="red", bold=True, err=True, nl=False)
        click.echo(message, err=True)
    return exit_code
