"""Messages: a compiled skeleton with typed slots, and filling it for one customer.

A campaign compiles once; sending only fills. What is fixed in a skeleton is fixed for everyone,
so a check of the skeleton is a check of every message made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

import orjson

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeValue


class SlotType(StrEnum):
    """What a slot may hold. Numbers and dates are written in the skeleton's locale."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    CODE = "code"
    URL = "url"


class Escape(StrEnum):
    """How a value is made safe for the place where its slot stands."""

    HTML = "html"
    PLAIN = "plain"
    HEADER = "header"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Slot:
    """One value left open until the customer is known.

    Attributes:
        name: unique in the skeleton: `first_name`, `points`, `unsubscribe_url`.
        max_length: of the written value, in UTF-16 units (an emoji is two), as SMS counts.
        fallback: what stands there when the customer has no value; None makes the value required.
    """

    name: str
    type: SlotType
    max_length: int
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in a part where a slot's value goes."""

    slot: str
    escape: Escape


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message (`subject`, `html`, `text`, `body`): literals around holes.

    There is one literal more than there are holes; the part reads
    literals[0] + holes[0] + literals[1] + …
    """

    literals: tuple[str, ...]
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One channel × locale × variant × step × trait combination of a release.

    `step` is empty in a campaign without steps.
    """

    channel: Channel
    locale: str
    variant: str
    traits: tuple[tuple[str, AttributeValue], ...]
    parts: Mapping[str, Part]
    slots: Mapping[str, Slot]
    step: str = ""

    def to_json(self) -> bytes:
        """Canonical JSON: the same skeleton gives the same bytes on any machine."""
        return orjson.dumps(
            {
                "channel": self.channel,
                "locale": self.locale,
                "variant": self.variant,
                "traits": [list(t) for t in self.traits],
                "parts": {
                    name: {
                        "literals": list(p.literals),
                        "holes": [[h.slot, h.escape] for h in p.holes],
                    }
                    for name, p in self.parts.items()
                },
                "slots": {s.name: [s.type, s.max_length, s.fallback] for s in self.slots.values()},
                **({"step": self.step} if self.step else {}),
            },
            option=orjson.OPT_SORT_KEYS,
        )

    @classmethod
    def from_json(cls, document: bytes | str) -> Skeleton:
        """Read what `to_json` wrote."""
        raw = orjson.loads(document)
        return cls(
            channel=Channel(raw["channel"]),
            locale=raw["locale"],
            variant=raw["variant"],
            traits=tuple((n, v) for n, v in raw["traits"]),
            parts={
                name: Part(tuple(p["literals"]), tuple(Hole(s, Escape(e)) for s, e in p["holes"]))
                for name, p in raw["parts"].items()
            },
            slots={
                name: Slot(name, SlotType(t), length, fallback)
                for name, (t, length, fallback) in raw["slots"].items()
            },
            step=raw.get("step", ""),
        )

    @property
    def hash(self) -> str:
        """Content address of the skeleton."""
        return blake2b(self.to_json(), digest_size=16).hexdigest()


def escape_html(value: str) -> str:
    """Make a value safe as HTML text and within a quoted attribute; written as Jinja2 writes the
    same signs in what is fixed."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return value.replace('"', "&#34;").replace("'", "&#39;")


_ESCAPED: Final[Mapping[Escape, Callable[[str], str]]] = {
    Escape.HTML: escape_html,
    Escape.PLAIN: str,
    Escape.HEADER: str,
    Escape.QUERY: partial(quote, safe=""),
}


def escape(value: str, how: Escape) -> str:
    """Make one written slot value safe for its place."""
    return _ESCAPED[how](value)


def fill(skeleton: Skeleton, values: Mapping[str, str]) -> dict[str, str]:
    """The parts of the message for one customer. `values` are written slot values
    (see `slots.write_values`): validated, formatted, not yet escaped."""
    return {name: fill_part(part, values) for name, part in skeleton.parts.items()}


def fill_part(part: Part, values: Mapping[str, str]) -> str:
    """One part with its holes filled."""
    pieces = [""] * (len(part.literals) + len(part.holes))
    pieces[::2] = part.literals
    pieces[1::2] = [_ESCAPED[hole.escape](values[hole.slot]) for hole in part.holes]
    return "".join(pieces)


def message_hash(skeleton_hash: str, values: Mapping[str, str]) -> str:
    """Content address of one filled message: the skeleton and the written values determine every
    byte of it, so their hash stands for the message without storing or hashing its body."""
    document = orjson.dumps([skeleton_hash, dict(values)], option=orjson.OPT_SORT_KEYS)
    return blake2b(document, digest_size=16).hexdigest()
