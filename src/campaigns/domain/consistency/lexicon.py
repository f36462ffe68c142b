"""The lexicon of a locale: how it writes numbers, money and dates, from the Unicode CLDR by Babel.

Decisions:
- `$`, `£` and `¥` mean the currency of the locale's own country where that has this symbol, else
  USD, GBP and JPY.
- ISO codes are known for the currencies below. More (TRY, ALL, TOP …) are English words and are
  known only where the campaign declares an amount in them.
- Months and weekdays are known in the locale's language, and months also in the languages that a
  line is likely to be copied from; `mars` and `mai` are words elsewhere and need a year there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_symbol, get_territory_currencies

from campaigns.domain.consistency.reading import read

_CURRENCIES_TEXT: Final = (
    "EUR USD GBP CHF JPY CNY CAD AUD NZD SEK NOK DKK PLN CZK HUF RON BGN ISK MXN BRL ARS CLP "
    "COP PEN UYU INR ZAR AED SAR QAR ILS SGD HKD KRW THB MYR IDR PHP VND UAH RSD EGP"
)
CURRENCIES: Final = tuple(_CURRENCIES_TEXT.split())
_SYMBOLS: Final = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "US$": "USD",
    "$US": "USD",
    "¥": "JPY",
    "円": "JPY",
    "元": "CNY",
    "zł": "PLN",
    "Kč": "CZK",
    "kr": "SEK",
    "SFr": "CHF",
    "Eur": "EUR",
    "eur": "EUR",
    "₺": "TRY",
    "₽": "RUB",
    "₴": "UAH",
    "₦": "NGN",
    "₸": "KZT",
    "₾": "GEL",
    "₡": "CRC",
}
_NAMES: Final = {
    r"euros?|eur": "EUR",
    r"d[oóò]ll?ar(?:e?s)?|dollari|usd|bucks": "USD",
    # No single franc: in Catalan `de franc` is free of charge.
    r"(?:swiss )?francs|francos(?: suizos)?": "CHF",
    r"quid|pounds?(?: sterling)?(?! of\b)|libras?(?: esterlinas?)?(?! de\b)|lliur(?:a|es)(?! de\b)"
    r"|gbp": "GBP",
    r"yen": "JPY",
}
#: Before a p for pence; 720p is a screen.
_TWO_DIGITS: Final = r"(?<=\d)(?<!\d{3})"
#: Hundredths: the word, and the currency (empty: the locale's own, EUR or USD).
_CENTS: Final = {
    r"cents?|cts?|c[eéè]nt(?:imos?|ims?)|centimes?|¢": "",
    rf"pence|{_TWO_DIGITS}p": "GBP",
}
ACCENTS: Final = str.maketrans("áàâéèêíìîïóòôúùûüç", "aaaeeeiiiiooouuuuc")
#: Languages whose month names are always known.
_EVERYWHERE: Final = ("en", "es", "ca", "fr", "de", "it", "pt")


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """What reading needs to know of one locale. There is one of each, so identity will do."""

    locale: str
    language: str
    territory: str
    decimal: str
    group: str
    symbol_first: bool
    month_first: bool
    currencies: Mapping[str, str]
    cent: str

    def currency(self, word: str) -> tuple[str, bool]:
        """The currency that a symbol, code or word means, and whether it counts hundredths."""
        known = self.currencies.get(word) or self.currencies.get(word.upper())
        if known:
            return known, False
        low = word.lower()
        for pattern, currency in _CENTS.items():
            if re.fullmatch(pattern.replace(_TWO_DIGITS, ""), low):
                return currency or self.cent, True
        for pattern, currency in _NAMES.items():
            if re.fullmatch(pattern, low):
                return currency, False
        raise KeyError(word)


@lru_cache(maxsize=64)
def lexicon(locale: str, currencies: tuple[str, ...] = ()) -> Lexicon:
    """The lexicon of a locale such as `ca_ES`; `currencies` are ISO codes to know besides."""
    parsed = Locale.parse(locale)
    marks = parsed.number_symbols.get("latn") or parsed.number_symbols
    order = parsed.date_formats["short"].pattern
    return Lexicon(
        locale=locale,
        language=parsed.language,
        territory=parsed.territory or "",
        decimal=_read(marks["decimal"]),
        group=_read(marks["group"]),
        symbol_first=parsed.currency_formats["standard"].pattern.startswith("¤"),
        month_first=order.index("M") < order.index("d"),
        currencies=_currencies(locale, parsed.territory or "", currencies),
        cent="USD" if parsed.territory == "US" else "EUR",
    )


def _read(symbol: str) -> str:
    return read(symbol).text


def _currencies(locale: str, territory: str, more: Iterable[str]) -> dict[str, str]:
    known = dict(_SYMBOLS)
    for language in ("en", locale):
        known |= {_read(get_currency_symbol(c, language)): c for c in (*CURRENCIES, *more)}
    known |= {code: code for code in (*CURRENCIES, *more)}
    known |= _SYMBOLS
    for own in get_territory_currencies(territory) if territory else ():
        symbol = _read(get_currency_symbol(own, locale))
        known |= {symbol: own, symbol.removesuffix("."): own} if symbol == "kr." else {symbol: own}
    return known


@lru_cache(maxsize=64)
def unit_pattern(words: Lexicon) -> str:
    """The pattern of everything that says which money an amount is."""
    symbols = sorted(words.currencies, key=len, reverse=True)
    escaped = (re.escape(s) + (r"(?!\w)" if s[-1].isalnum() else "") for s in symbols)
    named = "|".join((*_NAMES, *_CENTS))
    return rf"(?:{'|'.join(escaped)}|(?i:(?:{named})(?!\w)))"


@lru_cache(maxsize=64)
def sign_pattern(words: Lexicon) -> str:
    """The pattern of the symbols and ISO codes alone, which may stand before an amount."""
    symbols = sorted(words.currencies, key=len, reverse=True)
    return "|".join((r"(?<![^\W\d])" if s[0].isalpha() else "") + re.escape(s) for s in symbols)


def money_names() -> str:
    """The pattern of the words for currencies, in lower case."""
    return "|".join(_NAMES)


@lru_cache(maxsize=16)
def months(language: str) -> Mapping[str, int]:
    """Month names in lower case, with and without accents: `març` 3, `marc` 3."""
    data = Locale.parse(language).months
    found = _named(data["format"]["wide"]) | _named(data["stand-alone"]["wide"])
    return found | ({"setiembre": 9} if language == "es" else {})


@lru_cache(maxsize=16)
def short_months(language: str) -> Mapping[str, int]:
    """Abbreviated month names without their point: `sept` 9."""
    data = Locale.parse(language).months
    found = _named(data["format"]["abbreviated"]) | _named(data["stand-alone"]["abbreviated"])
    english = {"sep": 9, "sept": 9} if language == "en" else {}
    return {name: n for name, n in (found | english).items() if name not in months(language)}


@lru_cache(maxsize=16)
def weekdays(language: str) -> Mapping[str, int]:
    """Weekday names and abbreviations; Monday is 0."""
    data = Locale.parse(language).days["format"]
    return _named(data["abbreviated"]) | _named(data["wide"])


def _named(names: Mapping[int, str]) -> dict[str, int]:
    clean = {re.sub(r"^(?:de |d')", "", _read(n).lower()).rstrip("."): i for i, n in names.items()}
    return {name.translate(ACCENTS): i for name, i in clean.items()} | clean


def month_languages(language: str) -> tuple[str, ...]:
    """The languages whose months are known to a text of `language`, its own first."""
    return (language, *(other for other in _EVERYWHERE if other != language))


@cache
def cities(locale: str) -> Mapping[str, str]:
    """The cities that stand for time zones, as the locale writes them, with their IANA zone."""
    names = Locale.parse(locale).time_zones
    zones = (zone for zone in get_global("zone_territories") if not zone.startswith("Etc/"))
    return {_read(names.get(z, {}).get("city") or _last(z)): z for z in zones}


def _last(zone: str) -> str:
    return zone.rsplit("/", maxsplit=1)[-1].replace("_", " ")
