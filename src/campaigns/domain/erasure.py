"""What erasing a customer leaves to be looked for elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, to look for where the database does not reach; forget it after use.

    Attributes:
        ref, addresses: as they were written.
    """

    ref: str
    addresses: tuple[str, ...]
