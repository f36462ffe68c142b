"""Plain text as apps show it: links coloured, WhatsApp's marks for bold and italic applied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_URL: Final = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]}»”’…]")
_MARKS: Final = re.compile(
    r"(?<![\w*])\*(?P<bold>\S(?:[^*\n]*\S)?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>\S(?:[^_\n]*\S)?)_(?![\w_])"
    r"|(?<![\w~])~(?P<struck>\S(?:[^~\n]*\S)?)~(?![\w~])"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text. `style` is empty, link, bold, italic or struck."""

    text: str
    style: str = ""


def spans(text: str, *, marks: bool = False) -> Iterator[Span]:
    """The stretches of a text. `marks`: *bold*, _italic_ and ~struck~ are WhatsApp's."""
    at = 0
    for link in _URL.finditer(text):
        yield from _marked(text[at : link.start()], marks)
        yield Span(link[0], "link")
        at = link.end()
    yield from _marked(text[at:], marks)


def _marked(text: str, marks: bool) -> Iterator[Span]:
    at = 0
    for found in _MARKS.finditer(text) if marks else ():
        if found.start() > at:
            yield Span(text[at : found.start()])
        style = found.lastgroup or ""
        yield Span(found[style], style)
        at = found.end()
    if at < len(text):
        yield Span(text[at:])
