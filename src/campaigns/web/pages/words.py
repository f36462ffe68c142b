"""What the pages say, in the languages they speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from campaigns.domain.locales import language
from campaigns.yaml_files.document import read_document

_FOLDER: Final = Path(__file__).parent / "words"
LANGUAGES: Final = ("en", "es", "ca")


@cache
def words(name: str) -> Mapping[str, Any]:
    """All words of one of LANGUAGES."""
    return read_document(_FOLDER / f"{name}.yaml").data


def spoken(locale: str, brand_locales: Sequence[str], default: str) -> str:
    """The locale a page speaks to a customer of `locale`: theirs, else the brand's nearest that
    the pages know, else the brand's default, else English."""
    offered = [name for name in brand_locales if language(name) in LANGUAGES]
    for wanted in (locale, default):
        same = [name for name in offered if language(name) == language(wanted)]
        if same:
            return wanted if wanted in same else same[0]
    return offered[0] if offered else "en_GB"


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first; nonsense is left out."""
    found: list[tuple[float, str]] = []
    for part in header[:200].split(","):
        name, _, quality = part.strip().partition(";")
        code = name.strip().lower().split("-")[0]
        if len(code) == 2 and code.isalpha():
            found.append((_quality(quality), code))
    return [code for q, code in sorted(found, key=lambda item: -item[0]) if q > 0]


def _quality(text: str) -> float:
    try:
        return float(text.strip().removeprefix("q=")) if text.strip() else 1.0
    except ValueError:
        return 0.0
