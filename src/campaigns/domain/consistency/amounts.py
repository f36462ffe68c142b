"""Amounts: money and percentages.

Decisions:
- A sign is no part of the value: `-20 %` on a poster is a discount of 20 %.
- In a range or a pair (`10–20 %`, `20 y 30 %`, `from 10 to 20 €`, `10 o 20 €`) both ends are
  amounts.
- `€5m`, `2 mil €`, `1.5 million euros` are read in full, so that none is taken for €5.
- `5€50` and `49,- €` are prices. Weights are not: `5 pounds of flour`.
- `100 %` before a material or a quality (`100% cotton`, `100 % seguro`) says what a thing is, not
  what it costs, and is no mention; before anything else it is one.
- `only 9.99` and `19,-` are prices of no currency, and cannot be compared: a word for a price
  before two decimals, and nothing counted behind them. `at 9.30` is a time, and `1.- Choose` the
  number of what follows.
- A symbol on the wrong side (`€20` in Spanish, `20 €` in English) is a foreign format; ISO codes
  and words may stand on either side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from campaigns.domain.consistency.lexicon import Lexicon, sign_pattern, unit_pattern
from campaigns.domain.consistency.mentions import Kind, Mention, Money
from campaigns.domain.consistency.numerals import NUMERAL, numeral

#: Words for percent, and the languages that use them.
PERCENT_WORDS: Final = {
    r"per[\s-]?cent": ("en", "ca"),
    r"por\s?cien(?:to)?": ("es",),
    r"per\s?cento": ("it",),
    r"pour\s?cent": ("fr",),
    r"prozent": ("de",),
    r"por\s?cento": ("pt",),
    r"pct": ("en", "fr"),
    r"pc(?=\s(?:off|discount|less|more)\b)": ("en",),
    r"percentage\spoints?": ("en",),
    r"puntos\sporcentuales": ("es",),
    r"punts\spercentuals": ("ca",),
}
_SCALES: Final = {
    "k": 10**3, "mil": 10**3, "mila": 10**3, "thousand": 10**3, "mille": 10**3, "tausend": 10**3,
    "m": 10**6, "mio": 10**6, "million": 10**6, "millions": 10**6, "millón": 10**6,
    "millones": 10**6, "milió": 10**6, "milions": 10**6, "bn": 10**9, "billion": 10**9,
}  # fmt: skip
_FULL: Final = re.compile(
    r"\s{0,3}(?:de |d'|pure |puro |pur )?(?:\w{1,20}-free|free of|libre de"
    r"|sin |sense |lliure de|cotton|algod|cotó|wool|lana|llana|linen|lino\b|lli\b"
    r"|silk|seda|organic|org[aà]ni|ecol|bio|nat[uü]r|recicl|recycl|vegan|vegetal|plant-based"
    r"|online|digital|segur|secure|safe|leather|piel\b|cuero|pell\b|compost|sosteni|sustainab"
    r"|renov|renew|handmade|artesan)",
    re.IGNORECASE,
)
_S: Final = r"\s{1,4}"
_CUE: Final = re.compile(
    r"\b(?:d['e]|del|des de|desde|from|between|entre|von|zwischen|dal?|tra)(?: e?ls?| una?)?"
    r"\s{0,3}$",
    re.IGNORECASE,
)


_PRICE_ENDS: Final = (
    r"(?=\s*(?:[.,;:!?)¶–—]|$)|\s(?:instead|each|statt|en (?:vez|lugar|comptes)|au lieu|invece"
    r"|la unidad|cada|and|or|y|o|i)\b)"
)
_PRICE: Final = re.compile(
    rf"\d{{1,5}}(?:(?P<mark>[.,])(?P<cents>\d\d)(?![\w%°]|[.,:/]\d){_PRICE_ENDS}"
    rf"|(?:,|(?P<point>\.))[-–—]{{1,2}}(?!\w)(?P<last>{_PRICE_ENDS})?)"
)
_PRICED: Final = re.compile(
    r"(?<!\w)(?:only|just|now|was|from|for|at|save|costs?|s[oó]lo|ahora|antes|desde|por|(?<!\d\s)a|ahorra"
    r"|només|ara|abans|des de|per|nur|jetzt|ab|für|statt|seulement|dès|pour|da|ora|só|agora)"
    r"\s{1,3}$",
    re.IGNORECASE,
)
_LAST_MINUTE: Final = 59


@dataclass(frozen=True, slots=True)
class _Patterns:
    after: re.Pattern[str]
    before: re.Pattern[str]
    bare: re.Pattern[str]
    range: re.Pattern[str]
    tail: re.Pattern[str]
    sign_ends: frozenset[str]


@lru_cache(maxsize=64)
def _patterns(words: Lexicon) -> _Patterns:
    percent = "|".join(PERCENT_WORDS)
    unit = unit_pattern(words)
    scale = rf"(?:\s?(?P<scale>(?i:{'|'.join(sorted(_SCALES, key=len, reverse=True))}))(?!\w))?"
    number = rf"(?P<n>{NUMERAL})(?:[.,][-–—]{{1,2}})?"
    # A symbol after a space that touches the next number belongs to that one: `3 €20 vouchers`.
    money = (
        r"(?:(?<=\d)€(?P<cents>\d\d)(?![\d.,]?\d|\s?[%€])"
        rf"|(?:de )?(?P<unit>(?<=\d){unit}|{unit}(?!\d)))"
    )
    either = rf"(?:\s{{0,3}}(?P<pct>%|(?i:{percent})(?!\w))|{scale}\s{{0,3}}{money})"
    joint = (
        rf"(?:\s?[-–—]\s?|(?P<weak>{_S}(?i:a|al|to|y|i|and|e|bis|und){_S}(?:una?{_S}|el{_S})?)"
        rf"|{_S}(?:o|or){_S})"
    )
    return _Patterns(
        after=re.compile(number + either),
        sign_ends=frozenset(sign[-1] for sign in words.currencies),
        before=re.compile(rf"(?:{sign_pattern(words)})\s{{0,2}}$"),
        bare=re.compile(number + scale),
        range=re.compile(rf"(?P<first>{NUMERAL}){joint}(?=\d)"),
        tail=re.compile(
            rf"\s?(?P<iso>[A-Z]{{3}})(?!\w)|{joint}(?P<second>{NUMERAL})(?![\w%€$£:/])"
        ),
    )


def amounts_at(text: str, at: int, words: Lexicon) -> tuple[Mention, ...]:
    """The amounts that begin at the digit `at`, or whose symbol stands right before it."""
    known = _patterns(words)
    if match := known.range.match(text, at):
        second = known.after.match(text, match.end())
        is_two = second and (second["pct"] or not match["weak"])
        if second and (is_two or _CUE.search(text, max(0, at - 12), at)):
            whole = _after(second, words)
            return (_lower(match, second, words), whole)
    after = known.after.match(text, at)
    if after and after["pct"]:
        return () if _is_full(text, after) else (_after(after, words),)
    before = None
    if any(c in known.sign_ends for c in text[max(0, at - 3) : at]):
        before = known.before.search(text, max(0, at - 6), at)
    if before and not (before.start() and text[before.start() - 1].isdigit()):
        return tuple(_before(text, before, at, words))
    return (_after(after, words),) if after else ()


def prices_at(text: str, at: int, words: Lexicon) -> tuple[Mention, ...]:
    """A price without its currency that begins at the digit `at`."""
    match = _PRICE.match(text, at)
    if match is None:
        return ()
    is_priced = bool(_PRICED.search(text, max(0, at - 14), at))
    if match["cents"]:
        no_time = int(match["cents"]) > _LAST_MINUTE or words.decimal == match["mark"] == ","
        if not no_time or not is_priced:
            return ()
    elif match["point"] and match["last"] is None and not is_priced:
        return ()
    return (Mention(Kind.MONEY, None, "", *match.span()),)


def _is_full(text: str, match: re.Match[str]) -> bool:
    return match["n"] == "100" and bool(_FULL.match(text, match.end()))


def _after(match: re.Match[str], words: Lexicon) -> Mention:
    if match["pct"]:
        return _percent(match["n"], match["pct"], match.span(), words)
    unit = match["unit"] or "€"
    symbol_is_here = bool(re.fullmatch(r"[^\w\s]|\w{0,3}[$£€¥]\w{0,3}", unit))
    local = not (words.symbol_first and symbol_is_here and unit != "¢")
    written = match["n"] + (f"{words.decimal}{match['cents']}" if match["cents"] else "")
    return _money(written, unit, match["scale"], match.span(), words, local)


def _lower(match: re.Match[str], second: re.Match[str], words: Lexicon) -> Mention:
    """The first end of a range, which borrows its unit from the second."""
    if second["pct"]:
        return _percent(match["first"], second["pct"], match.span("first"), words)
    unit = second["unit"] or "€"
    return _money(match["first"], unit, second["scale"], match.span("first"), words, local=True)


def _before(text: str, sign: re.Match[str], at: int, words: Lexicon) -> Iterator[Mention]:
    known = _patterns(words)
    match = known.bare.match(text, at)
    assert match is not None
    unit, end = sign[0].strip(), match.end()
    tail = known.tail.match(text, end)
    if tail and tail["iso"] in words.currencies:
        unit, end = tail["iso"], tail.end()
    local = words.symbol_first or unit.isalpha()
    yield _money(match["n"], unit, match["scale"], (sign.start(), end), words, local)
    if tail and tail["second"] and not tail["weak"]:
        yield _money(tail["second"], unit, None, tail.span("second"), words, local)


def _percent(written: str, sign: str, place: tuple[int, int], words: Lexicon) -> Mention:
    read = numeral(written, words)
    languages = next(
        (known for pattern, known in PERCENT_WORDS.items() if re.fullmatch(pattern, sign.lower())),
        (words.language,),
    )
    local = read.local and words.language in languages
    return Mention(
        Kind.PERCENT, read.value, "", *place, read.other, local=local, doubtful=read.doubtful
    )


def _money(
    written: str,
    unit: str,
    scale: str | None,
    place: tuple[int, int],
    words: Lexicon,
    local: bool,
) -> Mention:
    read = numeral(written, words)
    currency, hundredths = words.currency(unit)
    times = Decimal(_SCALES[scale.lower()] if scale else 1) / (100 if hundredths else 1)
    value, other = (
        None if number is None else Money(number * times, currency)
        for number in (read.value, read.other)
    )
    return Mention(
        Kind.MONEY,
        value,
        "",
        *place,
        other,
        local=read.local and local,
        doubtful=read.doubtful,
    )
