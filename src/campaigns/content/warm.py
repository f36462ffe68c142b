"""What a compile has to learn of a locale: how it writes facts, and how to read them back.

It takes longer than all the rest of a compile. The waiting process learns it once, and each compile
that it forks starts with it.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from campaigns.content.checks.languages import foreign
from campaigns.domain.consistency import extract
from campaigns.domain.facts import Fact

_FACTS: Final = (
    {"percent": 20},
    {"money": {"amount": "49.90", "currency": "EUR"}},
    {"date": "2027-03-31"},
    {"date_range": {"from": "2027-03-01", "to": "2027-03-31"}},
    {"time": {"at": "18:30", "zone": "Europe/Madrid"}},
    {"number": 1200},
)
_VALUES: Final = (
    "20 % 49,90 € €5 31/3/2027 18:30 +34 600 000 120 CODE20 https://example.com 3x2. "
    "A sentence that is long enough to tell in which language somebody wrote it."
)


@cache
def warm(locale: str) -> None:
    """Learn a locale. Raises babel's UnknownLocaleError for one that CLDR does not know."""
    written = " ".join(Fact.model_validate(fact).write(locale) for fact in _FACTS)
    extract(f"{written} {_VALUES}", locale)
    foreign(_VALUES, locale)


def warm_up() -> None:
    """Do once what the first check of a process would wait for: patterns and the language model."""
    extract("20 % 20 € 31/3/2027 18:30 h +34 600 000 120 code SPRING20 shop.example.com", "en_GB")
    foreign("A sentence that is long enough to be judged.", "en")
