"""When two files are read in the same way, so that equal cells say the same."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import phonenumbers

from campaigns import __version__
from campaigns.domain.customer import AttributeSpec
from campaigns.sources.headers import Headers
from campaigns.sources.mapping import MappingFile


def reading_of(
    mapping: MappingFile, headers: Headers, attributes: Mapping[str, AttributeSpec]
) -> bytes | None:
    """The same for files of the same columns under the same mapping, attributes and rules (a new
    version of ours, or of the phone numbers', may read a cell otherwise). None where the mapping
    counts back from the day of the import: there equal cells say another thing every day."""
    told = mapping.model_dump(mode="json")
    if _counts_back(told):
        return None
    specs = sorted(
        (name, repr(attributes[name])) for name in mapping.attributes if name in attributes
    )
    rules = (__version__, phonenumbers.__version__)
    return blake2b(repr((rules, told, headers.positions, specs)).encode(), digest_size=16).digest()


def _counts_back(told: Any) -> bool:
    if isinstance(told, dict):
        return bool(told.get("ago")) or any(map(_counts_back, told.values()))
    return isinstance(told, list) and any(map(_counts_back, told))
