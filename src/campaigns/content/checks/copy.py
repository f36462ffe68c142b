"""The copy is complete, holds nothing that was left over, and keeps to what its channel can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.view import TEXTS, View
from campaigns.content.sources import BASE_VARIANT
from campaigns.domain.channel import Channel
from campaigns.domain.findings import Finding
from campaigns.domain.locales import language

#: What each channel cannot do without; one of a group is enough.
_NEEDED: Final = {
    Channel.EMAIL: (("subject",), ("headline",), ("body",)),
    Channel.SMS: (("short", "headline"),),
    Channel.WHATSAPP: (("headline",), ("body",)),
    Channel.X_DM: (("short", "headline"),),
    Channel.X_POST: (("post", "short", "headline"),),
}
_LETTERS: Final = frozenset({Channel.EMAIL, Channel.WHATSAPP})
#: The channels for which each text is written.
_FOR: Final = {
    "subject": frozenset({Channel.EMAIL}),
    "preheader": frozenset({Channel.EMAIL}),
    "headline": _LETTERS,
    "greeting": _LETTERS,
    "body": _LETTERS,
    "call_to_action": _LETTERS,
    "closing": _LETTERS,
    "short": frozenset({Channel.SMS, Channel.X_DM}),
    "post": frozenset({Channel.X_POST}),
}
_LEFT_OVER: Final = re.compile(
    r"\$\{[^}]*\}|\{\{|\}\}|\{%|%\}|\{[a-z_. ]+\}|\b(?i:lorem ipsum|dolor sit amet)\b"
    r"|\b(?:TODO|FIXME|TBD|TBC|TK|XXX+)\b|\*\|\w+\|\*|%%\w+%%|%[A-Z_]{3,}%|\[\[.*?\]\]"
    r"|\b(?:facts|customer|traits|links|copy)\.[a-z_]{2,}\b|\?\?\?|<[A-Z_ ]+>"
    r"|\[(?i:(?:first|last|your|insert)?[ _]?(?:name|date|code|link|url|text|here))\]"
    r"|\b(?:None|undefined|NaN|null)\b(?=[ .,;:!?]|$)"
    r"|[\w.,]{0,12}&(?:nbsp|amp|lt|gt|quot|euro|pound|#\d{2,5}|#x[0-9a-f]{2,5});"
)
_LINKS: Final = ("unsubscribe_url", "preferences_url")


def check(checked: Checked) -> Iterator[Finding]:
    """`copy-missing`, `variant-missing`, `left-over`, `post-personal`, `no-fallback`,
    `copy-unused`, `file-unread`."""
    yield from _variants(checked)
    for view in checked.views:
        yield from _missing(checked, view)
        yield from _left_over(checked, view)
        yield from _slots(checked, view)
    yield from _unused(checked)
    yield from _unread(checked)


def _unread(checked: Checked) -> Iterator[Finding]:
    """A translation that nobody gets, and a name that the campaign does not look for."""
    sources = checked.sources
    for path in sources.unread:
        told = "Nobody reads this file: a campaign's are campaign.yaml and copy.<language>.yaml."
        mend = "Rename it, or take it out."
        if path.name.startswith("copy."):
            code = path.name.split(".")[1]
            told = (
                f"Nobody gets this copy: the campaign's locales are {', '.join(sources.locales)}."
            )
            of_brand = [x for x in sources.brand.locales if code in (x, language(x))]
            where = (
                f"{of_brand[0]} to `locales` in campaign.yaml"
                if of_brand
                else f"a locale of `{code}` to `locales` in brand.yaml"
            )
            mend = f"Add {where}, or take the file out."
        yield checked.finding("file-unread", told, mend, str(path))


def _unused(checked: Checked) -> Iterator[Finding]:
    """A text that no layout prints any more is told, and not sent by nobody's decision."""
    for locale, piece in checked.every_copy():
        is_asked = not _FOR[piece.key].isdisjoint(checked.sources.campaign.channels)
        run = piece.longest_run if is_asked else ""
        views = [view for view in checked.views if view.locale == locale]
        if run and not any(run in text for view in views for text in view.texts.values()):
            told = f"`{piece.key}` stands in no message of this campaign."
            mend = f"Put {{{{ copy.{piece.key} }}}} into a layout, or remove the text."
            yield checked.finding("copy-unused", told, mend, piece.file, piece.line)


def _missing(checked: Checked, view: View) -> Iterator[Finding]:
    wording = checked.wording(view)
    for group in _NEEDED[view.channel]:
        if not any(key in wording for key in group):
            told = f"`{group[0]}` is missing; {view.channel} needs it."
            finding = checked.in_copy("copy-missing", told, f"Add `{group[0]}: …`.", view)
            yield replace(finding, line=None)


def _variants(checked: Checked) -> Iterator[Finding]:
    sources = checked.sources
    for locale, files in sources.copies.items():
        for variant in sources.variants:
            if variant == BASE_VARIANT or any(variant in copy.variants for _, copy in files):
                continue
            told = f"variant `{variant}` is missing here; other languages have it."
            mend = f"Add it under `variants: {{{variant}: …}}`."
            file = str(files[0][0].path)
            yield replace(checked.finding("variant-missing", told, mend, file), locale=locale)


def _left_over(checked: Checked, view: View) -> Iterator[Finding]:
    for part, text in view.texts.items():
        for found in _LEFT_OVER.finditer(text):
            told = f"`{found[0]}` looks like something left over."
            mend = "Replace or remove it."
            yield checked.at_words("left-over", told, mend, view, part, found[0])


def _slots(checked: Checked, view: View) -> Iterator[Finding]:
    for name, slot in view.skeleton.slots.items():
        if view.channel is Channel.X_POST:
            told = f"the X post is the same for everyone and cannot hold `{name}`."
            finding = checked.in_copy(
                "post-personal", told, "Write `post: …` without it.", view, "body"
            )
            yield _at_use(finding, checked, view, name)
        elif slot.fallback is None and name not in _LINKS:
            finding = checked.in_copy(
                "no-fallback",
                f"`{name}` has no fallback: customers without it would get no message.",
                f"Write {{{{ customer.{name} | or_else('…') }}}}.",
                view,
            )
            yield _at_use(finding, checked, view, name)


def _at_use(finding: Finding, checked: Checked, view: View, slot: str) -> Finding:
    """The finding at the copy text that prints the slot, those of the channel first."""
    order = TEXTS[view.channel]
    pieces = [p for p in checked.words_of(view) if f"customer.{slot}" in p.words]
    if not pieces:
        return finding
    piece = min(pieces, key=lambda p: p.key not in order)
    return replace(finding, file=piece.file, line=piece.line_of(f"customer.{slot}"))
