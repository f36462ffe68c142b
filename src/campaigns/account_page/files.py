"""The account's figures as tables for other programs: one line a figure."""

from __future__ import annotations

import csv
from pathlib import Path

from campaigns.domain.account import Account, FigureRow, figure_rows

_COLUMNS = ("run", "campaign", "mode", "figure", "value", "meaning", "query")


def write_csv(account: Account, file: Path) -> None:
    """As CSV with a heading; any spreadsheet opens it."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        writer.writerows(_line(account, row) for row in figure_rows(account))


def write_parquet(account: Account, file: Path) -> None:
    """As Parquet, typed: run and value are numbers."""
    import pyarrow
    from pyarrow import parquet

    lines = [_line(account, row) for row in figure_rows(account)]
    types = dict.fromkeys(_COLUMNS, pyarrow.string())
    types |= {"run": pyarrow.int64(), "value": pyarrow.float64()}
    columns = {
        name: pyarrow.array([line[at] for line in lines], types[name])
        for at, name in enumerate(_COLUMNS)
    }
    parquet.write_table(pyarrow.table(columns), file)


def _line(account: Account, row: FigureRow) -> tuple[object, ...]:
    mode = account.mode and str(account.mode)
    return (
        row.run, account.run.campaign, mode, row.figure, row.value, row.meaning, row.query,
    )  # fmt: skip
