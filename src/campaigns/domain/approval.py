"""Approval: somebody's yes to one exact release.

A yes binds to the release's hash: any edit of any file makes another hash, which asks again.
What is asked for is frozen in the release itself (`needs_approval` and `author` of the campaign,
`approval` of the brand), so it cannot be taken back after the fact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.domain.release import Release
from campaigns.errors import UserError


@dataclass(frozen=True, slots=True)
class Approval:
    """Who said yes to what, when (UTC), and their words."""

    release_hash: str
    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What a release asks for before it may run."""

    needed: bool
    author: str | None
    author_may_approve: bool

    @classmethod
    def of(cls, release: Release) -> ApprovalRule:
        """The rule that is frozen in the release."""
        campaign = release.source(release.campaign_file)
        brand = release.source("brand.yaml").get("approval") or {}
        return cls(
            needed=bool(campaign.get("needs_approval", False)),
            author=campaign.get("author"),
            author_may_approve=bool(brand.get("author_may_approve", True)),
        )

    def refuse(self, by: str) -> None:
        """Raises UserError when this person may not approve."""
        if not by.strip():
            raise UserError("say who approves: --by NAME")
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
