"""What the checks are given: the files, the release made from them, and where words stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from campaigns.content.checks.known import Known
from campaigns.content.checks.pieces import Piece, copy_pieces, find_words, other_pieces
from campaigns.content.checks.rules import RULES
from campaigns.content.checks.view import OBJECT, TEXTS, View
from campaigns.content.parts import layout_names
from campaigns.content.sources import Sources, Wording
from campaigns.domain.copy_rules import Limits
from campaigns.domain.facts import in_locale
from campaigns.domain.findings import Finding, Level
from campaigns.domain.release import Release
from campaigns.yaml_files.document import Loc

_IN_HTML = ("preheader", "title")


@dataclass(frozen=True)
class Checked:
    """What the checks look at."""

    sources: Sources
    release: Release

    @cached_property
    def views(self) -> tuple[View, ...]:
        """Every skeleton that reads differently; traits that change nothing are told once."""
        seen: dict[tuple[object, ...], View] = {}
        for skeleton in self.release.skeletons:
            view = View(skeleton)
            slots = tuple(sorted(skeleton.slots))
            key = (skeleton.channel, skeleton.locale, slots, *view.parts.items())
            seen.setdefault(key, view)
        return tuple(seen.values())

    @cached_property
    def known(self) -> dict[str, Known]:
        """What each locale's messages may state."""
        campaign, brand = self.sources.campaign, self.sources.brand
        return {locale: Known(campaign, brand, locale) for locale in self.sources.locales}

    @cached_property
    def missing(self) -> frozenset[tuple[str, str]]:
        """Locale and name of each must-say fact that some message of the locale lacks."""
        return frozenset(
            (view.locale, name)
            for view in self.views
            for part in view.bodies
            for name in self.known[view.locale].verdict(view, part).missing
        )

    @cached_property
    def limits(self) -> Limits:
        """The brand's limits, and the campaign's own in their place."""
        return self.sources.campaign.limits.over(self.sources.brand.limits)

    def label(self, fact: str, locale: str) -> str:
        """What a fact is called where a layout lists the facts; empty without a label."""
        texts = self.sources.brand.labels.get(fact, "")
        return in_locale(texts, locale) or ""

    @cached_property
    def _copies(self) -> dict[tuple[str, str, str], tuple[Piece, ...]]:
        sources = self.sources
        return {
            key: tuple(copy_pieces(sources, *key))
            for key in product(sources.locales, sources.variants, sources.steps)
        }

    def copy_of(self, locale: str, variant: str, step: str) -> tuple[Piece, ...]:
        """Each copy text of a locale, variant and step."""
        return self._copies[locale, variant, step]

    def wording(self, view: View) -> Wording:
        """The copy's texts behind a message."""
        skeleton = view.skeleton
        return self.sources.wording(view.locale, skeleton.variant, skeleton.step)

    def words_of(self, view: View) -> tuple[Piece, ...]:
        """Each copy text of a message's locale."""
        return self.copy_of(view.locale, view.skeleton.variant, view.skeleton.step)

    def every_copy(self) -> Iterator[tuple[str, Piece]]:
        """Each copy text once, with the first locale that reads it."""
        seen = set()
        for (locale, _, _), pieces in self._copies.items():
            for piece in pieces:
                if (piece.file, piece.line, piece.words) not in seen:
                    seen.add((piece.file, piece.line, piece.words))
                    yield locale, piece

    def others(self, locale: str) -> tuple[Piece, ...]:
        """The texts of the brand and of the layouts that a locale reads."""
        if locale not in self._others:
            self._others[locale] = tuple(other_pieces(self.sources, locale))
        return self._others[locale]

    @cached_property
    def _others(self) -> dict[str, tuple[Piece, ...]]:
        return {}

    def finding(
        self,
        rule: str,
        message: str,
        mend: str,
        file: str,
        line: int | None = None,
        view: View | None = None,
        part: str = "",
        level: Level | None = None,
    ) -> Finding:
        """A finding of a rule at a place."""
        channel, locale = (view.channel, view.locale) if view else ("", "")
        told = level or RULES[rule].level
        return Finding(rule, told, message, mend, file, line, channel, locale, part)

    def in_copy(
        self, rule: str, message: str, mend: str, view: View, part: str = "", *keys: str
    ) -> Finding:
        """To be mended in the copy of a message's locale."""
        path, line = self._copy_place(view, *(keys or TEXTS[view.channel]))
        return self.finding(rule, message, mend, str(path), line, view, part)

    def _copy_place(self, view: View, *keys: str) -> tuple[Path, int | None]:
        """File and line of the first of these texts that the message is made of."""
        wording = self.wording(view)
        found = next((wording[key] for key in keys if key in wording), None)
        if found is None:
            return self.sources.copy_place(view.locale)
        return found.document.path, found.line

    def in_layout(self, rule: str, message: str, mend: str, view: View, part: str) -> Finding:
        """To be mended in the layout of a message's part."""
        return self.finding(rule, message, mend, self.layout_of(view, part), None, view, part)

    def layout_of(self, view: View, part: str) -> str:
        """The file of a part's layout."""
        name = "html" if part in _IN_HTML else part
        layout = layout_names(self.sources.campaign.layouts, view.channel)[name]
        return str(self.sources.layout_path(layout))

    def in_brand(
        self, rule: str, message: str, mend: str, *loc: str | int, view: View | None = None
    ) -> Finding:
        """To be mended in brand.yaml."""
        document = self.sources.brand_document
        return self.finding(rule, message, mend, str(document.path), document.line(loc), view)

    def in_campaign(
        self, rule: str, message: str, mend: str, loc: Loc, view: View | None = None
    ) -> Finding:
        """To be mended in campaign.yaml."""
        document = self.sources.campaign_document
        return self.finding(rule, message, mend, str(document.path), document.line(loc), view)

    def at_words(
        self, rule: str, message: str, mend: str, view: View, part: str, words: str,
        level: Level | None = None,
    ) -> Finding:  # fmt: skip
        """At the text that holds the words: copy, brand or layout; else at the layout."""
        file, line = self.place_of(view, part, words)
        return self.finding(rule, message, mend, file, line, view, part, level)

    def place_of(
        self, view: View, part: str, words: str, fact: str | None = None
    ) -> tuple[str, int | None]:
        """File and line of words that a message shows; of words that stand in no file, a text
        that bends the fact they come from: `{{ facts.code | lower }}`."""
        order = TEXTS[view.channel]
        own = sorted(self.words_of(view), key=lambda piece: piece.key not in order)
        layout = self.layout_of(view, part)
        rest = sorted(self.others(view.locale), key=lambda piece: piece.file != layout)
        found = find_words((*own, *rest), words.partition(OBJECT)[0] or words)
        bent = (p for p in own if fact and p.names(fact) and not p.prints(fact))
        return (
            found
            or self._beside_a_fact(view, words)
            or next(((p.file, p.line) for p in bent), (layout, None))
        )

    def _beside_a_fact(self, view: View, words: str) -> tuple[str, int] | None:
        """A value that came about by something typed beside a fact: `1{{ facts.discount }}`."""
        whole = "".join(words.split())
        for name, written in self.release.facts.items():
            before, found, after = whole.partition("".join(written[view.locale].split()))
            if not found or not (before or after):
                continue
            beside = re.compile(
                rf"{re.escape(before)}\s*\{{\{{[^}}]*facts\.{name}\b[^}}]*\}}\}}\s*{re.escape(after)}"
            )
            for piece in self.words_of(view):
                if match := beside.search(piece.words):
                    return piece.file, piece.line_of(match[0])
        return None
