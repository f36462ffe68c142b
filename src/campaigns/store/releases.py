"""Frozen releases by hash; a skeleton that several releases share is stored once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from campaigns.domain.message import Skeleton
from campaigns.domain.release import Release
from campaigns.errors import NotFoundError
from campaigns.store import bulk, schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from campaigns.store.release_document import decode, encode


class SqlReleases:
    """Implements services.ports.Releases."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: tuple[str, Release] | None = None

    def save(self, release: Release, now: datetime) -> None:
        """Store the release and its skeletons; storing the same again changes nothing."""
        with self._database.write() as connection:
            save_release(connection, release, now)

    def load(self, release_hash: str) -> Release:
        """Raises NotFoundError. A release never changes: the last one is kept, for the shards to
        come."""
        last = self._last
        if last is not None and last[0] == release_hash:
            return last[1]
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
        release = decode(document, skeletons)
        self._last = release_hash, release
        return release

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
        [(release.hash, release.campaign, to_ms(now), encode(release))],
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
