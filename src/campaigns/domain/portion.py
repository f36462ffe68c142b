"""A portion: the channels and languages that a run is restricted to.

Nobody is moved to another channel by it: whoever would get the message elsewhere is left out with a
stored reason, and a later run without the restriction reaches them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from campaigns.domain.channel import Channel
from campaigns.errors import UserError

if TYPE_CHECKING:
    from campaigns.domain.release import Policy


@dataclass(frozen=True, slots=True)
class Portion:
    """Empty is no restriction."""

    channels: tuple[Channel, ...] = ()
    locales: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.channels and not self.locales

    def takes(self, channel: Channel, locale: str) -> bool:
        """Whether a message on this channel, in this locale, belongs to it."""
        return (not self.channels or channel in self.channels) and (
            not self.locales or locale in self.locales
        )

    def encode(self) -> str:
        """Compact text for the run's row: `email,sms|es_ES`; empty for the whole."""
        return "" if self.whole else ",".join(self.channels) + "|" + ",".join(self.locales)

    @classmethod
    def decode(cls, text: str) -> Portion:
        """Read what `encode` wrote."""
        channels, _, locales = text.partition("|")
        return cls(
            tuple(Channel(c) for c in channels.split(",") if c),
            tuple(locale for locale in locales.split(",") if locale),
        )

    def __str__(self) -> str:
        """`by e-mail, SMS only, in es_ES only`; empty for the whole."""
        by = f"by {', '.join(c.label for c in self.channels)} only" if self.channels else ""
        within = f"in {', '.join(self.locales)} only" if self.locales else ""
        return ", ".join(filter(None, (by, within)))


#: No restriction.
WHOLE = Portion()


def portion_of(policy: Policy, channels: Iterable[str], locales: Iterable[str]) -> Portion:
    """What somebody asked for, in the campaign's own order. Raises UserError for a channel or a
    locale that the campaign has not."""
    wanted = {"channel": list(channels), "locale": list(locales)}
    offered = {"channel": [str(c) for c in policy.channels], "locale": list(policy.locales)}
    for what, names in wanted.items():
        for name in names:
            if name not in offered[what]:
                has = ", ".join(offered[what])
                raise UserError(f"this campaign has no {what} `{name}`; it has {has}.")
    return Portion(
        tuple(c for c in policy.channels if c in wanted["channel"]),
        tuple(locale for locale in policy.locales if locale in wanted["locale"]),
    )
