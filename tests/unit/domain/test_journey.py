"""What a journey's conditions may be, and what is decided about a step."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from campaigns.domain.audience import Everyone
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose, Standing
from campaigns.domain.customer import AddressStatus, Profile
from campaigns.domain.journey import Condition, Due, Step, depth, leaves, step_errors
from campaigns.domain.reason import Choice, Reason, Rule, Skip, SkipReason
from campaigns.domain.release import Policy
from campaigns.services.plan_journey import decide_step
from tests.contract.store_world import NOW

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
POLICY = Policy(
    channels=(Channel.EMAIL, Channel.SMS),
    purpose=Purpose.MARKETING,
    topic="offers",
    audience=Everyone("everyone"),
    locales=("en_GB",),
    traits=(),
    post_locale="en_GB",
)
YES = (Standing("*", True, NOW),)
ANA = Profile(
    1, "ana", "en_GB", "GB", None, None,
    {Channel.EMAIL: AddressStatus.ACTIVE, Channel.SMS: AddressStatus.ACTIVE},
    frozenset(), {Channel.EMAIL: YES, Channel.SMS: YES}, {},
)  # fmt: skip
DUE = Due(1, acted=False, told=False, fits=True, answered_on=None, in_audience=True)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"opened": "any"},
        {"clicked": "a", "replied": "a"},
        {"clicked": {"within_days": 0}},
        {"clicked": {"within_days": 3, "step": "a"}},
        {"clicked": "Not A Name"},
        {"all": []},
        {"not": {"clicked": "a"}, "clicked": "a"},
        "clicked",
        3,
    ],
)
def test_what_is_no_condition_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        _CONDITION.validate_python(written)


def test_a_condition_tells_what_it_asks_about_and_how_deep_it_is() -> None:
    node = _CONDITION.validate_python(
        {"all": [{"clicked": "a"}, {"not": {"any": [{"replied": "b"}, {"purchased": "any"}]}}]}
    )
    assert [(str(leaf.kind), leaf.about) for leaf in leaves(node)] == [
        ("clicked", "a"),
        ("replied", "b"),
        ("purchased", "any"),
    ]
    assert depth(node) == 4


def test_a_first_step_with_a_wait_or_a_condition_is_told() -> None:
    first = Step.model_validate({"name": "a", "if": {"clicked": "any"}})
    ((where, told),) = step_errors((first,), None)
    assert where == ("steps", 0)
    assert "at once" in told


@pytest.mark.parametrize(
    ("change", "decision"),
    [
        ({}, Choice(Channel.EMAIL, Reason(Rule.CAMPAIGN_ORDER))),
        ({"answered_on": Channel.SMS}, Choice(Channel.SMS, Reason(Rule.CONVERSATION))),
        (
            {"answered_on": Channel.WHATSAPP},
            Choice(Channel.EMAIL, Reason(Rule.CAMPAIGN_ORDER)),
        ),
        ({"acted": True, "told": True, "fits": False}, Skip(SkipReason.ALREADY_ACTED)),
        ({"told": True, "fits": False}, Skip(SkipReason.TOLD_BY_A_PERSON)),
        ({"fits": False, "answered_on": Channel.SMS}, Skip(SkipReason.STEP_NOT_FOR_THEM)),
    ],
)
def test_a_step_is_decided_by_what_is_known(
    change: dict[str, Any], decision: Choice | Skip
) -> None:
    assert decide_step(dataclasses.replace(DUE, **change), ANA, POLICY) == decision


def test_an_answer_where_the_customer_opted_out_is_no_way_in() -> None:
    no = {Channel.EMAIL: YES, Channel.SMS: (Standing("*", False, NOW),)}
    opted_out = dataclasses.replace(ANA, standings=no)
    found = decide_step(dataclasses.replace(DUE, answered_on=Channel.SMS), opted_out, POLICY)
    assert isinstance(found, Choice)
    assert found.channel is Channel.EMAIL


def test_who_was_erased_meanwhile_gets_nothing() -> None:
    assert decide_step(DUE, None, POLICY) == Skip(SkipReason.NO_ADDRESS)


def test_the_reason_is_told_in_a_sentence() -> None:
    reason = Reason.decode(Reason(Rule.CONVERSATION).encode())
    assert reason.explain(Channel.SMS) == "SMS: the customer answered there."
