"""The fact table: where each fact stands, read back out of the rendered messages.

It reads as the checks do, skeletons with a stand-in for customers' values: what is fixed is fixed
for everyone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from campaigns.bootstrap.preview.model import Column, FactRow, FactTable, Sighting, Stranger
from campaigns.content.checks.known import Known as KnownFacts
from campaigns.content.checks.view import BODIES, View, readable

if TYPE_CHECKING:
    from campaigns.domain.brand import Brand
    from campaigns.domain.campaign import Campaign
    from campaigns.domain.consistency import Declared, Remark, Verdict
    from campaigns.domain.message import Skeleton

_PARTS: Final = ("subject", "preheader", "html", "text", "body")


def fact_table(
    campaign: Campaign, brand: Brand, locale: str, skeletons: Sequence[Skeleton]
) -> FactTable:
    """The fact table of one locale's messages."""
    known = KnownFacts(campaign, brand, locale)
    verdicts: dict[Column, Verdict] = {}
    for skeleton in skeletons:
        view = View(skeleton)
        for part in _PARTS:
            if part in view.said:
                column = Column(skeleton.channel, part, part in BODIES)
                verdicts[column] = known.verdict(view, part)
    rows = tuple(_row(fact, fact.name in campaign.must_say, verdicts) for fact in known.declared)
    return FactTable(tuple(verdicts), rows, tuple(_strangers(verdicts)))


def _row(fact: Declared, must_say: bool, verdicts: Mapping[Column, Verdict]) -> FactRow:
    sightings = tuple(
        Sighting(
            column,
            tuple(dict.fromkeys(place.words for place in verdict.found.get(fact.name, ()))),
            column.required and fact.name in verdict.missing,
        )
        for column, verdict in verdicts.items()
    )
    return FactRow(fact.name, fact.kind.value, readable(fact.written), must_say, sightings)


def _strangers(verdicts: Mapping[Column, Verdict]) -> Iterator[Stranger]:
    for column, verdict in verdicts.items():
        told: set[str] = set()
        for remark in _remarks(verdict):
            words = remark.mention.text
            if words not in told:
                told.add(words)
                advice = readable(remark.advice)
                yield Stranger(column, remark.mention.kind.value, words, f"{_upper(advice)}.")


def _remarks(verdict: Verdict) -> Iterator[Remark]:
    yield from verdict.strangers
    yield from verdict.in_words
    yield from verdict.ambiguous
    yield from verdict.wrong_format


def _upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
