"""Any sequence of merges and partings: what was is restored, and no consent is ever widened."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from campaigns.domain.consent import Purpose, permits
from campaigns.errors import UserError
from campaigns.store.engine import open_database
from tests.contract.persons_world import Persons
from tests.contract.store_world import release
from tests.databases import SqliteFiles

REFS = ("1", "2", "3", "4")
RECALL = release("recall", purpose=Purpose.SERVICE)
_ANSWER = st.sampled_from(["", "yes", "no"])
_PEOPLE = st.fixed_dictionaries(
    {
        ref: st.fixed_dictionaries(
            {
                "email": st.sampled_from(["", f"{ref}@example.com"]),
                "phone": st.sampled_from(["+34600000001", "+34600000002"]),  # shared by some
                "points": st.sampled_from(["", "1", "2"]),
                "offers": _ANSWER,
                "news": _ANSWER,
                "all": _ANSWER,
                "sms": _ANSWER,
                "said_on": st.sampled_from(["2024-01-01", "2024-02-02", "2024-03-03"]),
                "clicks": st.sampled_from(["", "2"]),
                "seen": st.just("2025-01-01"),
            }
        )
        for ref in REFS
    }
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.sampled_from(REFS), st.sampled_from(REFS)),
        st.tuples(st.just("part"), st.integers(0, 5), st.just("")),
    ),
    min_size=2,
    max_size=8,
)
_SETTINGS = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking databases takes minutes
)


@_SETTINGS
@given(people=_PEOPLE, steps=_STEPS, messaged=st.sets(st.sampled_from(REFS)))
def test_parting_all_restores_everything_and_nothing_widens_consent(
    sqlite_files: SqliteFiles,
    tmp_path_factory: pytest.TempPathFactory,
    people: dict[str, dict[str, str]],
    steps: list[tuple[str, object, str]],
    messaged: set[str],
) -> None:
    file = sqlite_files.copy()
    database = open_database(f"sqlite:///{file}", Path())
    try:
        world = Persons(database, tmp_path_factory.mktemp("import"))
        _make(world, people, messaged)
        _walk(world, steps)
    finally:
        database.close()
        file.unlink()


def _make(world: Persons, people: dict[str, dict[str, str]], messaged: set[str]) -> None:
    columns = list(people["1"])
    lines = [f"id,{','.join(columns)}"]
    lines += [f"{ref},{','.join(row[c] for c in columns)}" for ref, row in people.items()]
    assert world("\n".join(lines) + "\n").created == len(REFS)
    if messaged:
        world.world.planned([world.number(ref) for ref in sorted(messaged)], of=RECALL)


def _walk(world: Persons, steps: list[tuple[str, object, str]]) -> None:
    before = world.state()
    consents = {ref: _answers(world, ref) for ref in REFS}
    groups: dict[str, set[str]] = {ref: {ref} for ref in REFS}
    standing: dict[int, tuple[str, str, dict[str, set[str]]]] = {}
    for minutes, (what, first, second) in enumerate(steps, start=1):
        if what == "merge":
            kept, merged = (_keeper(groups, str(ref)) for ref in (first, second))
            if kept == merged:
                continue
            number = world.merge(kept, merged, minutes=minutes)
            standing[number] = (kept, merged, {r: set(g) for r, g in groups.items()})
            groups[kept] |= groups.pop(merged)
        elif standing:
            number = sorted(standing)[int(str(first)) % len(standing)]
            _part(world, number, standing, groups, minutes)
        _check(world, groups, consents)
    for number in sorted(standing, reverse=True):
        world.unmerge(number, minutes=99)
    assert world.state() == before


def _part(
    world: Persons,
    number: int,
    standing: dict[int, tuple[str, str, dict[str, set[str]]]],
    groups: dict[str, set[str]],
    minutes: int,
) -> None:
    """Only the last merge of a person comes undone; any other says which is in the way."""
    kept, merged, then = standing[number]
    later = [n for n, (k, m, _) in standing.items() if n > number and kept in (k, m)]
    if later:
        with pytest.raises(UserError, match=f"unmerge {max(later)}"):
            world.unmerge(number, minutes=minutes)
        return
    world.unmerge(number, minutes=minutes)
    del standing[number]
    groups[merged] = set(then[merged])
    groups[kept] -= groups[merged]


def _keeper(groups: dict[str, set[str]], ref: str) -> str:
    return next(kept for kept, members in groups.items() if ref in members)


def _answers(world: Persons, ref: str) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Channel and topic → whether it may be sent, whether the customer said no."""
    standings = world.show(ref).standings
    found = {}
    for channel in ("email", "sms"):
        for topic in ("offers", "news", "anything"):
            own = [s for s in standings if s.channel == channel]
            may = permits(own, Purpose.MARKETING, topic)  # type: ignore[arg-type]
            said = any(s.topic in (topic, "*") for s in own)
            found[channel, topic] = (may, said and not may)
    return found


def _check(
    world: Persons,
    groups: dict[str, set[str]],
    consents: dict[str, dict[tuple[str, str], tuple[bool, bool]]],
) -> None:
    for kept, members in groups.items():
        assert {world.number(ref) for ref in members} == {world.number(kept)}
        for matter, (may, _) in _answers(world, kept).items():
            if may:
                assert any(consents[ref][matter][0] for ref in members)
                assert not any(consents[ref][matter][1] for ref in members)
        standing = [d for d in world.show(kept).deliveries if d.state == "pending"]
        assert len(standing) <= 1
