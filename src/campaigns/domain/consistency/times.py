"""Times of day.

Decisions:
- `18:30`, `18.30 h`, `18h30`, `6:30 PM`, `6 p.m.` and `a las 6 de la tarde` are times.
- `24 h`, `48 h` and `2–3 h` are how long something takes. Whole hours are a time only after a
  word that leads to one (`a las 18 h`), before a word of clocks (`18 Uhr`), or as hours of opening:
  `de 9 a 14 h`, when the first is 7 or later.
- A place in brackets after a time is its zone when CLDR knows a time zone by that city; so are
  abbreviations such as CET.
- An impossible time (18:95, 27 PM) is a mention without a value where something says that it is
  meant as a time; a bare 50:50 is a proportion.
"""

from __future__ import annotations

import re
from datetime import time
from typing import Final

from campaigns.domain.consistency.lexicon import Lexicon, cities
from campaigns.domain.consistency.mentions import Clock, Kind, Mention

_HOURS: Final = r"(?i:h|hs|hrs?|horas|hores|uhr|heures|o'clock)(?!\w)"
#: Also the Arabic letters for before and after noon.
_HALF: Final = r"(?P<half>(?i:[ap]\.?\s?m|[صم])(?!\w)\.?)"
#: What only a clock says; `18 h` may be how long something takes.
_OF_A_CLOCK: Final = ("uhr", "o'clock")
_DAYTIME: Final = (
    r"(?P<early>(?i:de la mañana|del matí|de la matinada|de la madrugada|in the morning|du matin))"
    r"|(?P<late>(?i:de la tarde|de la noche|de la tarda|del vespre|de la nit|in the (?:after"
    r"noon|evening)|du soir))"
)
_TIME: Final = re.compile(
    r"(?P<h>\d{1,2})(?!\d)(?::(?P<m>\d\d)(?::\d\d)?(?!\d|:\d)|\.(?P<pm>\d\d)(?!\d|[.,]\d)"
    r"|\s?h\s?(?P<hm>\d\d)(?!\d))?"
    rf"(?:\s?(?:(?P<hours>{_HOURS})|{_HALF}))?(?:\s(?:{_DAYTIME}))?"
)
_CUE: Final = re.compile(
    r"(?<!\w)(?:a|de|desde|hasta|fins a|des de|y|i)?\s?(?:las?|les|l'|at|um|à|alle|às|from|by|until"
    r"|till)\s?$",
    re.IGNORECASE,
)
_OPENING: Final = re.compile(
    r"(?P<from>\d{1,2})(?P<joint>\s?[-–—]\s?|\s(?:a|to|y|i|bis)\s)(?P<to>\d{1,2})\s?" + _HOURS
)
_FROM: Final = re.compile(r"(?<!\w)(?:de|from|d'|des de|entre|between|von)\s?$", re.IGNORECASE)
_PLACE: Final = re.compile(r"\s?\((?P<city>[^()\d]{2,40})\)|\s(?P<abbreviation>[A-Z]{2,4})(?!\w)")
_ABBREVIATIONS_TEXT: Final = (
    "CET CEST MEZ MESZ GMT UTC BST WET WEST EET EEST EST EDT ET CST CDT CT MST MDT PST PDT PT"
)
_ABBREVIATIONS: Final = frozenset(_ABBREVIATIONS_TEXT.split())
_EARLIEST_OPENING: Final = 7


def times_at(text: str, at: int, words: Lexicon) -> tuple[Mention, ...]:
    """The time, or the two times, whose first digit is at `at`."""
    opening = _OPENING.match(text, at)
    if opening and _FROM.search(text, max(0, at - 9), at):
        return _hours(opening)
    match = _TIME.match(text, at)
    if match is None or not _is_time(text, match):
        return ()
    zone, end = _zone(text, match.end(), words)
    value = _value(match)
    if value is None and not (zone or match["hours"] or match["half"] or _cued(text, at)):
        return ()
    found = Clock(value, zone) if value else None
    return (Mention(Kind.TIME, found, "", at, end),)


def _is_time(text: str, match: re.Match[str]) -> bool:
    if match["m"] or match["hm"] or match["half"]:
        return not _goes_on(text, match.end())
    if match["pm"]:
        return bool(match["hours"] or match["early"] or match["late"])
    stated = match["hours"] or match["early"] or match["late"]
    is_clock = (match["hours"] or "").lower() in _OF_A_CLOCK
    return bool(stated) and (is_clock or _cued(text, match.start()))


def _goes_on(text: str, end: int) -> bool:
    """Something that no time is followed by: a decimal, a unit, a letter."""
    return bool(re.match(r"[.,:]\d|\s?[%€$£]|\w", text[end : end + 3]))


def _cued(text: str, at: int) -> bool:
    return bool(_CUE.search(text, max(0, at - 14), at))


def _hours(match: re.Match[str]) -> tuple[Mention, ...]:
    first, last = int(match["from"]), int(match["to"])
    if not _EARLIEST_OPENING <= first < last <= 24:
        return ()
    ends = ((first, match.span("from")), (last, (match.start("to"), match.end())))
    return tuple(Mention(Kind.TIME, Clock(time(hour % 24)), "", *place) for hour, place in ends)


def _value(match: re.Match[str]) -> time | None:
    hour = int(match["h"])
    minute = int(match["m"] or match["pm"] or match["hm"] or 0)
    half = (match["half"] or "").lower()[:1]
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half in "pم" else 0)
    elif match["late"] and hour < 12:
        hour += 12
    if (hour, minute) == (24, 0):
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _zone(text: str, end: int, words: Lexicon) -> tuple[str | None, int]:
    match = _PLACE.match(text, end)
    if match is None:
        return None, end
    if match["city"]:
        zone = cities(words.locale).get(match["city"].strip())
        return (zone, match.end()) if zone else (None, end)
    known = match["abbreviation"] in _ABBREVIATIONS
    return (match["abbreviation"], match.end()) if known else (None, end)
