"""Made-up customers for trying things out: lifelike, the same for the same seed, quick to make.

They come in by the ordinary importer: `write_csv` writes their file and its mapping.
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from campaigns.errors import FileError
from campaigns.sample.people import FIRST_NAMES, HOMES, LAST_NAMES
from campaigns.sample.phones import BY_COUNTRY

#: One customer, in the order of COLUMNS.
Row: TypeAlias = tuple[str, ...]

COLUMNS = (
    "customer_id",
    "first_name",
    "last_name",
    "language",
    "country",
    "time_zone",
    "email",
    "phone",
    "x_handle",
    "prefers",
    "club_member",
    "club_level",
    "points",
    "nearest_shop",
    "joined_on",
    "email_offers",
    "email_news",
    "sms_offers",
    "whatsapp_offers",
    "x_offers",
    "email_clicks",
    "sms_clicks",
    "whatsapp_replies",
    "last_seen",
    "email_purchases",
    "shop_purchases",
    "last_bought",
    "x_messages",
    "x_wrote_on",
    "address_note",
)


def generate(count: int, seed: int, now: datetime) -> Iterator[Row]:
    """So many customers, by number; `now` is the day their past is told from."""
    bits = random.Random(seed).getrandbits  # noqa: S311  made-up people, nothing secret
    days = [(now.date() - timedelta(days=n)).isoformat() for n in range(_LONGEST_AGO + 1)]
    serials = dict.fromkeys(BY_COUNTRY, 0)
    for number in range(1, count + 1):
        yield _customer(number, bits(192), days, serials)


def write_csv(
    path: Path, *, count: int, seed: int, now: datetime, declared: Collection[str] | None = None
) -> Path:
    """Write so many customers to `path`, and beside it the mapping file that imports them: of
    attributes those that are declared; None: all.

    Returns the mapping's path. Raises FileError when one cannot be written.
    """
    mapping = path.with_suffix(".mapping.yaml")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(generate(count, seed, now))
        mapping.write_text(_mapping(declared), encoding="utf-8")
    except OSError as error:
        raise FileError(
            f"it cannot be written: {error.strerror}. Choose another place with --out.", path=path
        ) from error
    return mapping


def _mapping(declared: Collection[str] | None) -> str:
    before, heading, rest = _MAPPING.read_text(encoding="utf-8").partition("attributes:\n")
    lines, gap, after = rest.partition("\n\n")
    kept = [x for x in lines.split("\n") if declared is None or x.split(":")[0].strip() in declared]
    return "".join((before, heading, "\n".join(kept), gap, after)) if kept else before + after


_MAPPING = Path(__file__).with_name("customers.mapping.yaml")
_LONGEST_AGO = 1_600


def _dealt(**shares: int) -> list[str]:
    """256 answers to deal by a byte; "none" stands for a blank."""
    cards = [("" if word == "none" else word) for word, n in shares.items() for _ in range(n)]
    if len(cards) != 256:
        raise ValueError(f"{len(cards)} cards instead of 256")
    return cards


_HOMES = [home for home in HOMES for _ in range(home.share)]
_EMAIL_OFFERS = _dealt(yes=166, no=34, none=56)
_EMAIL_NEWS = _dealt(yes=90, no=36, none=130)
_SMS_OFFERS = _dealt(yes=96, no=40, none=120)
_WHATSAPP_OFFERS = _dealt(yes=84, no=26, none=146)
_X_OFFERS = _dealt(yes=128, no=28, none=100)
_PREFERS = _dealt(email=38, sms=24, whatsapp=30, x_dm=12, none=152)
_CLICKS = _dealt(**{"1": 26, "2": 22, "3": 14, "5": 4, "none": 190})
_FEW = _dealt(**{"1": 20, "2": 16, "4": 5, "none": 215})
_PURCHASES = _dealt(**{"1": 50, "2": 22, "3": 8, "5": 2, "none": 174})
_X_MESSAGES = _dealt(**{"1": 60, "2": 30, "none": 166})
_NOTES = _dealt(bounced=5, stopped=4, none=247)
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example")


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.lower())
    return "".join(c for c in decomposed if c.isascii() and c.isalpha())


#: (as people write it, as it stands in an e-mail address)
_FIRST = {k: [(n, _plain(n)) for n in names] for k, names in FIRST_NAMES.items()}
_LAST = {k: [(n, _plain(n)) for n in names] for k, names in LAST_NAMES.items()}


def _customer(number: int, bits: int, days: list[str], serials: dict[str, int]) -> Row:
    """One customer out of 192 random bits: 24 bytes, one for each question."""
    (home_, first_, last_, has_, offers_, news_, sms_, whatsapp_, x_, prefers_, clicks_, texts_,
     replies_, bought_, shop_, wrote_, note_, club_, points_, spare, ago1, ago2, ago3, ago4
     ) = bits.to_bytes(24, "big")  # fmt: skip
    home = _HOMES[home_]
    country = home.country
    first, first_plain = _FIRST[home.names][first_ % 40]
    last, last_plain = _LAST[home.names][last_ % 40]
    # Every mix of addresses: 31 of 32 have an e-mail, phone or both; some have an X handle.
    email = phone = handle = ""
    if has_ & 7 != 7:
        email = f"{first_plain}.{last_plain}.{number}@{_DOMAINS[has_ >> 6]}"
    if has_ & 24 != 24:
        serial = serials[country]
        serials[country] = serial + 1
        phone = BY_COUNTRY[country](serial)
    if spare & 7 == 0:
        handle = f"@demo_{number}"
    seen = 1 + ago1 + 2 * ago2
    bought = 1 + 3 * ago3 + ago1
    email_purchases = _PURCHASES[bought_] if email else ""
    shop_purchases = _PURCHASES[shop_]
    clicks = _CLICKS[clicks_] if email else ""
    texts = _FEW[texts_] if phone else ""
    replies = _FEW[replies_] if phone else ""
    messages = _X_MESSAGES[wrote_] if handle else ""
    member = club_ < 150
    return (
        f"S{number:07d}",
        first,
        last,
        home.locale,
        country,
        home.time_zone,
        email,
        phone,
        handle,
        _PREFERS[prefers_],
        "yes" if member else "no",
        ("gold" if club_ < 30 else "basic") if member else "",
        str(points_ * 10 + club_) if member else "",
        home.shops[first_ % len(home.shops)],
        days[4 * ago4 + ago2 + ago1 + 1],
        _EMAIL_OFFERS[offers_] if email else "",
        _EMAIL_NEWS[news_] if email else "",
        _SMS_OFFERS[sms_] if phone else "",
        _WHATSAPP_OFFERS[whatsapp_] if phone else "",
        _X_OFFERS[x_] if handle else "",
        clicks,
        texts,
        replies,
        days[seen] if clicks or texts or replies else "",
        email_purchases,
        shop_purchases,
        days[bought] if email_purchases or shop_purchases else "",
        messages,
        days[1 + ago4] if messages else "",
        _NOTES[note_],
    )
