"""Releases are frozen: what comes out is what went in, to the hash."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import func, select

from campaigns.domain.audience import Audience
from campaigns.errors import NotFoundError
from campaigns.store import schema
from campaigns.store.engine import Database
from campaigns.store.releases import SqlReleases
from tests.contract.store_world import NOW, release

AUDIENCES = [
    "everyone",
    {"country": {"in": ["ES", "AD"]}},
    {"all": [{"language": {"eq": "ca"}}, {"last_purchase": {"within_days": 90}}]},
    {"any": [{"not": {"attributes.points": {"gte": 10.5}}}, {"attributes.member": {"eq": True}}]},
    {"attributes.size": {"exists": False, "not_in": [1, 1.5, "1", True]}},
]


@pytest.mark.parametrize("audience", AUDIENCES, ids=str)
def test_a_release_comes_back_as_it_went_in(database: Database, audience: object) -> None:
    typed: Audience = TypeAdapter(Audience).validate_python(audience)
    saved = release(audience=typed, traits=("member",), expires_at=NOW + timedelta(days=3))
    releases = SqlReleases(database)
    releases.save(saved, NOW)
    loaded = releases.load(saved.hash)
    assert loaded == saved
    assert loaded.hash == saved.hash


def test_saving_the_same_release_again_changes_nothing(database: Database) -> None:
    releases = SqlReleases(database)
    saved = release()
    releases.save(saved, NOW)
    releases.save(dataclasses.replace(saved, title="The same files under another title"), NOW)
    assert releases.load(saved.hash).title == saved.title


def test_a_skeleton_that_two_releases_share_is_stored_once(database: Database) -> None:
    releases = SqlReleases(database)
    one, other = release("spring_sale"), release("summer_sale")
    releases.save(one, NOW)
    releases.save(other, NOW)
    with database.read() as connection:
        count = connection.execute(select(func.count()).select_from(schema.skeletons)).scalar()
    assert count == len(one.skeletons)
    assert releases.skeleton_ids(one.hash) == releases.skeleton_ids(other.hash)


def test_each_skeleton_is_found_by_its_id(database: Database) -> None:
    releases = SqlReleases(database)
    saved = release()
    releases.save(saved, NOW)
    ids = releases.skeleton_ids(saved.hash)
    assert {releases.skeleton(ids[s.hash]) == s for s in saved.skeletons} == {True}
    assert len(ids) == len(saved.skeletons)


def test_what_is_not_there_is_named(database: Database) -> None:
    releases = SqlReleases(database)
    with pytest.raises(NotFoundError, match="no release 0123"):
        releases.load("0123")
    with pytest.raises(NotFoundError, match="no skeleton 77"):
        releases.skeleton(77)
