"""What trying another channel costs now and brings later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from campaigns.domain.channel import Channel
from campaigns.domain.experiment import Difference, Sample, sample_of

EXPLORERS, OTHERS = "exploring", "others"


class Cell(NamedTuple):
    """People on one channel: all, those who answered, and those whom the channel has won: they
    answered there, and later messages came there for that."""

    channel: Channel
    explored: bool
    people: int
    answered: int
    won: int


@dataclass(frozen=True, slots=True)
class Explored:
    """What exploring has shown.

    Attributes:
        cells: by channel.
        difference: of the share that answered, explorers less the others who might have explored;
            None while there are fewer than two of either.
    """

    cells: tuple[Cell, ...]
    difference: Difference | None

    @property
    def won(self) -> int:
        """Explorers for whom the channel tried decides since."""
        return sum(cell.won for cell in self.cells)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        found = self.difference
        return {
            "cells": [{**cell._asdict(), "channel": str(cell.channel)} for cell in self.cells],
            "won": self.won,
            "difference": found
            and {
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "p_value": found.p_value,
                "method": found.method,
            },
        }


def samples(cells: Sequence[Cell]) -> list[Sample]:
    """Explorers and others over all channels, for the comparison; the others first."""
    found = []
    for arm, explored in ((OTHERS, False), (EXPLORERS, True)):
        own = [cell for cell in cells if cell.explored is explored]
        answered = float(sum(cell.answered for cell in own))
        found.append(sample_of(arm, sum(c.people for c in own), (answered, answered, answered)))
    return found
