"""Slips: doubled words, odd spaces and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.pieces import GAP, Piece
from campaigns.domain.findings import Finding
from campaigns.domain.locales import language

_DOUBLED: Final = re.compile(r"(?<![\w'’-])([^\W\d_]{2,})[ \n]+\1(?![\w'’-])", re.IGNORECASE)
#: Words that some sentence may rightly hold twice in a row.
_TWICE: Final = frozenset({"had", "that", "nos", "os", "se", "vos", "bis", "very", "muy", "molt"})
_SPACES: Final = re.compile(r"(?<=[^\s.])[ \t]{2,}(?=\S)")
_MARKS: Final = re.compile(r"(?<=[^\s.])\s+[,.;](?=\s|$)|,\s*[,.;](?=\s|$)|(?<!\.)\.\.(?!\.)|;;|::")
#: French sets a space before these.
_HIGH_MARKS: Final = re.compile(r"(?<=\w)\s+[:!?](?=\s|$)")


def check(checked: Checked) -> Iterator[Finding]:
    """`doubled-word`, `spacing`."""
    for locale, piece in checked.every_copy():
        yield from _slips(checked, piece, language(locale))
    for locale in checked.sources.locales:
        for piece in checked.others(locale):
            if not piece.is_layout:
                yield from _slips(checked, piece, language(locale))


def _slips(checked: Checked, piece: Piece, own: str) -> Iterator[Finding]:
    for found in _DOUBLED.finditer(piece.typed):
        if found[1].lower() not in _TWICE:
            told = f"`{' '.join(found[0].split())}`: the same word twice."
            yield _finding(checked, "doubled-word", piece, told, "Remove one.", found[1])
    marks = [m for m in _MARKS.finditer(piece.typed) if GAP not in m[0]]
    if own != "fr":
        marks += _HIGH_MARKS.finditer(piece.typed)
    for found in marks:
        told = f"`{found[0].strip()}` stands oddly after “{piece.typed[: found.start()][-12:]}”."
        mend = "Look at the spaces and marks."
        yield _finding(checked, "spacing", piece, told.replace(GAP, "…"), mend, "")
    if _SPACES.search(piece.typed.replace(f" {GAP}", GAP)):
        told, mend = f"`{piece.key}` has two spaces in a row.", "Remove one."
        yield _finding(checked, "spacing", piece, told, mend, "")


def _finding(
    checked: Checked, rule: str, piece: Piece, told: str, mend: str, words: str
) -> Finding:
    line = piece.line_of(words) if words else piece.line
    return checked.finding(rule, told, mend, piece.file, line)
