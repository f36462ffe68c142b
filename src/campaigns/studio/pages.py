"""The pages, written out. Their templates are the studio's own; a campaign's text is only data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from campaigns.bootstrap.preview import (
    Cell,
    Column,
    FactTable,
    Known,
    Previewer,
    State,
    channel_label,
)
from campaigns.domain.channel import Channel
from campaigns.domain.counting import counted
from campaigns.domain.findings import Finding
from campaigns.page_templates import page_templates
from campaigns.studio.mail import shown_sender
from campaigns.studio.query import LOOKS, THEMES, WIDTHS, Query
from campaigns.studio.spans import spans

_TEMPLATES: Final = Path(__file__).parent / "templates"
_PARTS: Final = {
    "subject": "Subject",
    "preheader": "Preheader",
    "html": "HTML",
    "text": "Text",
    "body": "Text",
}


class Pages:
    """Writes every page of the studio."""

    def __init__(self) -> None:
        self._environment = page_templates(_TEMPLATES)
        self._environment.globals |= {
            "spans": spans,
            "shown_sender": shown_sender,
            "channel_label": channel_label,
            "part_label": _PARTS.__getitem__,
            "counted": counted,
            "column_groups": column_groups,
            "Channel": Channel,
            "looks": LOOKS,
            "widths": WIDTHS,
            "themes": THEMES,
        }

    def campaign(
        self,
        query: Query,
        names: Sequence[str],
        state: State,
        known: Known | None = None,
        notice: str = "",
        *,
        customers: bool = False,
    ) -> str:
        """One campaign: messages, fact tables, findings. `notice`: why the customer who was
        asked for is not shown; `customers`: there are some to ask for."""
        previewer = state.previewer
        preview = previewer.preview(query.choices, known) if previewer else None
        settled = query if preview is None else query.settled(preview.choices)
        return self._write(
            "campaign.html",
            settled,
            names=names,
            state=state,
            preview=preview,
            known=known,
            notice=notice,
            customers=customers,
            grouped=grouped(state.findings),
            cell_key=_cell_key,
        )

    def overview(
        self, query: Query, states: Sequence[tuple[str, State | None]], standing: str
    ) -> str:
        """All campaigns, and how they stand together."""
        cards = [(name, state, _summary(state)) for name, state in states]
        return self._write("overview.html", query, cards=cards, standing=standing)

    def waiting(self, query: Query) -> str:
        """A campaign whose first compile is not done."""
        return self._write("waiting.html", query)

    def unknown(self, query: Query, names: Sequence[str]) -> str:
        """A campaign that does not exist, or no longer."""
        return self._write("unknown.html", query, names=names)

    def trouble(self, query: Query, told: str) -> str:
        """An error page."""
        return self._write("trouble.html", query, told=told)

    def _write(self, name: str, query: Query, **values: Any) -> str:
        return self._environment.get_template(name).render(query=query, **values)


def grouped(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """Findings by file, in the order of their lines."""
    ordered = sorted(findings, key=lambda f: (f.file, f.line or 0))
    return [(file, list(found)) for file, found in groupby(ordered, key=lambda f: f.file)]


def column_groups(table: FactTable) -> list[list[Column]]:
    """The fact table's columns, by channel."""
    return [list(columns) for _, columns in groupby(table.columns, key=lambda c: c.channel)]


def _summary(state: State | None) -> Previewer | None:
    return state.previewer if state else None


def _cell_key(cell: Cell) -> str:
    return f"{cell.locale}-{cell.channel.value}"
