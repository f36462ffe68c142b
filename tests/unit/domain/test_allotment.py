"""Who gets which message: a hash that order does not move, and what differs between two plans."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.allotment import Allotment, compare_plans
from campaigns.domain.channel import Channel
from tests.contract.store_world import release

RELEASE = release(channels=(Channel.EMAIL, Channel.SMS))
MESSAGES = {(s.channel, s.locale): s.hash for s in RELEASE.skeletons}
EMAIL, SMS = MESSAGES[Channel.EMAIL, "en_GB"], MESSAGES[Channel.SMS, "en_GB"]
EMAIL_CA = MESSAGES[Channel.EMAIL, "ca_ES"]

plans = st.dictionaries(
    st.integers(1, 20_000), st.sampled_from(sorted(MESSAGES.values())), max_size=30
)


def allot(plan: Mapping[int, str]) -> Allotment:
    made = Allotment.of(RELEASE)
    for customer, message in plan.items():
        made.give(customer, message)
    return made


@given(plans)
def test_the_order_in_which_customers_are_planned_does_not_move_the_hash(
    plan: dict[int, str],
) -> None:
    shuffled = list(plan.items())
    random.Random(7).shuffle(shuffled)
    one, other = allot(plan), allot(dict(shuffled))
    assert one.plan_hash("r") == other.plan_hash("r")
    assert one.people == len(plan)


@given(plans, plans)
def test_two_plans_have_one_hash_only_when_everybody_gets_the_same(
    one: dict[int, str], other: dict[int, str]
) -> None:
    assert (allot(one).plan_hash("r") == allot(other).plan_hash("r")) == (one == other)


@given(plans, plans)
def test_every_customer_who_changed_is_counted_and_nobody_else(
    before: dict[int, str], after: dict[int, str]
) -> None:
    changed = sum(before.get(c) != after.get(c) for c in before.keys() | after.keys())
    assert compare_plans(RELEASE, allot(before), allot(after)).customers == changed


@given(plans)
def test_a_plan_comes_back_from_the_database_as_it_was(plan: dict[int, str]) -> None:
    made = allot(plan)
    again = Allotment.unpacked(RELEASE, made.packed())
    assert again.plan_hash("r") == made.plan_hash("r")
    assert not compare_plans(RELEASE, made, again).customers


def test_another_release_is_another_plan() -> None:
    assert allot({1: EMAIL}).plan_hash("r") != allot({1: EMAIL}).plan_hash("s")


def test_what_changed_is_told_by_channel_and_in_customers() -> None:
    before = dict.fromkeys(range(1, 21), EMAIL)
    after = {**before, 1: SMS, 2: SMS, 3: EMAIL_CA, 30: SMS}
    for gone in (10, 11):
        del after[gone]
    change = compare_plans(RELEASE, allot(before), allot(after))
    assert str(change) == (
        "4 fewer by e-mail, 3 more by SMS, 1 with other words: 6 customers changed"
    )
    assert change.percent == 30


def test_nobody_changed_is_said_so() -> None:
    assert str(compare_plans(RELEASE, allot({1: EMAIL}), allot({1: EMAIL}))) == "exactly as planned"


def test_who_does_not_fit_into_a_limited_run_is_no_change() -> None:
    before = {1: EMAIL, 2: EMAIL, 3: SMS}
    limited = compare_plans(RELEASE, allot(before), allot({1: SMS}), limited=True)
    assert limited.customers == 1


def test_whom_an_earlier_run_told_is_no_change_and_explains_nobody_elses_loss() -> None:
    before = {1: EMAIL, 2: EMAIL, 3: SMS}
    told = {Channel.EMAIL: 1}
    assert not compare_plans(RELEASE, allot(before), allot({2: EMAIL, 3: SMS}), told=told).customers
    lost = compare_plans(RELEASE, allot(before), allot({2: EMAIL}), told=told)
    assert str(lost) == "1 fewer by SMS: 1 customer changed"


def test_who_was_kept_back_is_no_change_and_explains_nobody_elses_loss() -> None:
    before = {1: EMAIL, 2: EMAIL, 5000: EMAIL}
    change = compare_plans(RELEASE, allot(before), allot({2: EMAIL}), kept_back={5000})
    assert str(change) == "1 fewer by e-mail: 1 customer changed"


def test_customers_far_apart_do_not_meet() -> None:
    places = [1, 4095, 4096, 4097, 1_000_000]
    pairs = [allot({a: EMAIL}).plan_hash("r") for a in places]
    assert len(set(pairs)) == len(places)
    for a, b in product(places, places):
        assert compare_plans(RELEASE, allot({a: EMAIL}), allot({b: EMAIL})).customers == 2 * (
            a != b
        )
