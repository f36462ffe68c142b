"""Verbs that need no settings, no database and no files of a brand."""

from __future__ import annotations

from campaigns.domain.channel import Channel


def measure(channel: Channel, text: str) -> dict[str, object]:
    """How long a text is on a channel, for `--json` and for people."""
    from campaigns.content.measure import as_json
    from campaigns.content.measure import measure as measured

    return as_json(measured(channel, text))
