"""Declared texts, such as a street and its number.

Decisions:
- A text is found with any spaces and dashes between its words, and never inside a longer word.
- The same words with another number (`Carrer Inventat 21` for 12) are the text with a slip in it,
  whatever stands between them: capitals, a comma, `núm.`. With the right number they are only
  written another way, and nobody is misled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from campaigns.domain.consistency.mentions import Asked, Kind, Mention
from campaigns.domain.consistency.reading import read

_DIGITS: Final = re.compile(r"\d+")
_WORDS: Final = re.compile(r"[^\W\d_]{4}")
_BETWEEN: Final = r"[\s,.]{1,4}(?:(?:n[úu]m(?:ero)?|n|number|no)?[.º°]{0,2}\s?)?"


def texts_in(text: str, asked: Asked) -> Iterator[Mention]:
    """The declared and allowed texts, and declared ones with another number."""
    for phrase in asked.words:
        for match in _phrase(phrase).finditer(text):
            yield Mention(Kind.TEXT, phrase, "", *match.span())
    for phrase in asked.near:
        numbers = _DIGITS.findall(phrase)
        for match in _with_any_number(phrase).finditer(text):
            if _DIGITS.findall(match[0]) != numbers:
                yield Mention(Kind.TEXT, match[0], "", *match.span())


def has_number(phrase: str) -> bool:
    """Whether a text can be known again by its words when its number is wrong."""
    return bool(_DIGITS.search(phrase) and _WORDS.search(phrase))


@lru_cache(maxsize=512)
def _phrase(phrase: str) -> re.Pattern[str]:
    """A text with any spaces and dashes between its words; no part of a longer word or number."""
    parts = (re.escape(part) for part in read(phrase).text.split())
    body = re.sub(r"\\-|–|—", "[-–—]", r"\s{1,4}".join(parts))
    return re.compile(rf"(?<!\w)(?<!\d[.,]){body}(?!\w|[.,]\d)" if body else r"(?!)")


@lru_cache(maxsize=512)
def _with_any_number(phrase: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in re.split(r"[\s,.]+", read(phrase).text) if part)
    body = _BETWEEN.join(_DIGITS.sub(lambda _: r"\d{1,6}", part) for part in parts)
    return re.compile(rf"(?<!\w){body}(?![\w])", re.IGNORECASE)
