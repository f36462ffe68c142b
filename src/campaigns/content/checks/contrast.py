"""Text that can be read: the palette in brand.yaml, and each text of an e-mail on its own ground,
in the light and in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.colours import ENOUGH, ENOUGH_LARGE, colour, contrast
from campaigns.content.checks.page import is_hidden, tidy
from campaigns.content.checks.styles import declarations, media_rules
from campaigns.content.checks.view import View
from campaigns.domain.brand import Colours
from campaigns.domain.findings import Finding

#: Which colour of the palette is set in text on which.
_PAIRS: Final = (
    ("text", "surface"), ("text", "background"), ("muted", "surface"), ("muted", "background"),
    ("on_primary", "primary"),
)  # fmt: skip
_DARK: Final = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)px")
#: Lexbor's id of a node → the declarations that a dark screen puts over its own.
_Over = Mapping[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Style:
    """What text inherits: its colour, its ground, its size in pixels."""

    text: str = "#000000"
    ground: str = "#ffffff"
    size: float = 16.0
    bold: bool = False

    @property
    def enough(self) -> float:
        large = self.size >= 24 or (self.bold and self.size >= 18.66)
        return ENOUGH_LARGE if large else ENOUGH


def check(checked: Checked) -> Iterator[Finding]:
    """`contrast`."""
    brand = checked.sources.brand
    yield from _palette(checked, brand.colours, "colours")
    if brand.dark_colours:
        yield from _palette(checked, brand.dark_colours, "dark_colours")
    seen: set[tuple[str, str, str]] = set()
    for view in checked.views:
        if view.page is not None:
            yield from _page(checked, view, view.page, seen)


def _palette(checked: Checked, colours: Colours, section: str) -> Iterator[Finding]:
    for text, ground in _PAIRS:
        one, other = getattr(colours, text), getattr(colours, ground)
        ratio = contrast(one.lower(), other.lower())
        if ratio < ENOUGH:
            yield checked.in_brand(
                "contrast",
                f"{section}: `{text}` ({one}) on `{ground}` ({other}) has a contrast of "
                f"{ratio:.1f} to 1.",
                f"Text needs {ENOUGH} to 1: make one darker or the other lighter.",
                section,
                text,
            )


def _page(
    checked: Checked, view: View, page: LexborHTMLParser, seen: set[tuple[str, str, str]]
) -> Iterator[Finding]:
    """Each pair of colours is told once in the whole campaign."""
    over: dict[int, dict[str, str]] = {}
    screens: list[tuple[str, _Over]] = [("in the light", {})]
    for selector, rule in media_rules(view.parts["html"], _DARK):
        for node in page.css(selector):
            over.setdefault(node.mem_id, {}).update(rule)
    if over:
        screens.append(("in the dark", over))
    for screen, rules in screens:
        if page.body is None:
            return
        for style, words in _texts(page.body, _Style(), rules):
            ratio = contrast(style.text, style.ground)
            key = (screen, style.text, style.ground)
            if ratio >= style.enough or key in seen:
                continue
            seen.add(key)
            told = (
                f"`{words[:40]}` ({style.text} on {style.ground}, {screen}) has a contrast of "
                f"{ratio:.1f} to 1."
            )
            mend = f"It needs {style.enough} to 1; change its colour or its ground."
            yield checked.in_layout("contrast", told, mend, view, "html")


def _texts(node: LexborNode, style: _Style, over: _Over) -> Iterator[tuple[_Style, str]]:
    """The texts of a page with how they are set."""
    style = _styled(node, style, over)
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag == "-text":
            if words := tidy(child.text_content or ""):
                yield style, words
        elif not tag.startswith("-") and tag not in ("style", "script") and not is_hidden(child):
            yield from _texts(child, style, over)


def _styled(node: LexborNode, style: _Style, over: _Over) -> _Style:
    attributes = node.attributes
    given = declarations(attributes.get("style") or "")
    given = {**given, **over.get(node.mem_id, {})}
    ground = colour(given.get("background-color") or given.get("background") or "")
    text, size = colour(given.get("color") or ""), _SIZE.match(given.get("font-size") or "")
    weight = given.get("font-weight")
    bold = weight in ("bold", "600", "700", "800", "900") if weight else style.bold
    return replace(
        style,
        text=text or style.text,
        ground=ground or colour(attributes.get("bgcolor") or "") or style.ground,
        size=float(size[1]) if size else style.size,
        bold=bold or node.tag in ("b", "strong", "th"),
    )
