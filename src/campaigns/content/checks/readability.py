"""`reading-level`: the body is not harder to read than the brand asks for.

LIX (Björnsson, Läsbarhet, 1968): the words of a sentence on average, plus the share of words of
more than six letters, in percent. Below 30 reads easily, 40 is a newspaper, 50 and more is an
office. It counts no syllables, and so needs no rules of a language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.languages import sentences
from campaigns.content.checks.pieces import GAP
from campaigns.domain.findings import Finding

#: Fewer words are not judged: one long sentence would decide.
_FEWEST_WORDS: Final = 30
_LONG: Final = 6
_WORD: Final = re.compile(rf"[^\W\d_]+(?:['’-][^\W\d_]+)*|{GAP}|\d[\d.,]*")


def check(checked: Checked) -> Iterator[Finding]:
    """`reading-level`."""
    most = checked.sources.brand.voice.max_lix
    if most is None:
        return
    told: set[tuple[str, int]] = set()
    sources = checked.sources
    for locale, variant, step in product(sources.locales, sources.variants, sources.steps):
        body = [p for p in checked.copy_of(locale, variant, step) if p.key == "body"]
        if not body or (place := (body[0].file, body[0].line)) in told:
            continue
        told.add(place)
        level = lix([piece.typed for piece in body])
        if level is not None and level > most:
            message = f"`body` has a reading level (LIX) of {level:.0f}; the brand asks for "
            message += f"{most} at most."
            mend = "Write shorter sentences and shorter words."
            yield replace(checked.finding("reading-level", message, mend, *place), locale=locale)


def lix(paragraphs: Sequence[str]) -> float | None:
    """The reading level of a text; None when it is too short to have one. A fact or a customer's
    value counts as a short word."""
    in_sentences: list[list[str]] = [
        found for text in paragraphs for s in sentences(text) if (found := _WORD.findall(s))
    ]
    words: list[str] = [word for found in in_sentences for word in found]
    if len(words) < _FEWEST_WORDS:
        return None
    long = sum(len(word) > _LONG and word[0].isalpha() for word in words)
    return len(words) / len(in_sentences) + 100 * long / len(words)
