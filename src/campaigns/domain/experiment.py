"""Experiments: who is in which arm, and what the arms came to.

Assignment is a hash, so that it is the same on every machine and every day, and independent from
one experiment to the next. The comparison itself is campaigns.analysis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

#: A split this unlikely means that the arms were not filled as meant (Kohavi, Tang, Xu:
#: Trustworthy Online Controlled Experiments, 2020, chapter 21: use a strict level, say 0.001).
MISMATCH_LEVEL = 0.001
_SPACE = 1 << 64


def assign(key: str, customer_id: int, shares: Mapping[str, float]) -> str:
    """The arm of a customer in the experiment `key`, by shares that add up to any positive total.

    Stable for key, customer and order of the arms; independent across keys. Giving the last arm
    more at the cost of the one before it moves nobody but those in between.
    """
    total = sum(shares.values())
    if total <= 0 or any(share < 0 for share in shares.values()):
        raise ValueError(f"shares must be positive: {dict(shares)}")
    digest = blake2b(f"{key}\x1f{customer_id}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / _SPACE * total
    chosen = ""
    for arm, share in shares.items():
        if share:
            chosen = arm
            if place < share:
                return arm
        place -= share
    return chosen  # the last bit of rounding


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a release tries out on whom. Shares are of those who may get the message.

    Attributes:
        variants: variant of the copy → its share; empty: everyone gets the base.
        channels: `preferred` and `default` → shares; empty: everyone gets the preferred channel.
        holdout: share of 1 that gets nothing of this campaign, to measure what it brings.
        brand_holdout: share of 1 that gets no marketing at all in `brand_period`.
    """

    variants: tuple[tuple[str, float], ...] = ()
    channels: tuple[tuple[str, float], ...] = ()
    holdout: float = 0.0
    brand_holdout: float = 0.0
    brand_period: str = ""

    @property
    def trivial(self) -> bool:
        """Whether nothing is tried out."""
        return self == NO_EXPERIMENT


NO_EXPERIMENT = Experiment()
#: The arms of a channel experiment: where the customer prefers it, or where the campaign says.
PREFERRED, DEFAULT = "preferred", "default"
#: The arms of a holdout.
MESSAGE, HOLDOUT = "message", "holdout"
BASE_VARIANT = "a"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One customer's arms. `held_out` is why nothing is sent: `holdout`, `brand_holdout` or ""."""

    variant: str = BASE_VARIANT
    channel: str = ""
    held_out: str = ""


_NOTHING = Assignment()


def arms_of(experiment: Experiment, campaign: str, customer_id: int) -> Assignment:
    """The arms of a customer. `campaign` is the campaign's name with its edition."""
    if experiment.trivial:
        return _NOTHING
    if _held_out(f"brand/{experiment.brand_period}", customer_id, experiment.brand_holdout):
        return Assignment(held_out="brand_holdout")
    if _held_out(f"{campaign}/holdout", customer_id, experiment.holdout):
        return Assignment(held_out="holdout")
    variants, channels = dict(experiment.variants), dict(experiment.channels)
    return Assignment(
        assign(f"{campaign}/variant", customer_id, variants) if variants else BASE_VARIANT,
        assign(f"{campaign}/channel", customer_id, channels) if channels else "",
    )


def _held_out(key: str, customer_id: int, share: float) -> bool:
    shares = {HOLDOUT: share, MESSAGE: 1 - share}
    return share > 0 and assign(key, customer_id, shares) == HOLDOUT


class GoalKind(StrEnum):
    """What is counted: whether it happened, or how much."""

    YES_NO = "yes_no"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Sample:
    """One arm on one goal, by what every test here needs of it.

    Attributes:
        people: everyone assigned to the arm, whatever came of them.
        total: how many did it, or the amounts' sum.
        variance: of one person's value, with n - 1; skewness: of the same, 0 where it is unknown.
    """

    arm: str
    people: int
    total: float
    variance: float
    skewness: float = 0.0

    @property
    def mean(self) -> float:
        """The rate, or the amount per person."""
        return self.total / self.people if self.people else 0.0


def sample_of(arm: str, people: int, sums: tuple[float, float, float]) -> Sample:
    """A sample from the sums of the values' first three powers."""
    if people < 2:
        return Sample(arm, people, sums[0], 0.0)
    mean, second, third = (s / people for s in sums)
    spread = max(0.0, second - mean**2)
    cubed = third - 3 * mean * second + 2 * mean**3
    skewness = cubed / spread**1.5 if spread > 0 else 0.0
    return Sample(arm, people, sums[0], spread * people / (people - 1), skewness)


@dataclass(frozen=True, slots=True)
class Difference:
    """One arm against the control on one goal.

    Attributes:
        value: the arm's mean less the control's; low, high: the interval around it.
        p_value: of no difference at all; adjusted: the same with regard to all comparisons made.
        relative: the difference over the control's mean; None where that is 0.
        method: the test's name, for those who check.
        caution: why the figures should be read with care; empty when there is nothing to say.
    """

    arm: str
    control: str
    value: float
    low: float
    high: float
    p_value: float
    adjusted: float
    relative: float | None
    method: str
    caution: str = ""


@dataclass(frozen=True, slots=True)
class GoalResult:
    """One goal: the arms, the control first, and each arm against the control."""

    goal: str
    kind: GoalKind
    samples: tuple[Sample, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """How unlikely the arms' sizes are under the shares that were meant."""

    expected: Mapping[str, float]
    found: Mapping[str, int]
    p_value: float

    @property
    def broken(self) -> bool:
        """Whether assignment or recording went wrong: then no result can be trusted."""
        return self.p_value < MISMATCH_LEVEL


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """What an experiment came to.

    Attributes:
        confidence: of the intervals, such as 0.95.
        early: whether the intervals allow for being looked at again and again (always valid).
    """

    control: str
    goals: tuple[GoalResult, ...]
    mismatch: Mismatch
    confidence: float
    early: bool

    @property
    def people(self) -> int:
        """Everyone in the experiment."""
        return sum(self.mismatch.found.values())
