"""The copy is complete, holds nothing that was left over, and keeps to what its channel can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from campaigns.content.checks.view import TEXTS, Checked, View
from campaigns.content.sources import BASE_VARIANT
from campaigns.domain.channel import Channel
from campaigns.domain.findings import Finding, Level

#: What each channel cannot do without; one of a group is enough.
_NEEDED: Final = {
    Channel.EMAIL: (("subject",), ("headline",), ("body",)),
    Channel.SMS: (("short", "headline"),),
    Channel.WHATSAPP: (("headline",), ("body",)),
    Channel.X_DM: (("short", "headline"),),
    Channel.X_POST: (("post", "short", "headline"),),
}
_LEFT_OVER: Final = re.compile(
    r"\{\{|\}\}|\{%|%\}|\b(?i:lorem ipsum)\b|\bTODO\b|\bTBD\b|\bTK\b|\bXXX+\b|\*\|\w+\|\*|%%\w+%%"
    r"|\[(?i:(?:first|last|your)?[ _]?(?:name|date|code|link|url))\]|<[A-Z_ ]+>|\?\?\?"
)
_LINKS: Final = ("unsubscribe_url", "preferences_url")


def check(checked: Checked) -> Iterator[Finding]:
    """`copy-missing`, `variant-missing`, `left-over`, `post-personal`, `no-fallback`."""
    yield from _variants(checked)
    for view in checked.views:
        yield from _missing(checked, view)
        yield from _left_over(checked, view)
        yield from _slots(checked, view)


def _missing(checked: Checked, view: View) -> Iterator[Finding]:
    wording = checked.sources.wording(view.locale, view.skeleton.variant)
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
            path = str(files[0][0].path)
            told = f"variant `{variant}` is missing here; other languages have it."
            mend = f"Add it under `variants: {{{variant}: …}}`."
            yield Finding("variant-missing", Level.ERROR, told, mend, path, locale=locale)


def _left_over(checked: Checked, view: View) -> Iterator[Finding]:
    for part, text in view.texts.items():
        for found in _LEFT_OVER.finditer(text):
            told = f"`{found[0]}` looks like something left over."
            finding = checked.in_copy("left-over", told, "Replace or remove it.", view, part)
            places = ((f, n) for _, f, n, words in checked.words_of(view) if found[0] in words)
            file, line = next(places, (finding.file, finding.line))
            yield replace(finding, file=file, line=line)


def _slots(checked: Checked, view: View) -> Iterator[Finding]:
    for name, slot in view.skeleton.slots.items():
        if view.channel is Channel.X_POST:
            yield _at_use(
                checked.in_copy(
                    "post-personal",
                    f"the X post is the same for everyone and cannot hold `{name}`.",
                    "Write `post: …` without it.",
                    view,
                    "body",
                ),
                checked, view, name,
            )  # fmt: skip
        elif slot.fallback is None and name not in _LINKS:
            finding = checked.in_copy(
                "no-fallback",
                f"`{name}` has no fallback: customers without it would get no message.",
                f"Write {{{{ customer.{name} | or_else('…') }}}}.",
                view,
            )
            yield _at_use(replace(finding, level=Level.WARNING), checked, view, name)


def _at_use(finding: Finding, checked: Checked, view: View, slot: str) -> Finding:
    """The finding at the copy text that prints the slot, those of the channel first."""
    order = TEXTS[view.channel]
    places = [
        (key not in order, file, line)
        for key, file, line, words in checked.words_of(view)
        if f"customer.{slot}" in words
    ]
    if not places:
        return finding
    _, file, line = min(places, key=lambda place: place[0])
    return replace(finding, file=file, line=line)
