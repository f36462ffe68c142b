"""Retention: the past is deleted once it is old enough, in small transactions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, TextClause, text

from campaigns.store.clock import to_ms
from campaigns.store.engine import Database

#: Rows looked at per transaction: others write in between.
BATCH = 5_000

# That a message was sent stays as long as its row of the outbox, which tells the same. What was
# written in the very moment in which its customer was erased goes too: it names nobody.
_INTERACTIONS = text("""
DELETE FROM interactions
 WHERE id > :after AND id <= :upto
   AND ((at < :before AND kind <> 'sent')
        OR NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = interactions.customer_id))
""")
_MESSAGES = text("""
DELETE FROM messages
 WHERE delivery_id > :after AND delivery_id <= :upto AND EXISTS
       (SELECT 1 FROM deliveries d WHERE d.id = messages.delivery_id AND d.settled_at < :before
           AND d.state NOT IN ('pending', 'claimed', 'sending', 'in_doubt'))
""")
_NEXT = {
    "interactions": text(
        "SELECT max(id) FROM (SELECT id FROM interactions WHERE id > :after ORDER BY id LIMIT :n) p"
    ),
    "messages": text(
        "SELECT max(delivery_id) FROM (SELECT delivery_id FROM messages WHERE delivery_id > :after "
        "ORDER BY delivery_id LIMIT :n) p"
    ),
}
_RAW = (
    text(
        "DELETE FROM clicks WHERE source_key IN "
        "(SELECT source_key FROM clicks WHERE at < :before LIMIT :n)"
    ),
    text(
        "DELETE FROM unmatched_events WHERE key IN "
        "(SELECT key FROM unmatched_events WHERE received_at < :before LIMIT :n)"
    ),
)
_DEVICES = text(
    "DELETE FROM device_events WHERE source_key IN "
    "(SELECT source_key FROM device_events WHERE told_at < :before LIMIT :n)"
)
#: What people and the engine answered, with what waited for it.
_TALK = (
    text(
        "DELETE FROM answers WHERE id IN (SELECT id FROM answers "
        "WHERE settled_at < :before AND state <> 'in_doubt' LIMIT :n)"
    ),
    text(
        "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox "
        "WHERE closed_at < :before AND state <> 'waiting' LIMIT :n)"
    ),
    text(
        "DELETE FROM strangers WHERE id IN (SELECT id FROM strangers s "
        "WHERE last_at < :before AND NOT EXISTS "
        "(SELECT 1 FROM inbox WHERE customer_id = -s.id) AND NOT EXISTS "
        "(SELECT 1 FROM answers WHERE customer_id = -s.id) LIMIT :n)"
    ),
)
_DELETE = {"interactions": _INTERACTIONS, "messages": _MESSAGES}


class SqlRetention:
    """Implements services.retain.Past."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def delete_interactions(self, *, before: datetime) -> int:
        """Interactions older than that, `sent` apart, and those of nobody; how many. With them go
        the requests on click links, and what providers told of people nobody knows."""
        for statement in _RAW:
            self._repeat(statement, before)
        return self._delete("interactions", before)

    def delete_messages(self, *, before: datetime) -> int:
        """What was said, and to which address, of messages settled before that; how many. What is
        in doubt is kept: it may still have to be looked up. Answers go with them, uncounted."""
        for statement in _TALK:
            self._repeat(statement, before)
        return self._delete("messages", before)

    def delete_device_events(self, *, before: datetime) -> None:
        """What was told before that of devices that are nobody's still."""
        self._repeat(_DEVICES, before)

    def _repeat(self, statement: TextClause, before: datetime) -> None:
        bounds = {"before": to_ms(before), "n": BATCH}
        deleted = BATCH
        while deleted == BATCH:
            with self._database.write() as connection:
                deleted = connection.execute(statement, bounds).rowcount

    def _delete(self, table: str, before: datetime) -> int:
        after, deleted = 0, 0
        while True:
            with self._database.write() as connection:
                upto = self._next(connection, table, after)
                if upto is None:
                    return deleted
                bounds = {"after": after, "upto": upto, "before": to_ms(before)}
                deleted += connection.execute(_DELETE[table], bounds).rowcount
            after = upto

    def _next(self, connection: Connection, table: str, after: int) -> int | None:
        found: int | None = connection.execute(_NEXT[table], {"after": after, "n": BATCH}).scalar()
        return found
