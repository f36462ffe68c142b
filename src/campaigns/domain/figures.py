"""Figures: what is asked of the database about a run, and what it said, number by number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from campaigns.domain.run import Run

Number: TypeAlias = int | float
#: Everything on every channel, in the figures that are told by channel.
ALL = "all"


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the database, as it is asked and as a person may ask it again.

    Attributes:
        meaning: what is counted, in a sentence.
        sql: without parameters: it can be pasted at a database prompt.
        keys: what the first columns name, such as `channel`; the rest are `numbers`.
    """

    name: str
    meaning: str
    sql: str
    keys: tuple[str, ...]
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `address` is the query, the row's key and the column: what to ask to get it."""

    value: Number
    address: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database said to a query: key → column → number."""

    query: Query
    rows: Mapping[tuple[str, ...], Mapping[str, Number]]

    def figure(self, *key: str, column: str) -> Figure:
        """One number; 0 where there is no such row: nobody was counted."""
        value = self.rows.get(key, {}).get(column, 0)
        return Figure(value, (self.query.name, *key, column))

    def figures(self) -> Iterator[Figure]:
        """All of them, in the order of the query."""
        for key, numbers in self.rows.items():
            for column, value in numbers.items():
                yield Figure(value, (self.query.name, *key, column))


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers about one run, by the query's name."""

    run: Run
    by_name: Mapping[str, Answer]

    def figure(self, query: str, *key: str, column: str) -> Figure:
        """One number; 0 where the query was not asked (a run without a goal) or has no such row."""
        answer = self.by_name.get(query)
        if answer is None:
            return Figure(0, (query, *key, column))
        return answer.figure(*key, column=column)

    def number(self, query: str, *key: str, column: str) -> Number:
        """The same, without its address."""
        return self.figure(query, *key, column=column).value

    def figures(
        self, query: str, keys: Iterable[tuple[str, ...]], column: str
    ) -> tuple[Figure, ...]:
        """One column of several rows: their sum is told."""
        return tuple(self.figure(query, *key, column=column) for key in keys)

    def keys(self, query: str) -> list[tuple[str, ...]]:
        """The rows' keys; none where the query was not asked."""
        answer = self.by_name.get(query)
        return [] if answer is None else list(answer.rows)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about a run besides its number.

    Attributes:
        since: only what happened after this belongs to it: its start.
        goal: the kind of interaction that the campaign is for; empty: it states none.
        within: how long after a message an event counts as its doing.
        step: the width of one column of the timeline.
    """

    run: int
    since: datetime
    goal: str
    within: timedelta
    step: timedelta
