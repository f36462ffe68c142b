"""Import: customers from a file into profiles, batch after batch.

Each batch is one transaction. An import that was cut off is begun again with the same command:
rows that went in are found unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from campaigns.domain.intake import (
    BatchResult,
    BlankRow,
    CustomerRow,
    FileRow,
    LeftOut,
    PageRow,
    ReadRow,
    RefusedRow,
    RepeatedRow,
    SameRow,
    SeenCustomers,
    UnreadRow,
)
from campaigns.errors import FileError
from campaigns.services.collecting import seldom_collecting

#: Rows per transaction: enough to forget the commit, few enough to let others write in between.
BATCH = 2_000


class Source(Protocol):
    """A customer file, opened; what is wrong with it as a whole was told on opening."""

    name: str
    title: str
    unused: tuple[str, ...]
    repeated: tuple[str, ...]

    def unread(self, now: datetime) -> Iterator[FileRow]:
        """Every row in order: what it says, or how to read it, or why it does not go in."""


class Profiles(Protocol):
    """Where customers are kept."""

    def unchanged(self, rows: Sequence[UnreadRow]) -> list[UnreadRow | SameRow]:
        """Rows of one file, in their order; those of which it is certain that they would change
        nothing are told, the others are as they came."""

    def upsert(
        self,
        rows: Sequence[PageRow],
        *,
        now: datetime,
        actor: str,
        seen: SeenCustomers,
    ) -> BatchResult:
        """Create and update customers: one transaction, all or nothing. Each row is in one of the
        result's counts; `seen` learns the batch's customers."""


class Refusals(Protocol):
    """Where rows that did not go in are told."""

    @property
    def path(self) -> Path | None:
        """The file they are in; None while there are none."""

    def refused(self, row: RefusedRow) -> None:
        """A row that does not go in."""

    def repeated(self, row: RepeatedRow) -> None:
        """A second row of one customer."""

    def left_out(self, value: LeftOut) -> None:
        """A value without which its row goes in."""


@dataclass(slots=True)
class ImportReport:
    """What an import did. rows = created + updated + unchanged + refused + repeated.

    Attributes:
        repeated: second rows of one customer; only their noes were taken.
        blank: lines without any value, not counted as rows.
        left_out: values (a fixed line where a mobile is wanted) without which a row went in.
        granted, denied: entries added to the ledger.
        kept_opt_out: yeses of the file that were not written over a no on record.
        unused: columns that were not read.
    """

    file: str
    taken_for: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    repeated: int = 0
    blank: int = 0
    left_out: int = 0
    granted: int = 0
    denied: int = 0
    kept_opt_out: int = 0
    suppressed: int = 0
    interactions: int = 0
    unused: tuple[str, ...] = ()
    repeated_headers: tuple[str, ...] = ()
    report_path: Path | None = None

    def add(self, batch: BatchResult) -> None:
        """Add one batch."""
        self.created += batch.created
        self.updated += batch.updated
        self.unchanged += batch.unchanged
        self.refused += len(batch.refused)
        self.repeated += len(batch.repeated)
        self.granted += batch.granted
        self.denied += batch.denied
        self.kept_opt_out += batch.kept_opt_out
        self.suppressed += batch.suppressed
        self.interactions += batch.interactions

    def counts(self) -> dict[str, int]:
        """The numbers by what they are called for people: the rows always, the rest if any."""
        told = {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
        }
        more = {
            "repeated (only their noes were taken)": self.repeated,
            "blank lines": self.blank,
            "values left out": self.left_out,
            "consents granted": self.granted,
            "consents denied": self.denied,
            "opt-outs kept against a yes": self.kept_opt_out,
            "addresses suppressed": self.suppressed,
            "interactions recorded": self.interactions,
        }
        return told | {name: number for name, number in more.items() if number}

    def as_json(self) -> dict[str, Any]:
        """Every field, for programs."""
        return {
            "file": self.file,
            "taken_for": self.taken_for,
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "repeated": self.repeated,
            "blank": self.blank,
            "left_out": self.left_out,
            "consents": {
                "granted": self.granted,
                "denied": self.denied,
                "kept_opt_out": self.kept_opt_out,
            },
            "suppressed": self.suppressed,
            "interactions": self.interactions,
            "unused_columns": list(self.unused),
            "repeated_columns": list(self.repeated_headers),
            "report": None if self.report_path is None else str(self.report_path),
        }


def import_customers(
    source: Source,
    profiles: Profiles,
    refusals: Refusals,
    *,
    now: datetime,
    actor: str,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Bring in every row of `source` that is good, and tell the others one by one.

    `actor` stands in the ledger beside every consent; `progress` hears how many rows are done.
    Raises FileError for a file without rows: most often an export that went wrong.
    """
    report = ImportReport(
        source.name, source.title, unused=source.unused, repeated_headers=source.repeated
    )
    seen = SeenCustomers()
    with seldom_collecting():
        rows = source.unread(now)
        while page := list(islice(rows, BATCH)):
            batch = list(_kept(_read(page, profiles), refusals, report))
            result = profiles.upsert(batch, now=now, actor=actor, seen=seen)
            report.add(result)
            for refused in result.refused:
                refusals.refused(refused)
            for repeated in result.repeated:
                refusals.repeated(repeated)
            if progress:
                progress(report.rows)
    if not report.rows:
        told = "it holds no customers, only a header: nothing was imported. Export it again."
        raise FileError(told, path=source.name)
    report.report_path = refusals.path
    return report


def _read(page: Sequence[FileRow], profiles: Profiles) -> Iterator[ReadRow | SameRow]:
    """A page's rows; those that would change nothing are not read."""
    told = iter(profiles.unchanged([row for row in page if isinstance(row, UnreadRow)]))
    for row in page:
        known = next(told) if isinstance(row, UnreadRow) else row
        yield known.read() if isinstance(known, UnreadRow) else known


def _kept(
    rows: Iterator[ReadRow | SameRow], refusals: Refusals, report: ImportReport
) -> Iterator[PageRow]:
    """Rows for the store, among them those refused that say no; what has nothing for it is counted
    and told on the way."""
    for row in rows:
        if isinstance(row, BlankRow):
            report.blank += 1
            continue
        report.rows += 1
        if isinstance(row, RefusedRow):
            report.refused += 1
            refusals.refused(row)
            continue
        if isinstance(row, CustomerRow):  # of the others nothing was left out
            for value in row.left_out:
                report.left_out += 1
                refusals.left_out(value)
        yield row
