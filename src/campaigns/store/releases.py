"""Frozen releases by hash; a skeleton that several releases share is stored once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from campaigns.domain.audience import Audience
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.experiment import Experiment
from campaigns.domain.journey import Journey
from campaigns.domain.message import Skeleton
from campaigns.domain.pressure import Pressure
from campaigns.domain.release import Policy, Release
from campaigns.domain.schedule import Schedule
from campaigns.errors import NotFoundError
from campaigns.store import bulk, schema
from campaigns.store.clock import from_ms_or_none, to_ms, to_ms_or_none
from campaigns.store.engine import Database

_AUDIENCE: TypeAdapter[Audience] = TypeAdapter(Audience)
_EXPERIMENT: TypeAdapter[Experiment] = TypeAdapter(Experiment)
_JOURNEY: TypeAdapter[Journey] = TypeAdapter(Journey)
_SCHEDULE: TypeAdapter[Schedule] = TypeAdapter(Schedule)


class SqlReleases:
    """Implements services.ports.Releases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, release: Release, now: datetime) -> None:
        """Store the release and its skeletons; storing the same again changes nothing."""
        with self._database.write() as connection:
            save_release(connection, release, now)

    def load(self, release_hash: str) -> Release:
        """Raises NotFoundError."""
        releases = schema.releases.c
        with self._database.read() as connection:
            document = connection.execute(
                select(releases.document).where(releases.hash == release_hash)
            ).scalar()
            if document is None:
                raise NotFoundError(f"no release {release_hash} in {self._database.place}")
            columns = schema.skeletons.c
            rows = connection.execute(_of_release(release_hash, columns.hash, columns.document))
            skeletons: dict[str, bytes] = {row.hash: row.document for row in rows}
        return _decode(document, skeletons)

    def starting_with(self, beginning: str) -> list[str]:
        """Hashes that begin so, two at the most: one names a release, more do not."""
        column = schema.releases.c.hash
        query = select(column).where(column.startswith(beginning, autoescape=True)).limit(2)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def skeleton_ids(self, release_hash: str) -> dict[str, int]:
        """Skeleton hash → id, for the outbox's narrow rows."""
        with self._database.read() as connection:
            return load_skeleton_ids(connection, release_hash)

    def skeleton(self, skeleton_id: int) -> Skeleton:
        """One skeleton. Raises NotFoundError."""
        skeletons = schema.skeletons.c
        with self._database.read() as connection:
            document = connection.execute(
                select(skeletons.document).where(skeletons.id == skeleton_id)
            ).scalar()
        if document is None:
            raise NotFoundError(f"no skeleton {skeleton_id} in {self._database.place}")
        return Skeleton.from_json(document)


def save_release(connection: Connection, release: Release, now: datetime) -> None:
    """The same inside a transaction of the caller's."""
    nothing = "ON CONFLICT DO NOTHING"
    bulk.insert(
        connection,
        schema.skeletons,
        ("hash", "document"),
        [(s.hash, s.to_json()) for s in sorted(release.skeletons, key=lambda s: s.hash)],
        on_conflict=nothing,
    )
    bulk.insert(
        connection,
        schema.releases,
        ("hash", "campaign", "created_at", "document"),
        [(release.hash, release.campaign, to_ms(now), _encode(release))],
        on_conflict=nothing,
    )
    bulk.insert(
        connection,
        schema.links,
        ("release_hash", "id", "url"),
        [(release.hash, link, url) for link, url in sorted(release.links.items())],
        on_conflict=nothing,
    )
    ids = select(schema.skeletons.c.id).where(
        schema.skeletons.c.hash.in_([s.hash for s in release.skeletons])
    )
    bulk.insert(
        connection,
        schema.release_skeletons,
        ("release_hash", "skeleton_id"),
        [(release.hash, skeleton_id) for skeleton_id in connection.execute(ids).scalars()],
        on_conflict=nothing,
    )


def load_skeleton_ids(connection: Connection, release_hash: str) -> dict[str, int]:
    """Skeleton hash → id of one release."""
    columns = schema.skeletons.c
    rows = connection.execute(_of_release(release_hash, columns.hash, columns.id))
    return {row.hash: row.id for row in rows}


def _of_release(release_hash: str, *columns: Any) -> Any:
    joined = schema.skeletons.join(schema.release_skeletons)
    of_this = schema.release_skeletons.c.release_hash == release_hash
    return select(*columns).select_from(joined).where(of_this)


def _encode(release: Release) -> bytes:
    """Canonical JSON of everything but the skeletons, which are named by hash, in order."""
    policy = release.policy
    return orjson.dumps(
        {
            "campaign": release.campaign,
            "title": release.title,
            "edition": release.edition,
            "policy": {
                "channels": policy.channels,
                "purpose": policy.purpose,
                "topic": policy.topic,
                "audience": _AUDIENCE.dump_python(
                    policy.audience, mode="json", by_alias=True, exclude_unset=True
                ),
                "locales": policy.locales,
                "traits": policy.traits,
                "post_locale": policy.post_locale,
                "expires_at": to_ms_or_none(policy.expires_at),
                "fallback_hours": _hours(policy.fallback_within),
                "expires_on": policy.expires_on,
                "pressure": policy.pressure.model_dump(
                    mode="json", by_alias=True, exclude_defaults=True
                ),
                "home_zone": policy.home_zone,
                "start_tolerance": policy.start_tolerance.total_seconds(),
                "experiment": _EXPERIMENT.dump_python(policy.experiment, mode="json"),
                "explore": policy.explore,
                "journey": _JOURNEY.dump_python(policy.journey, mode="json", by_alias=True),
                "schedule": _SCHEDULE.dump_python(policy.schedule, mode="json", by_alias=True),
            },
            "facts": {name: dict(written) for name, written in release.facts.items()},
            "senders": {channel: dict(sender) for channel, sender in release.senders.items()},
            "skeletons": [s.hash for s in release.skeletons],
            "manifest": release.manifest,
            "links": dict(release.links),
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
    )


def _hours(span: timedelta | None) -> int | None:
    return None if span is None else span // timedelta(hours=1)


def _decode(document: bytes, skeletons: dict[str, bytes]) -> Release:
    raw = orjson.loads(document)
    policy = raw["policy"]
    return Release(
        campaign=raw["campaign"],
        title=raw["title"],
        edition=raw["edition"],
        policy=Policy(
            channels=tuple(map(Channel, policy["channels"])),
            purpose=Purpose(policy["purpose"]),
            topic=policy["topic"],
            audience=_AUDIENCE.validate_python(policy["audience"]),
            locales=tuple(policy["locales"]),
            traits=tuple(policy["traits"]),
            post_locale=policy["post_locale"],
            expires_at=from_ms_or_none(policy["expires_at"]),
            # A release of before there were fallbacks has none.
            fallback_within=None
            if policy.get("fallback_hours") is None
            else timedelta(hours=policy["fallback_hours"]),
            expires_on=policy["expires_on"] and date.fromisoformat(policy["expires_on"]),
            pressure=Pressure.model_validate(policy["pressure"]),
            home_zone=policy["home_zone"],
            start_tolerance=timedelta(seconds=policy["start_tolerance"]),
            experiment=_EXPERIMENT.validate_python(policy.get("experiment", {})),
            explore=policy.get("explore", 0.0),
            journey=_JOURNEY.validate_python(policy.get("journey", {})),
            schedule=_SCHEDULE.validate_python(policy.get("schedule", {})),
        ),
        facts=raw["facts"],
        senders={Channel(channel): sender for channel, sender in raw["senders"].items()},
        skeletons=tuple(Skeleton.from_json(skeletons[h]) for h in raw["skeletons"]),
        manifest=raw["manifest"],
        links=raw.get("links", {}),
    )
