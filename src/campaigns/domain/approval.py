"""Approval: somebody's yes or no to one exact release and plan.

A yes binds to the release's hash: any edit of any file makes another hash, which asks again. It
names the plan that was looked at, so that what changed since can be told. What is asked for is
frozen in the release itself (`needs_approval` and `author` of the campaign, `approval` of the
brand), so it cannot be taken back after the fact. The newest word stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.domain.brand import ApprovalRules
from campaigns.domain.moments import dated
from campaigns.domain.release import Release
from campaigns.errors import UserError


class Decision(StrEnum):
    """What was said, or that nobody said anything in time."""

    APPROVED = "approved"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who said what to which release and plan, when (UTC), and their words.

    Attributes:
        plan: hash of the plan that was looked at; empty in ledgers from before plans were kept.
        first: of a yes: so many people and no more, in one run; None is everybody.
        id: of the row; 0 before it is written.
    """

    release_hash: str
    by: str
    at: datetime
    note: str = ""
    verdict: Decision = Decision.APPROVED
    plan: str = ""
    first: int | None = None
    id: int = 0

    @property
    def granted(self) -> bool:
        """Whether it is a yes."""
        return self.verdict is Decision.APPROVED

    def __str__(self) -> str:
        """`approved by Berta Soler on 1 Mar 2027 10:00 CET, for the first 500`, by the clock of the
        zone that `at` is in."""
        what = "not answered in time" if self.verdict is Decision.TIMED_OUT else str(self.verdict)
        by = "" if self.verdict is Decision.TIMED_OUT else f" by {self.by}"
        part = f", for the first {self.first:,}" if self.first else ""
        note = f": {self.note}" if self.note else ""
        return f"{what}{by} on {dated(self.at)}{part}{note}"


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What a release asks for before it may run.

    Attributes:
        wait: for how long a run that asks waits for an answer.
        may_change: percent of the plan's people that may change between the yes and the run.
    """

    needed: bool
    author: str | None
    author_may_approve: bool
    wait: timedelta
    may_change: float

    @classmethod
    def of(cls, release: Release) -> ApprovalRule:
        """The rule that is frozen in the release."""
        campaign = release.source(release.campaign_file)
        brand = ApprovalRules.model_validate(release.source("brand.yaml").get("approval") or {})
        return cls(
            needed=bool(campaign.get("needs_approval", False)),
            author=campaign.get("author"),
            author_may_approve=brand.author_may_approve,
            wait=brand.wait,
            may_change=brand.may_change,
        )

    def refuse(self, by: str) -> None:
        """Raises UserError when this person may not approve."""
        if not by.strip():
            raise UserError("say who decides: --by NAME")
        if self.author_may_approve:
            return
        if self.author is None:
            raise UserError(
                "the brand says that the author may not approve, and the campaign does not say who "
                "wrote it. Put `author:` into its campaign.yaml."
            )
        if _same(by, self.author):
            raise UserError(
                f"{self.author} wrote this campaign, and the brand says that somebody else "
                "approves (approval.author_may_approve in brand.yaml)."
            )


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
