"""Where the files of a campaign must agree: names used in one and declared in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from campaigns.content.parts import LAYOUTS, layout_names
from campaigns.content.sources import BASE_VARIANT, Sources, Text
from campaigns.domain.audience import (
    MAX_DEPTH,
    AllOf,
    AnyOf,
    Audience,
    AudienceFilter,
    FieldFilter,
    NotOf,
    depth,
)
from campaigns.domain.campaign import Words
from campaigns.domain.channel import Channel
from campaigns.domain.facts import in_locale
from campaigns.domain.journey import step_errors
from campaigns.domain.locales import language
from campaigns.errors import FileError
from campaigns.yaml_files.document import Document, Loc
from campaigns.yaml_files.validate import listing, unknown

#: Every value of every trait gives a skeleton of its own.
MAX_TRAIT_COMBINATIONS = 24
STANDARD_SLOTS = ("first_name", "last_name")


def agreement_errors(sources: Sources) -> Iterator[FileError]:
    """Everything one file says that another does not know."""
    yield from _locales(sources)
    yield from _facts(sources)
    yield from _traits(sources)
    yield from _region(sources)
    yield from _slots(sources)
    yield from _audience(sources)
    yield from _channels(sources)
    yield from _empty_texts(sources)
    yield from _variants(sources)
    yield from _steps(sources)


def _variants(sources: Sources) -> Iterator[FileError]:
    """An arm without words of its own would compare the base with itself."""
    for variant in sources.campaign.experiment.variants:
        lacking = [
            locale
            for locale, files in sources.copies.items()
            if files
            and variant != BASE_VARIANT
            and not any(variant in c.variants for _, c in files)
        ]
        if lacking:
            told = (
                f"variant {variant} has no words in {listing(lacking)}: write `variants: "
                f"{{{variant}: …}}` in the copy, or take it out of the experiment."
            )
            yield sources.campaign_document.error(told, ("experiment", "variants", variant))


def _steps(sources: Sources) -> Iterator[FileError]:
    """Steps that the copy words and the campaign does not have, and steps that make no sense."""
    campaign = sources.campaign
    for loc, told in step_errors(campaign.steps, campaign.stop_when):
        yield sources.campaign_document.error(f"{told}.", loc)
    names = tuple(step.name for step in campaign.steps)
    copies = {id(d): (d, copy) for files in sources.copies.values() for d, copy in files}
    for document, copy in copies.values():
        for name in copy.steps:
            if name not in names:
                yield document.error(unknown("step of the campaign", name, names), ("steps", name))


def _locales(sources: Sources) -> Iterator[FileError]:
    campaign, brand, document = sources.campaign, sources.brand, sources.campaign_document
    for index, locale in enumerate(campaign.locales):
        if locale not in brand.locales:
            told = unknown("locale of the brand", locale, brand.locales)
            yield document.error(told, ("locales", index))
    for locale, files in sources.copies.items():
        if not files and locale in brand.locales:
            yield document.error(
                f"there is no copy for {locale}: add copy.{language(locale)}.yaml beside this "
                f"file, or name the campaign's own `locales`.",
                ("locales",),
            )
    if campaign.post_locale and campaign.post_locale not in sources.locales:
        told = unknown("locale of the campaign", campaign.post_locale, sources.locales)
        yield document.error(told, ("post_locale",))


def _facts(sources: Sources) -> Iterator[FileError]:
    campaign, document = sources.campaign, sources.campaign_document
    for index, name in enumerate(campaign.must_say):
        if name not in campaign.facts:
            yield document.error(unknown("fact", name, list(campaign.facts)), ("must_say", index))
    for name, fact in campaign.facts.items():
        for locale in sources.locales:
            if fact.kind == "text" and in_locale(fact.value, locale) is None:
                yield document.error(
                    f"fact `{name}` has no words for {locale}; add `{language(locale)}: …`.",
                    ("facts", name),
                )


def _region(sources: Sources) -> Iterator[FileError]:
    """The attribute that holds a customer's region; a name misspelt would find nobody's."""
    holidays, attributes = sources.brand.holidays, sources.attributes
    usable = [n for n, spec in attributes.items() if spec.type in ("text", "choice")]
    if holidays and holidays.region and holidays.region not in usable:
        told = unknown("text or choice attribute", holidays.region, usable)
        yield sources.brand_document.error(told, ("holidays", "region"))


def _traits(sources: Sources) -> Iterator[FileError]:
    document, attributes = sources.campaign_document, sources.attributes
    usable = [n for n, spec in attributes.items() if spec.type in ("bool", "choice")]
    combinations = 1
    for index, name in enumerate(sources.campaign.traits):
        if name not in usable:
            told = unknown("bool or choice attribute", name, usable)
            yield document.error(told, ("traits", index))
            continue
        combinations *= len(attributes[name].choices) or 2
    if combinations > MAX_TRAIT_COMBINATIONS:
        yield document.error(
            f"these traits make {combinations} different messages per channel and locale; "
            f"{MAX_TRAIT_COMBINATIONS} is the most. Use fewer traits.",
            ("traits",),
        )


def _slots(sources: Sources) -> Iterator[FileError]:
    for name, spec in sources.campaign.slots.items():
        declared = name in STANDARD_SLOTS or name in sources.attributes
        if declared and spec.type is not None:
            told = f"`{name}` has a type already; leave `type` out."
            yield sources.campaign_document.error(told, ("slots", name, "type"))


def _audience(sources: Sources) -> Iterator[FileError]:
    document, audience = sources.campaign_document, sources.campaign.audience
    if depth(audience) > MAX_DEPTH:
        yield document.error(f"it is nested deeper than {MAX_DEPTH}.", ("audience",))
    for name in _fields(audience):
        attribute = name.removeprefix("attributes.")
        if attribute != name and attribute not in sources.attributes:
            told = unknown("attribute", attribute, list(sources.attributes))
            yield document.error(told, ("audience",))


def _fields(node: Audience | AudienceFilter) -> Iterator[str]:
    nodes: Sequence[AudienceFilter] = ()
    match node:
        case AllOf():
            nodes = node.all
        case AnyOf():
            nodes = node.any
        case NotOf():
            nodes = (node.not_,)
        case FieldFilter():
            yield from node.root
    for child in nodes:
        yield from _fields(child)


def _channels(sources: Sources) -> Iterator[FileError]:
    for index, channel in enumerate(sources.campaign.channels):
        if sources.brand.senders.of(channel) is None:
            yield _no_sender(sources, channel, index)
        for key, name in layout_names(sources.campaign.layouts, channel).items():
            if name in sources.layouts:
                continue
            told = f"channel {channel} needs the layout `{name}`; there is no such file."
            if name == LAYOUTS[channel][key]:
                yield FileError(told, path=sources.layout_path(name))
            else:
                have = f"{told} Layouts are: {listing(sources.layouts)}."
                yield sources.campaign_document.error(have, ("layouts",))


def _no_sender(sources: Sources, channel: Channel, index: int) -> FileError:
    name = "x" if channel in (Channel.X_POST, Channel.X_DM) else channel.value
    return sources.campaign_document.error(
        f"the brand has no sender for {channel}: add `senders: {{{name}: …}}` to "
        f"{sources.brand_document.path}.",
        ("channels", index),
    )


def _empty_texts(sources: Sources) -> Iterator[FileError]:
    """A key with nothing in it: nobody can tell whether the text was forgotten."""
    copies = {id(d): (d, copy) for files in sources.copies.values() for d, copy in files}
    for document, copy in copies.values():
        yield from _empty_in(document, copy, ())
        for name, variant in copy.variants.items():
            yield from _empty_in(document, variant, ("variants", name))
        for step, words in copy.steps.items():
            yield from _empty_in(document, words, ("steps", step))


def _empty_in(document: Document, words: Words, loc: Loc) -> Iterator[FileError]:
    for key in Words.model_fields:
        text: Text | None = getattr(words, key)
        if text is not None and not "".join(text).strip():
            told = f"`{key}` is empty; write it, or leave the key out."
            yield document.error(told, (*loc, key))
