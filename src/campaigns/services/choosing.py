"""What follows once a customer's channel is chosen: which skeleton, and not before when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeValue, Profile
from campaigns.domain.experiment import BASE_VARIANT
from campaigns.domain.locales import resolve
from campaigns.domain.reason import Choice, Skip, SkipReason
from campaigns.domain.release import Release
from campaigns.domain.schedule import Place
from campaigns.domain.timing import AT_ONCE, Timing, When

TraitValues: TypeAlias = tuple[tuple[str, AttributeValue], ...]

#: When a message on this channel may go to this customer.
Opening: TypeAlias = Callable[[Channel, Profile], When]


class SkeletonChooser:
    """Finds the skeleton for a channel and profile: locale and traits resolved, looked up once
    per combination, so that planning costs a dictionary look-up per customer."""

    def __init__(self, release: Release) -> None:
        self._locales = release.policy.locales
        self._hashes = {
            (s.channel, s.locale, s.variant, s.step, s.traits): s.hash for s in release.skeletons
        }
        self._traits = {name: _values_of(release, name) for name in release.policy.traits}
        self._resolved: dict[str, str] = {}
        self._entry = release.policy.journey.entry

    def choose(
        self,
        channel: Channel,
        profile: Profile,
        variant: str = BASE_VARIANT,
        step: str | None = None,
    ) -> str:
        """The skeleton's hash; of the first step where none is named."""
        step = self._entry if step is None else step
        locale = self.locale(profile)
        return self._hashes[channel, locale, variant, step, self._trait_values(profile)]

    def locale(self, profile: Profile) -> str:
        """The locale of the words that this customer gets."""
        locale = self._resolved.get(profile.locale)
        if locale is None:
            locale = self._resolved[profile.locale] = resolve(profile.locale, self._locales)
        return locale

    def _trait_values(self, profile: Profile) -> TraitValues:
        return tuple(
            (name, value if (value := profile.traits.get(name)) in known else known[0])
            for name, known in self._traits.items()
        )


def _values_of(release: Release, trait: str) -> list[AttributeValue]:
    """The trait's values, the one for customers without it first: False, or the first choice."""
    values = list(dict.fromkeys(dict(s.traits)[trait] for s in release.skeletons if s.traits))
    return sorted(values, key=lambda v: v is True)


def at_its_time(
    decision: Choice | Skip, profile: Profile, opening: Opening
) -> tuple[Choice | Skip, When]:
    """The same decision with what it waits for; a skip where no time is left for it."""
    if isinstance(decision, Skip):
        return decision, AT_ONCE
    when = opening(decision.channel, profile)
    if when.never:
        return Skip(SkipReason.NO_TIME_LEFT, waits=when.why), when
    if not when.why:
        return decision, when
    return Choice(decision.channel, replace(decision.reason, waits=when.why)), when


def at_once(_channel: Channel, _profile: Profile) -> When:
    """No hour is quiet, and no day left out."""
    return AT_ONCE


def opening_by(timing: Timing, now: datetime) -> Opening:
    """When a message may go to each customer, as far as planning can tell. Most share it with
    others, so each combination is worked out once."""
    schedule = timing.schedule
    known: dict[tuple[object, ...], When] = {}

    def opening(channel: Channel, profile: Profile) -> When:
        region = schedule.region(profile.traits)
        own, best = profile.wishes.quiet, profile.best_hour
        key = (channel, profile.time_zone, profile.country, own, region, best)
        found = known.get(key)
        if found is None:
            place = Place(profile.time_zone, profile.country, region, best)
            found = known[key] = timing.opening(channel, place, own=own, now=now)
        return found

    return opening
