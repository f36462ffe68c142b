"""Customers whose every personal value bears a mark, to be looked for where none may be."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from campaigns.sample import write_csv

#: No word of ours, and none of Prefect's, which calls a run without a name after a random beast
#: ("wise-zebra"): no beast is called this.
MARK = "zebraokapi"


def write_marked(file: Path, *, wrong: Sequence[str] = ()) -> Path:
    """Write 150 of them, and return their mapping. The first have a marked value that is refused,
    one in each of the columns `wrong`."""
    mapping = write_csv(file, count=150, seed=3, now=datetime.now(UTC))
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows):
        row["customer_id"] = f"{MARK}-{number}"
        row["first_name"], row["last_name"] = f"{MARK}-first", f"{MARK}-last"
        row["email"] = f"{MARK}.{number}@example.com" if row["email"] else ""
        row["x_handle"] = f"@{MARK}_{number}" if row["x_handle"] else ""
    for row, column in zip(rows, wrong, strict=False):
        row[column] = f"{MARK} is not one"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return mapping
