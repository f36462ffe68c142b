"""Keys of the programs that use the APIs: shown once, kept as a hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

#: What a key begins with, so that scanners for leaked secrets know it.
PREFIX = "campaigns_"


class Scope(StrEnum):
    """What a key permits."""

    EVENTS_WRITE = "events:write"
    MESSAGES_READ = "messages:read"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, without its secret.

    Attributes:
        source: whose events it tells, such as `till`: two keys of one source may take turns.
    """

    number: int
    source: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None


def hash_of(secret: str) -> str:
    """What is kept of a key. It holds 256 random bits, so a plain hash cannot be guessed back."""
    return sha256(secret.encode()).hexdigest()
