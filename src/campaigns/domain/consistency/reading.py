"""Reading: the text as a reader sees it, with the way back to the original offsets.

Decisions:
- What cannot be seen is left out: soft hyphens, zero-width characters, direction marks, variation
  selectors, the frame of a keycap emoji.
- Full-width, bold and other styled letters and digits are read as plain ones, digits of any script
  as 0-9, combining marks are joined to their letter. Superscripts and digits in circles are only
  where they count (`²⁵ %`, `②⑤%`): in `20 €¹` the 1 is a footnote, in `m²` a unit.
- All no-break, thin and narrow spaces become U+00A0, which tells `1 234` from two words.
- Apostrophes become ', hyphens and minus signs become -.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_MARKS: Final = "\u0300-\u036f\u20d0-\u20ff"
_ODD: Final = re.compile(r"[^\x00-\x7f]+")
_CLUSTER: Final = re.compile(rf"(?s:.)[{_MARKS}]*")
_INVISIBLE: Final = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    r"\u20e3\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_SAME: Final = {
    **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u205f", "\u00a0"),
    **dict.fromkeys("\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u3000\u2028\u2029\u0085", " "),
    **dict.fromkeys("’‘ʼ′´‛＇", "'"),
    **dict.fromkeys("‐‑−﹣－", "-"),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("。｡", "."),
    "٪": "%",
    "İ": "I",
}
_ODD_DIGITS: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹⓪①②③④⑤⑥⑦⑧⑨⓿❶❷❸❹❺❻❼❽❾"
_RAISED: Final = re.compile(rf"(?<![\w%€$£.,])[{_ODD_DIGITS}]+(?=\s?[%€$£])")
_LOWERED: Final = str.maketrans(_ODD_DIGITS, "0123456789" * 3)
_STYLES: Final = ("<wide>", "<narrow>", "<font>", "<small>", "<noBreak>")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text to match patterns in. `low` is `text` in lower case and has the same offsets."""

    original: str
    text: str
    low: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The original offsets of a stretch that is not empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def read(original: str) -> Reading:
    """The text as it is read."""
    if original.isascii():
        return Reading(original, original, original.lower())
    seen = _RAISED.sub(lambda digits: digits[0].translate(_LOWERED), original)
    changes = list(_changes(seen))
    if not changes:
        return Reading(original, seen, seen.lower())
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for start, end, new in changes:
        pieces += (seen[at:start], new)
        starts += range(at, start)
        ends += range(at + 1, start + 1)
        starts += [start] * len(new)
        ends += [end] * len(new)
        at = end
    pieces.append(seen[at:])
    starts += range(at, len(original))
    ends += range(at + 1, len(original) + 1)
    text = "".join(pieces)
    return Reading(original, text, text.lower(), starts, ends)


def _changes(text: str) -> Iterator[tuple[int, int, str]]:
    """The clusters (a letter with its marks) that are read as something else than written."""
    for run in _ODD.finditer(text):
        start, end = run.span()
        if start and unicodedata.combining(text[start]):
            start -= 1
        if end - start == 1:
            new = _plain(text[start:end])
            if new != text[start:end]:
                yield start, end, new
            continue
        for cluster in _CLUSTER.finditer(text, start, end):
            new = _plain(cluster[0])
            if new != cluster[0]:
                yield *cluster.span(), new


@lru_cache(maxsize=4096)
def _plain(cluster: str) -> str:
    seen = _INVISIBLE.sub("", cluster)
    return unicodedata.normalize("NFC", "".join(_character(c) for c in seen))


def _character(character: str) -> str:
    if character in _SAME:
        return _SAME[character]
    if not character.isascii() and unicodedata.category(character) == "Nd":
        return str(unicodedata.decimal(character))
    if unicodedata.decomposition(character).startswith(_STYLES):
        return "".join(_SAME.get(c, c) for c in unicodedata.normalize("NFKC", character))
    return character
