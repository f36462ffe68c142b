"""How the brand writes: its words, names, patterns, voice, and how long its texts may be."""

from __future__ import annotations

from typing import Annotated, Literal

import regex
from pydantic import AfterValidator, Field, StringConstraints

from campaigns.domain.channel import Channel
from campaigns.domain.findings import Level
from campaigns.domain.written import Line, LocaleName, Written


def _pattern(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"`{pattern}` is no regular expression: {error}") from None
    return pattern


class AvoidedTerm(Written):
    """A word the brand does not use, and why."""

    term: Line
    also: tuple[Line, ...] = Field((), description="its other forms: plurals, feminines")
    reason: Line
    use_instead: Line | None = None
    locales: tuple[LocaleName, ...] = Field((), description="where it holds; empty: everywhere")
    level: Level = Level.ERROR


class PreferredTerm(Written):
    """A word the brand uses, and what is said elsewhere for it."""

    term: Line
    instead_of: Annotated[tuple[Line, ...], Field(min_length=1)]
    reason: Line
    locales: tuple[LocaleName, ...] = Field((), description="where it holds; empty: everywhere")
    level: Level = Level.ERROR


class Terms(Written):
    """The glossary of the brand."""

    avoid: tuple[AvoidedTerm, ...] = ()
    use: tuple[PreferredTerm, ...] = ()


class Name(Written):
    """A name that is written one way. Other capitals are wrong without being listed."""

    write: Line
    not_: Annotated[tuple[Line, ...], Field(alias="not")] = ()


class PatternRule(Written):
    """A rule of the brand's own, as data."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    pattern: Annotated[str, AfterValidator(_pattern), StringConstraints(max_length=300)] = Field(
        description="a regular expression (the Python package regex); (?i) ignores capitals"
    )
    expect: Literal["never", "always"] = Field(
        "never", description="never: no text may match; always: every message must"
    )
    reason: Line
    use_instead: Line | None = None
    channels: tuple[Channel, ...] = Field((), description="where it holds; empty: everywhere")
    locales: tuple[LocaleName, ...] = Field((), description="where it holds; empty: everywhere")
    level: Level = Level.ERROR


class Voice(Written):
    """How loud the brand may be. Counted in each copy text."""

    description: str = ""
    max_exclamation_marks: Annotated[int, Field(ge=0)] | None = None
    max_capital_words: Annotated[int, Field(ge=0)] | None = Field(
        None, description="words of three letters or more in capitals; codes and names apart"
    )
    emoji: bool = True
    max_lix: Annotated[int, Field(ge=10, le=100)] | None = Field(
        None, description="reading level of a body: 30 is easy, 40 a newspaper, 50 an office"
    )


Segments = Annotated[int, Field(ge=1, le=10)]


SubjectLength = Annotated[int, Field(ge=20, le=200)]


#: Room on a phone's inbox, on a button, in a headline that is still one.
_CHARACTERS = {"preheader": 150, "headline": 110, "greeting": 110, "call_to_action": 40}


class Limits(Written):
    """How long messages may be, below what the vendors allow."""

    sms_segments: Segments = 3
    subject_characters: SubjectLength = 78
    characters: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="most characters of a copy text: preheader (150), headline (110), greeting "
        "(110), call_to_action (40), or any other",
    )

    @property
    def of_texts(self) -> dict[str, int]:
        """Most characters by copy text."""
        return _CHARACTERS | self.characters


class OwnLimits(Written):
    """Limits of one campaign, instead of the brand's."""

    sms_segments: Segments | None = None
    subject_characters: SubjectLength | None = None
    characters: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    def over(self, brand: Limits) -> Limits:
        """The brand's limits with these in their place."""
        own = self.model_dump(exclude_none=True)
        return brand.model_copy(update=own | {"characters": brand.characters | self.characters})
