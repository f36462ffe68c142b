"""From rendered text with marks to a part: literals around holes, each escaped for its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from campaigns.content.slot_value import MARK, SlotMarks
from campaigns.domain.message import Escape, Hole, Part, SlotType

#: What HTML is made of, as far as escaping is concerned.
_TOKEN: Final = re.compile(
    r"(?P<raw><!--.*?-->|<(?P<element>style|script)\b.*?</(?P=element)\s*>)"
    r"|(?P<tag><[A-Za-z/!](?:[^>\"']|\"[^\"]*\"|'[^']*')*>)",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(r"([^\s\"'<>/=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_URL_ATTRIBUTES: Final = frozenset({"href", "src", "action", "background", "poster", "cite"})
_URL_SO_FAR: Final = re.compile(r"(?:https?|mailto|tel):[^\s<>\"']*$", re.IGNORECASE)


class PlaceError(Exception):
    """A customer's value stands where no escaping makes it safe."""

    def __init__(self, slot: str, where: str) -> None:
        super().__init__(f"`{slot}` stands {where}, where a customer's value is not safe")


def split_plain(text: str, marks: SlotMarks, how: Escape) -> Part:
    """A part of plain text. A value inside an address is escaped for it. Raises PlaceError."""
    return _split(text, marks, [_plain(text, m.start(), how) for m in MARK.finditer(text)])


def _plain(text: str, at: int, how: Escape) -> Escape:
    return Escape.QUERY if _URL_SO_FAR.search(text, max(0, at - 500), at) else how


def split_html(text: str, marks: SlotMarks) -> Part:
    """A part of HTML. Raises PlaceError for values in styles, comments, tags and the like."""
    return _split(text, marks, list(_html_escapes(text, marks)))


def _html_escapes(text: str, marks: SlotMarks) -> Iterator[Escape]:
    position = 0
    for token in _TOKEN.finditer(text):
        yield from (Escape.HTML for _ in MARK.finditer(text, position, token.start()))
        position = token.end()
        found = MARK.search(token[0])
        if found is None:
            continue
        if token["raw"] is not None:
            raise PlaceError(_name(marks, found[0]), "in a style, script or comment")
        yield from _tag_escapes(token[0], marks)
    yield from (Escape.HTML for _ in MARK.finditer(text, position))


def _tag_escapes(tag: str, marks: SlotMarks) -> Iterator[Escape]:
    known = 0
    for attribute in _ATTRIBUTE.finditer(tag):
        name, value = attribute[1].lower(), attribute[2][1:-1]
        for found in MARK.finditer(value):
            known += 1
            yield _attribute_escape(name, value[: found.start()], _name(marks, found[0]), marks)
    every = list(MARK.finditer(tag))
    if len(every) != known:
        raise PlaceError(_name(marks, every[0][0]), "inside a tag, outside a quoted attribute")


def _attribute_escape(name: str, before: str, slot: str, marks: SlotMarks) -> Escape:
    if name == "style" or name.startswith("on"):
        raise PlaceError(slot, f"in the attribute `{name}`")
    if name not in _URL_ATTRIBUTES:
        return Escape.HTML
    if before:
        return Escape.QUERY
    if marks.slot(slot).type is not SlotType.URL:
        raise PlaceError(slot, f"at the start of the attribute `{name}`")
    return Escape.HTML


def _split(text: str, marks: SlotMarks, escapes: list[Escape]) -> Part:
    literals = MARK.split(text)
    names = [_name(marks, found[0]) for found in MARK.finditer(text)]
    holes = [Hole(name, how) for name, how in zip(names, escapes, strict=True)]
    return Part(tuple(literals), tuple(holes))


def _name(marks: SlotMarks, mark: str) -> str:
    name = marks.name(mark)
    if name is None:
        raise PlaceError(f"U+{ord(mark):X}", "as a private-use character")
    return name
