"""What is read from YAML and JSON that others wrote: what all of it has in common."""

from __future__ import annotations

from typing import Annotated

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Frozen(BaseModel):
    """Never changed once read; a name that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Written(Frozen):
    """The same, where a text may look like a number: YAML reads `code: 2026` as one."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


def _locale(name: str) -> str:
    try:
        parsed = Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        parsed = None
    if parsed is None or parsed.territory is None or str(parsed) != name:
        raise ValueError(f"`{name}` is no locale; write language and country, such as es_ES")
    return name


LocaleName = Annotated[str, AfterValidator(_locale)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
