"""What a locale's messages may state: the campaign's facts, and the brand's own values."""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.content.checks.view import View
from campaigns.domain.brand import Brand
from campaigns.domain.campaign import Campaign
from campaigns.domain.consistency import (
    Clock,
    Declared,
    Kind,
    Mention,
    Money,
    Span,
    Verdict,
    asking,
    compare,
    extract,
    extract_url,
)
from campaigns.domain.facts import Fact, in_locale


class Known:
    """Reads texts of one locale against what is known there. The same text is read once."""

    def __init__(self, campaign: Campaign, brand: Brand, locale: str) -> None:
        self.locale = locale
        self.declared = [declared(name, fact, locale) for name, fact in campaign.facts.items()]
        self.allowed = list(brand_values(brand, locale))
        self._must_say = campaign.must_say
        self._asked = asking(self.declared, self.allowed)
        self._territory = locale.rsplit("_", maxsplit=1)[-1]
        self._verdicts: dict[tuple[str, tuple[str, ...]], Verdict] = {}

    def verdict(self, view: View, part: str) -> Verdict:
        """One part of a message."""
        return self.of(view.said[part], view.links if part == "html" else ())

    def of(self, text: str, links: tuple[str, ...] = ()) -> Verdict:
        """A text and the targets of its links, held against what is known."""
        key = (text, links)
        if key not in self._verdicts:
            self._verdicts[key] = self._examine(text, links)
        return self._verdicts[key]

    def _examine(self, text: str, links: tuple[str, ...]) -> Verdict:
        targets = (extract_url(link, self._territory) for link in links)
        mentions = [*self.read(text), *(target for target in targets if target)]
        return compare(mentions, self.declared, required=self._must_say, allowed=self.allowed)

    def read(self, text: str) -> list[Mention]:
        """The values that a text states."""
        return extract(text, self.locale, self._asked)


def declared(name: str, fact: Fact, locale: str) -> Declared:
    """A fact as reading back has it."""
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


def brand_values(brand: Brand, locale: str) -> Iterator[Declared]:
    """What is no fact and no stranger: the brand's address, legal lines, numbers and pages."""
    lines = [in_locale(texts, locale) for texts in brand.legal.values()]
    names = [write.write for write in brand.names]
    for line in (brand.address_in(locale), brand.name, brand.logo.alt, *lines, *names):
        if line:
            yield Declared("", Kind.TEXT, line)
    for sender in (brand.senders.sms, brand.senders.whatsapp):
        if sender is not None and sender.from_:
            yield Declared("", Kind.PHONE, sender.from_)
    for phone in brand.phones.values():
        yield Declared("", Kind.PHONE, phone)
    pages = (*brand.pages.values(), *(f"https://{domain}" for domain in brand.link_domains))
    for page in (*pages, *((brand.logo.url,) if brand.logo.url else ())):
        yield Declared("", Kind.URL, page)
