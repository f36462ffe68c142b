"""Reading an HTML part as its readers do: blocks of visible text, what is hidden, the links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

_SKIPPED: Final = frozenset({"style", "script", "head", "title", "template", "meta", "link"})
_BLOCKS_TEXT: Final = (
    "address article aside blockquote body br center dd div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot "
    "th thead tr ul"
)
_BLOCKS: Final = frozenset(_BLOCKS_TEXT.split())
#: Styles that leave nothing to be seen; a colour like its ground is told by the contrast.
_HIDDEN: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?<![\w-])opacity\s*:\s*0(?:\.0\d*)?(?![\d.])"
    r"|(?<![\w-])(?:max-)?(?:height|width)\s*:\s*0(?![\d.]).{0,300}overflow\s*:\s*hidden"
    r"|(?<![\w-])color\s*:\s*(?:transparent|#[\da-f]{3}0\b|#[\da-f]{6}00\b)|text-indent\s*:\s*-\d{3}"
    r"|(?<![\w-])(?:left|right|top|margin-left)\s*:\s*-\d{3}|clip\s*:\s*rect\(\s*0",
    re.IGNORECASE | re.DOTALL,
)
#: Too small to be read, unless something inside is larger again.
_TINY: Final = re.compile(
    r"font-size\s*:\s*(?:[0-2](?:\.\d+)?(?:px|pt)?|0(?:\.[0-3]\d*)?r?em|[0-3]?\d?%)\s*(?:;|!|$)"
    r"|(?<![\w-])font\s*:[^;]*?(?<![\w.])0(?:px|pt)?\s*/",
    re.IGNORECASE,
)
_SIZED: Final = re.compile(r"font(?:-size)?\s*:", re.IGNORECASE)
#: What fills up a preheader, so that no other text follows it in the inbox.
_FILLING: Final = re.compile(r"[\s\u034f\u00ad\u200b-\u200f\u2007\u2060\ufeff\u00a0]+")
#: Outlook for Windows reads these comments.
_FOR_OUTLOOK: Final = re.compile(r"<!--\[if(?!\s*\(?\s*!)[^\]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
#: Attributes that are read out or shown, the last by inboxes that read schema.org.
_SPOKEN: Final = ("alt", "title", "aria-label", "aria-description", "summary", "abbr", "content")


@dataclass(frozen=True, slots=True)
class PageText:
    """What an HTML part says.

    Attributes:
        blocks: the visible text, one piece per paragraph, cell or line.
        hidden: what only an inbox, a screen reader, Outlook or a reader without pictures shows:
            the preheader comes first.
        title: of the document.
        links: where its links lead, in order, with those that are for Outlook alone.
    """

    blocks: tuple[str, ...]
    hidden: tuple[str, ...]
    title: str
    links: tuple[str, ...]


def read_page(html: str, page: LexborHTMLParser) -> PageText:
    """Read one page."""
    reader = _Reader()
    if page.body is not None:
        reader.walk(page.body)
    reader.close()
    for comment in _FOR_OUTLOOK.findall(html):
        if "href" in comment or re.sub(r"<[^>]*>", "", comment).strip():
            _outlook(comment, reader)
    title = page.css_first("title")
    return PageText(
        tuple(reader.blocks),
        tuple(reader.hidden),
        tidy(title.text()) if title is not None else "",
        tuple(reader.links),
    )


def is_hidden(node: LexborNode) -> bool:
    """Whether mail programs show nothing of an element."""
    attributes = node.attributes
    hides, is_tiny = _hides(attributes.get("style") or "")
    if "hidden" in attributes or hides:
        return True
    return is_tiny and not any(
        _SIZED.search(inner.attributes.get("style") or "")
        for inner in node.css("[style]")
        if inner != node
    )


@lru_cache(maxsize=512)
def _hides(style: str) -> tuple[bool, bool]:
    """Whether a style hides its element, and whether it makes its words too small to read."""
    return bool(_HIDDEN.search(style)), bool(_TINY.search(style))


def tidy(text: str) -> str:
    """One line, without what only fills up."""
    return _FILLING.sub(" ", text).strip()


def _outlook(comment: str, reader: _Reader) -> None:
    page = LexborHTMLParser(f"<body>{comment}</body>")
    for node in page.css("xml, o\\:p"):
        node.decompose()
    if page.body is not None:
        apart = _Reader()
        apart.walk(page.body)
        apart.close()
        reader.hidden += (*apart.hidden, *apart.blocks)
        reader.links += apart.links


class _Reader:
    """Collects blocks while walking the tree."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.hidden: list[str] = []
        self.links: list[str] = []
        self._words: list[str] = []

    def walk(self, node: LexborNode) -> None:
        for child in node.iter(include_text=True):
            tag = child.tag
            if tag == "-text":
                self._words.append(child.text_content or "")
            elif tag == "meta":
                self._keep(self.hidden, child.attributes.get("content"))
            elif tag and tag[0] != "-" and tag not in _SKIPPED:
                self._element(child, tag)

    def _element(self, node: LexborNode, tag: str) -> None:
        attributes = node.attributes
        if is_hidden(node):
            self._keep(self.hidden, node.text())
            return
        for name in _SPOKEN:
            self._keep(self.hidden, attributes.get(name))
        if "href" in attributes and tag in ("a", "area", "v:roundrect", "v:rect"):
            self.links.append((attributes["href"] or "").strip())
        is_block = tag in _BLOCKS
        if is_block:
            self.close()
        self.walk(node)
        if is_block:
            self.close()

    @staticmethod
    def _keep(where: list[str], text: str | None) -> None:
        if text and (words := tidy(text)):
            where.append(words)

    def close(self) -> None:
        """End the block that is being read."""
        text = " ".join("".join(self._words).split())
        if text:
            self.blocks.append(text)
        self._words.clear()


def plain_blocks(text: str) -> Iterator[str]:
    """The paragraphs of a plain part."""
    for paragraph in re.split(r"\n\s*\n", text):
        if words := " ".join(paragraph.split()):
            yield words
