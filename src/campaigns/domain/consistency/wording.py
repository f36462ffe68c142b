"""Amounts in words: `veinte por ciento`, `half price`, `tres por dos`, `the thirty-first of March`.

They are found because nobody can compare them by machine with full certainty, nor translate them:
a finding advises to write the fact instead.

Decisions:
- English, Spanish and Catalan number words are known in every locale, up to thousands.
- `one hundred percent`, `cien por cien`, `cent per cent` are idioms and no mention; so is `ni un
  euro`, and `a mitad de`, `half of`, `cut in half`.
- A deal is an amount, in words and in digits: `two for one`, `tres por dos`, `3x2`, `2 for 1`, when
  you get more than you pay for; `40x60` and `4x4` are sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from campaigns.domain.consistency.amounts import PERCENT_WORDS
from campaigns.domain.consistency.lexicon import Lexicon, money_names, months
from campaigns.domain.consistency.mentions import Day, InWords, Kind, Mention, Money
from campaigns.domain.consistency.number_words import ORDINALS, number_of, number_pattern

_PERCENT_ANCHORS: Final = ("cent", "cien", "%", "pct")
_MONEY_ANCHORS: Final = (
    "euro",
    "dollar",
    "dólar",
    "dolar",
    "dòlar",
    "pound",
    "libra",
    "lliur",
    "quid",
    "bucks",
    "franc",
    "€",
)
_UNITS_OF: Final = re.compile(
    rf"(?P<pct>{'|'.join(PERCENT_WORDS)}|%)(?!\w)|(?:{money_names()}|€)(?!\w)"
)
_DEAL_ANCHORS: Final = (" por ", " per ", " for ", " pel ", " al pre")
_DEAL: Final = re.compile(
    r"(?:por|per|for|(?:por el|al) precio de|for the price of|(?:pel|al) preu d[e'])\s{0,2}"
    r"(?P<pay>one|two|three|four|un[oa]?|dos|dues|tres|cuatro|quatre|[1-9])(?!\w|\s?[%€$£]|[.,]\d"
    r"|\s(?:por|per)\s?c|\seuro|\sd[oóò]l|\spound|\slibra|\slliur)"
)
_DEAL_DIGITS: Final = re.compile(
    r"(?P<take>[2-9])(?:\s?[x×X]\s?|\s(?:por|for|per|for the price of|(?:por el|al) precio de"
    r"|(?:pel|al) preu de|zum Preis von|pour le prix de|al prezzo di|pelo preço de"
    r"|(?:für|pour)(?= 1\b))\s)(?P<pay>[1-9])"
    r"(?!\w|\s?[%€$£×x'\"]|[.,]\d|\s(?:cm|mm|m|in|ft|px|(?i:eur)|d[oóò]l|pound"
    r"|libra|lliur|por c|per c))"
)
#: How many, in a deal.
_FEW: Final = r"(?:[1-9]|one|two|three|four|un[oa]?|dos|dues|tres|cuatro|quatre)"
_HALF: Final = InWords(Kind.PERCENT, Decimal(50))
_PART: Final = InWords(Kind.PERCENT)
_ONE_MORE: Final = InWords(Kind.TEXT)
#: Words of which one must be there, what is meant, and how it is said.
_SAYINGS: Final = (
    (
        ("half",),
        _HALF,
        r"half[\s-](?:the\s)?(?:price|cost|off)(?!\w)"
        r"|costs?\shalf(?!\w|\san?\s(?:second|minute|hour|day|week|month|year)(?!\w))",
    ),
    (("medio", "mig"), _HALF, r"(?:medio\sprecio|mig\spreu)(?!\w)"),
    (
        ("/",),
        _PART,
        r"[1-3]/[2-5]\s(?:off|cheaper|price|(?:del?\s)?(?:precio|preu)|de\sdesc(?:uento|ompte))(?!\w)",
    ),
    (("½",), _HALF, r"½\s?(?:price|off|precio)"),
    (
        ("mitad", "meitat"),
        _HALF,
        r"(?:a\s)?(?:la\s)?(?:mitad\sdel?\sprecio|meitat\sdel?\spreu|mitad\sde\sdescuento)"
        r"|a\sla\s(?:mitad|meitat)(?!\s(?:del?|d')\b)"
        r"|(?:cuestan?|valen?|pagas?|costa|costen|pagues)\sla\s(?:mitad|meitat)",
    ),
    (
        ("third", "quarter", "fifth", "tenth"),
        _PART,
        r"(?:a|one|two|three)[\s-](?:third|quarter|fifth|tenth)s?\s(?:off|cheaper)(?!\w)",
    ),
    (
        ("tercio", "tercera", "cuart", "quint", "terç", "quart", "cinquè"),
        _PART,
        r"una?\s(?:tercio|cuarto|quinto|(?:tercera|cuarta|quinta)\sparte|terç|quart|cinquè)\s"
        r"(?:de\sdesc(?:uento|ompte)|menos|menys|más\sbarat|més\sbarat)",
    ),
    (("fiver",), InWords(Kind.MONEY, Money(Decimal(5), "GBP")), r"a\sfiver(?!\w)"),
    (("tenner",), InWords(Kind.MONEY, Money(Decimal(10), "GBP")), r"a\stenner(?!\w)"),
    (("bogo",), _ONE_MORE, r"bogof?(?!\w)"),
    (
        ("buy ",),
        _ONE_MORE,
        rf"buy\s{_FEW},?\s(?:and\s)?get\s(?:another|{_FEW})(?!\w)(?:\sfree)?",
    ),
    (
        ("llévate", "emporta't", "endú-te", "paga"),
        _ONE_MORE,
        rf"(?:compra|lleva|llévate|emporta't|endú-te'n)\s{_FEW},?\s(?:[yi]\s)?"
        rf"(?:paga|llévate|emporta't|endú-te'n)\s(?:s[oó]lo\s|només\s)?"
        rf"(?:otr[oa]|un\saltre|{_FEW})(?!\w)",
    ),
    (
        ("free", "gratis", "franc", "regalo", "regal"),
        _ONE_MORE,
        r"[1-9]\s?\+\s?[1-9]\s(?:free|gratis|de\s(?:franc|regalo?))(?!\w)"
        r"|(?:second|third|2nd|3rd)\s(?:(?:one|item|unit|pair|plant|pot)\s(?:is\s|for\s)?|is\s|for\s)"
        r"free(?![\w-]|\s(?:of|from|to)\b)"
        r"|(?:second|third|2nd|3rd)\sfree(?![\w-]|\s(?!if|when|with)\w)"
        r"|(?:segund[oa]|segona?|tercer[oa]?|2\.?[ªºa])\s(?:(?:unidad|unitat|artículo|article|planta)\s)?"
        r"(?:gratis|de\s(?:franc|regalo?))(?!\w)",
    ),
)


def wordings_in(low: str, words: Lexicon) -> Iterator[Mention]:
    """The amounts in words. `low` is in lower case."""
    yield from _with_units(low, words)
    yield from _deals(low)
    yield from _sayings(low)
    yield from _days(low, words)


def deals_at(text: str, at: int, _: Lexicon) -> tuple[Mention, ...]:
    """`3x2`, `2 for 1`: a deal in digits that begins at `at`."""
    match = _DEAL_DIGITS.match(text, at)
    if match is None or int(match["take"]) <= int(match["pay"]):
        return ()
    return (_mention(InWords(Kind.TEXT, f"{match['take']}x{match['pay']}"), *match.span()),)


def _mention(value: InWords, start: int, end: int) -> Mention:
    return Mention(Kind.IN_WORDS, value, "", start, end)


def _finds(low: str, anchors: tuple[str, ...]) -> Iterator[int]:
    for anchor in anchors:
        at = low.find(anchor)
        while at >= 0:
            yield at
            at = low.find(anchor, at + 1)


@cache
def _row_before(*, ordinals: bool = False, link: str = r"\s{1,3}(?:de\s)?") -> re.Pattern[str]:
    return re.compile(rf"(?P<row>{number_pattern(ordinals=ordinals)}){link}$")


def _with_units(low: str, words: Lexicon) -> Iterator[Mention]:
    """A row of number words before a word for percent or for a currency."""
    for at in _finds(low, _PERCENT_ANCHORS + _MONEY_ANCHORS):
        # The word may begin before its anchor: `percent`, `per cent`.
        begins = (at - before for before in (0, 3, 4, 5) if before <= at)
        unit = next(filter(None, (_UNITS_OF.match(low, begin) for begin in begins)), None)
        if unit is None or unit.end() <= at:
            continue
        row = _row_before().search(low, max(0, unit.start() - 60), unit.start())
        read = row and number_of(row["row"])
        if not row or not read:
            continue
        number, offset = read
        start = row.start("row") + offset
        value = _amount(number, unit, words)
        if value and not _is_idiom(low, start, number):
            yield _mention(value, start, unit.end())


def _amount(number: Decimal, unit: re.Match[str], words: Lexicon) -> InWords | None:
    if unit["pct"]:
        return None if number == 100 else InWords(Kind.PERCENT, number)
    currency, _ = words.currency(unit[0])
    return InWords(Kind.MONEY, Money(number, currency))


def _is_idiom(low: str, start: int, number: Decimal) -> bool:
    return number == 1 and low[max(0, start - 5) : start].endswith(("ni ", "sin ", "cada ", "not "))


_TAKEN: Final = {
    word: n
    for n, row in enumerate(
        ("one un uno una", "two dos dues", "three tres", "four cuatro quatre", "five cinco cinc"), 1
    )
    for word in row.split()
}
_LAST_WORD: Final = re.compile(r"(?<!\w)(\w{2,6})$")


def _deals(low: str) -> Iterator[Mention]:
    for at in _finds(low, _DEAL_ANCHORS):
        taken = _LAST_WORD.search(low, max(0, at - 8), at)
        match = taken and taken[1] in _TAKEN and _DEAL.match(low, at + 1)
        if not taken or not match:
            continue
        get, pay = _TAKEN[taken[1]], _TAKEN.get(match["pay"]) or int(match["pay"])
        if get > pay:
            yield _mention(InWords(Kind.TEXT, f"{get}x{pay}"), taken.start(1), match.end())


def _sayings(low: str) -> Iterator[Mention]:
    for anchors, value, pattern in _SAYINGS:
        if any(anchor in low for anchor in anchors):
            for match in _compiled(pattern).finditer(low):
                yield _mention(value, *match.span())


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})")


@lru_cache(maxsize=16)
def _month_names(language: str) -> tuple[str, ...]:
    return tuple(months(language))


def _days(low: str, words: Lexicon) -> Iterator[Mention]:
    """`treinta y uno de marzo`, `the thirty-first of March`, `trenta-u de març`."""
    before = _row_before(ordinals=True, link=r"\s{1,3}(?:(?:de|of)\s{1,3}|d')")
    for name in _month_names(words.language):
        for at in _finds(low, (name,)):
            if low[at - 1 : at] not in (" ", "\xa0", "'", "\n") or at < 8:
                continue
            row = before.search(low, max(0, at - 50), at)
            read = row and number_of(row["row"])
            end = at + len(name)
            if row and read and 1 <= read[0] <= 31 and not low[end : end + 1].isalnum():
                day = Day(int(read[0]), months(words.language)[name])
                yield _mention(InWords(Kind.DATE, day), row.start("row") + read[1], end)
            if words.language == "en":
                yield from _english_days(low, at, name)


def _english_days(low: str, at: int, name: str) -> Iterator[Mention]:
    """`March thirtieth`. What one may first do, or march second in, is no day."""
    row = _row_after().match(low, at + len(name))
    read = row and number_of(row["row"])
    if not row or not read or not 1 <= read[0] <= 31:
        return
    if read[0] > 3 or name not in ("may", "march"):
        day = Day(int(read[0]), months("en")[name])
        yield _mention(InWords(Kind.DATE, day), at, row.end("row"))


@cache
def _row_after() -> re.Pattern[str]:
    ordinals = "|".join(ORDINALS)
    return re.compile(rf"\s(?:the\s)?(?P<row>(?:(?:twenty|thirty)[\s-])?(?:{ordinals}))(?!\w)")
