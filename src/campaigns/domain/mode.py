"""Whom messages reach: the sandbox, or real people. A database belongs to one of the two."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """Which providers a database's messages go to, from its first run on, for good."""

    SANDBOX = "sandbox"
    LIVE = "live"


#: Told of a run whose messages the sandbox takes.
PRACTISED = "Practised: its messages go to the sandbox, and reach nobody."


def elsewhere(belongs: Mode, now: Mode) -> str | None:
    """Why a database of one mode does nothing in the other, and the way out; None where it may.

    What the sandbox took reached nobody, and would count as had; what a live database gives to the
    sandbox would count as sent, and never reach who waits for it (docs/decisions/0048).
    """
    if belongs is now:
        return None
    if now is Mode.LIVE:
        return (
            "this database has practised: it belongs to the sandbox, and takes what went there for "
            "received by real customers. Going live begins in a database of its own: set "
            "CAMPAIGNS_HOME to another folder (or CAMPAIGNS_DATABASE_URL to another database) and "
            "import the customers there. To go on practising here, leave CAMPAIGNS_LIVE out."
        )
    return (
        "this database is live: what the sandbox took would count in it as sent, and reach "
        "nobody. Set CAMPAIGNS_LIVE=true to go on with it; to practise, set CAMPAIGNS_HOME to "
        "another folder (or CAMPAIGNS_DATABASE_URL to another database) and import customers there."
    )
