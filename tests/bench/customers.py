"""Customer files for benchmarks: real buying behaviour, or as many made-up people as asked for.

    python -m tests.bench.customers --customers 1000000 --mix real > customers.csv

The same seed and day give the same file. The mapping that imports it is the sample's,
src/campaigns/sample/customers.mapping.yaml; other programs read the columns by their names.
"""

from __future__ import annotations

import argparse
import csv
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TextIO

from campaigns.sample import COLUMNS, generate, write_csv

MIXES = ("real", "email", "sample")
_AT = {name: place for place, name in enumerate(COLUMNS)}
#: X lets an account write so few direct messages in a quarter of an hour that a benchmark of it
#: would measure the waiting.
_OF_X = ("x_handle", "x_offers", "x_messages", "x_wrote_on")
_OF_PHONES = ("sms_offers", "whatsapp_offers")
#: In an e-mail-heavy file one in so many may be reached by phone.
_BY_PHONE = 20
#: In the real mix one in so many gets nothing, for one reason or another.
_INELIGIBLE = 5


def write_customers(folder: Path, customers: str, *, mix: str) -> tuple[Path, Path]:
    """A customer file and its mapping: `hillstrom`, or a number of made-up people."""
    if customers == "hillstrom":
        from tests.hillstrom import write_hillstrom

        return write_hillstrom(folder)
    file = folder / "customers.csv"
    now = datetime.now(UTC)
    mapping = write_csv(file, count=0, seed=1, now=now)
    with file.open("w", encoding="utf-8", newline="") as out:
        write(out, int(customers), mix=mix, seed=1, now=now)
    return file, mapping


def write(out: TextIO, customers: int, *, mix: str, seed: int, now: datetime) -> None:
    """The header and so many customers."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(customers, mix=mix, seed=seed, now=now))


def rows(customers: int, *, mix: str, seed: int, now: datetime) -> Iterator[list[str]]:
    """So many customers. `sample` is the sample's own mix without X, `email` the same with few
    phones; in `real` a fifth gets nothing and one in twenty of the others a text."""
    lately = (now.date() - timedelta(days=200)).isoformat()
    for number, row in enumerate(generate(customers, seed, now)):
        values = list(row)
        _set(values, "", *_OF_X)
        if mix == "email" and number % _BY_PHONE:
            _set(values, "", *_OF_PHONES)
        elif mix == "real":
            _real(values, number, lately)
        yield values


def _set(values: list[str], value: str, *names: str) -> None:
    for name in names:
        values[_AT[name]] = value


def _real(values: list[str], number: int, lately: str) -> None:
    """One customer of the real mix. Locales, countries, zones, names, attributes and the past stay
    as they were dealt; who gets something, and where, follows the number."""
    if values[_AT["club_member"]] == "no" and not values[_AT["shop_purchases"]]:
        _set(values, "1", "shop_purchases")
        _set(values, lately, "last_bought")
    _set(values, "", "address_note", "prefers", "sms_clicks", "whatsapp_replies")
    if not values[_AT["email"]]:
        _set(values, f"customer.{number}@example.com", "email")
    turn, which = number % _INELIGIBLE, number // _INELIGIBLE
    if turn == 0:
        _make_ineligible(values, which % 4)
    elif which % _BY_PHONE == 0 and turn == 1 and values[_AT["phone"]]:
        _set(values, "no", "email_offers")
        _set(values, "yes", "sms_offers")
        _set(values, "", "whatsapp_offers")
    else:
        _set(values, "yes", "email_offers")


def _make_ineligible(values: list[str], why: int) -> None:
    """Never asked, opted out, bounced, or nowhere to be reached."""
    _set(values, "", *_OF_PHONES)
    _set(values, ("", "no", "yes", "yes")[why], "email_offers")
    if why == 2:
        _set(values, "bounced", "address_note")
    if why == 3:
        _set(values, "", "email", "email_offers", "email_news", "phone")
        _set(values, "", "email_clicks", "email_purchases")


def how_many(told: str) -> int:
    """A number of customers, from a command line."""
    if not told.isdecimal() or int(told) < 1:
        raise ArgumentTypeError(f"`{told}` is not how many customers: 1 or more")
    return int(told)


def which(told: str) -> str:
    """`hillstrom`, or a number of customers, from a command line."""
    return told if told == "hillstrom" else str(how_many(told))


def main() -> None:
    """Command line: a file on standard output."""
    parser = argparse.ArgumentParser(description="Made-up customers as CSV on standard output.")
    parser.add_argument("--customers", type=how_many, default=10_000)
    parser.add_argument("--mix", choices=MIXES, default="real")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--day", type=date.fromisoformat, default=datetime.now(UTC).date(),
                        help="their past is told from this day; today by default")  # fmt: skip
    args = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it quietly
    now = datetime.combine(args.day, time(12), tzinfo=UTC)
    write(sys.stdout, args.customers, mix=args.mix, seed=args.seed, now=now)


if __name__ == "__main__":
    main()
