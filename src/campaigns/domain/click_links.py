"""Click links: the addresses behind the links of an e-mail's HTML, replaced by links of our own.

Only what a click follows changes. What a reader sees, the text part and all other channels keep
the plain address, and the checks look at the message as it is written, before this. The link holds
the delivery, signed (one slot), and the id of the address, which the release keeps: no link can be
made to lead anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from html import unescape
from typing import Final

from campaigns.domain.agent import TRAP
from campaigns.domain.channel import Channel
from campaigns.domain.message import Escape, Hole, Part, Skeleton, Slot, SlotType, escape_html

#: The slot that holds what every click link of a delivery begins with (services.links).
SLOT: Final = "clicks_url"
#: Room for a long host name, the number and its signature.
_LENGTH: Final = 120
_HOLE: Final = Hole(SLOT, Escape.HTML)
_LINK: Final = re.compile(r"(<a\b[^>]*?\bhref=\")(https://[^\"]*)(?=\")", re.IGNORECASE)
_OURS: Final = re.compile(r"/([0-9a-f]{12})(?=\")")
_ID: Final = re.compile(r"[0-9a-f]{12}")
_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)
#: No reader sees it, by eye, ear or keyboard.
_TRAP: Final = ('<a href="', f'/{TRAP}" style="display:none" aria-hidden="true" tabindex="-1"></a>')


def with_click_links(skeleton: Skeleton) -> tuple[Skeleton, dict[str, str]]:
    """The same message with click links, and where they lead: id → address. Links that hold a
    customer's value (unsubscribe) stay as they are."""
    html = skeleton.parts.get("html")
    if skeleton.channel is not Channel.EMAIL or html is None:
        return skeleton, {}
    links: dict[str, str] = {}
    literals, holes = [""], []
    for index, literal in enumerate(html.literals):
        if index:
            holes.append(html.holes[index - 1])
            literals.append("")
        for text, url in _pieces(literal):
            literals[-1] += text
            if url is not None:
                links.setdefault(link_id(url), url)
                holes.append(_HOLE)
                literals.append(f"/{link_id(url)}")
    if not links:
        return skeleton, {}
    links[TRAP] = next(iter(links.values()))
    part = _trapped(Part(tuple(literals), tuple(holes)))
    slot = Slot(SLOT, SlotType.URL, _LENGTH)
    changed = replace(
        skeleton,
        parts={**skeleton.parts, "html": part},
        slots={**skeleton.slots, SLOT: slot},
    )
    return changed, links


def without_click_links(skeleton: Skeleton, links: Mapping[str, str]) -> Skeleton:
    """The message as it was written: what `with_click_links` was given."""
    if SLOT not in skeleton.slots:
        return skeleton
    html = skeleton.parts["html"]
    literals, holes = [html.literals[0]], []
    for hole, literal in zip(html.holes, html.literals[1:], strict=True):
        if hole != _HOLE:
            holes.append(hole)
            literals.append(literal)
        elif literal.startswith(_TRAP[1]):
            literals[-1] = literals[-1].removesuffix(_TRAP[0]) + literal.removeprefix(_TRAP[1])
        else:
            literals[-1] += _OURS.sub(lambda m: escape_html(links[m[1]]), literal, count=1)
    return replace(
        skeleton,
        parts={**skeleton.parts, "html": Part(tuple(literals), tuple(holes))},
        slots={name: slot for name, slot in skeleton.slots.items() if name != SLOT},
    )


def link_id(url: str) -> str:
    """Names an address: the same in every release, on any machine."""
    return blake2b(url.encode(), digest_size=6).hexdigest()


def is_link_id(text: str) -> bool:
    """Whether a link could be named so; what else stands in a request is not looked up."""
    return text == TRAP or _ID.fullmatch(text) is not None


def _pieces(literal: str) -> Iterator[tuple[str, str | None]]:
    """Text up to a link's address and that address, and so on; at last the text that is left."""
    position = 0
    for found in _LINK.finditer(literal):
        yield literal[position : found.start(2)], unescape(found[2])
        position = found.end(2)
    yield literal[position:], None


def _trapped(part: Part) -> Part:
    """With the trap at the end of the page."""
    last = part.literals[-1]
    end = _END.search(last)
    at = end.start() if end else len(last)
    literals = (*part.literals[:-1], last[:at] + _TRAP[0], _TRAP[1] + last[at:])
    return Part(literals, (*part.holes, _HOLE))
