"""How long the past is kept (GDPR art. 5.1.e: no longer than it is needed)."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from campaigns.domain.written import Frozen

Days: TypeAlias = Annotated[int, Field(ge=1, le=36_500)]


class Retention(Frozen):
    """In days; what has no number is kept for good. The ledger of consents, suppressions and the
    audit trail are kept: they prove what was permitted and who did what."""

    interactions: Days | None = Field(
        None, description="clicks, replies, purchases …; that a message was sent stays with it"
    )
    messages: Days | None = Field(None, description="what each message said, and to which address")
    reports: Days | None = Field(None, description="files of the rows that an import refused")
