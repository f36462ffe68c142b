"""Lengths of time as people write them in files: `90 min`, `2 h`, `1 day`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema


def _span(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"([0-9]{1,4}) ?(min|h|days?)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write minutes, hours or days: 90 min, 2 h, 1 day")
    unit = {"min": "minutes", "h": "hours"}.get(match[2], "days")
    return timedelta(**{unit: int(match[1])})


Length = Annotated[
    timedelta,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,4} ?(min|h|days?)$"}),
]
