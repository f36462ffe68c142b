"""Watching: who looks on while batches are sent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from campaigns.domain.delivery import Outcome
from campaigns.services.ports import Batch


class Step(StrEnum):
    """How far a batch is; each is told to whoever watches."""

    CLAIMED = "claimed"
    INTENDED = "intended"
    CALLING = "calling"
    ANSWERED = "answered"
    SETTLED = "settled"


class Watch(Protocol):
    """Looks on while batches are sent: logs, figures, and the tests that kill a worker there."""

    def __call__(self, step: Step, batch: Batch, outcomes: Mapping[int, Outcome], /) -> None:
        """The batch has reached this step; `outcomes` are those known by then."""


def unwatched(_step: Step, _batch: Batch, _outcomes: Mapping[int, Outcome]) -> None:
    """Nobody looks on."""
