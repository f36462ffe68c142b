"""What the messages of a run, of earlier runs and of a plan cost, by channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from campaigns.domain.brand import Brand
from campaigns.domain.campaign import Campaign
from campaigns.domain.channel import Channel
from campaigns.domain.costing import ChannelForecast, Messages, Segments, by_channel, over_budget
from campaigns.domain.customer import AttributeSpec
from campaigns.domain.message import Skeleton, fill
from campaigns.domain.pace import Spacing, per_second
from campaigns.domain.prices import Prices
from campaigns.domain.release import Release
from campaigns.domain.slots import SlotError, longest_values
from campaigns.services.plan_run import post_skeleton
from campaigns.store.plans import Rows

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App
    from campaigns.bootstrap.preview.readers import Readers


def earlier_costs(
    app: App, release: Release, prices: Prices | None, but: int | None = None
) -> Decimal:
    """What the other runs of the campaign and edition cost, all `but` one."""
    rows = app.plans.earlier(release.campaign, release.edition, before=but)
    return sum((c.cost for c in rows_by_channel(app, release, rows, prices)), Decimal(0))


def breaks_budget(app: App, release: Release, messages: Messages) -> str | None:
    """Why the campaign's budget forbids a run of these messages to customers, with the public post
    that the run would make; None where it does not."""
    spec = Campaign.model_validate(release.source(release.campaign_file))
    post, posted = post_skeleton(release), app.plans.posted(release.campaign, release.edition)
    if post is not None and not posted:
        messages = messages + Messages({(post.hash, None): 1})
    prices = Prices.of(release.source("brand.yaml"))
    channels = channels_of(app, release, messages, prices, readers_of(release))
    cost = sum((c.cost for c in channels), Decimal(0))
    spent = earlier_costs(app, release, prices)
    return over_budget(spec.budget, cost, spent, sum(c.unpriced for c in channels))


def rows_by_channel(
    app: App, release: Release, rows: Rows, prices: Prices | None
) -> list[ChannelForecast]:
    """What rows of runs cost, with the segments of typical values. They may be of earlier
    releases: their skeletons are read for what they were."""
    skeletons = {number: app.releases.skeleton(number) for number, _ in rows}
    hashes = {number: skeleton.hash for number, skeleton in skeletons.items()}
    messages: Messages = Messages()
    for (number, country), count in rows.items():
        messages[hashes[number], country] += count
    known = {hashes[n]: s for n, s in skeletons.items()}
    segments = {key: _segments(s, readers_of(release)) for key, s in known.items()}
    return by_channel(known, release.policy.purpose, messages, segments, prices)


def channels_of(
    app: App, release: Release, messages: Messages, prices: Prices | None, readers: Readers
) -> list[ChannelForecast]:
    """What goes by each channel of a plan, and how long that takes."""
    skeletons = {s.hash: s for s in release.skeletons}
    used = {skeleton for skeleton, _ in messages}
    segments = {key: _segments(skeletons[key], readers) for key in used}
    channels = by_channel(skeletons, release.policy.purpose, messages, segments, prices)
    return [replace(c, takes=_takes(app, release, c)) for c in channels]


def _segments(skeleton: Skeleton, readers: Readers) -> Segments:
    """With typical values, and with values as long as they may be, in letters that no phone's
    alphabet has."""
    from campaigns.bootstrap.preview.readers import TYPICAL
    from campaigns.content.measure import measure_sms

    if skeleton.channel is not Channel.SMS:
        return Segments()
    most = measure_sms(fill(skeleton, longest_values(skeleton))["body"]).segments
    try:
        typical = fill(skeleton, readers.values(TYPICAL, skeleton))["body"]
    except SlotError:
        return Segments(most, most)
    return Segments(measure_sms(typical).segments, most)


def _takes(app: App, release: Release, of: ChannelForecast) -> timedelta | None:
    """At the rates that the vendor allows and the brand sets; None where there are none."""
    from campaigns.channels.registry import limits_of

    own = release.senders.get(of.channel, {}).get("per_second")
    vendor = limits_of(of.channel, app.settings.email_provider).rates
    spacing = Spacing.of([*vendor, *([per_second(float(own))] if own else [])])
    if spacing is None:
        return None
    units = max(0, (of.segments or of.messages) - spacing.burst)
    return timedelta(microseconds=units * spacing.interval)


def readers_of(release: Release) -> Readers:
    """Made-up readers of the release's messages, by its brand and attributes."""
    from campaigns.bootstrap.preview.readers import Readers

    attributes: Mapping[str, AttributeSpec] = {
        name: AttributeSpec.model_validate(spec)
        for name, spec in release.source("attributes.yaml").items()
    }
    return Readers(Brand.model_validate(release.source("brand.yaml")), attributes)
