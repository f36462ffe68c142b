"""Misbehaviour on demand: which requests are struck, and how.

Whether a request is struck depends on the rule's seed, on the first delivery (or recipient) in it
and on how often that one was seen: so the same run is struck the same way however its workers
interleave, and a retry gets a new throw of the dice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from campaigns.errors import FileError, UserError

Pairs = Sequence[tuple[str | None, str | None]]


class Kind(StrEnum):
    """Ways to misbehave. `after` means that the message was accepted and logged."""

    DELAY = "delay"
    TOO_MANY = "429"
    ERROR_BEFORE = "500_before"
    ERROR_AFTER = "500_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    TRUNCATE = "truncate"
    GARBLE = "garble"
    EMPTY = "empty"
    DRIP = "drip"
    HANG = "hang"
    HANG_BEFORE = "hang_before"

    @property
    def accepts(self) -> bool:
        """Whether a struck message is in the log."""
        return self not in _BEFORE


_BEFORE = frozenset({Kind.TOO_MANY, Kind.ERROR_BEFORE, Kind.DROP_BEFORE, Kind.HANG_BEFORE})
#: What `seconds` means when the rule does not say, by kind.
_SECONDS = {
    Kind.DELAY: 1.0,
    Kind.TOO_MANY: 1.0,
    Kind.DRIP: 0.2,
    Kind.HANG: 3600.0,
    Kind.HANG_BEFORE: 3600.0,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to misbehave.

    Attributes:
        provider: `sendgrid`, `twilio`, `x`, `smtp`, or `any`.
        rate: how many of the matching requests are struck, 0 to 1.
        count: stop after so many; None: never.
        skip: let so many matching requests pass first.
        to: strike only requests that carry one of these recipients.
        on: `send` strikes requests that send messages, `any` all of the vendor's.
        seconds: how long a delay or hang lasts, how long between two bytes of a drip, and in how
            many seconds a 429 says to come back.
    """

    kind: Kind
    provider: Literal["any", "sendgrid", "twilio", "x", "smtp"] = "any"
    rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0
    count: int | None = None
    skip: int = 0
    to: tuple[str, ...] = ()
    on: Literal["send", "any"] = "send"
    seconds: float = 0.0

    @classmethod
    def from_json(cls, raw: Any) -> Rule:
        """Read one rule. Raises UserError naming what is wrong."""
        if not isinstance(raw, dict):
            raise UserError(f"a fault is a JSON object, found {raw!r}")
        unknown = raw.keys() - {f.name for f in fields(cls)}
        if unknown:
            known = ", ".join(f.name for f in fields(cls))
            raise UserError(f"unknown key {min(unknown)!r} in a fault; known: {known}")
        if raw.get("kind") not in list(Kind):
            raise UserError(f"unknown kind {raw.get('kind')!r}; one of: {', '.join(Kind)}")
        try:
            return TypeAdapter(cls).validate_python(
                {"seconds": _SECONDS.get(raw["kind"], 0.0), **raw}
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise UserError(f"{first['loc'][0]} in a fault: {first['msg']}") from None


class FaultBook:
    """The rules in force, and how often each fired."""

    def __init__(self) -> None:
        self.clear()

    def add(self, document: Any) -> None:
        """Add one rule or a list of them, as parsed JSON. Raises UserError; then none is added."""
        rules = [
            Rule.from_json(r) for r in (document if isinstance(document, list) else [document])
        ]
        self.rules += rules
        self.fired += [0] * len(rules)
        self._matched += [0] * len(rules)

    def load(self, path: Path) -> None:
        """Add the rules of a file. Raises FileError."""
        try:
            self.add(orjson.loads(path.read_bytes()))
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}", path=path) from error
        except orjson.JSONDecodeError as error:
            raise FileError(f"not JSON: {error}", path=path, line=error.lineno) from error
        except UserError as error:
            raise FileError(str(error), path=path) from error

    def clear(self) -> None:
        """Behave again."""
        self.rules: list[Rule] = []
        self.fired: list[int] = []
        self._matched: list[int] = []
        self._seen: Counter[tuple[int, str]] = Counter()

    def strike(self, provider: str, *, sends: bool, struck: Pairs) -> tuple[int, Rule] | None:
        """The first rule that strikes a request with these (delivery, recipient) pairs."""
        for number, rule in enumerate(self.rules):
            if (sends or rule.on == "any") and self._strikes(number, rule, provider, struck):
                self.fired[number] += 1
                return number, rule
        return None

    def _strikes(self, number: int, rule: Rule, provider: str, struck: Pairs) -> bool:
        if rule.provider not in ("any", provider):
            return False
        if rule.to and not any(recipient in rule.to for _, recipient in struck):
            return False
        self._matched[number] += 1
        if self._matched[number] <= rule.skip:
            return False
        if rule.count is not None and self.fired[number] >= rule.count:
            return False
        first = struck[0] if struck else (None, None)
        key = first[0] or first[1] or ""
        self._seen[number, key] += 1
        throw = f"{rule.seed}|{number}|{key}|{self._seen[number, key]}".encode()
        return int.from_bytes(blake2b(throw, digest_size=8).digest()) < rule.rate * 2**64

    def describe(self) -> list[dict[str, Any]]:
        """The rules and how often each fired, for JSON."""
        return [
            {**asdict(rule), "number": number, "fired": fired}
            for number, (rule, fired) in enumerate(zip(self.rules, self.fired, strict=True))
        ]
