"""What customers do on each channel, counted by the database: the part of learning that is large.

Who has news is told by the ids of interactions (they only grow) and by `unlearned`. A few thousand
customers are counted per transaction, so that senders write in between.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, Select, func, select, text

from campaigns.domain.channel import Channel
from campaigns.domain.engagement import HALF_LIVES, Counted, Prior
from campaigns.domain.interaction import ANSWERS, Agent
from campaigns.domain.learning import Learnt
from campaigns.store import bulk
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database, hold_imports
from campaigns.store.schema import channel_uses, customers, interactions, learnings, unlearned

#: `recent_messages` and `recent_answers` are in tenths of a message.
TENTHS = 10


class SqlLearning:
    """Implements services.learn.Engagements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def lanes(self) -> int:
        """How many may count at once, each its own customers: SQLite has one writer."""
        return 1 if self._database.dialect == "sqlite" else 2

    def last(self) -> Learnt | None:
        """What is in force; None before the first time."""
        with self._database.read() as connection:
            return _newest(connection)

    def until(self) -> int:
        """An id of interactions beneath which nothing more will appear.

        On PostgreSQL a lower id may commit after a higher one: for a moment nobody writes.
        """
        with self._database.write() as connection:
            if self._database.dialect == "postgresql":
                connection.execute(text("LOCK TABLE interactions IN SHARE MODE"))
            return connection.execute(select(func.max(interactions.c.id))).scalar() or 0

    def everybody(self) -> Sequence[int]:
        """All customers, by id."""
        return self._numbers(select(customers.c.id).order_by(customers.c.id))

    def with_news(self, after: int, until: int) -> Sequence[int]:
        """Customers of whom there are interactions after one id up to another, or of whom
        something known has changed, by id."""
        new = select(interactions.c.customer_id).where(
            interactions.c.id > after, interactions.c.id <= until
        )
        either = new.union(select(unlearned.c.customer_id)).subquery()
        return self._numbers(select(either.c.customer_id).order_by(either.c.customer_id))

    def _numbers(self, query: Select[tuple[int]]) -> Sequence[int]:
        """Eight bytes each, read in pages: as a list, with the rows that it is made of, the numbers
        of a million customers took more memory than importing them."""
        numbers = array("q")
        with self._database.read() as connection:
            streamed = connection.execution_options(yield_per=10_000).execute(query)
            for page in streamed.scalars().partitions():
                numbers.extend(page)
        return numbers

    def count(self, ids: Sequence[int], *, half_life: timedelta, now: datetime) -> None:
        """Count these customers anew, in one transaction."""
        life = half_life // timedelta(milliseconds=1)
        values = {"now": to_ms(now), "life": life, "since": to_ms(now) - HALF_LIVES * life}
        values |= {"first": min(ids), "last": max(ids)}
        rows = [(i,) for i in ids]
        with self._database.write() as connection:
            hold_imports(connection)  # nobody is erased meanwhile
            # First, and with a later look at the interactions: who is doubted after that is
            # written down again.
            for statement in (_TAKE, _COUNT, _FORGET, _EMPTY):
                bulk.over(connection, statement, {"id": "bigint"}, rows, **values)

    def counted(self) -> dict[Channel, Sequence[Counted]]:
        """Channel → how many customers answered how many of how many messages."""
        u = channel_uses.c
        query = (
            select(u.channel, u.messages, u.answers, func.count())
            .where(u.messages > 0)
            .group_by(u.channel, u.messages, u.answers)
        )
        found: dict[Channel, list[Counted]] = {}
        with self._database.read() as connection:
            for channel, *cell in connection.execute(query):
                found.setdefault(Channel(channel), []).append((cell[0], cell[1], cell[2]))
        return dict(found)

    def close(self, learnt: Learnt) -> None:
        """This holds from now on."""
        stored = {str(c): [p.mean, p.strength] for c, p in sorted(learnt.priors.items())}
        row = (
            to_ms(learnt.at),
            learnt.until_id,
            to_ms(learnt.all_at),
            learnt.customers,
            orjson.dumps(stored).decode(),
        )
        with self._database.write() as connection:
            names = ("at", "until_id", "all_at", "customers", "priors")
            bulk.insert(connection, learnings, names, [row])


def read_priors(connection: Connection) -> Mapping[Channel, Prior]:
    """What customers show on each channel in general, as it was learnt last."""
    newest = _newest(connection)
    return newest.priors if newest else {}


def _newest(connection: Connection) -> Learnt | None:
    query = select(learnings).order_by(learnings.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Learnt(
        at=from_ms(row.at),
        until_id=row.until_id,
        all_at=from_ms(row.all_at),
        customers=row.customers,
        priors={Channel(c): Prior(*values) for c, values in row.priors.items()},
    )


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(map(str, words)))


_ANSWERED = f"i.kind IN ({_quoted(ANSWERS)})"
# A form was opened on the channel of its message, whatever it says of others: who refuses WhatsApp
# by a link in an e-mail has answered the e-mail.
_FORM = "i.kind = 'preference_changed' AND i.delivery_id IS NOT NULL"
_FAILED = "i.kind IN ('bounced', 'failed')"
_THESE = """customer_id BETWEEN :first AND :last
   AND customer_id IN (SELECT id FROM {given} AS given)"""
_TAKE = f"DELETE FROM unlearned WHERE {_THESE}"  # noqa: S608 - our own words
# `first` and `last` say nothing new of the customers: without them PostgreSQL reads all of a table
# for every few thousand.
# One row per message, and one per answer to none that we know. A message weighs half after one
# half-life, a quarter after two, in a straight line between: at most 6 % off the curve, and no
# database lacks the functions for it. What bounced was no message.
_COUNT = f"""
WITH heard AS (
  SELECT i.customer_id,
         coalesce(CASE WHEN {_FORM} THEN NULL ELSE i.channel END,
                  (SELECT d.channel FROM deliveries d WHERE d.id = i.delivery_id))
           AS channel,
         max(CASE WHEN i.kind = 'sent' THEN 1 ELSE 0 END) AS sent,
         max(CASE WHEN {_ANSWERED} THEN 1 ELSE 0 END) AS answered,
         max(CASE WHEN {_FAILED} THEN 1 ELSE 0 END) AS failed,
         min(CASE WHEN {_ANSWERED} THEN i.kind END) AS one_kind,
         max(CASE WHEN {_ANSWERED} THEN i.kind END) AS other_kind,
         CASE WHEN max(i.at) > :now THEN 0 ELSE :now - max(i.at) END AS age
    FROM {{given}} AS given
    JOIN customers c ON c.id = given.id AND c.id BETWEEN :first AND :last
    JOIN interactions i ON i.customer_id = c.id AND i.at > :since
   WHERE i.kind IN ('sent', 'bounced', 'failed')
      OR ({_ANSWERED} AND coalesce(i.agent, '{Agent.HUMAN}') = '{Agent.HUMAN}')
   GROUP BY i.customer_id, 2, coalesce(i.delivery_id, -i.id)),
weighed AS (
  SELECT customer_id, channel, sent, answered, one_kind, other_kind,
         (1.0 - 0.5 * CAST(age % :life AS DOUBLE PRECISION) / :life)
           / (1 << CAST(age / :life AS INTEGER)) AS weight
    FROM heard WHERE channel IS NOT NULL AND (answered = 1 OR (sent = 1 AND failed = 0))),
summed AS (
  SELECT customer_id, channel, sum(sent) AS messages, sum(answered) AS answers,
         min(one_kind) AS one_kind, max(other_kind) AS other_kind,
         CAST(round({TENTHS} * sum(sent * weight)) AS INTEGER) AS recent_messages,
         CAST(round({TENTHS} * sum(answered * weight)) AS INTEGER) AS recent_answers
    FROM weighed GROUP BY customer_id, channel)
INSERT INTO channel_uses (customer_id, channel, messages, answers, kind,
                          recent_messages, recent_answers, learned_at)
SELECT customer_id, channel, messages, answers, CASE WHEN one_kind = other_kind THEN one_kind END,
       CASE WHEN recent_messages < recent_answers THEN recent_answers ELSE recent_messages END,
       recent_answers, :now
  FROM summed WHERE true
    ON CONFLICT (customer_id, channel) DO UPDATE
   SET messages = excluded.messages, answers = excluded.answers, kind = excluded.kind,
       recent_messages = excluded.recent_messages, recent_answers = excluded.recent_answers,
       learned_at = excluded.learned_at
"""  # noqa: S608 - our own words
# What was learnt from interactions that are gone, or that were a program's after all.
_FORGET = f"""
UPDATE channel_uses SET messages = 0, answers = 0, kind = NULL, recent_messages = 0,
       recent_answers = 0, learned_at = :now
 WHERE {_THESE}
   AND coalesce(learned_at, -1) <> :now AND last_inbound_at IS NOT NULL
"""  # noqa: S608 - our own words
_EMPTY = f"""
DELETE FROM channel_uses
 WHERE {_THESE}
   AND coalesce(learned_at, -1) <> :now AND last_inbound_at IS NULL
"""  # noqa: S608 - our own words
