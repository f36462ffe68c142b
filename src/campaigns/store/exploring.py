"""What came of messages that tried another channel, and of those that might have."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from campaigns.domain.channel import Channel
from campaigns.domain.exploring import Cell
from campaigns.domain.interaction import ANSWERS, Agent
from campaigns.domain.reason import Rule
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database


class SqlExploring:
    """Reading what exploring has shown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cells(self, *, since: datetime) -> list[Cell]:
        """By channel and by whether they explored: people who got a message since then, those who
        answered it, and those for whom that channel decided later, since they had answered there.

        Of campaigns that explore, first hops that left. Who did not explore counts only if they
        permit another of the campaign's channels now: the others never could have.
        """
        with self._database.read() as connection:
            rows = connection.execute(text(_CELLS), {"since": to_ms(since)}).all()
        return [
            Cell(Channel(channel), bool(explored), int(people), int(answered), int(won))
            for channel, explored, people, answered, won in rows
        ]


_LIKE = {rule: f"d.reason LIKE '{rule}%'" for rule in Rule}
_KINDS = ", ".join(f"'{kind}'" for kind in sorted(ANSWERS))
_CELLS = f"""
WITH explores AS (
  SELECT DISTINCT d.campaign_id FROM deliveries d WHERE {_LIKE[Rule.EXPLORING]}),
used AS (
  SELECT DISTINCT d.campaign_id, d.channel FROM deliveries d
    JOIN explores e ON e.campaign_id = d.campaign_id),
told AS (
  SELECT d.id, d.campaign_id, d.customer_id, d.channel, d.settled_at,
         CASE WHEN {_LIKE[Rule.EXPLORING]} THEN 1 ELSE 0 END AS explored
    FROM deliveries d JOIN explores e ON e.campaign_id = d.campaign_id
   WHERE d.hop = 0 AND d.state = 'accepted' AND d.settled_at > :since
     AND ({_LIKE[Rule.EXPLORING]}
          OR ({_LIKE[Rule.LEARNT]} OR {_LIKE[Rule.CAMPAIGN_ORDER]})
             AND EXISTS (SELECT 1 FROM addresses a
                   JOIN used ON used.campaign_id = d.campaign_id AND used.channel = a.channel
                   JOIN standings s ON s.customer_id = a.customer_id AND s.channel = a.channel
                    AND s.purpose = 'marketing' AND s.granted
                  WHERE a.customer_id = d.customer_id AND a.channel <> d.channel
                    AND a.status = 'active')))
SELECT t.channel, t.explored, count(*) AS people,
       sum(CASE WHEN EXISTS (SELECT 1 FROM interactions i
             WHERE i.customer_id = t.customer_id AND i.delivery_id = t.id AND i.kind IN ({_KINDS})
               AND coalesce(i.agent, '{Agent.HUMAN}') = '{Agent.HUMAN}') THEN 1 ELSE 0 END),
       sum(CASE WHEN t.explored = 1 AND EXISTS (SELECT 1 FROM deliveries d
             WHERE d.campaign_id IN (SELECT id FROM campaigns) AND d.step BETWEEN 0 AND 9
               AND d.customer_id = t.customer_id AND d.channel = t.channel AND d.id > t.id
               AND {_LIKE[Rule.LEARNT]}) THEN 1 ELSE 0 END)
  FROM told t GROUP BY t.channel, t.explored ORDER BY t.channel, t.explored
"""  # noqa: S608 - our own words
