"""Consent: an append-only ledger, and what it permits now.

Rule sources: GDPR art. 7 (proof of consent), LSSI art. 21 (prior express consent).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.domain.channel import Channel

#: The topic of a consent or denial that covers all marketing on the channel.
ALL_TOPICS = "*"
#: Clocks of those who record and those who tell may be apart by so much (docs/clocks.md).
AHEAD = timedelta(minutes=10)


class Purpose(StrEnum):
    """Why a message is sent. Service messages (a shop closes, a recall) carry no offer."""

    MARKETING = "marketing"
    SERVICE = "service"

    __hash__ = str.__hash__  # enum's own is a Python call


class ConsentSource(StrEnum):
    """Where an entry came from. Only the customer's own word lifts the customer's own no."""

    IMPORT = "import"
    CUSTOMER = "customer"  # the preference centre, a reply, a form the customer sent
    STAFF = "staff"
    PROVIDER = "provider"  # an unsubscribe or opt-out reported by a provider


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry of the ledger: never changed, never deleted except by erasure.

    Attributes:
        granted: True for yes, False for no.
        at: when the customer said it (UTC); for undated yes/no columns, the import's time.
        proof: how we know: file name and line, form and wording hash, message id.
        actor: who or what wrote the entry.
    """

    channel: Channel
    purpose: Purpose
    topic: str
    granted: bool
    at: datetime
    source: ConsentSource
    proof: str
    actor: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says now for one channel, purpose and topic."""

    topic: str
    granted: bool
    at: datetime


def permits(standings: Iterable[Standing], purpose: Purpose, topic: str) -> bool:
    """Whether a message on `topic` is permitted, given the standings of one channel and purpose.

    The topic's own entry and the entry for all topics are looked at; the newer one decides, and
    of two of the same moment the no. Without an entry marketing is not permitted (it needs prior
    consent) and service is (it rests on the contract, GDPR art. 6.1.b, until the customer objects).
    """
    newest: datetime | None = None
    granted = purpose is Purpose.SERVICE
    for standing in standings:
        if standing.topic not in (topic, ALL_TOPICS):
            continue
        if newest is None or standing.at > newest:
            newest, granted = standing.at, standing.granted
        elif standing.at == newest:
            granted = granted and standing.granted
    return granted


def no_counts_from(said: datetime, recorded: datetime, yeses: Iterable[datetime]) -> datetime:
    """From when a no counts that is recorded now: from when it was said, and from the moment of a
    yes on record that is dated still to come. Nobody has said that one yet: the clock by which it
    was written ran ahead, and at one moment the no decides.

    What a clock may be ahead by without being wrong is AHEAD. (An import's no stands over every
    yes, a customer's own form counts after all that is on record; both are later words.)
    """
    return max([said, *(yes for yes in yeses if yes - recorded > AHEAD)])


def import_may_write(current: Standing | None, *, granted: bool) -> bool:
    """Whether an import may write this entry: a no always, a yes never over a no."""
    return not granted or current is None or current.granted
