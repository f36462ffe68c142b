"""What copy and layouts see: plain dicts, made for one channel, locale, variant and set of traits.

| name | holds |
|---|---|
| facts | fact name → how it is written here |
| kinds | fact name → its kind (`url`, `date`, …) |
| customer | first_name, last_name, attributes (no bool), own slots: printed, never tested |
| links | unsubscribe, preferences: addresses of the customer's own pages |
| traits | declared traits: real values to branch on |
| brand | brand.yaml as it is written |
| words, labels, legal | the brand's words, fact labels and legal line in this language |
| campaign | name, title, purpose, topic |
| locale, language, channel, variant | `es_ES`, `es`, `email`, `a` |
| step | the name of the journey's step; empty without steps |
| copy | layouts only: the copy's texts; `body` and `closing` are lists; what is absent is empty |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from campaigns.content.sandbox import BRANDS, LACKING
from campaigns.content.slot_value import SlotValue
from campaigns.content.sources import Sources
from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeSpec, AttributeValue
from campaigns.domain.facts import Texts, in_locale, plain, simple
from campaigns.domain.locales import language
from campaigns.domain.message import Slot, SlotType

#: Room for the signed links of services/links.py and a long host name.
LINK_LENGTH: Final = 120
NAME_LENGTH: Final = 40
_LINKS: Final = {"unsubscribe": "unsubscribe_url", "preferences": "preferences_url"}

_UNCHANGED: Callable[[str], str] = str
#: How facts are spelt where: mail keeps CLDR's spaces, an SMS keeps to its alphabet.
SPELLING: Final[Mapping[Channel, Callable[[str], str]]] = {
    Channel.EMAIL: _UNCHANGED,
    Channel.SMS: simple,
    Channel.WHATSAPP: plain,
    Channel.X_DM: plain,
    Channel.X_POST: plain,
}


@dataclass(frozen=True, slots=True)
class Key:
    """Which skeleton: its channel, locale, variant, trait values and step."""

    channel: Channel
    locale: str
    variant: str
    traits: tuple[tuple[str, AttributeValue], ...]
    step: str = ""


class Contexts:
    """Makes the context of each skeleton of one campaign."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._brand = sources.brand.model_dump(mode="json", by_alias=True)
        self._written = {
            locale: {name: fact.write(locale) for name, fact in sources.campaign.facts.items()}
            for locale in sources.locales
        }

    @property
    def written(self) -> Mapping[str, Mapping[str, str]]:
        """Locale → fact → how it is written there."""
        return self._written

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """Every customer value that a text may print."""
        slots = {name: self._slot(name, None) for name in ("first_name", "last_name")}
        for name, spec in self._sources.attributes.items():
            if spec.type != "bool":
                slots[name] = self._slot(name, spec)
        for name in self._sources.campaign.slots:
            slots.setdefault(name, self._slot(name, None))
        return slots

    def _slot(self, name: str, spec: AttributeSpec | None) -> Slot:
        own = self._sources.campaign.slots.get(name)
        if spec is None:
            kind = own.type if own and own.type else SlotType.TEXT
            length = NAME_LENGTH
        elif spec.type == "choice":
            kind, length = SlotType.TEXT, max(len(choice) for choice in spec.choices)
        else:
            kind, length = SlotType(spec.type), spec.max_length
        return Slot(name, kind, own.max_length if own and own.max_length else length)

    def names(self) -> dict[str, tuple[str, ...]]:
        """Root → the names that copy may use under it."""
        return {
            "facts": tuple(self._sources.campaign.facts),
            "customer": tuple(self.slots),
            "links": tuple(_LINKS),
            "traits": self._sources.campaign.traits,
        }

    def make(self, key: Key) -> tuple[dict[str, Any], dict[int, str]]:
        """The context of one skeleton, and what its dicts' entries are called in errors."""
        brand, campaign = self._sources.brand, self._sources.campaign
        spell = SPELLING[key.channel]
        facts = {name: spell(text) for name, text in self._written[key.locale].items()}
        customer = {n: SlotValue(slot, f"customer.{n}") for n, slot in self.slots.items()}
        traits, links = dict(key.traits), _links()
        context = {
            "facts": facts,
            "kinds": {name: fact.kind for name, fact in campaign.facts.items()},
            "customer": customer,
            "links": links,
            "traits": traits,
            "brand": self._brand | {"postal_address": brand.address_in(key.locale)},
            "words": _all_in(brand.words, key.locale),
            "labels": _all_in(brand.labels, key.locale),
            "legal": in_locale(brand.legal.get(key.channel, ""), key.locale) or "",
            "campaign": self._campaign(),
            "locale": key.locale,
            "language": language(key.locale),
            "channel": key.channel.value,
            "variant": key.variant,
            "step": key.step,
        }
        return context, {
            id(facts): "fact",
            id(customer): "customer value",
            id(links): "link",
            id(traits): "trait",
            id(context["words"]): _kind("words", brand.words, key.locale),
            id(context["labels"]): _kind("labels", brand.labels, key.locale),
        }

    def _campaign(self) -> dict[str, str]:
        campaign = self._sources.campaign
        return {
            "name": self._sources.name,
            "title": campaign.title,
            "purpose": campaign.purpose.value,
            "topic": campaign.topic or "",
        }

    def default_fallback(self, slot: str, locale: str) -> str | None:
        """What campaign.yaml says stands there without a value."""
        own = self._sources.campaign.slots.get(slot)
        return in_locale(own.fallback, locale) if own and own.fallback is not None else None


def _links() -> dict[str, SlotValue]:
    return {
        name: SlotValue(Slot(slot, SlotType.URL, LINK_LENGTH), f"links.{name}")
        for name, slot in _LINKS.items()
    }


def _all_in(texts: Mapping[str, Texts], locale: str) -> dict[str, str]:
    found = {name: in_locale(text, locale) for name, text in texts.items()}
    return {name: text for name, text in found.items() if text is not None}


def _kind(key: str, texts: Mapping[str, Texts], locale: str) -> str:
    """What an entry of `words` or `labels` is called in errors, and which this locale lacks."""
    lacking = sorted(texts.keys() - _all_in(texts, locale).keys())
    return f"{BRANDS}`{key}` in brand.yaml ({language(locale)}){LACKING}{', '.join(lacking)}"
