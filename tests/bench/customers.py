"""Customer files for benchmarks: real buying behaviour, or as many made-up people as asked for."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

from campaigns.sample import COLUMNS, generate, write_csv

_AT = {name: place for place, name in enumerate(COLUMNS)}
#: X lets an account write so few direct messages in a quarter of an hour that a benchmark of it
#: would measure the waiting.
_OF_X = ("x_handle", "x_offers", "x_messages", "x_wrote_on")
_OF_PHONES = ("sms_offers", "whatsapp_offers")
#: In an e-mail-heavy file one in so many may be reached by phone.
_BY_PHONE = 20


def write_customers(folder: Path, customers: str, *, mix: str) -> tuple[Path, Path]:
    """A customer file and its mapping: `hillstrom`, or a number of made-up people."""
    if customers == "hillstrom":
        from tests.hillstrom import write_hillstrom

        return write_hillstrom(folder)
    file = folder / "customers.csv"
    # The mapping and the header; the people follow.
    mapping = write_csv(file, count=0, seed=1, now=datetime.now(UTC))
    with file.open("a", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for number, row in enumerate(generate(int(customers), 1, datetime.now(UTC))):
            blank = _OF_X
            if mix == "email" and number % _BY_PHONE:
                blank += _OF_PHONES
            values = list(row)
            for name in blank:
                values[_AT[name]] = ""
            writer.writerow(values)
    return file, mapping
