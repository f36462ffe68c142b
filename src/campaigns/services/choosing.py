"""What follows once a customer's channel is chosen: which skeleton, and not before when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeValue, Profile
from campaigns.domain.experiment import BASE_VARIANT
from campaigns.domain.locales import resolve
from campaigns.domain.release import Release
from campaigns.domain.timing import Timing

TraitValues: TypeAlias = tuple[tuple[str, AttributeValue], ...]

#: When a message on this channel may go to this customer; None is at once.
Opening: TypeAlias = Callable[[Channel, Profile], datetime | None]


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
        locale = self._resolved.get(profile.locale)
        if locale is None:
            locale = self._resolved[profile.locale] = resolve(profile.locale, self._locales)
        return self._hashes[channel, locale, variant, step, self._trait_values(profile)]

    def _trait_values(self, profile: Profile) -> TraitValues:
        return tuple(
            (name, value if (value := profile.traits.get(name)) in known else known[0])
            for name, known in self._traits.items()
        )


def _values_of(release: Release, trait: str) -> list[AttributeValue]:
    """The trait's values, the one for customers without it first: False, or the first choice."""
    values = list(dict.fromkeys(dict(s.traits)[trait] for s in release.skeletons if s.traits))
    return sorted(values, key=lambda v: v is True)


def at_once(_channel: Channel, _profile: Profile) -> datetime | None:
    """No hour is quiet."""
    return None


def opening_by(timing: Timing, now: datetime) -> Opening:
    """When each customer's quiet hours end, as far as planning can tell."""

    def opening(channel: Channel, profile: Profile) -> datetime | None:
        return timing.opening(
            channel,
            time_zone=profile.time_zone,
            country=profile.country,
            own=profile.wishes.quiet,
            now=now,
        )

    return opening
