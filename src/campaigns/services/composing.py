"""Composing: what each message of a batch says, until when it may leave, and its envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from campaigns.domain.channel import Channel
from campaigns.domain.click_links import SLOT as CLICKS
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import Envelope, Outcome, Rejected
from campaigns.domain.message import Skeleton, message_hash
from campaigns.domain.run import Run
from campaigns.domain.slots import SlotError, Writer
from campaigns.domain.timing import Timing
from campaigns.services.links import Links, unsubscribe_headers
from campaigns.services.ports import Batch, Claimed, Releases, Written


class Text(NamedTuple):
    """A skeleton, its hash, and what writes values for it (safe to share between threads)."""

    skeleton: Skeleton
    hash: str
    writer: Writer


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes the messages of one release. `texts` are those met so far, by their skeleton's id:
    worth keeping between shards and sharing between threads."""

    releases: Releases
    links: Links
    timing: Timing
    texts: dict[int, Text] = field(default_factory=dict)

    def text(self, skeleton_id: int) -> Text:
        """The skeleton, ready to be written."""
        known = self.texts.get(skeleton_id)
        if known is None:
            skeleton = self.releases.skeleton(skeleton_id)
            known = self.texts[skeleton_id] = Text(skeleton, skeleton.hash, Writer(skeleton))
        return known

    def write(
        self, batch: Batch, text: Text, *, now: datetime, lasting: timedelta
    ) -> tuple[list[Written], dict[int, Outcome]]:
        """What each message will say, with its permit to be with the provider from `now` for as
        long as `lasting`; a customer whose values do not fit the slots is refused."""
        hours = self.timing.at(batch.channel, now=now, lasting=lasting)
        clicks = CLICKS in text.skeleton.slots
        written: list[Written] = []
        refused: dict[int, Outcome] = {}
        for item in batch.items:
            try:
                values = text.writer.write(self._raw_values(item, clicks=clicks))
            except SlotError as error:
                refused[item.delivery_id] = Rejected(f"slot:{error.slot}", str(error))
                continue
            digest = message_hash(text.hash, values)
            permit = hours.permit(item)
            written.append(Written(item.delivery_id, item.address, values, digest, permit))
        return written, refused

    def _raw_values(self, item: Claimed, *, clicks: bool) -> dict[str, object]:
        values: dict[str, object] = {
            **item.attributes,
            "first_name": item.first_name,
            "last_name": item.last_name,
            **self.links.values(item.delivery_id),
        }
        if clicks:
            values[CLICKS] = self.links.clicks_url(item.delivery_id)
        return values

    def envelopes(
        self, run: Run, batch: Batch, skeleton: Skeleton, going: Sequence[Written]
    ) -> list[Envelope]:
        """What a channel gets of each message that goes, in their order."""
        inbound = {c.delivery_id: c.last_inbound_at for c in batch.items}
        one_click = batch.channel is Channel.EMAIL and run.purpose is Purpose.MARKETING
        threads = self._threads(run, batch, skeleton)
        return [
            Envelope(
                delivery_id=w.delivery_id,
                address=w.address,
                values=w.values,
                headers=(self._unsubscribe_headers(w) if one_click else {})
                | threads.get(w.delivery_id, {}),
                last_inbound_at=inbound[w.delivery_id],
                valid_until=w.permit.last_moment,
            )
            for w in going
        ]

    def _threads(self, run: Run, batch: Batch, skeleton: Skeleton) -> dict[int, dict[str, str]]:
        """Delivery → the header that keeps a journey's e-mails in one conversation."""
        if batch.channel is not Channel.EMAIL or not skeleton.step:
            return {}
        journey = f"{run.campaign}/{run.edition}"
        return {
            item.delivery_id: {"References": self.links.thread(journey, item.customer_id)}
            for item in batch.items
        }

    def _unsubscribe_headers(self, message: Written) -> dict[str, str]:
        """The text's own link where it has one, rather than to sign it again."""
        known = "unsubscribe_url" in message.values
        values = message.values if known else self.links.values(message.delivery_id)
        return unsubscribe_headers(values)
