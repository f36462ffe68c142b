"""How long a message is, in the words of a preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from campaigns.bootstrap.preview.model import Reading
from campaigns.content.measure import X_WEIGHTED, PostMeasure, SizeMeasure, SmsMeasure, measure
from campaigns.domain.brand import Brand
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.counting import counted
from campaigns.domain.prices import money
from campaigns.domain.slots import units


def readings(
    channel: Channel, country: str, parts: Mapping[str, str], brand: Brand
) -> tuple[Reading, ...]:
    """The measures of one filled message; `country` is the reader's, for prices."""
    return tuple(_readings(channel, country, parts, brand))


def _readings(
    channel: Channel, country: str, parts: Mapping[str, str], brand: Brand
) -> Iterator[Reading]:
    if channel is Channel.EMAIL:
        subject, most = units(parts["subject"]), brand.limits.subject_characters
        yield Reading("Subject", f"subject {subject} of {most} characters", subject <= most)
    match measure(channel, parts["html" if channel is Channel.EMAIL else "body"]):
        case SmsMeasure() as sms:
            most = brand.limits.sms_segments
            fits = sms.valid and sms.segments <= most
            yield Reading("Segments", f"{sms.segments} of {counted(most, 'segment')}", fits)
            yield Reading("Encoding", sms.encoding)
            yield Reading("Length", counted(sms.units, "character"))
            yield from _price(country, sms.segments, brand)
        case PostMeasure() as post:
            yield Reading("Weighted length", f"{post.weighted_length} of {X_WEIGHTED}", post.valid)
        case SizeMeasure(channel=Channel.EMAIL) as size:
            told = f"{size.units / 1024:.1f} of {size.limit // 1024} KB"
            yield Reading("Size", told, size.valid)
        case SizeMeasure() as size:
            yield Reading("Length", f"{size.units:,} of {size.limit:,} characters", size.valid)


def _price(country: str, segments: int, brand: Brand) -> Iterator[Reading]:
    """What one customer's SMS costs in a country, where the brand has a price."""
    if brand.prices is None:
        return
    cost = brand.prices.cost(
        Channel.SMS, purpose=Purpose.MARKETING, country=country, segments=segments
    )
    if cost is not None:
        yield Reading("Price", f"{money(cost, brand.prices.currency)} to {country}")
