"""A request as the vendor's part sees it, and its answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json"


@dataclass(slots=True)
class Call:
    """One HTTP request, read in full. `at` is the moment it arrived, microseconds since 1970."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    at: int

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = JSON


class RefusedError(Exception):
    """The vendor says no: raised by a check, answered by whoever called it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


def json_answer(status: int, document: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, orjson.dumps(document), headers or {})


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
