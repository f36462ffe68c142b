"""How many of each run's customers have opted out lately: cheap enough to ask every few minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text

from campaigns.store.clock import to_ms
from campaigns.store.engine import Database

#: Only the newest interactions are read, by their number: as many as a large day has.
_NEWEST = 2_000_000
#: Few opt out, and each has few messages: both joins are short.
_OPTED_OUT = text(
    """
    SELECT d.run_id, count(DISTINCT gone.customer_id) FROM interactions gone
      JOIN interactions sent ON sent.customer_id = gone.customer_id AND sent.kind = 'sent'
       AND sent.at BETWEEN :since AND gone.at
      JOIN deliveries d ON d.id = sent.delivery_id
     WHERE gone.id > (SELECT coalesce(max(id), 0) FROM interactions) - :newest
       AND gone.kind IN ('unsubscribed', 'complained') AND gone.at >= :since
     GROUP BY d.run_id
    """
)


def opted_out(database: Database, *, since: datetime) -> Mapping[int, int]:
    """Run → customers who got its message since then and have opted out or complained after it."""
    here = {"since": to_ms(since), "newest": _NEWEST}
    with database.read() as connection:
        return {row.run_id: row[1] for row in connection.execute(_OPTED_OUT, here)}
