"""Extraction: every value that a text states, in the order in which it stands there.

One pass from digit to digit: each kind is asked in turn what begins there, and what one kind has
taken no other looks at. Amounts come first (what has a currency is money, whatever its digits),
then dates, times, phones, deals and codes. Links and their like are taken before all of them, so
that a price in a link is no price.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from campaigns.domain.consistency.amounts import amounts_at, prices_at
from campaigns.domain.consistency.codes import (
    codes_at,
    cued_codes,
    declared_codes,
    parted_codes,
)
from campaigns.domain.consistency.dates import dates_at
from campaigns.domain.consistency.lexicon import Lexicon, lexicon
from campaigns.domain.consistency.links import links_in, masked
from campaigns.domain.consistency.mentions import Asked, Kind, Mention
from campaigns.domain.consistency.numerals import NUMERAL, numeral
from campaigns.domain.consistency.phones import phones_at
from campaigns.domain.consistency.reading import Reading, read
from campaigns.domain.consistency.texts import texts_in
from campaigns.domain.consistency.times import times_at
from campaigns.domain.consistency.wording import deals_at, wordings_in

_DIGITS: Final = re.compile(r"\d+")
_NUMBER: Final = re.compile(rf"{NUMERAL}(?![\w%€$£]|-\w)")
_AT_A_DIGIT: Final[tuple[Callable[[str, int, Lexicon], tuple[Mention, ...]], ...]] = (
    amounts_at,
    dates_at,
    times_at,
    phones_at,
    deals_at,
)


def extract(text: str, locale: str, asked: Asked | None = None) -> list[Mention]:
    """The values that a text of this locale (`ca_ES`) states.

    Without `asked` there are no bare numbers, no texts, and only codes that look like codes.
    Raises babel's UnknownLocaleError for a locale that CLDR does not know.
    """
    asked = asked or Asked()
    reading = read(text)
    words = lexicon(locale, asked.currencies)
    found = _Found(len(reading.text))
    found.add(links_in(reading.text))
    found.add(parted_codes(reading.text, asked))
    for place in masked(reading.text):
        found.take(*place)
    for whole in (
        declared_codes(reading.text, asked),
        cued_codes(reading.text, reading.low, words),
    ):
        found.add(whole)
    _from_digit_to_digit(reading.text, words, asked, found)
    found.add(wordings_in(reading.low, words))
    placed = [_placed(m, reading) for m in (*found.mentions, *texts_in(reading.text, asked))]
    return sorted(placed, key=lambda m: (m.start, m.end))


class _Found:
    """The mentions so far, and the characters that they have taken."""

    def __init__(self, length: int) -> None:
        self.mentions: list[Mention] = []
        self._taken = bytearray(length)

    def is_free(self, start: int, end: int) -> bool:
        return not any(self._taken[start:end])

    def take(self, start: int, end: int) -> None:
        self._taken[start:end] = b"\x01" * (end - start)

    def add(self, mentions: Iterable[Mention]) -> bool:
        """Keep those whose place is free; whether there was one."""
        kept = False
        for mention in mentions:
            if self.is_free(mention.start, mention.end):
                self.take(mention.start, mention.end)
                self.mentions.append(mention)
                kept = True
        return kept


def _from_digit_to_digit(text: str, words: Lexicon, asked: Asked, found: _Found) -> None:
    for digits in _DIGITS.finditer(text):
        at = digits.start()
        if not found.is_free(at, at + 1):
            continue
        if _begins_a_value(text, at) and any(
            found.add(recognise(text, at, words)) for recognise in _AT_A_DIGIT
        ):
            continue
        if not found.add(codes_at(text, at, asked)) and _begins_a_value(text, at):
            found.add(_numbers_at(text, at, words, asked)) or found.add(prices_at(text, at, words))


def _begins_a_value(text: str, at: int) -> bool:
    """Not inside a word (`HTML5`), nor after the point or colon of a number already looked at."""
    if not at:
        return True
    before = text[at - 1]
    if before in ".,:/'" and at > 1 and text[at - 2].isdigit():
        return False
    if before in "xX×" and at > 1 and text[at - 2].isdigit():
        return True
    return not (before.isalpha() or before == "_") or _is_symbol(text, at)


def _is_symbol(text: str, at: int) -> bool:
    """Letters right before a digit that are a currency: `EUR20`, `CHF1,234.50`."""
    return bool(re.search(r"(?<!\w)(?:[A-Z]{3}|[Ee]ur)$", text[max(0, at - 4) : at]))


def _numbers_at(text: str, at: int, words: Lexicon, asked: Asked) -> Iterator[Mention]:
    match = _NUMBER.match(text, at)
    if match is None:
        return
    if match[0] in asked.codes:
        yield Mention(Kind.CODE, match[0], "", *match.span())
    elif asked.numbers and not text[max(0, at - 1) : at].endswith("-"):
        number = numeral(match[0], words)
        yield Mention(
            Kind.NUMBER, number.value, "", *match.span(), number.other, local=number.local
        )


def _placed(mention: Mention, reading: Reading) -> Mention:
    """The mention with its offsets and words in the original text."""
    start, end = reading.place(mention.start, mention.end)
    return replace(
        mention,
        start=start,
        end=end,
        text=reading.original[start:end],
        parts=tuple(_placed(part, reading) for part in mention.parts),
    )
