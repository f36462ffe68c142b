"""The fact table: where each fact stands, read back out of the rendered messages.

It reads skeletons with a stand-in for customers' values: what is fixed is fixed for everyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from selectolax.lexbor import LexborHTMLParser

from campaigns.bootstrap.preview.model import Column, FactRow, FactTable, Sighting, Stranger
from campaigns.content.checks.view import OBJECT, View, readable
from campaigns.domain.consistency import (
    Clock,
    Declared,
    Kind,
    Money,
    Remark,
    Span,
    Verdict,
    examine,
)
from campaigns.domain.facts import Fact, in_locale

if TYPE_CHECKING:
    from campaigns.domain.brand import Brand
    from campaigns.domain.campaign import Campaign
    from campaigns.domain.message import Skeleton

#: Parts that need not say everything: they are read together with the body.
_SHORT_PARTS: Final = ("subject", "preheader")
_ORDER: Final = ("subject", "preheader", "html", "text", "body")
_HIDDEN: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
#: What fills up a preheader so that no other text follows it in the inbox.
_FILLING: Final = re.compile(r"[\s\u034f\u00ad\u200b-\u200f\u2007\u2060\ufeff\u00a0]+")


def fact_table(
    campaign: Campaign, brand: Brand, locale: str, skeletons: Sequence[Skeleton]
) -> FactTable:
    """The fact table of one locale's messages."""
    declared = [_declared(name, fact, locale) for name, fact in campaign.facts.items()]
    allowed = list(_allowed(brand, locale))
    verdicts: dict[Column, Verdict] = {}
    for skeleton in skeletons:
        for part, (text, links) in _texts(skeleton).items():
            required = part not in _SHORT_PARTS
            verdicts[Column(skeleton.channel, part, required)] = examine(
                text,
                locale,
                declared,
                required=campaign.must_say if required else (),
                allowed=allowed,
                links=links,
            )
    rows = tuple(_row(d, d.name in campaign.must_say, verdicts) for d in declared)
    return FactTable(tuple(verdicts), rows, tuple(_strangers(verdicts)))


def _row(fact: Declared, must_say: bool, verdicts: Mapping[Column, Verdict]) -> FactRow:
    sightings = tuple(
        Sighting(
            column,
            tuple(dict.fromkeys(place.words for place in verdict.found.get(fact.name, ()))),
            fact.name in verdict.missing,
        )
        for column, verdict in verdicts.items()
    )
    return FactRow(fact.name, fact.kind.value, readable(fact.written), must_say, sightings)


def _strangers(verdicts: Mapping[Column, Verdict]) -> Iterator[Stranger]:
    for column, verdict in verdicts.items():
        told: set[str] = set()
        for remark in _remarks(verdict):
            if remark.mention.text not in told:
                told.add(remark.mention.text)
                yield Stranger(
                    column, remark.mention.kind.value, remark.mention.text, remark.advice
                )


def _remarks(verdict: Verdict) -> Iterator[Remark]:
    yield from verdict.strangers
    yield from verdict.in_words
    yield from verdict.ambiguous
    yield from verdict.wrong_format


def _texts(skeleton: Skeleton) -> dict[str, tuple[str, list[str]]]:
    """Part → its readable text and the targets of its links; the preheader on its own."""
    view = View(skeleton)
    texts: dict[str, tuple[str, list[str]]] = {}
    for part, text in view.texts.items():
        if part != "html":
            texts[part] = (text, [])
            continue
        page = LexborHTMLParser(view.parts["html"])
        hidden = take_preheader(page)
        for node in page.css("style, script, head"):
            node.decompose()
        links = [a.attributes.get("href") or "" for a in page.css("a")]
        texts["preheader"] = (hidden, [])
        body = page.body.text(separator=" ") if page.body else ""
        texts["html"] = (readable(body), [link for link in links if link and OBJECT not in link])
    return {part: texts[part] for part in _ORDER if part in texts}


def take_preheader(page: LexborHTMLParser) -> str:
    """Remove the hidden text at the start of a mail, which inboxes show after the subject, and
    return it."""
    for node in page.css("body [style]"):
        if _HIDDEN.search(node.attributes.get("style") or ""):
            text = _FILLING.sub(" ", node.text()).strip()
            node.decompose()
            return text
    return ""


def _declared(name: str, fact: Fact, locale: str) -> Declared:
    value = fact.value
    match fact.kind:
        case "money":
            value = Money(value.amount, value.currency)
        case "date_range":
            value = Span(value.from_, value.to)
        case "time":
            value = Clock(value.at, value.zone, value.date)
        case "text":
            value = in_locale(value, locale)
    return Declared(name, Kind(fact.kind), value, fact.write(locale))


def _allowed(brand: Brand, locale: str) -> Iterator[Declared]:
    """What is no fact and no stranger either: the brand's address, legal lines and numbers."""
    if brand.postal_address:
        yield Declared("", Kind.TEXT, brand.postal_address)
    for texts in (*brand.legal.values(), *brand.words.values()):
        line = in_locale(texts, locale)
        if line:
            yield Declared("", Kind.TEXT, line)
    for sender in (brand.senders.sms, brand.senders.whatsapp):
        if sender is not None and sender.from_:
            yield Declared("", Kind.PHONE, sender.from_)
