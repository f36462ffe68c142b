"""How many of a run's customers have opted out lately: cheap enough to ask every few minutes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from campaigns.store.clock import to_ms
from campaigns.store.engine import Database

#: Only the newest interactions are read, by their number: as many as a large day has.
_NEWEST = 2_000_000
_OPTED_OUT = text(
    """
    SELECT count(DISTINCT i.customer_id) FROM interactions i
      JOIN deliveries d ON d.customer_id = i.customer_id AND d.run_id = :run
       AND d.campaign_id = (SELECT campaign_id FROM runs WHERE id = :run)
     WHERE i.id > (SELECT coalesce(max(id), 0) FROM interactions) - :newest
       AND i.kind IN ('unsubscribed', 'complained') AND i.at >= :since
       AND d.state = 'accepted'
    """
)


def opted_out(database: Database, run_id: int, *, since: datetime) -> int:
    """Customers who have the run's message and have opted out or complained since then."""
    here = {"run": run_id, "since": to_ms(since), "newest": _NEWEST}
    with database.read() as connection:
        return int(connection.execute(_OPTED_OUT, here).scalar_one())
