"""Building a preview from a release: pure, so that a release compiled before can still be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b

import orjson
from babel import Locale
from selectolax.lexbor import LexborHTMLParser

from campaigns.bootstrap.preview.customers import Known
from campaigns.bootstrap.preview.fact_table import fact_table
from campaigns.bootstrap.preview.measures import readings
from campaigns.bootstrap.preview.model import Cell, Choices, Offer, Option, Preview, Row, Trait
from campaigns.bootstrap.preview.readers import READERS, TYPICAL, Readers, why_unfilled
from campaigns.content.checks.page import read_page
from campaigns.content.checks.view import readable
from campaigns.domain.brand import Brand
from campaigns.domain.campaign import Campaign
from campaigns.domain.channel import Channel
from campaigns.domain.click_links import without_click_links
from campaigns.domain.customer import AttributeSpec, AttributeValue
from campaigns.domain.findings import Finding
from campaigns.domain.locales import resolve
from campaigns.domain.message import Skeleton, fill
from campaigns.domain.release import Release
from campaigns.domain.slots import SlotError

#: The variant that every campaign has.
_BASE = "a"


@dataclass(frozen=True)
class Previewer:
    """Shows one release. Everything it needs is frozen in the release itself."""

    release: Release
    findings: Sequence[Finding] = ()

    @cached_property
    def brand(self) -> Brand:
        """The brand as it was when the release was compiled."""
        return Brand.model_validate(self.release.source("brand.yaml"))

    @cached_property
    def campaign(self) -> Campaign:
        """The campaign as it was when the release was compiled."""
        return Campaign.model_validate(self.release.source(self.release.campaign_file))

    @cached_property
    def attributes(self) -> Mapping[str, AttributeSpec]:
        """The declared attributes."""
        specs = self.release.source("attributes.yaml")
        return {name: AttributeSpec.model_validate(spec) for name, spec in specs.items()}

    @cached_property
    def offer(self) -> Offer:
        """What there is to choose from."""
        policy = self.release.policy
        variants = sorted({s.variant for s in self.release.skeletons})
        return Offer(
            locales=tuple(Option(name, locale_label(name)) for name in policy.locales),
            channels=tuple(Option(c.value, channel_label(c)) for c in policy.channels),
            readers=READERS,
            variants=tuple(Option(v, v.upper()) for v in variants),
            steps=tuple(Option(s, s.replace("_", " ")) for s in policy.journey.names),
            traits=tuple(self._trait(name) for name in policy.traits),
        )

    def _trait(self, name: str) -> Trait:
        spec = self.attributes.get(name)
        values: Sequence[AttributeValue] = (spec.choices if spec else ()) or (False, True)
        words = {False: "no", True: "yes"}
        options = tuple(Option(str(v), words[v] if isinstance(v, bool) else str(v)) for v in values)
        return Trait(name, name.replace("_", " "), options)

    @property
    def has_mail(self) -> bool:
        """Whether e-mail is one of the campaign's channels."""
        return Channel.EMAIL in self.release.policy.channels

    def preview(self, wanted: Choices, known: Known | None = None) -> Preview:
        """The page's data for what is wanted, as far as it exists; `known`: for this customer."""
        choices = self.settled(wanted, known)
        locales = [choices.locale] if choices.locale else self.release.policy.locales
        return Preview(
            name=self.release.campaign,
            title=self.release.title,
            purpose=self.release.policy.purpose.value,
            brand=self.brand.name,
            release=self.release.hash,
            offer=self.offer,
            choices=choices,
            rows=tuple(self._row(locale, choices, known) for locale in locales),
        )

    def settled(self, wanted: Choices, known: Known | None = None) -> Choices:
        """What is wanted, as far as it exists; language and traits are those of the customer."""
        offer, locale, traits = self.offer, wanted.locale, wanted.traits
        if known is not None:
            locale = resolve(known.locale, self.release.policy.locales)
            traits = {t.name: str(known.values.get(t.name)) for t in offer.traits}
        return Choices(
            locale=_one(locale, offer.locales, ""),
            channel=_one(wanted.channel, offer.channels, ""),
            reader=_one(wanted.reader, offer.readers, TYPICAL),
            customer=wanted.customer,
            variant=_one(wanted.variant, offer.variants, _BASE),
            step=_one(wanted.step, offer.steps, self.release.policy.journey.entry),
            traits={
                t.name: _one(traits.get(t.name, ""), t.options, t.options[0].value)
                for t in offer.traits
            },
        )

    def _row(self, locale: str, choices: Choices, known: Known | None) -> Row:
        skeletons = list(self._skeletons(locale, choices))
        label = next(r.label for r in self.offer.readers if r.value == choices.reader)
        return Row(
            locale=locale,
            label=locale_label(locale),
            reader=known.label if known else f"{label.lower()} reader",
            cells=tuple(
                self.cell(s, choices.reader, known)
                for s in skeletons
                if choices.channel in ("", s.channel.value)
            ),
            table=fact_table(self.campaign, self.brand, locale, skeletons),
        )

    def _skeletons(self, locale: str, choices: Choices) -> Iterator[Skeleton]:
        for channel in self.release.policy.channels:
            yield self.skeleton(channel, locale, choices)

    def skeleton(self, channel: Channel, locale: str, choices: Choices) -> Skeleton:
        """The skeleton that fits the choices best. Raises KeyError for an unknown locale."""
        for skeleton in self.release.skeletons:
            if (skeleton.channel, skeleton.locale) != (channel, locale):
                continue
            if channel is not Channel.X_POST and any(
                choices.traits.get(name, str(value)) != str(value)
                for name, value in skeleton.traits
            ):
                continue
            if skeleton.step != self._step(channel, choices):
                continue
            if skeleton.variant == (choices.variant or _BASE):
                return without_click_links(skeleton, self.release.links)
        raise KeyError(locale)

    def _step(self, channel: Channel, choices: Choices) -> str:
        """The step that is looked at; the public post belongs to the first."""
        first = self.release.policy.journey.entry
        return first if channel is Channel.X_POST else choices.step or first

    def cell(self, skeleton: Skeleton, reader: str, known: Known | None = None) -> Cell:
        """One message, filled for a reader or a customer."""
        cell = self._empty(skeleton)
        readers = Readers(self.brand, self.attributes)
        try:
            values = readers.values(reader, skeleton, known.values if known else None)
        except SlotError as error:
            return _keyed(replace(cell, unfilled=why_unfilled(error)))
        parts = fill(skeleton, values)
        country = (known.country if known else None) or skeleton.locale.rsplit("_", maxsplit=1)[-1]
        told = readings(skeleton.channel, country, parts, self.brand)
        return _keyed(replace(cell, parts=parts, preheader=_preheader(parts), readings=told))

    def _empty(self, skeleton: Skeleton) -> Cell:
        """A message's cell before it is filled: who it is from, and what was found."""
        channel, locale = skeleton.channel, skeleton.locale
        sender = self.release.senders.get(channel, {})
        post = channel is Channel.X_POST
        return Cell(
            channel=channel,
            locale=locale,
            parts={},
            preheader="",
            sender=sender.get("name", self.brand.name),
            address=sender.get("address") or sender.get("from") or sender.get("handle") or "",
            readings=(),
            findings=tuple(
                f for f in self.findings if (f.channel, f.locale) == (channel.value, locale)
            ),
            public=post,
            sent=not post or locale == self.release.policy.post_locale,
        )


def _preheader(parts: Mapping[str, str]) -> str:
    """The hidden words at the start of a mail, which inboxes show after the subject."""
    if "html" not in parts:
        return ""
    hidden = read_page(parts["html"], LexborHTMLParser(parts["html"])).hidden
    return readable(hidden[0]) if hidden else ""


def _one(wanted: str, options: Sequence[Option], default: str) -> str:
    return wanted if any(o.value == wanted for o in options) else default


def _keyed(cell: Cell) -> Cell:
    shown = [dict(cell.parts), cell.unfilled, [str(f) for f in cell.findings], cell.address]
    told = [(r.label, r.value) for r in cell.readings]
    document = orjson.dumps([shown, told, cell.sender, cell.sent], option=orjson.OPT_SORT_KEYS)
    return replace(cell, key=blake2b(document, digest_size=6).hexdigest())


def channel_label(channel: Channel) -> str:
    """The channel's name at the start of a line."""
    label = channel.label
    return label[:1].upper() + label[1:]


def locale_label(locale: str) -> str:
    """`es_ES` as people read it: Spanish (Spain)."""
    return Locale.parse(locale).get_display_name("en") or locale
