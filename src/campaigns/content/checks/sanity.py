"""Slips: doubled words, odd spaces and marks, letters that are not what they seem."""

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
#: Two values with nothing between: `20 %20 %`.
_GLUED: Final = re.compile(r"\}\}\{\{")
#: Letters of two alphabets in one word, of which the one looks like the other.
_TWIN_LETTERS: Final = "АВЕЅІЈКМНОРСТХУаеѕіјорсхуһԁΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ"
_MIXED: Final = re.compile(
    rf"\w{{0,40}}(?:[A-Za-z][{_TWIN_LETTERS}]|[{_TWIN_LETTERS}][A-Za-z])\w{{0,40}}"
)
#: Characters without a shape: zero-width spaces, marks that turn the direction of what follows.
_SHAPELESS: Final = r"\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069"
_UNSEEN: Final = re.compile(rf"[\w%€]{{0,40}}[{_SHAPELESS}][\w%€]{{0,40}}")
_SUSPECT: Final = re.compile(f"[{_TWIN_LETTERS}{_SHAPELESS}]")


def check(checked: Checked) -> Iterator[Finding]:
    """`doubled-word`, `spacing`, `odd-letters`."""
    for locale, piece in checked.every_copy():
        yield from _slips(checked, piece, language(locale))
        yield from _letters(checked, piece)
    for locale in checked.sources.locales:
        for piece in checked.others(locale):
            yield from _letters(checked, piece)
            if not piece.is_layout:
                yield from _slips(checked, piece, language(locale))


def _letters(checked: Checked, piece: Piece) -> Iterator[Finding]:
    """Words that look right and are not: nobody can search them, copy them or read them out."""
    if piece.words.isascii() or not _SUSPECT.search(piece.words):
        return
    for found in _MIXED.finditer(piece.words):
        told = f"`{found[0]}` mixes letters of two alphabets that look alike."
        yield _finding(checked, "odd-letters", piece, told, "Type it anew.", found[0])
    for found in _UNSEEN.finditer(piece.words):
        shown = found[0].encode("ascii", "backslashreplace").decode()
        told = f"`{shown}` holds a character that nobody can see."
        yield _finding(checked, "odd-letters", piece, told, "Type it anew.", found[0])


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
    if _GLUED.search(piece.words):
        told, mend = f"`{piece.key}` has two values with nothing between them.", "Set a space."
        yield _finding(checked, "spacing", piece, told, mend, "")
    if _SPACES.search(piece.typed.replace(f" {GAP}", GAP)):
        told, mend = f"`{piece.key}` has two spaces in a row.", "Remove one."
        yield _finding(checked, "spacing", piece, told, mend, "")


def _finding(
    checked: Checked, rule: str, piece: Piece, told: str, mend: str, words: str
) -> Finding:
    line = piece.line_of(words) if words else piece.line
    return checked.finding(rule, told, mend, piece.file, line)
