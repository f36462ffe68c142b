"""The model of engagement: against exact figures, and against planted preferences."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from campaigns.domain.channel import Channel
from campaigns.domain.engagement import (
    CONFIDENCE,
    UNKNOWN,
    Beta,
    Engagement,
    Prior,
    Tally,
    estimate,
    exploring,
    preferred,
    probability_better,
)
from campaigns.domain.interaction import InteractionKind

E, S, W = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP


def exactly(one: Beta, other: Beta) -> float:
    """P(one > other), by integration."""
    a, b = (
        stats.beta(one.answered, one.not_answered),
        stats.beta(other.answered, other.not_answered),
    )
    value, _ = integrate.quad(lambda p: b.pdf(p) * a.sf(p), 0, 1, limit=400)
    return float(value)


def test_the_probability_is_near_the_exact_one() -> None:
    off = [
        abs(probability_better(one, other) - exactly(one, other))
        for y, n, against, of in [
            (3, 5, 0, 9),
            (2, 2, 0, 0),
            (2, 8, 1, 30),
            (9, 9, 8, 9),
            (1, 3, 0, 5),
        ]
        for prior in (UNKNOWN, Prior(0.03, 20), Prior(0.3, 3))
        for one, other in [(prior.updated(y, n), prior.updated(against, of))]
    ]
    assert sum(off) / len(off) < 0.02
    assert max(off) < 0.06


@given(st.floats(0.05, 60), st.floats(0.05, 60))
def test_the_probability_is_even_between_equals(answered: float, missed: float) -> None:
    belief = Beta(answered, missed)
    assert probability_better(belief, belief) == pytest.approx(0.5)


@given(st.integers(2, 40), st.integers(0, 40))
def test_the_lower_bound_is_near_the_exact_quantile(answers: int, missed: int) -> None:
    belief = UNKNOWN.updated(answers, answers + missed)
    exact = float(stats.beta(belief.answered, belief.not_answered).ppf(1 - CONFIDENCE))
    assert belief.low == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize(("mean", "strength"), [(0.05, 10.0), (0.2, 3.0), (0.4, 8.0)])
def test_the_prior_is_found_again_in_what_customers_did(mean: float, strength: float) -> None:
    chance = random.Random(7)
    cells: Counter[tuple[int, int]] = Counter()
    for _ in range(20_000):
        rate = chance.betavariate(mean * strength, (1 - mean) * strength)
        n = chance.randint(1, 12)
        cells[n, sum(chance.random() < rate for _ in range(n))] += 1
    found = estimate((n, y, count) for (n, y), count in cells.items())
    assert found.mean == pytest.approx(mean, rel=0.05)
    assert found.strength == pytest.approx(strength, rel=0.15)


def test_a_handful_of_customers_says_nothing_about_all() -> None:
    assert estimate([(5, 5, 29)]) is UNKNOWN
    assert estimate([(0, 3, 500)]) is UNKNOWN
    assert estimate([(5, 5, 30)]) is not UNKNOWN


def of(answers: int, messages: int, prior: Prior = UNKNOWN) -> Engagement:
    return Engagement(Tally(answers, messages), prior.updated(answers, max(answers, messages)))


def test_a_channel_needs_the_minimum_of_answers_and_to_be_clearly_better() -> None:
    silent = {E: of(0, 20), S: of(0, 0), W: of(0, 0)}
    assert preferred(silent | {S: of(1, 2)}, [E, S, W]) is None
    assert preferred(silent | {S: of(1, 3)}, [E, S, W]) == (S, E)
    assert preferred(silent | {S: of(2, 2)}, [E, S, W]) == (S, E)
    assert preferred({E: of(4, 9), S: of(5, 9), W: of(0, 9)}, [E, S, W]) is None


def test_only_open_channels_are_compared() -> None:
    known = {E: of(0, 20), S: of(5, 5), W: of(4, 9)}
    assert preferred(known, [E, W]) == (W, E)
    assert preferred(known, [W]) == (W, None)
    assert preferred(known, [E]) is None


TALLIES = [
    (S, Tally(3, 5, InteractionKind.REPLIED), "SMS: 3 replies in 5 messages"),
    (S, Tally(1, 1, InteractionKind.REPLIED), "SMS: 1 reply in 1 message"),
    (E, Tally(0, 9), "e-mail: 0 of 9"),
    (E, Tally(0, 0), "e-mail: no message"),
    (W, Tally(4, 0), "WhatsApp: 4 answers"),
]


@pytest.mark.parametrize(("channel", "tally", "words"), TALLIES)
def test_a_tally_is_told_in_words_and_survives_being_stored(
    channel: Channel, tally: Tally, words: str
) -> None:
    assert tally.in_words(channel) == words
    assert Tally.decode(tally.encode(channel)) == (channel, tally)


def test_the_share_that_explores_is_the_one_asked_for_and_goes_everywhere() -> None:
    places = [exploring("spring_sale/", customer, 0.02) for customer in range(50_000)]
    chosen = [p for p in places if p is not None]
    assert len(chosen) / len(places) == pytest.approx(0.02, abs=0.002)
    thirds = Counter(int(p * 3) for p in chosen)
    assert set(thirds) == {0, 1, 2}
    assert min(thirds.values()) > 0.8 * len(chosen) / 3
    assert places == [exploring("spring_sale/", customer, 0.02) for customer in range(50_000)]
    assert {exploring("spring_sale/", c, 0.0) for c in range(1000)} == {None}


def test_other_customers_explore_in_another_campaign() -> None:
    def who(campaign: str) -> set[int]:
        return {c for c in range(20_000) if exploring(campaign, c, 0.02) is not None}

    assert len(who("spring_sale/") & who("autumn_sale/")) < 30  # 8 by chance


@dataclass(frozen=True)
class Found:
    """One way to choose: customers who got their best channel, of all and of those decided for."""

    best: float
    best_where_decided: float
    answered: float


def simulated(customers: int = 4_000) -> dict[str, Found]:
    """Customers with planted shares per channel, much mail and few texts as in life."""
    chance = random.Random(20270301)
    channels, average = (E, S, W), {E: 0.06, S: 0.12, W: 0.15}
    got = {E: (6, 30), S: (2, 10), W: (1, 8)}
    people: list[tuple[dict[Channel, float], dict[Channel, tuple[int, int]]]] = []
    cells: dict[Channel, Counter[tuple[int, int]]] = {c: Counter() for c in channels}
    for _ in range(customers):
        shares = {c: chance.betavariate(average[c] * 4, (1 - average[c]) * 4) for c in channels}
        counts = {}
        for c in channels:
            n = chance.randint(*got[c])
            counts[c] = sum(chance.random() < shares[c] for _ in range(n)), n
            cells[c][n, counts[c][0]] += 1
        people.append((shares, counts))
    found = {c: estimate((n, y, k) for (n, y), k in cells[c].items()) for c in channels}

    def learnt(counts: dict[Channel, tuple[int, int]]) -> Channel | None:
        choice = preferred({c: of(*counts[c], found[c]) for c in channels}, channels)
        return choice[0] if choice else None

    def most_used(counts: dict[Channel, tuple[int, int]]) -> Channel | None:
        most = max(channels, key=lambda c: counts[c][0])
        return most if counts[most][0] >= 2 else None

    ways = {"learnt": learnt, "most used": most_used, "campaign's order": lambda _: None}
    return {name: _judged(people, way) for name, way in ways.items()}


def _judged(people: list[Any], way: Callable[[Any], Channel | None]) -> Found:
    chosen = [(shares, max(shares, key=shares.get), way(counts)) for shares, counts in people]
    decided = [choice is best for _, best, choice in chosen if choice is not None]
    return Found(
        sum((choice or E) is best for _, best, choice in chosen) / len(people),
        sum(decided) / len(decided) if decided else 0.0,
        sum(shares[choice or E] for shares, _, choice in chosen) / len(people),
    )


def test_planted_preferences_are_found_more_often_than_by_most_uses() -> None:
    found = simulated()
    for name, way in found.items():
        print(f"{name}: {way}")
    learnt, used, first = found.values()
    assert learnt.best > used.best + 0.05
    assert learnt.best_where_decided > used.best_where_decided + 0.1
    assert learnt.answered > used.answered > first.answered
