"""The channel choice: its decision table, and what must hold for any customer at all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.obstacle import obstacle
from campaigns.domain.pressure import NO_WISHES
from campaigns.domain.reason import Choice, Obstacle, Reason, Rule, Skip
from campaigns.domain.routing import barred, choose, choose_default, personal
from tests.unit.domain.routing_cases import CASES, Case, table

DOCS = Path(__file__).parents[3] / "docs" / "routing.md"
channels = st.sampled_from(PERSONAL_CHANNELS)
cases = st.builds(
    Case,
    customer=st.just("anyone"),
    expected=st.just(""),
    consents=st.dictionaries(channels, st.booleans()),
    reachable=st.lists(channels, unique=True).map(tuple),
    dead=st.lists(channels, unique=True).map(tuple),
    suppressed=st.lists(channels, unique=True).map(tuple),
    prefers=st.none() | channels,
    then=st.permutations(PERSONAL_CHANNELS).map(tuple),
    did=st.dictionaries(channels, st.tuples(st.integers(0, 9), st.integers(0, 9))),
    explore=st.none() | st.floats(0, 1, exclude_max=True),
    country=st.sampled_from(["ES", "US"]),
    may_dm=st.booleans(),
    paused=st.booleans(),
    capped=st.lists(channels, unique=True).map(tuple),
    purpose=st.sampled_from(Purpose),
    channels=st.lists(st.sampled_from(Channel), unique=True, min_size=1).map(tuple),
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.customer)
def test_the_decision_table_holds(case: Case) -> None:
    assert case.decided() == case.expected


def test_the_docs_show_the_decision_table_that_is_tested() -> None:
    assert table() in DOCS.read_text(encoding="utf-8")


@given(cases)
def test_nobody_is_chosen_a_channel_with_an_obstacle_and_nobody_is_skipped_without(
    case: Case,
) -> None:
    profile, policy = case.profile(), case.policy()
    decision = choose(profile, policy, case.explore)
    if isinstance(decision, Choice):
        assert obstacle(profile, decision.channel, policy) is None
        assert decision.channel in policy.channels
        assert decision.channel is not Channel.X_POST
    else:
        usable = [c for c in policy.channels if c in PERSONAL_CHANNELS]
        assert all(obstacle(profile, c, policy) is not None for c in usable)


@given(cases)
def test_every_reason_survives_being_stored_and_reads_as_a_sentence(case: Case) -> None:
    decision = choose(case.profile(), case.policy(), case.explore)
    if isinstance(decision, Choice):
        assert Reason.decode(decision.reason.encode()) == decision.reason
        sentence = decision.reason.explain(decision.channel)
    else:
        assert Skip.decode(decision.encode()) == decision
        sentence = decision.explain()
    assert sentence.endswith(".")
    assert "_" not in sentence


@given(cases)
def test_a_marketing_message_never_goes_without_a_yes(case: Case) -> None:
    decision = choose(case.profile(), case.policy(), case.explore)
    if isinstance(decision, Choice) and case.purpose is Purpose.MARKETING:
        assert case.consents[decision.channel] is True
        assert not case.paused
        assert decision.channel not in case.capped


@given(cases)
def test_a_stated_channel_that_is_open_is_taken_whatever_was_learnt(case: Case) -> None:
    profile, policy = case.profile(), case.policy()
    wanted = [
        c for c in profile.stated if c in policy.channels and obstacle(profile, c, policy) is None
    ]
    decision = choose(profile, policy, case.explore)
    if wanted:
        assert isinstance(decision, Choice)
        assert (decision.channel, decision.reason.rule) == (wanted[0], Rule.STATED_PREFERENCE)


@given(cases)
def test_only_who_stated_no_preference_explores(case: Case) -> None:
    decision = choose(case.profile(), case.policy(), case.explore)
    if isinstance(decision, Choice) and decision.reason.rule is Rule.EXPLORING:
        assert case.prefers is None
        assert decision.channel is not choose(case.profile(), case.policy()).channel


@given(cases)
def test_who_is_barred_by_word_and_address_is_skipped_alike_without_the_rest_of_the_profile(
    case: Case,
) -> None:
    """Planning again asks `barred` of a profile that holds nothing else (store.standing_skips)."""
    profile, policy = case.profile(), case.policy()
    bare = dataclasses.replace(
        profile, country=None, engagement={}, may_dm=False, wishes=NO_WISHES, capped=frozenset()
    )
    skip = barred(bare, policy)
    lasting = {
        Obstacle.SUPPRESSED,
        Obstacle.OPTED_OUT,
        Obstacle.NO_CONSENT,
        Obstacle.NO_ADDRESS,
        Obstacle.ADDRESS_DEAD,
    }
    if all(obstacle(profile, c, policy) in lasting for c in personal(policy)):
        assert skip == choose(profile, policy, case.explore) == choose_default(profile, policy)
    else:
        assert skip is None
