"""One of a thing is told as one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from campaigns.domain.campaign import GoalSpec
from campaigns.domain.costing import over_budget
from campaigns.domain.forecast import Power
from campaigns.domain.prices import Budget


@pytest.mark.parametrize(
    ("people", "said"), [(1, "with 1 person against 1 "), (1_200, "with 1,200 people against 1 ")]
)
def test_a_question_to_few(people: int, said: str) -> None:
    assert said in str(Power("variants", people, 1, None, "too few people"))


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 message has no price"), (2, "2 messages have no price")]
)
def test_a_message_without_a_price(number: int, said: str) -> None:
    budget = Budget(amount=Decimal(1), currency="EUR")
    assert said in (over_budget(budget, Decimal(0), Decimal(0), number) or "")


@pytest.mark.parametrize(("days", "said"), [(1, "within 1 day of"), (14, "within 14 days of")])
def test_a_goal_of_a_day(days: int, said: str) -> None:
    assert said in GoalSpec(kind="purchased", within_days=days).in_words
