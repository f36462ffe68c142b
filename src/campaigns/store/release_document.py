"""A release as the document that is stored: everything but the skeletons' own words, which it names
by hash, in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import orjson
from pydantic import TypeAdapter

from campaigns.domain.audience import Audience
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.experiment import Experiment
from campaigns.domain.journey import Journey
from campaigns.domain.message import Skeleton
from campaigns.domain.pressure import Pressure
from campaigns.domain.release import Policy, Release
from campaigns.domain.schedule import Schedule
from campaigns.store.clock import from_ms_or_none, to_ms_or_none

_AUDIENCE: TypeAdapter[Audience] = TypeAdapter(Audience)
_EXPERIMENT: TypeAdapter[Experiment] = TypeAdapter(Experiment)
_JOURNEY: TypeAdapter[Journey] = TypeAdapter(Journey)
_SCHEDULE: TypeAdapter[Schedule] = TypeAdapter(Schedule)


def encode(release: Release) -> bytes:
    """Canonical JSON."""
    return orjson.dumps(
        {
            "campaign": release.campaign,
            "title": release.title,
            "edition": release.edition,
            "policy": _policy_document(release.policy),
            "facts": {name: dict(written) for name, written in release.facts.items()},
            "senders": {channel: dict(sender) for channel, sender in release.senders.items()},
            "skeletons": [s.hash for s in release.skeletons],
            "manifest": release.manifest,
            "links": dict(release.links),
        },
        option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
    )


def decode(document: bytes, skeletons: Mapping[str, bytes]) -> Release:
    """The release that `encode` wrote; `skeletons` are its own, by hash."""
    raw = orjson.loads(document)
    return Release(
        campaign=raw["campaign"],
        title=raw["title"],
        edition=raw["edition"],
        policy=_policy(raw["policy"]),
        facts=raw["facts"],
        senders={Channel(channel): sender for channel, sender in raw["senders"].items()},
        skeletons=tuple(Skeleton.from_json(skeletons[h]) for h in raw["skeletons"]),
        manifest=raw["manifest"],
        links=raw.get("links", {}),
    )


def _policy_document(policy: Policy) -> dict[str, Any]:
    within = policy.fallback_within
    return {
        "channels": policy.channels,
        "purpose": policy.purpose,
        "topic": policy.topic,
        "audience": _AUDIENCE.dump_python(
            policy.audience, mode="json", by_alias=True, exclude_unset=True
        ),
        "locales": policy.locales,
        "traits": policy.traits,
        "post_locale": policy.post_locale,
        "expires_at": to_ms_or_none(policy.expires_at),
        "fallback_hours": None if within is None else within // timedelta(hours=1),
        "expires_on": policy.expires_on,
        "pressure": policy.pressure.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "home_zone": policy.home_zone,
        "start_tolerance": policy.start_tolerance.total_seconds(),
        "experiment": _EXPERIMENT.dump_python(policy.experiment, mode="json"),
        "explore": policy.explore,
        "journey": _JOURNEY.dump_python(policy.journey, mode="json", by_alias=True),
        "schedule": _SCHEDULE.dump_python(policy.schedule, mode="json", by_alias=True),
    }


def _policy(policy: Mapping[str, Any]) -> Policy:
    """What is asked for by `get` is missing in releases of before there was any of it."""
    hours = policy.get("fallback_hours")
    return Policy(
        channels=tuple(map(Channel, policy["channels"])),
        purpose=Purpose(policy["purpose"]),
        topic=policy["topic"],
        audience=_AUDIENCE.validate_python(policy["audience"]),
        locales=tuple(policy["locales"]),
        traits=tuple(policy["traits"]),
        post_locale=policy["post_locale"],
        expires_at=from_ms_or_none(policy["expires_at"]),
        fallback_within=None if hours is None else timedelta(hours=hours),
        expires_on=policy["expires_on"] and date.fromisoformat(policy["expires_on"]),
        pressure=Pressure.model_validate(policy["pressure"]),
        home_zone=policy["home_zone"],
        start_tolerance=timedelta(seconds=policy["start_tolerance"]),
        experiment=_EXPERIMENT.validate_python(policy.get("experiment", {})),
        explore=policy.get("explore", 0.0),
        journey=_JOURNEY.validate_python(policy.get("journey", {})),
        schedule=_SCHEDULE.validate_python(policy.get("schedule", {})),
    )
