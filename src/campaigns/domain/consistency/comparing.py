"""Comparison: does a text say what the campaign declares, all of it, and nothing else?

Decisions:
- A fact written in another locale's format says the right thing in the wrong way: it is found, and
  told. What reads as another value here and as the fact elsewhere (3/4/2027 for 4 March in Spain)
  is not found: its readers would be misled.
- A date without a year is the declared date of that day and month when there is but one.
- The two ends of a declared range may stand apart (`from 1 March`, `ends 31 March`), and a range
  may join two declared dates.
- A time with a declared day needs that day as the date nearest to it.
- A time without a zone is the declared time; one with another zone is not.
- Bare numbers are never strangers: most of them are no facts (`3 shops`).
- What stands inside a declared or allowed text (a street, a legal line) belongs to that text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from campaigns.domain.consistency.advice import (
    doubt,
    plainly,
    stranger,
    unclear_year,
    wrong_format,
)
from campaigns.domain.consistency.matching import Declared, is_end, matches, normal, same_day
from campaigns.domain.consistency.mentions import Clock, Kind, Mention, Span, Value, overlaps


class Valued(Protocol):
    """Anything with a kind and a value: a `Declared`, a `Mention`, a value of the brand."""

    @property
    def kind(self) -> Kind: ...
    @property
    def value(self) -> Value | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands: offsets in the original text and the exact words there."""

    start: int
    end: int
    words: str
    link: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell about one mention.

    `fact` is the declared fact that is meant or nearest, `advice` a sentence for the marketer.
    """

    mention: Mention
    fact: str | None
    advice: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a text says, held against the campaign.

    Attributes:
        found: where each fact stands; a fact that does not is not a key.
        missing: the required facts that do not stand there.
        strangers: values that are neither declared nor allowed.
        in_words: amounts spelled out.
        ambiguous: values that a reader may take for another.
        wrong_format: facts written the way another locale writes them.
    """

    found: Mapping[str, tuple[Place, ...]]
    missing: tuple[str, ...] = ()
    strangers: tuple[Remark, ...] = ()
    in_words: tuple[Remark, ...] = ()
    ambiguous: tuple[Remark, ...] = ()
    wrong_format: tuple[Remark, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Nothing to tell."""
        return not (
            self.missing or self.strangers or self.in_words or self.ambiguous or self.wrong_format
        )


def compare(
    mentions: Sequence[Mention],
    declared: Sequence[Declared],
    *,
    required: Collection[str],
    allowed: Sequence[Valued] = (),
) -> Verdict:
    """Hold what a text says against what the campaign declares.

    `allowed` are values that may stand there without being facts: the brand's phone, its address.
    """
    judge = _Judge(mentions, declared, allowed)
    for mention in mentions:
        judge.weigh(mention)
    judge.join_ranges()
    found = {name: tuple(places) for name, places in judge.found.items()}
    return Verdict(
        found,
        tuple(name for name in required if name not in found),
        tuple(judge.strangers),
        tuple(judge.in_words),
        tuple(judge.ambiguous),
        tuple(judge.wrong_format),
    )


class _Judge:
    """Weighs one mention after the other."""

    def __init__(
        self, mentions: Sequence[Mention], declared: Sequence[Declared], allowed: Iterable[Valued]
    ) -> None:
        self.declared = declared
        self.allowed = [Declared("", a.kind, normal(a.kind, a.value)) for a in allowed]
        known = [*self.declared, *self.allowed]
        self.covered = [
            (m.start, m.end)
            for m in mentions
            if m.kind is Kind.TEXT and any(matches(k, m) for k in known)
        ]
        self.dates = [m for m in _flat(mentions) if m.kind is Kind.DATE and not m.link]
        self.found: dict[str, list[Place]] = defaultdict(list)
        self.ends: dict[str, dict[bool, list[Place]]] = defaultdict(lambda: defaultdict(list))
        self.strangers: list[Remark] = []
        self.in_words: list[Remark] = []
        self.ambiguous: list[Remark] = []
        self.wrong_format: list[Remark] = []

    def weigh(self, mention: Mention) -> None:
        if mention.kind is Kind.IN_WORDS:
            if not overlaps(mention, self.covered):
                self.in_words.append(Remark(mention, *plainly(mention, self.declared)))
        elif mention.parts and not self._is_known(mention):
            for is_start, part in zip((True, False), mention.parts, strict=True):
                self._weigh_value(part, is_start)
        else:
            self._weigh_value(mention)

    def _is_known(self, mention: Mention) -> bool:
        return any(matches(known, mention) for known in (*self.declared, *self.allowed))

    def _weigh_value(self, mention: Mention, is_start: bool | None = None) -> None:
        """`is_start` tells the first day of a written range (True) from its last (False)."""
        facts = [f for f in self.declared if matches(f, mention) and self._on_its_day(f, mention)]
        if self._year_is_unclear(mention):
            self.ambiguous.append(Remark(mention, None, unclear_year(mention, self.declared)))
        elif facts:
            self._record(mention, facts)
        elif not (self._ends_a_range(mention, is_start) or self._is_harmless(mention)):
            self.strangers.append(Remark(mention, *stranger(mention, self.declared)))

    def _record(self, mention: Mention, facts: Sequence[Declared]) -> None:
        for fact in facts:
            self.found[fact.name].append(_place(mention))
        self._ends_a_range(mention, None)
        if mention.doubtful:
            self.ambiguous.append(Remark(mention, facts[0].name, doubt(mention, facts[0])))
        elif not mention.local:
            advice = wrong_format(mention, facts[0])
            self.wrong_format.append(Remark(mention, facts[0].name, advice))

    def _is_harmless(self, mention: Mention) -> bool:
        return (
            mention.kind is Kind.NUMBER
            or any(matches(known, mention) for known in self.allowed)
            or overlaps(mention, self.covered)
            or self._is_day_of_a_time(mention)
            or any(is_end(known, mention) is not None for known in self.allowed)
        )

    def _is_day_of_a_time(self, mention: Mention) -> bool:
        return mention.kind is Kind.DATE and any(
            isinstance(f.value, Clock) and f.value.on and same_day(f.value.on, mention.value)
            for f in (*self.declared, *self.allowed)
        )

    def _on_its_day(self, fact: Declared, mention: Mention) -> bool:
        if not isinstance(fact.value, Clock) or fact.value.on is None:
            return True
        nearest = min(self.dates, key=lambda d: _gap(d, mention), default=None)
        return nearest is not None and same_day(fact.value.on, nearest.value)

    def _year_is_unclear(self, mention: Mention) -> bool:
        if mention.kind is not Kind.DATE or isinstance(mention.value, date):
            return False
        days = {day for f in self.declared for day in _days(f.value)}
        return len([d for d in days if same_day(d, mention.value)]) > 1

    def _ends_a_range(self, mention: Mention, is_start: bool | None) -> bool:
        """Whether it is an end of a declared range; one that stands alone is noted."""
        was_one = False
        for fact in self.declared:
            end = is_end(fact, mention)
            if end is None or is_start not in (None, end):
                continue
            was_one = True
            if is_start is None:
                self.ends[fact.name][end].append(_place(mention))
        return was_one

    def join_ranges(self) -> None:
        """A range whose two ends stand apart is found."""
        for name, ends in self.ends.items():
            if name not in self.found and len(ends) == 2:
                self.found[name] = [*ends[True], *ends[False]]


def _flat(mentions: Iterable[Mention]) -> Iterable[Mention]:
    for mention in mentions:
        yield from mention.parts or (mention,)


def _days(value: object) -> tuple[date, ...]:
    if isinstance(value, date):
        return (value,)
    if isinstance(value, Clock) and value.on:
        return (value.on,)
    if isinstance(value, Span):
        return tuple(d for d in (value.start, value.end) if isinstance(d, date))
    return ()


def _gap(one: Mention, other: Mention) -> int:
    return max(one.start - other.end, other.start - one.end)


def _place(mention: Mention) -> Place:
    return Place(mention.start, mention.end, mention.text, mention.link)
