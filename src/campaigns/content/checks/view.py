"""What a check looks at: the compiled skeletons as people will see them, and their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from campaigns.content.sources import Sources
from campaigns.domain.channel import Channel
from campaigns.domain.facts import simple
from campaigns.domain.findings import Finding, Level
from campaigns.domain.message import Skeleton, fill
from campaigns.domain.release import Release
from campaigns.domain.slots import longest_values

#: Stands for a customer's value where its words do not matter.
OBJECT: Final = "\ufffc"

#: The copy texts that a channel's message is made of, the likeliest to be mended first.
TEXTS: Final = {
    Channel.EMAIL: ("body", "headline"),
    Channel.SMS: ("short", "headline"),
    Channel.WHATSAPP: ("body", "short", "headline"),
    Channel.X_DM: ("short", "headline"),
    Channel.X_POST: ("post", "short", "headline"),
}


class View:
    """One skeleton as people will see it."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton

    @property
    def channel(self) -> Channel:
        return self.skeleton.channel

    @property
    def locale(self) -> str:
        return self.skeleton.locale

    @cached_property
    def parts(self) -> dict[str, str]:
        """Each part with a stand-in for customers' values."""
        return fill(self.skeleton, dict.fromkeys(self.skeleton.slots, OBJECT))

    @cached_property
    def longest(self) -> dict[str, str]:
        """Each part with the longest values that the slots let through."""
        return fill(self.skeleton, longest_values(self.skeleton))

    @cached_property
    def page(self) -> LexborHTMLParser | None:
        """The HTML part, parsed."""
        return LexborHTMLParser(self.parts["html"]) if "html" in self.parts else None

    @cached_property
    def texts(self) -> dict[str, str]:
        """Each part's readable text, with plain spaces; of HTML what a reader sees."""
        return {name: readable(self._text(name)) for name in self.parts}

    def _text(self, part: str) -> str:
        if part != "html" or self.page is None or self.page.body is None:
            return self.parts[part]
        body = LexborHTMLParser(self.parts[part])
        for node in body.css("style, script, title, head"):
            node.decompose()
        return body.body.text(separator=" ") if body.body else ""

    @property
    def bodies(self) -> dict[str, str]:
        """The texts that must each say everything: all parts but the subject."""
        return {name: text for name, text in self.texts.items() if name != "subject"}


def readable(text: str) -> str:
    """Text in one line, with the marks that facts are compared in."""
    return " ".join(simple(text).split())


@dataclass(frozen=True)
class Checked:
    """What the checks look at."""

    sources: Sources
    release: Release

    @cached_property
    def views(self) -> tuple[View, ...]:
        """Every skeleton."""
        return tuple(View(s) for s in self.release.skeletons)

    def in_copy(
        self, rule: str, message: str, mend: str, view: View, part: str = "", *keys: str
    ) -> Finding:
        """An error to be mended in the copy of a message's locale."""
        path, line = self.sources.copy_place(view.locale, *(keys or TEXTS[view.channel]))
        return Finding(
            rule, Level.ERROR, message, mend, str(path), line, view.channel, view.locale, part
        )

    def in_layout(self, rule: str, message: str, mend: str, view: View, part: str) -> Finding:
        """An error to be mended in the layout of a message's part."""
        from campaigns.content.parts import layout_names

        name = layout_names(self.sources.campaign.layouts, view.channel)[part]
        path = self.sources.layout_path(name)
        return Finding(
            rule, Level.ERROR, message, mend, str(path), None, view.channel, view.locale, part
        )

    def in_brand(self, rule: str, message: str, mend: str, *loc: str, view: View) -> Finding:
        """An error to be mended in brand.yaml."""
        document = self.sources.brand_document
        line = document.line(loc)
        path = str(document.path)
        return Finding(rule, Level.ERROR, message, mend, path, line, view.channel, view.locale)

    def words_of(self, view: View) -> Iterator[tuple[str, str, int | None, str]]:
        """Each copy text of a message's locale: its key, file, line and words."""
        wording = self.sources.wording(view.locale, view.skeleton.variant)
        for key, text in wording.items():
            for piece, line in text.pieces():
                yield key, str(text.document.path), line, piece
