"""What the demo tells, and whether it is true: every number is checked against another source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from campaigns.domain.channel import Channel

if TYPE_CHECKING:
    from campaigns.domain.plan import PlanCounts
    from campaigns.sandbox.log import SandboxLog
    from campaigns.services.import_customers import ImportReport
    from campaigns.services.report import RunReport
    from flows.examples import Example

#: So many customers are shown.
SHOWN = 3
#: Channels whose provider tells what became of a message.
_TELLING = frozenset({Channel.EMAIL, Channel.SMS, Channel.WHATSAPP})


class Story:
    """The demo's voice. Remembers whether everything added up."""

    def __init__(self, console: Console) -> None:
        self._out = console
        self._true = True

    def opening(self) -> None:
        """What is about to happen."""
        self._out.print()
        self._out.rule("[bold]One message, every customer once, on the channel they prefer")
        self._out.print()

    def done(self, text: str) -> None:
        """One thing that is ready."""
        self._out.print(f"  [green]✓[/] {text}")

    def check(self, said: str, *, holds: bool) -> None:
        """A claim and whether it holds."""
        self._true = self._true and holds
        mark = "[green]✓[/]" if holds else "[bold red]✗[/]"
        self._out.print(f"  {mark} {said}")

    def waiting(self, text: str) -> AbstractContextManager[object]:
        """A spinner for as long as the block lasts."""
        return self._out.status(f"{text} …")

    @contextmanager
    def progress(self, text: str) -> Iterator[Callable[[int, int], None]]:
        """A bar for as long as the block lasts; moved by (done, total)."""
        columns = (
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        with Progress(*columns, console=self._out, transient=True) as bar:
            task = bar.add_task(text, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total or None)

    def imported(self, report: ImportReport, inboxes: str) -> None:
        """The sandbox and the customers."""
        self.done(
            f"The practice providers answer at [link={inboxes}]{inboxes}[/]: "
            "nothing can reach a real person"
        )
        self.check(
            f"{report.rows:,} made-up customers: {report.created:,} came in, "
            f"{report.refused:,} rows refused with a reason",
            holds=report.created + report.updated + report.unchanged + report.refused == report.rows
            and report.created > 0,
        )

    def preview(self, counts: PlanCounts) -> None:
        """What `campaigns plan` says beforehand."""
        self.done(
            f"A dry run says: {counts.planned.total():,} messages to an audience of "
            f"{counts.audience:,}"
        )

    def prefect_is_up(self, seconds: float) -> None:
        """Prefect."""
        self.done(f"Prefect's embedded server is up ({seconds:.0f} s; the rest happened meanwhile)")

    def report(self, report: RunReport, planned: PlanCounts, log: Mapping[str, int]) -> None:
        """The run in one table, and what has to agree."""
        table = Table(
            title=f"\nThe flow send-campaign sent {report.run.campaign}",
            box=box.SIMPLE_HEAD,
            title_justify="left",
            title_style="bold",
        )
        table.add_column("")
        table.add_column("")
        table.add_column("people", justify="right")
        last = ""
        for section, line, number in report.rows():
            new = section != last
            table.add_row(
                section if new else "",
                line,
                f"{number:,}",
                style="bold" if section == "audience" else "",
            )
            last = section
        self._out.print(table)
        total, skipped = sum(report.planned.values()), sum(report.skipped.values())
        self.check(
            f"planned {total:,} + skipped {skipped:,} = audience {report.audience:,}, "
            "as the dry run said",
            holds=total + skipped == report.audience == planned.audience
            and report.planned == planned.planned
            and total > 0,
        )
        taken = sum(n for channel, n in log.items() if channel != Channel.X_POST)
        self.check(
            f"the providers' own log holds {taken:,} messages, one per customer; "
            f"{report.recorded:,} are recorded on profiles",
            holds=taken == report.accepted == report.recorded == total and report.adds_up,
        )
        if report.post is not None:
            self.check("and one public post on X", holds=log.get(Channel.X_POST, 0) == 1)

    def came_back(self, states: Mapping[str, int], log: Mapping[str, int]) -> None:
        """What the providers told afterwards, by their signed webhooks."""
        told = sum(n for channel, n in log.items() if channel in _TELLING)
        self.check(
            f"the providers told what became of {told:,} messages by e-mail, SMS and WhatsApp: "
            f"{states.get('delivered', 0):,} delivered, and it is on the profiles",
            holds=dict(states) == {"delivered": told},
        )

    def three_customers(self, examples: Sequence[Example]) -> None:
        """What three of them received, where, and why there."""
        self._out.print("\n[bold]Three of them: what arrived, on which channel, and why there\n")
        for example in examples:
            self._out.print(_panel(example))
        same = [e.stored == e.arrived for e in examples]
        self.check(
            "what arrived is what the outbox stored before sending, word for word",
            holds=len(same) == SHOWN and all(same),
        )

    def second_run(self, counts: Mapping[str, int], log: SandboxLog, before: int) -> None:
        """The same campaign again."""
        self._out.print("\n[bold]The same campaign, run again")
        kept = log.counts()
        total, posts = sum(kept.values()), kept.get(Channel.X_POST, 0)
        public = f" and {posts} public post{'s' if posts != 1 else ''}" if posts else ""
        self.check(
            f"{counts['already']:,} had it already, {counts['accepted']:,} sent; "
            f"the providers' log still holds {total - posts:,} messages{public}",
            holds=counts["accepted"] == 0 and total == before and not log.duplicates(),
        )

    def ending(self, seconds: float) -> int:
        """Where to go from here, and the exit code."""
        self._out.print()
        if not self._true:
            self._out.print("[bold red]Something above does not add up: that is a defect.")
            return 1
        self._out.print(
            Panel(
                "[bold]make serve[/]  keeps this up: Prefect's pages and every customer's inbox\n"
                "[bold]README.md[/]   your own first campaign in five minutes",
                title=f"Everything adds up, in {seconds:.0f} s",
                title_align="left",
                border_style="green",
                expand=False,
            )
        )
        return 0


def _panel(example: Example) -> Panel:
    """One customer and the whole of their message: its link and the way out are at its end."""
    body = Text(example.arrived.strip())
    lines: list[RenderableType] = [Text(example.why, style="cyan"), Text()]
    if example.subject:
        lines.append(Text(example.subject, style="bold"))
    return Panel(
        Group(*lines, body),
        title=f"[bold]{example.name}[/] · {example.about}",
        title_align="left",
        padding=(0, 1),
        width=88,
    )
