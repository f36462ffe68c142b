"""Numerals: what a group of digits with points, commas and spaces says.

Decisions:
- The locale decides: `1.234` is 1234 in es_ES and 1.234 in en_GB; what it says elsewhere is kept
  beside it, so that a comparison can tell a foreign format from a foreign value.
- Digits in groups of three after spaces are one number. After an ordinary space that is doubtful
  (`talla 42 129,90 €`), and the last group alone is kept as the other reading.
- `49'90` is a decimal as in handwritten Spanish, `1'234.50` is grouped as in Switzerland.
- Digits that fit no way of writing a number (`1.2.3`) have no value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from campaigns.domain.consistency.lexicon import Lexicon

#: A numeral from its first digit. No digit may stand directly before or after it.
NUMERAL: Final = r"(?:\d{1,3}(?:[ \xa0]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,']\d+)*)"

_WAYS: Final = ((".", ","), (",", "."), (".", "'"), (",", "'"), ("'", "."))


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as the locale reads it; `other`, `local` and `doubtful` as in a mention."""

    value: Decimal | None
    other: Decimal | None = None
    local: bool = True
    doubtful: bool = False


def numeral(written: str, words: Lexicon) -> Numeral:
    """Read what NUMERAL has matched."""
    if written.isdecimal():
        return Numeral(Decimal(written))
    if " " in written or "\xa0" in written:
        return _spaced(written, words)
    own = _value(written, words.decimal, words.group)
    others = [_value(written, *way) for way in _WAYS if way != (words.decimal, words.group)]
    foreign = next((v for v in others if v is not None and v != own), None)
    if own is not None:
        return Numeral(own, foreign)
    return Numeral(foreign, local=False)


def _spaced(written: str, words: Lexicon) -> Numeral:
    joined = written.replace("\xa0", "").replace(" ", "")
    mark = re.search(r"[.,]", joined)
    value = Decimal(joined.replace(",", "."))
    spaces_are_usual = words.group == "\xa0" or words.decimal == ","
    local = spaces_are_usual and (mark is None or mark[0] == words.decimal)
    last = written.rsplit(" ", 1)[-1]
    if last == written or last.startswith("0") or words.group == "\xa0":
        return Numeral(value, local=local)
    return Numeral(value, numeral(last, words).value, local, doubtful=True)


def _value(written: str, decimal: str, group: str) -> Decimal | None:
    if not _way(decimal, group).fullmatch(written):
        return None
    return Decimal(written.replace(group, "").replace(decimal, "."))


@lru_cache(maxsize=16)
def _way(decimal: str, group: str) -> re.Pattern[str]:
    # An apostrophe only marks cents, never thousandths: 1'234 is grouped.
    fraction = r"\d{1,2}" if decimal == "'" else r"\d+"
    d, g = re.escape(decimal), re.escape(group)
    return re.compile(rf"(?:[1-9]\d{{0,2}}(?:{g}\d{{3}})+|\d+)(?:{d}{fraction})?")
