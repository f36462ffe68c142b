"""Which channel a customer really answers on, learnt from what they did.

Of each channel it is counted how many messages arrived and how many of them were answered: by a
person's click, a reply, a purchase, a form posted. Opens weigh nothing, nor does anything that
programs do. Older messages weigh less. What one customer shows is little, so it is added to what
customers show on that channel in general (a Beta-Binomial model whose prior is estimated from all
of them: empirical Bayes; Casella, The American Statistician 39, 1985).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Annotated, TypeAlias

from pydantic import Field

from campaigns.domain.channel import Channel
from campaigns.domain.experiment import assign
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.written import Frozen

#: One answer says something about a channel where so many messages are known, or else two answers.
MINIMUM_MESSAGES = 3
#: A channel is preferred where it is better than the other one with this probability or more.
CONFIDENCE = 0.8
#: Half-lives after which a message is left out: it would weigh 1/256.
HALF_LIVES = 8


class Learning(Frozen):
    """`learning` in brand.yaml: how the preferred channel is learnt."""

    explore: Annotated[float, Field(ge=0, le=20)] = Field(
        2,
        description="percent of customers who stated no preference, in each marketing campaign, "
        "that get it on another permitted channel, to learn whether they answer there",
    )
    half_life: Annotated[int, Field(ge=7, le=3650)] = Field(
        180, description="days after which what a customer did weighs half"
    )


@dataclass(frozen=True, slots=True)
class Beta:
    """What is believed of the share of messages that are answered: a Beta distribution."""

    answered: float
    not_answered: float

    @property
    def mean(self) -> float:
        """The share that is expected."""
        return self.answered / (self.answered + self.not_answered)

    @property
    def variance(self) -> float:
        """How far off that may be, squared."""
        total = self.answered + self.not_answered
        return self.answered * self.not_answered / (total**2 * (total + 1))

    @property
    def low(self) -> float:
        """The share is larger than this with a probability of about CONFIDENCE."""
        return max(0.0, self.mean - _QUANTILE * sqrt(self.variance))


_QUANTILE = 0.8416212335729143  # of the normal distribution at CONFIDENCE


@dataclass(frozen=True, slots=True)
class Tally:
    """What can be counted, for people: `3 replies in 5 messages`.

    Attributes:
        kind: of the answers, where all were of one kind.
        messages: that arrived and whose sending is known; an imported past may have none.
    """

    answers: int
    messages: int
    kind: InteractionKind | None = None

    @property
    def enough(self) -> bool:
        """Whether it says anything about a preference."""
        return self.answers >= (1 if self.messages >= MINIMUM_MESSAGES else 2)

    def encode(self, channel: Channel) -> str:
        """Compact text: `sms 3/5 replied`."""
        text = f"{channel} {self.answers}/{self.messages}"
        return f"{text} {self.kind}" if self.kind else text

    @classmethod
    def decode(cls, text: str) -> tuple[Channel, Tally]:
        """Read what `encode` wrote."""
        channel, counts, *kind = text.split(" ")
        answers, _, messages = counts.partition("/")
        of = InteractionKind(kind[0]) if kind else None
        return Channel(channel), cls(int(answers), int(messages), of)

    def in_words(self, channel: Channel) -> str:
        """`SMS: 3 replies in 5 messages`, `e-mail: 0 of 9`."""
        if not self.answers:
            return f"{channel.label}: {f'0 of {self.messages}' if self.messages else 'no message'}"
        one, many = _WORDS.get(self.kind, ("answer", "answers"))
        text = f"{channel.label}: {self.answers} {one if self.answers == 1 else many}"
        if not self.messages:
            return text
        return f"{text} in {self.messages} message{'' if self.messages == 1 else 's'}"


_WORDS: Mapping[InteractionKind | None, tuple[str, str]] = {
    InteractionKind.CLICKED: ("click", "clicks"),
    InteractionKind.REPLIED: ("reply", "replies"),
    InteractionKind.PURCHASED: ("purchase", "purchases"),
    InteractionKind.PREFERENCE_CHANGED: ("form", "forms"),
}


@dataclass(frozen=True, slots=True)
class Engagement:
    """One customer on one channel: what was counted, and what is believed."""

    tally: Tally
    belief: Beta


@dataclass(frozen=True, slots=True)
class Prior:
    """What customers show on a channel in general.

    Attributes:
        mean: the share of messages that are answered.
        strength: how many messages of a customer's own weigh as much as this.
    """

    mean: float
    strength: float

    def updated(self, answers: float, messages: float) -> Beta:
        """What is believed once so many messages, so many of them answered, have been seen."""
        believed = self.mean * self.strength
        missed = max(0.0, messages - answers)
        return Beta(believed + answers, self.strength - believed + missed)


#: Of a channel on which too few customers are known: one message in ten, and soon persuaded.
UNKNOWN = Prior(0.1, 5.0)
_ENOUGH_CUSTOMERS = 30
_WEAKEST, _STRONGEST = 1.0, 50.0

#: Messages, answered ones, and how many customers had just so many.
Counted: TypeAlias = tuple[int, int, int]


def estimate(counted: Iterable[Counted]) -> Prior:
    """The prior of a channel, by the method of moments (Kleinman, JASA 68, 1973): how far
    customers differ from each other beyond chance tells how much weight their mean has."""
    cells = [(n, min(y, n), count) for n, y, count in counted if n > 0]
    if sum(count for *_, count in cells) < _ENOUGH_CUSTOMERS:
        return UNKNOWN
    messages = sum(n * count for n, _, count in cells)
    answers = sum(y * count for _, y, count in cells)
    mean = (answers + UNKNOWN.mean) / (messages + 1)
    pairs = sum(n * (n - 1) * count for n, _, count in cells)
    spread = sum((y - n * mean) ** 2 * count for n, y, count in cells) / (mean * (1 - mean))
    likeness = (spread - messages) / pairs if pairs else 0.0
    if not pairs:
        return Prior(mean, UNKNOWN.strength)
    strength = 1 / likeness - 1 if likeness > 0 else _STRONGEST
    return Prior(mean, min(_STRONGEST, max(_WEAKEST, strength)))


def priors(counted: Mapping[Channel, Sequence[Counted]]) -> dict[Channel, Prior]:
    """Each channel's prior."""
    return {channel: estimate(cells) for channel, cells in counted.items()}


def probability_better(one: Beta, other: Beta) -> float:
    """How likely `one` is the larger share, as if both were normal: two hundredths off the exact
    figure on average (a test integrates)."""
    apart = one.mean - other.mean
    return erfc(-apart / sqrt(2 * (one.variance + other.variance))) / 2


def preferred(
    known: Mapping[Channel, Engagement], channels: Sequence[Channel]
) -> tuple[Channel, Channel | None] | None:
    """The channel of these, in the campaign's order, that this customer clearly answers best on,
    and the one it was measured against; None where nothing is clear.

    To leave the campaign's order the channel must clearly beat its first one; where it is the
    first one itself, the runner-up. Every channel of `channels` is among `known`, or none is.
    """
    if not any(known[c].tally.enough for c in channels if c in known):
        return None
    best = max(channels, key=lambda c: known[c].belief.mean)
    if not known[best].tally.enough:
        return None
    others = [c for c in channels if c is not best]
    if not others:
        return best, None
    runner_up = max(others, key=lambda c: known[c].belief.mean)
    rival = runner_up if best is channels[0] else channels[0]
    clear = probability_better(known[best].belief, known[rival].belief) >= CONFIDENCE
    return (best, rival) if clear else None


def exploring(campaign: str, customer_id: int, share: float) -> float | None:
    """Whether this customer explores in this campaign: None, or a number in [0, 1) that tells
    which of the other channels. A hash: the same on every machine and every day."""
    if share <= 0 or assign(f"{campaign}/explore", customer_id, _of(share)) != "explore":
        return None
    return int(assign(f"{campaign}/where", customer_id, _PLACES)) / len(_PLACES)


def _of(share: float) -> dict[str, float]:
    return {"explore": share, "": 1 - share}


_PLACES = {str(n): 1.0 for n in range(60)}  # 60: shared evenly by two, three, four and five
