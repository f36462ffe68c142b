"""Facts that are typed where they should be named: right today, and wrong after the next change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.known import Known
from campaigns.content.checks.pieces import Piece
from campaigns.domain.consistency import Kind
from campaigns.domain.findings import Finding

_TARGET: Final = re.compile(r"\bhref\s*=\s*[\"']([^\"'{}]+)[\"']", re.IGNORECASE)


def check(checked: Checked) -> Iterator[Finding]:
    """`typed-fact`."""
    known = checked.known
    for locale, piece in checked.every_copy():
        yield from _typed(checked, piece, known[locale])
    for locale in checked.sources.locales:
        for piece in checked.others(locale):
            if piece.key != "legal":
                yield from _typed(checked, piece, known[locale])


def _typed(checked: Checked, piece: Piece, known: Known) -> Iterator[Finding]:
    targets = tuple(_TARGET.findall(piece.words)) if piece.is_layout else ()
    if not targets and not _may_hold_a_fact(piece.typed, known):
        return
    verdict = known.of(piece.typed, targets)
    for name, places in verdict.found.items():
        if not _is_telling(known, name):
            continue
        for place in places:
            words = " ".join(place.words.split())
            yield checked.finding(
                "typed-fact",
                f"`{words}` is typed here; it is the fact `{name}`.",
                f"Write {{{{ facts.{name} }}}}, so that it changes with the fact.",
                piece.file,
                piece.line_of(words),
            )


def _may_hold_a_fact(text: str, known: Known) -> bool:
    """Whether it is worth reading: all facts but texts, codes and links have digits."""
    return (
        "://" in text
        or any(c.isdigit() for c in text)
        or any(isinstance(fact.value, str) and fact.value in text for fact in known.declared)
    )


def _is_telling(known: Known, name: str) -> bool:
    """A single word, or a number below ten, may stand there by chance."""
    (fact,) = (fact for fact in known.declared if fact.name == name)
    if fact.kind is Kind.TEXT:
        return len(fact.written.split()) > 1 or any(c.isdigit() for c in fact.written)
    return fact.kind is not Kind.NUMBER or len(fact.written) > 1
