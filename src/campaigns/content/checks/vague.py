"""`vague-date`: a day that depends on when the message is read, or that is only half said.

`until Sunday`, `hasta mañana`, `3 days left`, `until the 30th`: one message is sent over hours or
days and read later still, so that two customers learn of two different days. A warning, since some
are meant ("we answer by Friday").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.pieces import GAP, Piece
from campaigns.domain.consistency.lexicon import months, weekdays
from campaigns.domain.facts import simple
from campaigns.domain.findings import Finding
from campaigns.domain.locales import language

_LEFT: Final = r"(?:\d{1,3}|two|three|dos|dues|tres)"
#: Language → what leads to a last or first day; days that move; days said by their number alone.
_WORDS: Final = {
    "en": (
        r"(?:until|till|by|before|ends?|closes|starts|begins)(?: on| at| in)?"
        r"(?: (?:next|this|(?:the )?end of))?(?: the)?",
        r"tomorrow|tonight|today|midnight|noon|week(?:end)?|month|year|Easter|Christmas"
        r"|last day of (?:the month|\w+)",
        r"(?:until|till|by|before|ends?|closes|starts|begins)(?: on)? the \d{1,2}(?:st|nd|rd|th)",
        rf"(?:today|tomorrow|tonight|this (?:week(?:end)?|month)|{_LEFT} (?:hours|days)) only"
        rf"|only (?:today|tomorrow|this (?:week(?:end)?|month))|{_LEFT} (?:hours|days) left",
    ),
    "es": (
        r"(?:hasta|antes de|acaban?|terminan?|empiezan?)(?: el)?"
        r"(?: próximo| este)?(?: fin(?:al(?:es)?)? de)?(?: el)?",
        r"mañana|hoy|esta noche|medianoche|mediodía|(?:fin de )?semana|mes|año|Navidad(?:es)?"
        r"|Semana Santa",
        r"(?:hasta|antes de|acaban?|terminan?|empiezan?)(?: el)?(?: día)? \d{1,2}",
        r"s[oó]lo (?:hoy|mañana|est[ea] (?:fin de )?(?:semana|mes))"
        rf"|s[oó]lo (?:durante )?{_LEFT} (?:horas|días)"
        rf"|quedan (?:s[oó]lo )?{_LEFT} (?:horas|días)|últim[oa]s {_LEFT} (?:horas|días)",
    ),
    "ca": (
        r"(?:fins(?: al?| el)?|abans de|s'acaben?|acaben?|comencen?)(?: el)?(?: proper| aquest)?"
        r"(?: finals? de| fi de)?(?: el)?",
        r"demà|avui|aquesta nit|mitjanit|migdia|(?:cap de )?setmana|mes|any|Nadal|Setmana Santa",
        r"(?:fins al?|abans del?|s'acaba el|acaba el|comença el)(?: dia)? \d{1,2}",
        r"només (?:avui|demà|aquesta? (?:cap de )?(?:setmana|mes))"
        rf"|només (?:durant )?{_LEFT} (?:hores|dies)"
        rf"|queden (?:només )?{_LEFT} (?:hores|dies)|últim(?:s|es) {_LEFT} (?:hores|dies)",
    ),
}
#: What goes on is a date in full, hours of opening, or how many of something.
_GOES_ON: Final = (
    rf"(?!\w|[.,:/-]\d|,? ?\d|,? (?:de |d'|of )?(?:\w+ )?{GAP}| ?[-–—]| (?:to|a|al|y|i|and|o|or)\b)"
)
_ENDS: Final = r"(?=\s*(?:[.,;:!?)](?!\w|[ªº])|$))"


def check(checked: Checked) -> Iterator[Finding]:
    """`vague-date`."""
    for locale, piece in checked.every_copy():
        yield from _vague(checked, piece, language(locale))
    for locale in checked.sources.locales:
        for piece in checked.others(locale):
            if piece.key in ("words", "legal"):
                yield from _vague(checked, piece, language(locale))


def _vague(checked: Checked, piece: Piece, own: str) -> Iterator[Finding]:
    text = simple(piece.typed)
    for pattern in _PATTERNS.get(own, ()):
        for found in pattern.finditer(text):
            told = f"`{' '.join(found[0].split())}` is another day for each who reads it later."
            mend = "Name the fact that holds the date, or write the date in full."
            line = piece.line_of(found[0])
            yield checked.finding("vague-date", told, mend, piece.file, line)


def _patterns(own: str) -> Iterator[re.Pattern[str]]:
    cue, moving, by_number, only = (part.replace(" ", r"\s+") for part in _WORDS[own])
    names = "|".join(name for name in weekdays(own) if len(name) > 4)
    year = "|".join(name for name in months(own) if len(name) > 2)
    yield re.compile(rf"(?<!\w){cue}\s+(?:{moving}|{names}){_GOES_ON}", re.IGNORECASE)
    yield re.compile(
        rf"(?<!\w){cue}\s+(?:el mes de )?(?:{year})(?:\s+(?:del?\s+)?\d{{4}})?{_GOES_ON}{_ENDS}",
        re.IGNORECASE,
    )
    yield re.compile(rf"(?<!\w){by_number}{_ENDS}", re.IGNORECASE)
    yield re.compile(rf"(?<!\w)(?:{only})(?!\w)", re.IGNORECASE)


_PATTERNS: Final = {own: tuple(_patterns(own)) for own in _WORDS}
