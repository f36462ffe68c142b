"""The forms in which a locale's dates are written, as patterns that are compiled once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from campaigns.domain.consistency.lexicon import (
    Lexicon,
    month_languages,
    months,
    short_months,
    weekdays,
)

_S: Final = r"\s{1,4}"
_ORDINAL: Final = r"(?:(?:st|nd|rd|th|er|ro|r|n|\.?[º°])(?!\w)|\.(?=\s|\s?[-–—]))?"
#: After a day: no further digit, unit, decimals or minutes.
_NO_UNIT: Final = r"(?!\d|[.,:]\d|\s?[%€$£])"
_YEAR: Final = (
    rf"(?:(?:,?{_S}(?:(?i:de|del|of){_S})?|[,/-])(?P<year>\d{{4,5}}){_NO_UNIT}"
    # Two digits are a year after an apostrophe, or where nothing is left that they could count.
    r"|(?:\s(?i:del? )?|[/-])(?:'(?=\d)|(?=\d\d\s?(?:[.,;:!?)\n—–]|$)))(?P<short_year>\d\d)"
    r"(?!\d|[.,:]\d))?"
)
_ARTICLE: Final = rf"(?:(?i:the|el|día|dia|den|dem|le|il|o|els?){_S}|l')?"
_JOINT: Final = (
    rf"(?:\s{{0,3}}[-–—]\s{{0,3}}|{_S}(?P<word>(?i:to|al?|until|till|through|hasta|fins|bis|au|ao"
    rf"|y|i|and|et|und|&)){_S}(?:(?i:al?|el|the|zum|le){_S}|(?i:a?l'|a l'))?)"
)
_STREET: Final = (
    r"(?<!\w)(?:pla[çc]a|plaza|pl|calle|c/|carrer|avinguda|avenida|ava?|avda|avgda|passeig|paseo|ronda"
    r"|rambla|via|vía|street|square|rua|praça|rue|place|corso|piazza|stra[sß]{1,2}e|platz)\.?\s{1,2}"
    r"(?:(?:del?|des?|la|los|les|du|da)\s|de l'|l')*$"
)
_CUE: Final = (
    r"(?<!\w)(?:el|del|al|hasta|fins|dia|día|until|by|on|from|to|till|before|ends|am|vom|bis|zum|le"
    r"|du|au|dal|il|em|até|a partir del?)\s{1,3}(?:the\s|el\s|día\s|dia\s)?$|\bl'$"
)
_NUMBERS: Final = (
    r"(?:(?P<iso_year>\d{4})(?P<mark>[-/.])(?P<iso_month>\d\d|(?<=/)\d)"
    r"(?P=mark)(?P<iso_day>\d\d|(?<=/)\d)"
    r"|(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4}|(?<=[/.])\d\d))"
    r"(?!\d|[-/.,]\d)"
)
#: Not a fraction: `1/3 de los clientes`.
_SHORT: Final = r"(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![/\d]|[.,]\d|\s?[%€$£]|\s(?:de|of|del)\b|\sd')"
#: `31.3.`, `31.03`, where no point marks decimals; neither an hour nor an amount.
_POINTED: Final = (
    r"|(?P<a_>0?[1-9]|[12]\d|3[01])\.(?P<b_>(?:0?[1-9]|1[0-2])(?=\.)|0[1-9]|1[0-2])"
    r"(?![/\d]|[.,]\d|\.?\s?(?:[%€$£]|(?i:uhr|h|eur|euros?|m|km|kg|cm|l)\b))"
)


@dataclass(frozen=True, slots=True, eq=False)
class DateForms:
    """Patterns and names of one locale.

    Attributes:
        names: all names of months and weekdays; looking one up is quicker than any pattern.
        named: `31 de marzo de 2027`, from a weekday or the day on.
        month_first: `March 31, 2027`, from a weekday or the month on.
        numbers, short_numbers: `31/3/2027`, `31/3`.
        before_month, before_weekday: what stands before a digit and belongs to its date.
        bare_start, bare_end: the day in a range that borrows its month.
        joint: what joins the two dates of a range.
    """

    language: str
    is_month_first: bool
    months: Mapping[str, tuple[int, str]]
    weekdays: Mapping[str, int]
    names: frozenset[str]
    named: re.Pattern[str]
    month_first: re.Pattern[str]
    numbers: re.Pattern[str]
    short_numbers: re.Pattern[str]
    before_month: re.Pattern[str]
    before_weekday: re.Pattern[str]
    bare_start: re.Pattern[str]
    bare_end: re.Pattern[str]
    joint: re.Pattern[str]
    street: re.Pattern[str]
    cue: re.Pattern[str]

    def month_before(self, text: str, at: int) -> bool:
        """Whether the date that begins here has its month first."""
        return bool(self.month_first.match(text, at))


@lru_cache(maxsize=64)
def date_forms(words: Lexicon) -> DateForms:
    """The forms of a locale."""
    names = _month_names(words.language)
    days = weekdays(words.language)
    month, weekday = _month_pattern(words.language), f"(?i:{_any(days)})"
    day = rf"(?P<day>\d{{1,2}})(?!\d){_ORDINAL}"
    link = rf"(?:{_S}(?:(?i:of|de|del){_S}|(?i:d')\s?)?|[-/])"
    before = rf"(?:(?P<weekday>{weekday})\.?(?:,\s{{0,3}}|{_S}){_ARTICLE})?"
    return DateForms(
        language=words.language,
        is_month_first=words.month_first,
        months=names,
        weekdays=days,
        names=frozenset((*names, *days)),
        named=re.compile(rf"{before}{day}{link}(?P<month>{month})\.?{_YEAR}(?!\w)"),
        month_first=re.compile(
            rf"{before}(?P<month>{month})\.?{_S}(?:the )?{day}{_NO_UNIT}{_YEAR}(?!\w)"
        ),
        numbers=re.compile(before + _NUMBERS),
        short_numbers=re.compile(f"{before}(?:{_SHORT}{_POINTED if words.decimal == ',' else ''})"),
        before_month=re.compile(rf"(?<!\w)(?:{month})\.?{_S}(?:the )?$"),
        before_weekday=re.compile(rf"(?<!\w){weekday}\.?(?:,\s{{0,3}}|{_S}){_ARTICLE}$"),
        bare_start=re.compile(rf"(?P<whole>(?P<day>\d{{1,2}})(?!\d){_ORDINAL}){_JOINT}"),
        bare_end=re.compile(rf"(?P<day>\d{{1,2}})(?!\d){_ORDINAL}{_NO_UNIT}{_YEAR}(?!\w)"),
        joint=re.compile(_JOINT),
        street=re.compile(_STREET, re.IGNORECASE),
        cue=re.compile(_CUE, re.IGNORECASE),
    )


def _month_names(language: str) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for other in reversed(month_languages(language)):
        found |= {name: (number, other) for name, number in months(other).items()}
    return found | {name: (n, language) for name, n in short_months(language).items()}


def _month_pattern(language: str) -> str:
    # `may` and `march` are words; without a capital they need a year, or to end what is said.
    words = (
        r"M(?:ay|AY|arch|ARCH)|(?:may|march)(?=,?\s{1,3}\d{4}|\s*(?:[.,;:!?)¶–—]|$)"
        r"|\s\d{1,2}(?:st|nd|rd|th)?\s*(?:[.,;:!?)¶–—]|$))"
    )
    rest = {name for other in month_languages(language) for name in months(other)}
    loose = {"mars", "mai"} - set(months(language))
    if loose:
        words += rf"|(?i:{_any(loose)})(?=\s{{1,3}}\d{{4}})"
    pattern = f"(?:{words}|(?i:{_any(rest - {'may', 'march'} - loose)}))(?!\\w)"
    short = _any(short_months(language))
    if language == "en":
        capital = "|".join(f"{n.capitalize()}|{n.upper()}" for n in short.split("|"))
        return rf"(?:{pattern}|(?:{capital})(?!\w))"
    year = r"(?=\.|\s{1,3}(?:del?\s{1,3})?\d{4}|[-/]\d)" if short else ""
    return rf"(?:{pattern}|(?i:{short})(?!\w){year})" if short else pattern


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
