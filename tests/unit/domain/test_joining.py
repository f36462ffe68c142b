"""Consent is never widened by a merge, whatever was said, when and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.consent import Purpose, Standing, permits
from campaigns.domain.joining import (
    Stand,
    better_address,
    joined_customer,
    joined_preferences,
    newest,
    noes_needed,
    parted,
)

_EPOCH = datetime(2027, 1, 1, tzinfo=UTC)
_NOW = 100
_STANDS = st.lists(
    st.builds(
        Stand,
        channel=st.just("email"),
        purpose=st.sampled_from(["marketing", "service"]),
        topic=st.sampled_from(["*", "offers", "news"]),
        granted=st.booleans(),
        at=st.integers(1, 150),  # also of a clock that runs ahead of ours
    ),
    max_size=6,
).map(newest)


def _may(stands: list[Stand], purpose: Purpose, topic: str) -> bool:
    own = [
        Standing(s.topic, s.granted, _EPOCH + timedelta(minutes=s.at))
        for s in stands
        if s.purpose == purpose
    ]
    return permits(own, purpose, topic)


def _said_no(stands: list[Stand], purpose: Purpose, topic: str) -> bool:
    relevant = any(s.purpose == purpose and s.topic in (topic, "*") for s in stands)
    return relevant and not _may(stands, purpose, topic)


@given(_STANDS, _STANDS)
def test_a_merge_never_widens_consent(mine: list[Stand], other: list[Stand]) -> None:
    after = newest((*mine, *other, *noes_needed(mine, other, _NOW)))
    for purpose in Purpose:
        for topic in ("offers", "news", "anything"):
            if _may(after, purpose, topic):
                sides = (mine, other)
                assert any(_may(side, purpose, topic) for side in sides)
                assert not any(_said_no(side, purpose, topic) for side in sides)


@given(_STANDS)
def test_a_profile_without_consents_changes_nothing(mine: list[Stand]) -> None:
    assert noes_needed(mine, [], _NOW) == noes_needed([], mine, _NOW) == []


def test_a_no_is_kept_over_a_later_yes_of_the_other() -> None:
    no = Stand("email", "marketing", "offers", False, 5)
    yes = Stand("email", "marketing", "*", True, 90)
    assert noes_needed([no], [yes], _NOW) == [no._replace(at=_NOW)]


def test_one_answer_is_not_given_twice() -> None:
    no = Stand("email", "marketing", "*", False, 90)
    yes = Stand("email", "marketing", "offers", True, 5)
    assert noes_needed([no], [yes], _NOW) == []


_CUSTOMER = {
    "id": 1,
    "ref": "a",
    "first_name": "Ana",
    "last_name": None,
    "locale": "ca",
    "country": "ES",
    "time_zone": None,
    "preferred_channel": "sms",
    "attributes": {"points": 1, "tier": "gold"},
    "last_purchase_at": None,
    "created_at": 5,
    "updated_at": 10,
}


def test_what_was_said_last_stands_and_blanks_are_filled() -> None:
    newer = _CUSTOMER | {
        "id": 2, "ref": "b", "first_name": "Anna", "country": None, "attributes": {"points": 2},
        "last_purchase_at": 7, "created_at": 3, "updated_at": 20,
    }  # fmt: skip
    joined = joined_customer(_CUSTOMER, newer, _NOW)
    assert joined == _CUSTOMER | {
        "first_name": "Anna", "attributes": {"points": 2, "tier": "gold"},
        "last_purchase_at": 7, "created_at": 3, "updated_at": _NOW,
    }  # fmt: skip


def test_of_two_pauses_the_longer_and_of_two_caps_the_lower_stands() -> None:
    mine = {
        "customer_id": 1, "channels": None, "quiet_from": 60, "quiet_until": 90,
        "paused_until": 500, "weekly_most": 3, "updated_at": 9,
    }  # fmt: skip
    other = mine | {
        "customer_id": 2, "channels": "sms", "quiet_from": None, "quiet_until": None,
        "paused_until": 400, "weekly_most": 1, "updated_at": 12,
    }  # fmt: skip
    assert joined_preferences(mine, other, _NOW) == mine | {
        "channels": "sms",
        "weekly_most": 1,
        "updated_at": _NOW,
    }


def test_the_address_that_can_be_written_to_comes_first_and_then_the_one_with_a_yes() -> None:
    active, other = (
        {"address_key": "a", "status": "active"},
        {"address_key": "b", "status": "active"},
    )
    bounced = {"address_key": "b", "status": "bounced"}
    assert not better_address(active, bounced, kept_yes=False, merged_yes=True)
    assert better_address(bounced, active, kept_yes=True, merged_yes=False)
    assert better_address(active, other, kept_yes=False, merged_yes=True)
    assert not better_address(active, other, kept_yes=True, merged_yes=True)


def test_what_changed_since_the_merge_stays() -> None:
    joined = {"locale": "ca", "country": "ES", "attributes": {"points": 2, "tier": "gold"}}
    before = {"locale": "es", "country": None, "attributes": {"points": 1}}
    now_is = {"locale": "ca", "country": "AD", "attributes": {"points": 2, "tier": "basic"}}
    assert parted(now_is, joined, before) == {
        "locale": "es",
        "country": "AD",
        "attributes": {"points": 1, "tier": "basic"},
    }
