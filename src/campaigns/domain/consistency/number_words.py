"""Number words of English, Spanish and Catalan, and what a row of them says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Final

from campaigns.domain.consistency.lexicon import ACCENTS

_ENGLISH: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_SPANISH: Final = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
    "veinticinco veintiséis veintisiete veintiocho veintinueve"
)
_CATALAN: Final = (
    "zero u dos tres quatre cinc sis set vuit nou deu onze dotze tretze catorze quinze setze "
    "disset divuit dinou vint"
)
_TENS: Final = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "vint trenta quaranta cinquanta seixanta setanta vuitanta noranta",
)
_OTHERS: Final = {
    "a": 1, "un": 1, "una": 1, "veintiún": 21, "dues": 2, "hundred": 100, "cien": 100,
    "ciento": 100, "cent": 100, "cents": 100, "doscientos": 200, "trescientos": 300,
    "cuatrocientos": 400, "quinientos": 500, "seiscientos": 600, "setecientos": 700,
    "ochocientos": 800, "novecientos": 900, "thousand": 1000, "mil": 1000,
}  # fmt: skip
ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13,
    "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18,
    "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "primero": 1, "primer": 1,
}  # fmt: skip
_LINKS: Final = frozenset(("y", "i", "and"))
_HUNDREDS: Final = frozenset(("hundred", "cent", "cents"))


@cache
def number_words() -> dict[str, int]:
    """The words with their numbers, with and without accents."""
    found = dict(_OTHERS)
    for row in (_ENGLISH, _SPANISH, _CATALAN):
        found |= {word: n for n, word in enumerate(row.split())}
    for row in _TENS:
        found |= {word: n * 10 for n, word in enumerate(row.split(), 2)}
    return {word.translate(ACCENTS): n for word, n in found.items()} | found


@cache
def number_pattern(*, ordinals: bool = False) -> str:
    """A pattern for a row of number words in lower case."""
    known = [*number_words(), *(ORDINALS if ordinals else ())]
    word = f"(?:{'|'.join(sorted(known, key=len, reverse=True))})(?!\\w)"
    link = r"(?:\s(?:y|i|and)\s|-i-|\s{1,3}|-)"
    return rf"(?<!\w){word}(?:{link}{word}){{0,5}}"


def number_of(written: str) -> tuple[Decimal, int] | None:
    """The number that a row of words ends with, and where in the row it begins.

    `un veinte` is an article and 20; `ciento veinte` is 120.
    """
    words = list(re.finditer(r"[^\s-]+", written))
    for first in range(len(words)):
        value = _sum([w[0] for w in words[first:]])
        if value is not None:
            return Decimal(value), words[first].start()
    return None


def _sum(words: Sequence[str]) -> int | None:
    total = 0
    if words[0] in _LINKS:
        return None
    for word in words:
        if word in _LINKS:
            continue
        number = number_words().get(word, ORDINALS.get(word, 0))
        if word in _HUNDREDS and 0 < total < 10:
            total *= 100
        elif number == 1000:
            total = max(total, 1) * 1000
        elif total == 0 or number < _room(total):
            total += number
        else:
            return None
    return total


def _room(total: int) -> int:
    """What may follow: after twenty a unit, after a hundred anything below it."""
    for size in (1000, 100):
        if total % size == 0:
            return size
    return 10 if total % 10 == 0 and total % 100 >= 20 else 0
