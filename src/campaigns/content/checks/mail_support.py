"""What mail programs make of the HTML and CSS of an e-mail.

mail_features.json holds what we know: how many of the large mail programs support a feature (most:
75 in 100 or more, some, few: under 45), by caniemail.com's tests, and our verdict: `fine` where
nothing is lost without it, `warn` where something is, `refuse` where it is removed or blocked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.styles import all_rules, declarations
from campaigns.content.checks.view import View
from campaigns.domain.findings import Finding, Level

_FILE: Final = Path(__file__).with_name("mail_features.json")
#: Microsoft's own properties, and what only stands there for one program.
_OWN: Final = re.compile(r"mso-|-webkit-|-ms-|-moz-|-o-")
_CUSTOM: Final = re.compile(r"--[\w-]+")
_LEVELS: Final = {"warn": Level.WARNING, "refuse": Level.ERROR}


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature. `kind`: property, value, element, at-rule, selector or image."""

    slug: str
    kind: str
    names: tuple[str, ...]
    support: str
    verdict: str
    why: str = ""
    instead: str = ""


@cache
def features() -> tuple[Feature, ...]:
    """Every feature that we judge."""
    entries = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Feature(**{**e, "names": tuple(e["names"])}) for e in entries)


@cache
def _by_name(kind: str) -> Mapping[str, Feature]:
    return {name: f for f in features() if f.kind == kind for name in f.names}


def check(checked: Checked) -> Iterator[Finding]:
    """`mail-support`."""
    seen: set[tuple[str, str]] = set()
    for view in checked.views:
        if view.page is None:
            continue
        for told, feature in _used(view, view.page):
            if (told, feature.slug) not in seen:
                seen.add((told, feature.slug))
                yield _finding(checked, view, told, feature)
        for name in _unknown(view, view.page):
            if (name, "") not in seen:
                seen.add((name, ""))
                message = f"`{name}` is no HTML or CSS that mail programs are known to read."
                mend = "Look at its spelling, or leave it out."
                yield _placed(checked, view, message, mend, name, Level.WARNING)


def _finding(checked: Checked, view: View, told: str, feature: Feature) -> Finding:
    message = f"`{told}` works in {feature.support} mail programs: {feature.why}."
    mend = f"Use {feature.instead}."
    return _placed(checked, view, message, mend, told, _LEVELS[feature.verdict])


def _placed(
    checked: Checked, view: View, message: str, mend: str, words: str, level: Level
) -> Finding:
    file, line = checked.place_of(view, "html", words)
    return checked.finding("mail-support", message, mend, file, line, view, "html", level)


def _styles(view: View, page: LexborHTMLParser) -> Iterator[dict[str, str]]:
    for node in page.css("[style]"):
        yield declarations(node.attributes.get("style") or "")
    for _, _, style in all_rules(view.parts["html"]):
        yield style


def _used(view: View, page: LexborHTMLParser) -> Iterator[tuple[str, Feature]]:
    """What is used that is not fine, with the words to look for."""
    for style in _styles(view, page):
        for name, value in style.items():
            yield from _declared(name, value)
    for tag in _tags(page):
        yield from _unless_fine(tag, _by_name("element").get(tag))
    for head, selector, _ in all_rules(view.parts["html"]):
        yield from _standing_in(head, "at-rule")
        yield from _standing_in(selector, "selector")
    yield from _images(page)


def _standing_in(text: str, kind: str) -> Iterator[tuple[str, Feature]]:
    for name, feature in _by_name(kind).items():
        if name in text:
            yield from _unless_fine(name, feature)


def _images(page: LexborHTMLParser) -> Iterator[tuple[str, Feature]]:
    for node in page.css("img[src]"):
        source = (node.attributes.get("src") or "").lower()
        for name, feature in _by_name("image").items():
            if source.split("?")[0].endswith(name) or source.startswith(name):
                yield from _unless_fine(name, feature)


@lru_cache(maxsize=4096)
def _declared(name: str, value: str) -> tuple[tuple[str, Feature], ...]:
    """What one declaration uses; the same few stand in every message."""
    return tuple(_all_declared(name, value))


def _all_declared(name: str, value: str) -> Iterator[tuple[str, Feature]]:
    yield from _unless_fine(name, _by_name("property").get(name))
    low = value.lower()
    for words, feature in _by_name("value").items():
        if f"{name}: {low}".startswith(words) if ": " in words else _holds(low, words):
            yield from _unless_fine(words.rstrip("("), feature)


def _holds(value: str, words: str) -> bool:
    if words.endswith("("):
        return re.search(rf"(?<![\w-]){re.escape(words)}", value) is not None
    return re.search(rf"\d{re.escape(words)}(?!\w)", value) is not None


def _unless_fine(name: str, feature: Feature | None) -> Iterator[tuple[str, Feature]]:
    if feature is not None and feature.verdict != "fine":
        yield name, feature


def _unknown(view: View, page: LexborHTMLParser) -> Iterator[str]:
    """Properties and elements that are in no list: most of them are slips."""
    known = _by_name("property")
    for style in _styles(view, page):
        for name in style:
            if name not in known and not _OWN.match(name) and not _CUSTOM.match(name):
                yield name
    elements = (*_by_name("element"), "script", "noscript", "template")
    for tag in _tags(page):
        if tag not in elements and ":" not in tag:
            yield tag


def _tags(page: LexborHTMLParser) -> list[str]:
    return sorted({node.tag or "" for node in page.css("*")})
