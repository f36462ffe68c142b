"""The flow `look`: a campaign's messages as they will arrive, on the run's page."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.preview.build import Previewer
from campaigns.bootstrap.preview.model import Cell, Choices
from campaigns.domain.counting import counted
from campaigns.errors import CampaignsError
from flows.choices import Campaign, Channels, Locales, title
from flows.reporting import findings_table, publish
from flows.steps import CannotGoOnError, failed, outcome, step


def run_name() -> str:
    """`Spring sale, as it will arrive`."""
    return f"{title(str(flow_run.parameters['campaign']))}, as it will arrive"


@flow(name="look", flow_run_name=run_name, persist_result=False)
def look(
    campaign: Campaign,
    channels: Channels = None,
    locales: Locales = None,
) -> Any:
    """Show a campaign's messages as they will arrive, for a made-up reader.

    Args:
        campaign: one of those in the templates.
        channels: only these. Empty: all that the campaign uses.
        locales: only these. Empty: all that it is written in.
    """
    try:
        shown = outcome(show(campaign, channels or [], locales or [], return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    return Completed(
        message=f"{counted(shown, 'message is', 'messages are')} under Artifacts.",
        data={"shown": shown},
    )


@step("show {campaign}", repeatable=True)
def show(campaign: str, channels: list[str], locales: list[str]) -> int:
    """Publish the messages and what was found; how many are shown."""
    with connect() as app:
        findings = app.check(campaign)
        if findings:
            what = f"Findings of {title(campaign)}"
            publish(f"findings-{campaign}", findings_table(findings), what)
        rows = Previewer(app.compile(campaign)).preview(Choices()).rows
    parts: list[str] = []
    shown = 0
    for row in rows:
        if locales and row.locale not in locales:
            continue
        cells = [c for c in row.cells if not channels or c.channel in channels]
        shown += len(cells)
        parts += [f"## {row.label}", *map(_message, cells)]
    publish(f"look-{campaign}", "\n\n".join(parts), f"{title(campaign)}, as it will arrive")
    return shown


def _message(cell: Cell) -> str:
    """One message: its words as they are, without what only a program reads."""
    lines = [f"### {cell.channel.label}"]
    if cell.unfilled:
        lines.append(cell.unfilled)
    for name, text in cell.parts.items():
        if name not in {"html", "headers"}:
            lines += [f"*{name.replace('_', ' ')}*", "", "```text", text.strip(), "```"]
    lines += [f"{r.label}: {r.value}" for r in cell.readings if not r.fits]
    return "\n".join(lines)
