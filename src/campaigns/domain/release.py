"""A release: one campaign compiled and frozen under one hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from campaigns.domain.audience import Audience
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import AttributeValue
from campaigns.domain.experiment import NO_EXPERIMENT, Experiment
from campaigns.domain.journey import NO_JOURNEY, Journey
from campaigns.domain.message import Skeleton
from campaigns.domain.pressure import NO_PRESSURE, Pressure
from campaigns.domain.schedule import NO_SCHEDULE, Schedule


@dataclass(frozen=True, slots=True)
class Policy:
    """What planning needs of a campaign.

    Attributes:
        channels: in the campaign's order; the last word when nothing else decides.
        topic: the marketing topic asked for in the ledger; `*` for service messages.
        locales: formatting locales with copy, the first is the default.
        traits: attributes that select a skeleton, in order.
        post_locale: the locale of the public X post.
        expires_at: after this moment nothing is sent (UTC); None never expires.
        fallback_within: how long after it was sent a message that failed may still go to another
            channel; None: never.
        expires_on: the last day, where the offer lasts until the end of a day.
        pressure: the brand's caps and quiet hours.
        home_zone: the brand's time zone.
        start_tolerance: a run that starts later than it was scheduled, by more than this, is held.
        experiment: what is tried out on whom.
        explore: share of 1 that gets it on another channel than the best known, to learn.
        journey: the steps, where there are several messages.
        schedule: the hour at which it arrives, and the days that are left out.
    """

    channels: tuple[Channel, ...]
    purpose: Purpose
    topic: str
    audience: Audience
    locales: tuple[str, ...]
    traits: tuple[str, ...]
    post_locale: str
    expires_at: datetime | None = None
    fallback_within: timedelta | None = None
    expires_on: date | None = None
    pressure: Pressure = NO_PRESSURE
    home_zone: str = "UTC"
    start_tolerance: timedelta = timedelta(hours=1)
    experiment: Experiment = NO_EXPERIMENT
    explore: float = 0.0
    journey: Journey = NO_JOURNEY
    schedule: Schedule = NO_SCHEDULE

    @property
    def attributes(self) -> tuple[str, ...]:
        """The customer's attributes that planning reads."""
        region = self.schedule.region_attribute
        return (*self.traits, region) if region and region not in self.traits else self.traits


def stated_digest(
    title: str,
    facts: Mapping[str, Mapping[str, str]],
    senders: Mapping[Channel, Mapping[str, str]],
) -> str:
    """The digest of what a release states beside its skeletons."""
    by_name = {channel.value: dict(sender) for channel, sender in senders.items()}
    written = {name: dict(words) for name, words in facts.items()}
    document = orjson.dumps([title, written, by_name], option=orjson.OPT_SORT_KEYS)
    return blake2b(document, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Release:
    """Brand, campaign, copy and layouts, compiled.

    Attributes:
        campaign: the campaign's name: its folder under templates/campaigns.
        edition: tells apart the times a recurring campaign goes out; empty for one-off campaigns.
        facts: fact name → locale → how it is written there, for proofs and pages.
        senders: channel → who it is from (address, number, handle), as the brand says.
        manifest: the canonical source documents, for `diff` years later; `stated` is the digest of
            what was made of them (title, facts, senders), so that the hash holds that, too.
        links: id → address of the click links (domain.click_links); empty where the brand has none.
    """

    campaign: str
    title: str
    edition: str
    policy: Policy
    facts: Mapping[str, Mapping[str, str]]
    senders: Mapping[Channel, Mapping[str, str]]
    skeletons: tuple[Skeleton, ...]
    manifest: Mapping[str, Any]
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Content address: the manifest and every skeleton. Same files, same hash, any machine."""
        document = orjson.dumps(
            [self.campaign, self.edition, self.manifest, sorted(s.hash for s in self.skeletons)],
            option=orjson.OPT_SORT_KEYS,
        )
        return blake2b(document, digest_size=16).hexdigest()

    def is_whole(self, frozen: str) -> bool:
        """Whether this is still what was frozen under that hash, word for word."""
        stated = stated_digest(self.title, self.facts, self.senders)
        return self.hash == frozen and self.manifest.get("stated", stated) == stated

    @property
    def documents(self) -> Mapping[str, Any]:
        """The source documents as they were frozen, by their file."""
        documents: Mapping[str, Any] = self.manifest.get("documents", {})
        return documents

    def source(self, file: str) -> Mapping[str, Any]:
        """A source document as it was frozen, such as `brand.yaml`; empty when there is none."""
        return self.documents.get(file) or {}

    @property
    def campaign_file(self) -> str:
        """The campaign's own file among the sources."""
        return f"campaigns/{self.campaign}/campaign.yaml"

    def skeleton(
        self,
        channel: Channel,
        locale: str,
        traits: tuple[tuple[str, AttributeValue], ...] = (),
        variant: str = "a",
        step: str | None = None,
    ) -> Skeleton:
        """The skeleton for this channel, locale, trait values, variant and step (None: the first).

        Raises KeyError when the release has none, which compile makes impossible for the
        locales, channels and trait values it knows.
        """
        step = self.policy.journey.entry if step is None else step
        return self._index()[channel, locale, variant, step, traits]

    def _index(
        self,
    ) -> dict[tuple[Channel, str, str, str, tuple[tuple[str, AttributeValue], ...]], Skeleton]:
        return {(s.channel, s.locale, s.variant, s.step, s.traits): s for s in self.skeletons}
