"""Languages, countries and time zones, from the words that exports use for them."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from campaigns.domain.channel import Channel
from campaigns.sources.headers import fold

#: Languages in which countries may be written in full.
_NAMES_IN = ("en", "es", "ca", "fr", "de", "it", "pt")
_ALSO = {"uk": "GB", "usa": "US", "u.s.a.": "US", "u.s.": "US", "england": "GB", "scotland": "GB"}

_CHANNEL_WORDS = {
    Channel.EMAIL: ("email", "e-mail", "mail", "correo", "correu"),
    Channel.SMS: ("sms", "text", "text message"),
    Channel.WHATSAPP: ("whatsapp", "wa"),
    Channel.X_DM: ("x_dm", "x", "twitter", "x dm", "dm"),
}
_CHANNELS = {word: channel for channel, words in _CHANNEL_WORDS.items() for word in words}


@cache
def locale(text: str) -> str | None:
    """`es-ES`, `es_es` → `es_ES`; None when there is no such locale."""
    try:
        return str(Locale.parse(text.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return None


@cache
def country(text: str) -> str | None:
    """`es`, `Spain`, `España` → `ES`; None when there is no such country."""
    upper = text.upper()
    if upper in Locale("en").territories and len(upper) == 2 and upper not in ("EU", "UN", "ZZ"):
        return upper
    return _names().get(fold(text))


@cache
def _names() -> dict[str, str]:
    names = dict(_ALSO)
    for language in _NAMES_IN:
        for code, name in Locale(language).territories.items():
            if len(code) == 2:
                names.setdefault(fold(name), code)
    return names


@cache
def time_zone(text: str) -> str | None:
    """A name of the IANA time zone database, or None."""
    return text if text in _zones() else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def likely_locale(country_code: str | None) -> str | None:
    """The first official language of a country: a guess for a new customer, never for a known
    one; None where no country is known."""
    if country_code is None:
        return None
    languages = get_official_languages(country_code, de_facto=True)
    return f"{languages[0]}_{country_code}" if languages else None


def channel(text: str) -> Channel | None:
    """The channel a word means, or None."""
    return _CHANNELS.get(fold(text))
