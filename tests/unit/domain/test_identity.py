"""When two profiles are one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.domain.identity import (
    Finding,
    IdentityRules,
    Person,
    Probable,
    Verdict,
    compare,
    compare_probably,
    plain_name,
    senior,
)

_NOW = datetime(2027, 3, 1, tzinfo=UTC)
MAIL, PHONE, HANDLE = ("email", "m"), ("phone", "p"), ("handle", "h")
ANA = Person(1, "crm:1", "Ana", "Puig", _NOW, {}, frozenset({MAIL, PHONE, HANDLE}), {"m": "ana"})
RULES = IdentityRules(contradict=("born_on",))


def _other(*keys: tuple[str, str], **values: object) -> Person:
    return replace(ANA, customer_id=2, ref="web:2", keys=frozenset(keys), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        (_other(MAIL), Verdict.JOIN),
        (_other(MAIL, first_name="ANA ", last_name="puig"), Verdict.JOIN),
        (_other(MAIL, first_name=None, last_name=None), Verdict.JOIN),
        (_other(MAIL, first_name="Jordi"), Verdict.REVIEW),  # a family's mailbox
        (_other(HANDLE, last_name=None), Verdict.JOIN),
        (_other(PHONE), Verdict.JOIN),
        (_other(PHONE, first_name=None), Verdict.REVIEW),  # numbers are given to others
        (_other(PHONE, first_name="Jordi"), Verdict.REVIEW),
        (_other(), Verdict.NOTHING),  # the same name alone
    ],
)
def test_what_is_shared_decides_together_with_the_names(other: Person, verdict: Verdict) -> None:
    assert compare(ANA, other, RULES).verdict is verdict
    assert compare(other, ANA, RULES).verdict is verdict


def test_a_mailbox_that_several_read_proves_nothing() -> None:
    shop = replace(ANA, mailboxes={"m": "info"})
    assert compare(shop, _other(MAIL, mailboxes={"m": "info"}), RULES).verdict is Verdict.NOTHING


def test_a_contradiction_takes_one_step_back() -> None:
    born = replace(ANA, attributes={"born_on": "1980-01-02"})
    other = {"born_on": "2004-05-06"}
    assert compare(born, _other(MAIL, attributes=other), RULES) == Finding(
        Verdict.REVIEW, "same email and names agree, but born_on differs"
    )
    family = _other(PHONE, first_name="Jordi", attributes=other)
    assert compare(born, family, RULES).verdict is Verdict.NOTHING


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [(0.5, Verdict.NOTHING), (0.9, Verdict.REVIEW), (0.995, Verdict.JOIN)],
)
def test_a_probability_joins_only_where_the_user_says_from_where(
    probability: float, verdict: Verdict
) -> None:
    on = RULES.model_copy(
        update={"probable": Probable(compare={"born_on": "code"}, review=0.9, join=0.99)}
    )
    assert compare_probably(ANA, _other(), on, probability).verdict is verdict
    never = on.model_copy(update={"probable": Probable(compare={"born_on": "code"})})
    assert compare_probably(ANA, _other(), never, 1.0).verdict is Verdict.REVIEW
    assert compare_probably(ANA, _other(), RULES, 1.0).verdict is Verdict.NOTHING


def test_a_contradiction_holds_against_any_probability() -> None:
    on = RULES.model_copy(update={"probable": Probable(compare={"born_on": "code"}, join=0.99)})
    one = replace(ANA, attributes={"born_on": "1980-01-02"})
    other = _other(attributes={"born_on": "1980-01-03"})
    assert compare_probably(one, other, on, 1.0).verdict is Verdict.REVIEW


def test_names_are_compared_without_accents_capitals_and_hyphens() -> None:
    assert plain_name("Núria", "SOLER-Vidal") == plain_name("nuria", "Soler  Vidal")
    assert plain_name("Núria") != plain_name("Maria")


def test_a_ref_of_the_users_own_stays_over_a_made_one_and_then_the_older() -> None:
    made = replace(ANA, ref="email:00ff", created_at=_NOW - timedelta(days=9))
    younger = replace(ANA, customer_id=3, created_at=_NOW + timedelta(days=1))
    assert senior(made, ANA) == senior(ANA, made) == (ANA, made)
    assert senior(younger, ANA)[0] is ANA
