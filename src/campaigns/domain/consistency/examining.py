"""Examining: extraction and comparison of one part of a message, in one call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from campaigns.domain.consistency.comparing import Valued, Verdict, compare
from campaigns.domain.consistency.extracting import extract
from campaigns.domain.consistency.lexicon import lexicon
from campaigns.domain.consistency.links import extract_url
from campaigns.domain.consistency.matching import Declared
from campaigns.domain.consistency.mentions import Asked, Kind, Money
from campaigns.domain.consistency.texts import has_number


def asking(declared: Iterable[Valued], allowed: Iterable[Valued] = ()) -> Asked:
    """What extraction has to know from the campaign and the brand."""
    codes: list[str] = []
    words: list[str] = []
    currencies: set[str] = set()
    numbers = False
    near = [
        known.value
        for known in declared
        if known.kind is Kind.TEXT and isinstance(known.value, str) and has_number(known.value)
    ]
    for known in (*declared, *allowed):
        if isinstance(known.value, Money):
            currencies.add(known.value.currency)
        elif isinstance(known.value, str) and known.kind is Kind.CODE:
            codes.append(known.value)
        elif isinstance(known.value, str) and known.kind is Kind.TEXT:
            words.append(known.value)
        numbers = numbers or known.kind is Kind.NUMBER
    return Asked(tuple(codes), tuple(words), tuple(near), numbers, tuple(sorted(currencies)))


def examine(
    text: str,
    locale: str,
    declared: Sequence[Declared],
    *,
    required: Collection[str],
    allowed: Sequence[Valued] = (),
    links: Iterable[str] = (),
) -> Verdict:
    """Read one part of a message and hold it against the campaign.

    `links` are the targets of its links (href), which count as said like the visible text.
    """
    territory = lexicon(locale).territory
    targets = (extract_url(link, territory) for link in links)
    mentions = extract(text, locale, asking(declared, allowed))
    mentions += [target for target in targets if target]
    return compare(mentions, declared, required=required, allowed=allowed)
