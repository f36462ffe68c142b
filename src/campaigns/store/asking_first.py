"""Whether a PostgreSQL connection still lives is asked first, where it has rested for a while.

A connection that was cut (a server that was restarted, a proxy that forgets who is silent) tells so
only when it is used. SQLAlchemy can ask before each use; a worker, who uses one every few
milliseconds, would pay a question per transaction for it, three for every 25 texts. One that was of
use a moment ago is not asked. Should it have died in that moment, the transaction fails as it does
when the server goes in the middle of one.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

#: Seconds. Nothing cuts a connection for having been silent so shortly.
RESTED = 1.0
_SINCE = "campaigns_resting_since"


def ask_the_rested(engine: Engine) -> None:
    """Have this engine's pool replace connections that died while they rested."""

    def returned(_raw: Any, record: Any) -> None:
        record.info[_SINCE] = time.monotonic()

    def taken(raw: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get(_SINCE)
        if since is not None and time.monotonic() - since > RESTED and not _lives(engine, raw):
            raise InvalidatePoolError  # the pool's word: all that are as old are opened anew

    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", taken)


def _lives(engine: Engine, raw: Any) -> bool:
    try:
        return bool(engine.dialect.do_ping(raw))
    except engine.dialect.loaded_dbapi.Error:
        return False
