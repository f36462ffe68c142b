"""Which of a campaign's locales a customer reads."""

from __future__ import annotations

from collections.abc import Sequence


def language(locale: str) -> str:
    """`ca` of `ca_ES`."""
    return locale.split("_", maxsplit=1)[0]


def resolve(wanted: str, offered: Sequence[str]) -> str:
    """The offered locale for a customer of locale `wanted`.

    The same locale; else the first of the same language (an Andorran `ca_AD` reads `ca_ES`);
    else the first offered, the campaign's default. `offered` is not empty.
    """
    if wanted in offered:
        return wanted
    for candidate in offered:
        if language(candidate) == language(wanted):
            return candidate
    return offered[0]
