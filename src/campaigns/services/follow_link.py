"""Follow a click link: where it leads, and what is remembered of the request."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from campaigns.domain.click import Click
from campaigns.domain.interaction import Agent
from campaigns.errors import DatabaseError


class Clicks(Protocol):
    """Where links and the requests on them are kept."""

    def url(self, delivery_id: int, link: str) -> str | None:
        """Where the link leads; None when the release of this delivery has no such link."""

    def record(self, click: Click) -> Agent | None:
        """Keep the request, tell people from programs (domain.agent), and let a person's count as
        a use of the channel. None when nothing was kept: told before, or nobody is known."""


def follow_link(click: Click, clicks: Clicks) -> str | None:
    """Where to send whoever asks; None for a link that is none.

    The customer comes first: they get where they want even where the click cannot be written.
    """
    url = clicks.url(click.delivery_id, click.link)
    if url is not None:
        with suppress(DatabaseError):
            clicks.record(click)
    return url
