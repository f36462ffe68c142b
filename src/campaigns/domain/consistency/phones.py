"""Phone numbers, by Google's phone number rules (the phonenumbers library).

Decisions:
- A number with + is a phone number, whatever its digits: one that no country has is still a wrong
  one, and is told. Groups are dropped from its end until a number is left that some country has.
- Without + the locale's country decides and the number must be a valid one there; a possible one
  counts after a word for phone, a 0 or a bracket. Six digits in one (Andorra) need such a word,
  or a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import phonenumbers

from campaigns.domain.consistency.lexicon import Lexicon
from campaigns.domain.consistency.mentions import Kind, Mention

_NUMBER: Final = re.compile(r"(?:\+\s?\(?|\(\+?)?\d(?:[\s().\-/\xa0]{0,3}\d){5,17}(?!\w)")
_GROUP_END: Final = re.compile(r"(?<=\d)[\s().\-/\xa0]+\d+$")
_CUE: Final = re.compile(
    r"(?:tel|tlf|tfno|phone|call|ring|mobile|text|whatsapp|llama|ll[aá]manos|m[oó]vil|tel[eéè]fono?"
    r"|truca|truca'ns|m[oò]bil|anruf|appele[rz])\b[^\d\n]{0,12}$",
    re.IGNORECASE,
)
_MONEY_AROUND: Final = re.compile(r"\s?(?:%|€|\$|£|EUR\b|USD\b|GBP\b)")
_SHORTEST_PLAIN: Final = 7
#: How many groups of digits after a number may belong to something else.
_MOST_GROUPS: Final = 6


def phones_at(text: str, at: int, words: Lexicon) -> tuple[Mention, ...]:
    """The phone number whose first digit is at `at`."""
    start = at
    while start and text[start - 1] in "+(":
        start -= 1
    match = _NUMBER.match(text, start) or _NUMBER.match(text, at)
    if match is None:
        return ()
    cued = match[0][0] in "0(" or bool(_CUE.search(text, max(0, match.start() - 24), match.start()))
    ends = [
        (c, match.start() + len(c))
        for c in _candidates(match[0])
        if not _MONEY_AROUND.match(text, match.start() + len(c))
    ]
    # A number that exists wins over a longer one that could.
    for lenient in (False, True) if cued or match[0].startswith("+") else (False,):
        for candidate, end in ends:
            value = e164(candidate, words.territory, lenient=lenient)
            if value and _is_phone_like(candidate, cued):
                return (Mention(Kind.PHONE, value, "", match.start(), end),)
    if match[0].startswith("+"):
        digits = "+" + re.sub(r"\D", "", match[0])
        return (Mention(Kind.PHONE, digits, "", *match.span()),)
    return ()


def _candidates(written: str) -> Iterator[str]:
    """The number, then without its last group, and so on."""
    for _ in range(_MOST_GROUPS):
        yield written
        shorter = _GROUP_END.sub("", written)
        if shorter == written:
            return
        written = shorter


def _is_phone_like(written: str, cued: bool) -> bool:
    return cued or not written.isdecimal() or len(written) >= _SHORTEST_PLAIN


@lru_cache(maxsize=1024)
def e164(written: str, territory: str, *, lenient: bool = False) -> str | None:
    """The number as +34600000120; None when it is none. `lenient` takes any of the right length."""
    try:
        number = phonenumbers.parse(written, territory or None)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    possible = reason == phonenumbers.ValidationResult.IS_POSSIBLE
    if not (lenient and possible) and not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
