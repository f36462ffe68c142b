"""Readers: who a preview is written for, and the values their message is filled with.

None of them is real but those from the database: names and values are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from campaigns.bootstrap.preview.model import Option
from campaigns.domain.brand import Brand
from campaigns.domain.customer import AttributeSpec
from campaigns.domain.locales import language
from campaigns.domain.message import Skeleton, Slot, SlotType
from campaigns.domain.slots import SlotError, longest_values, write_values

TYPICAL: Final = "typical"
UNKNOWN: Final = "unknown"
LONGEST: Final = "longest"

READERS: Final = (
    Option(TYPICAL, "Typical", "a made-up customer of whom everything is known"),
    Option(UNKNOWN, "Nothing known", "every value falls back to what the copy says instead"),
    Option(LONGEST, "Longest values", "every value as long as it may be: the proof that it fits"),
)

_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "first_name": {"en": "Alice", "es": "Lucía", "ca": "Laia", "fr": "Chloé", "de": "Greta"},
    "last_name": {"en": "Fenwick", "es": "Ortega", "ca": "Puig", "fr": "Marchand", "de": "Lindner"},
}
_BY_TYPE: Final[Mapping[SlotType, object]] = {
    SlotType.INTEGER: 1250,
    SlotType.NUMBER: "48.5",
    SlotType.DATE: date(2027, 6, 15),
    SlotType.CODE: "K7PM2Q",
}
#: As long as the signed links of services/links.py.
_TOKEN: Final = "preview." + "x" * 48
_LINKS: Final = ("unsubscribe_url", "preferences_url")


class Readers:
    """Fills the skeletons of one release for each kind of reader."""

    def __init__(self, brand: Brand, attributes: Mapping[str, AttributeSpec]) -> None:
        self._brand = brand
        self._attributes = attributes

    def values(
        self, reader: str, skeleton: Skeleton, known: Mapping[str, object] | None = None
    ) -> dict[str, str]:
        """The written values of a skeleton's slots. `known`: what the database knows of a real
        customer, by slot name. Raises SlotError where this reader would get no message."""
        if reader == LONGEST:
            return longest_values(skeleton)
        raw: dict[str, object] = {name: self._link(name) for name in _LINKS}
        if known is not None:
            raw |= known
        elif reader != UNKNOWN:
            raw |= {s.name: self._typical(s, skeleton.locale) for s in skeleton.slots.values()}
        return write_values(skeleton, {n: v for n, v in raw.items() if n in skeleton.slots})

    def _typical(self, slot: Slot, locale: str) -> object:
        if slot.name in _LINKS or slot.type is SlotType.URL:
            return self._link(slot.name)
        if slot.name in _NAMES:
            names = _NAMES[slot.name]
            return names.get(language(locale), names["en"])
        spec = self._attributes.get(slot.name)
        if spec is not None and spec.example:
            return spec.example
        if spec is not None and spec.choices:
            return spec.choices[-1]
        return _BY_TYPE.get(slot.type, slot.name.replace("_", " ")[: slot.max_length])

    def _link(self, name: str) -> str:
        page = name.removesuffix("_url")
        return f"https://{self._brand.link_domains[-1]}/{page}/{_TOKEN}"


def why_unfilled(error: SlotError) -> str:
    """Why a reader would get no message, for people."""
    return f"This reader would get no message: {error.reason} (`{error.slot}`)."
