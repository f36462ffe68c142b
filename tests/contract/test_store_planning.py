"""Profiles as planning reads them, and plans as it writes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import insert, select

from campaigns.domain.audience import Audience
from campaigns.domain.channel import PERSONAL_CHANNELS, PUBLIC, Channel
from campaigns.domain.consent import Purpose, Standing
from campaigns.domain.customer import AddressStatus, Profile
from campaigns.domain.delivery import Accepted, DeliveryState
from campaigns.domain.engagement import UNKNOWN, Engagement, Tally
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.plan import PlannedDelivery, PlannedSkip
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState
from campaigns.store import candidates, schema
from campaigns.store.clock import to_ms
from campaigns.store.planning import POST_SHARD
from tests.contract.store_world import LIMITS, NOW, World, release

MARKETING, SERVICE = Purpose.MARKETING, Purpose.SERVICE

CLICKED = InteractionKind.CLICKED


def _profiles(world: World, of: Release | None = None) -> list[Profile]:
    first, last = world.planning.customer_range()
    return list(
        world.planning.profiles(of or release(), first_customer=first, last_customer=last, now=NOW)
    )


def _profile(world: World, of: Release | None = None) -> Profile:
    (profile,) = _profiles(world, of)
    return profile


def _used(world: World, customer: int, channel: Channel, answers: int, inbound: int | None) -> None:
    world.execute(
        insert(schema.channel_uses).values(
            customer_id=customer,
            channel=channel,
            messages=5,
            answers=answers,
            kind="clicked",
            recent_messages=45,
            recent_answers=9 * answers,
            last_inbound_at=inbound,
        )
    )


def test_a_profile_says_all_that_planning_needs(world: World) -> None:
    customer = world.customer(
        ref="c-1",
        locale="ca_AD",
        country="AD",
        time_zone="Europe/Andorra",
        preferred_channel="sms",
        attributes={"member": True, "points": 3},
        channels=(),
    )
    world.address(customer, Channel.EMAIL)
    world.address(customer, Channel.SMS, status="bounced")
    world.standing(customer, Channel.EMAIL, granted=True, topic="*", at=NOW)
    world.standing(customer, Channel.EMAIL, granted=False, topic="offers, and more", at=NOW)
    _used(world, customer, Channel.EMAIL, 4, None)
    assert _profile(world, release(traits=("member", "vip"))) == Profile(
        customer_id=customer,
        ref="c-1",
        locale="ca_AD",
        country="AD",
        time_zone="Europe/Andorra",
        stated_preference=Channel.SMS,
        reachable={Channel.EMAIL: AddressStatus.ACTIVE, Channel.SMS: AddressStatus.BOUNCED},
        suppressed=frozenset(),
        standings={
            Channel.EMAIL: (
                Standing("*", True, NOW),
                Standing("offers, and more", False, NOW),
            )
        },
        engagement={
            **{c: Engagement(Tally(0, 0), UNKNOWN.updated(0, 0)) for c in PERSONAL_CHANNELS},
            Channel.EMAIL: Engagement(Tally(4, 5, CLICKED), UNKNOWN.updated(3.6, 4.5)),
        },
        may_dm=False,
        traits={"member": True},
    )


def test_a_customer_of_whom_we_know_nothing_has_an_empty_profile(world: World) -> None:
    customer = world.customer(channels=(), ref="c-1")
    assert _profile(world) == Profile(
        customer, "c-1", "en_GB", None, None, None, {}, frozenset(), {}, {}
    )


def test_standings_are_those_of_the_campaigns_purpose(world: World) -> None:
    customer = world.customer(channels=())
    world.standing(customer, Channel.EMAIL, granted=True, purpose=MARKETING, at=NOW)
    world.standing(customer, Channel.SMS, granted=False, purpose=SERVICE, at=NOW)
    assert _profile(world).standings == {Channel.EMAIL: (Standing("*", True, NOW),)}
    service = release(purpose=SERVICE, topic="*")
    assert _profile(world, service).standings == {Channel.SMS: (Standing("*", False, NOW),)}


@pytest.mark.parametrize(
    ("suppressed_for", "purpose", "barred"),
    [
        ("marketing", MARKETING, True),
        ("marketing", SERVICE, False),
        ("all", MARKETING, True),
        ("all", SERVICE, True),
    ],
)
def test_a_suppression_bars_the_purposes_it_is_for(
    world: World, suppressed_for: str, purpose: Purpose, barred: bool
) -> None:
    customer = world.customer()
    world.suppress(customer, Channel.EMAIL, suppressed_for)
    profile = _profile(world, release(purpose=purpose))
    assert profile.suppressed == (frozenset({Channel.EMAIL}) if barred else frozenset())
    assert profile.reachable == {Channel.EMAIL: AddressStatus.ACTIVE}


def test_a_suppressed_number_is_suppressed_for_sms_and_whatsapp(world: World) -> None:
    customer = world.customer(channels=())
    world.address(customer, Channel.SMS, "+447700900001")
    world.address(customer, Channel.WHATSAPP, "+447700900001")
    world.suppress(customer, Channel.SMS)
    assert _profile(world).suppressed == {Channel.SMS, Channel.WHATSAPP}


@pytest.mark.parametrize(
    ("inbound", "denied_at", "purpose", "may_dm"),
    [
        (None, None, MARKETING, False),
        (NOW, None, MARKETING, True),
        (NOW, NOW - timedelta(milliseconds=1), MARKETING, True),
        (NOW, NOW, MARKETING, False),
        (NOW, NOW + timedelta(days=1), MARKETING, False),
        (NOW, NOW + timedelta(days=1), SERVICE, False),
    ],
)
def test_a_direct_message_needs_that_the_customer_wrote_first_and_said_no_no_since(
    world: World, inbound: object, denied_at: object, purpose: Purpose, may_dm: bool
) -> None:
    customer = world.customer(channels=())
    moment = None if inbound is None else to_ms(NOW)
    _used(world, customer, Channel.X_DM, 0, moment)
    _used(world, customer, Channel.WHATSAPP, 2, to_ms(NOW))
    if denied_at is not None:
        world.standing(
            customer,
            Channel.X_DM,
            granted=False,
            purpose=purpose,
            at=denied_at,  # type: ignore[arg-type]
        )
    assert _profile(world).may_dm is may_dm


def test_profiles_come_in_order_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "PAGE", 3)
    customers = world.customers(7)
    assert [p.customer_id for p in _profiles(world)] == customers
    within = world.planning.profiles(
        release(), first_customer=customers[1], last_customer=customers[5], now=NOW
    )
    assert [p.customer_id for p in within] == customers[1:6]


def test_profiles_are_of_the_audience(world: World) -> None:
    audience: Audience = TypeAdapter(Audience).validate_python({"country": {"eq": "ES"}})
    wanted = world.customer(country="ES")
    world.customer(country="US")
    assert _profile(world, release(audience=audience)).customer_id == wanted


def test_who_has_the_campaign_already_is_counted_and_not_read_again(world: World) -> None:
    had, fresh = world.customer(), world.customer()
    run = world.planned([had])
    world.runs.move(run.id, RunState.FINISHED, now=NOW)
    assert _profile(world).customer_id == fresh
    assert world.planning.already(release(), first=had, last=fresh, now=NOW) == 1
    assert len(_profiles(world, release("other"))) == 2
    assert world.planning.already(release("other"), first=had, last=fresh, now=NOW) == 0


def test_whom_the_end_of_the_offer_left_without_is_planned_again(world: World) -> None:
    """A wrong year in `expires` must not cost the audience: nobody of them has had anything."""
    reached, missed = world.customers(2)
    later = NOW + timedelta(hours=1)
    short = world.planned([reached, missed], of=release(expires_at=later))
    batch = world.claim(short, limits=dict.fromkeys(LIMITS, 1))
    assert [item.customer_id for item in batch.items] == [reached]
    world.intend(batch)
    world.settle(batch, Accepted("id"))
    world.outbox.sweep(now=later)
    assert world.states(short) == [DeliveryState.ACCEPTED, DeliveryState.EXPIRED]
    world.runs.move(short.id, RunState.FINISHED, now=later)
    assert _profile(world).customer_id == missed
    assert world.planning.already(release(), first=reached, last=missed, now=later) == 1
    longer = world.planned([reached, missed])
    assert world.states(longer) == [DeliveryState.PENDING]
    assert world.states(short) == [DeliveryState.ACCEPTED]


def test_the_range_of_customers_is_their_ids(world: World) -> None:
    assert world.planning.customer_range() == (0, -1)
    first = world.customer()
    last = world.customer()
    assert world.planning.customer_range() == (first, last)


def _plan(
    world: World, run: Run, customers: Sequence[int], skipped: Sequence[int] = (), already: int = 0
) -> int:
    made = release()
    wanted = made.skeleton(Channel.EMAIL, "en_GB").hash
    return world.planning.write_plan(
        run,
        world.runs.shards(run.id)[0],
        [PlannedDelivery(c, Channel.EMAIL, wanted, "campaign_order") for c in customers],
        [PlannedSkip(c, "no_consent|email=no_consent") for c in skipped],
        already=already,
        now=NOW,
    )


def test_a_plan_is_a_row_per_customer_with_its_reason(world: World) -> None:
    goes, stays = world.customer(), world.customer()
    run = world.started(running=False)
    assert _plan(world, run, [goes], [stays], already=5) == 1
    (row,) = world.rows(select(schema.deliveries))
    assert (row.customer_id, row.run_id, row.shard, row.channel) == (goes, run.id, 0, "email")
    assert (row.state, row.reason, row.attempts, row.batch_id) == (
        DeliveryState.PENDING,
        "campaign_order",
        0,
        None,
    )
    (skip,) = world.rows(select(schema.skips))
    assert tuple(skip) == (run.id, stays, "no_consent|email=no_consent")
    assert world.outbox.skip_counts(run.id) == {"no_consent": 1}
    (shard,) = world.runs.shards(run.id)
    assert (shard.planned_at, shard.already) == (NOW, 5)


def test_planning_a_shard_again_changes_nothing(world: World) -> None:
    goes, stays = world.customer(), world.customer()
    run = world.started(running=False)
    _plan(world, run, [goes], [stays], already=5)
    before = world.rows(select(schema.deliveries))
    assert _plan(world, run, [goes, stays], [goes], already=9) == 0
    assert world.rows(select(schema.deliveries)) == before
    assert len(world.rows(select(schema.skips))) == 1
    assert world.runs.shards(run.id)[0].already == 5


def test_the_same_customer_is_never_planned_twice_for_a_campaign(world: World) -> None:
    """Whatever the code believes: the unique key keeps the promise, and the counts add up."""
    had, fresh = world.customer(), world.customer()
    first = world.planned([had])
    world.finished(first.id)
    second = world.started(running=False)
    assert _plan(world, second, [had, fresh]) == 1
    found = world.rows(select(schema.deliveries.c.customer_id, schema.deliveries.c.run_id))
    assert sorted(map(tuple, found)) == sorted([(had, first.id), (fresh, second.id)])
    assert world.runs.shards(second.id)[0].already == 1


def test_rows_lie_by_channel_skeleton_and_customer(world: World) -> None:
    customers = world.customers(6)
    made = release()
    run = world.started(made, running=False)
    plan = [
        PlannedDelivery(customer, channel, made.skeleton(channel, locale).hash, "campaign_order")
        for customer, (channel, locale) in zip(
            reversed(customers),
            [(c, i) for c in (Channel.SMS, Channel.EMAIL) for i in ("ca_ES", "en_GB", "ca_ES")],
            strict=True,
        )
    ]
    world.planning.write_plan(run, world.runs.shards(run.id)[0], plan, [], already=0, now=NOW)
    d = schema.deliveries.c
    rows = world.rows(select(d.channel, d.skeleton_id, d.customer_id).order_by(d.id))
    assert [tuple(r) for r in rows] == sorted(tuple(r) for r in rows)
    assert len(rows) == 6


def test_a_plan_that_fails_leaves_nothing(world: World) -> None:
    customer = world.customer()
    run = world.started(running=False)
    (shard,) = world.runs.shards(run.id)
    unknown = PlannedDelivery(customer, Channel.EMAIL, "no such skeleton", "campaign_order")
    with pytest.raises(KeyError):
        world.planning.write_plan(run, shard, [unknown], [], already=0, now=NOW)
    assert world.runs.shards(run.id)[0].planned_at is None


def test_a_campaign_posts_once(world: World) -> None:
    made = release()
    run = world.started(made, running=False)
    post = PlannedDelivery(
        PUBLIC, Channel.X_POST, made.skeleton(Channel.X_POST, "en_GB").hash, "public_post"
    )
    assert world.planning.write_post(run, post, now=NOW)
    assert not world.planning.write_post(run, post, now=NOW)
    (row,) = world.rows(select(schema.deliveries))
    assert (row.customer_id, row.shard) == (PUBLIC, POST_SHARD)


def test_a_post_is_for_nobody_in_particular(world: World) -> None:
    made = release()
    run = world.started(made, running=False)
    post = PlannedDelivery(
        PUBLIC, Channel.X_POST, made.skeleton(Channel.X_POST, "en_GB").hash, "public_post"
    )
    with pytest.raises(ValueError, match="for everyone"):
        world.planning.write_post(run, dataclasses.replace(post, customer_id=7), now=NOW)
