"""The report of an import: a CSV with a line for every row or value that did not go in."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from campaigns.domain.erasure import Erased
from campaigns.domain.intake import LeftOut, RefusedRow, RepeatedRow
from campaigns.errors import FileError
from campaigns.sources.formulas import harmless

_LONGEST_VALUE = 80


class ReportFolder:
    """The reports of all imports, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def forget(self, erased: Erased) -> int:
        """Take out every line that quotes this customer, in whatever spelling the file had; how
        many there were."""
        return sum(_forget(path, erased) for path in sorted(self._folder.glob("*-refused.csv")))

    def delete_before(self, moment: datetime) -> int:
        """Delete reports written before this moment; how many."""
        old = [p for p in self._folder.glob("*-refused.csv") if _written(p) < moment]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _forget(path: Path, erased: Erased) -> int:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    kept = [row for row in rows if not row or not _quotes(row[-1], erased)]
    if len(kept) < len(rows):
        beside = path.with_suffix(".new")
        with beside.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(kept)
        beside.replace(path)
    return len(rows) - len(kept)


def _quotes(value: str, erased: Erased) -> bool:
    """Phones are compared by the digits that every way of writing them has. A line too many costs
    nothing: the file that was imported has it."""
    bare = value.casefold()
    digits = "".join(filter(str.isdigit, bare))
    phones = [a[-9:] for a in erased.addresses if a.startswith("+")]
    return (
        value == erased.ref
        or any(a.casefold() in bare for a in erased.addresses)
        or any(p in digits for p in phones)
    )


class RefusalFile:
    """Written at `path` as soon as there is something to tell; used as a context.

    Every cell is safe to open in a spreadsheet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._writer: Any = None

    @property
    def path(self) -> Path | None:
        """The file; None while there is nothing to tell."""
        return self._path if self._file else None

    def refused(self, row: RefusedRow) -> None:
        """A row that does not go in."""
        self._tell(row.line, "row refused", row.reason, row.column, row.value)

    def repeated(self, row: RepeatedRow) -> None:
        """A second row of one customer."""
        reason = "this customer stands in the file already; only a no was taken from this row"
        self._tell(row.line, "row repeated", reason, "", row.ref)

    def left_out(self, value: LeftOut) -> None:
        """A value without which its row goes in."""
        self._tell(value.line, "value left out", value.reason, value.column, value.value)

    def _tell(self, line: int, what: str, reason: str, column: str, value: str) -> None:
        if self._file is None:
            self._open()
        shown = " ".join(value.split())
        if len(shown) > _LONGEST_VALUE:
            shown = f"{shown[:_LONGEST_VALUE]}… ({len(value):,} characters)"
        self._writer.writerow([line, what, reason, harmless(column), harmless(shown)])

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise FileError(
                f"the report of refused rows cannot be written: {error.strerror}. "
                "Set CAMPAIGNS_HOME to a folder that can be written.",
                path=self._path,
            ) from error
        self._writer = csv.writer(self._file)
        self._writer.writerow(["line", "what", "reason", "column", "value"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
