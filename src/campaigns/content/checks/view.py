"""What a check looks at: the compiled skeletons as people will see them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from campaigns.content.checks.page import PageText, plain_blocks, read_page
from campaigns.domain.channel import Channel
from campaigns.domain.facts import simple
from campaigns.domain.message import Skeleton, fill
from campaigns.domain.slots import longest_values

#: Stands for a customer's value where its words do not matter.
OBJECT: Final = "\ufffc"
_IN_ADDRESS: Final = "%EF%BF%BC"
#: A customer's value in the query of an address: what it leads to is said without it.
_QUERY: Final = re.compile(rf"[?&][^\s=&?\"]*={_IN_ADDRESS}")
#: Between blocks: nothing that is read as one value reaches over it.
EDGE: Final = " ¶ "

#: The copy texts that a channel's message is made of, the likeliest to be mended first.
TEXTS: Final = {
    Channel.EMAIL: ("body", "headline"),
    Channel.SMS: ("short", "headline"),
    Channel.WHATSAPP: ("body", "short", "headline"),
    Channel.X_DM: ("short", "headline"),
    Channel.X_POST: ("post", "short", "headline"),
}
#: The copy texts that say a channel's facts.
SAID_BY: Final = {
    Channel.EMAIL: ("body", "headline", "greeting", "closing"),
    Channel.SMS: ("short", "headline"),
    Channel.WHATSAPP: ("body", "headline", "greeting", "closing"),
    Channel.X_DM: ("short", "headline"),
    Channel.X_POST: ("post", "short", "headline"),
}
#: Channels with room for the first of these alone.
ALONE: Final = frozenset({Channel.SMS, Channel.X_DM, Channel.X_POST})
#: The parts that must each say everything.
BODIES: Final = frozenset({"html", "text", "body"})


class View:
    """One skeleton as people will see it."""

    def __init__(self, skeleton: Skeleton, values: Mapping[str, str] | None = None) -> None:
        self.skeleton = skeleton
        self._values = values or dict.fromkeys(skeleton.slots, OBJECT)

    @property
    def channel(self) -> Channel:
        return self.skeleton.channel

    @property
    def locale(self) -> str:
        return self.skeleton.locale

    @cached_property
    def parts(self) -> dict[str, str]:
        """Each part with a stand-in for customers' values."""
        return fill(self.skeleton, self._values)

    @cached_property
    def for_nobody_known(self) -> View | None:
        """The message of a customer of whom nothing is known; None when it reads the same."""
        fallbacks = {slot.name: slot.fallback or OBJECT for slot in self.skeleton.slots.values()}
        return View(self.skeleton, fallbacks) if {*fallbacks.values()} - {OBJECT} else None

    @cached_property
    def longest(self) -> dict[str, str]:
        """Each part with the longest values that the slots let through."""
        return fill(self.skeleton, longest_values(self.skeleton))

    @cached_property
    def page(self) -> LexborHTMLParser | None:
        """The HTML part, parsed."""
        return LexborHTMLParser(self.parts["html"]) if "html" in self.parts else None

    @cached_property
    def reading(self) -> PageText | None:
        """What the HTML part says."""
        return read_page(self.parts["html"], self.page) if self.page is not None else None

    @cached_property
    def blocks(self) -> dict[str, tuple[str, ...]]:
        """Each part's paragraphs; of an HTML part also its title and what is hidden in it, whose
        first words are the preheader."""
        found: dict[str, tuple[str, ...]] = {}
        for name, text in self.parts.items():
            if name == "html" and self.reading is not None:
                found["title"] = (self.reading.title,) if self.reading.title else ()
                found["preheader"] = self.reading.hidden
                found["html"] = self.reading.blocks
            else:
                found[name] = tuple(plain_blocks(text))
        return found

    @cached_property
    def texts(self) -> dict[str, str]:
        """Each part's readable text, in one line, with plain spaces."""
        return {name: readable(" ".join(blocks)) for name, blocks in self.blocks.items()}

    @cached_property
    def said(self) -> dict[str, str]:
        """Each part for reading facts back: blocks kept apart, addresses without customers'
        values."""
        return {
            name: _QUERY.sub("", EDGE.join(blocks)).replace(_IN_ADDRESS, OBJECT)
            for name, blocks in self.blocks.items()
        }

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Where the links of the HTML lead, customers' own pages apart."""
        links = self.reading.links if self.reading is not None else ()
        return tuple(link for link in map(fixed_address, links) if link)

    @property
    def bodies(self) -> dict[str, str]:
        """The texts that must each say everything."""
        return {name: text for name, text in self.texts.items() if name in BODIES}


def readable(text: str) -> str:
    """Text in one line, with the marks that facts are compared in."""
    return " ".join(simple(text).split())


def fixed_address(link: str) -> str:
    """An address without customers' values; empty for one of their own pages."""
    fixed = _QUERY.sub("", link).replace(_IN_ADDRESS, OBJECT)
    return "" if fixed.startswith(OBJECT) else fixed
