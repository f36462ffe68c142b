"""Looking for what is left of a customer."""

from __future__ import annotations

from campaigns.bootstrap.rights import erase
from tests.pages_world import Shop


def gone(here: Shop, customer: int) -> None:
    erase(here.app, customer, by="Marta", why="asked by letter")


def traces(here: Shop, words: list[str]) -> list[str]:
    """Rows of the whole database that hold one of these words."""
    return [
        f"{table}: {row}"
        for table, rows in here.everything().items()
        for row in rows
        if any(w.casefold() in row.casefold() for w in words)
    ]
