"""Approving a release, and refusing to run one that nobody approved."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from campaigns.domain.approval import Approval, ApprovalRule
from campaigns.domain.release import Release
from campaigns.errors import ApprovalNeededError


class Approvals(Protocol):
    """Where approvals are kept."""

    def add(self, approval: Approval) -> None:
        """Write one down."""

    def of(self, release_hash: str) -> list[Approval]:
        """All of one release, oldest first."""


def approve(
    release: Release, approvals: Approvals, *, by: str, note: str, now: datetime
) -> Approval:
    """Write down that `by` said yes to this release. Raises UserError when they may not."""
    ApprovalRule.of(release).refuse(by)
    approval = Approval(release.hash, " ".join(by.split()), now, note)
    approvals.add(approval)
    return approval


def require_approval(release: Release, approvals: Approvals) -> None:
    """Raises ApprovalNeededError, with the command to give, when the release needs a yes."""
    if not ApprovalRule.of(release).needed or approvals.of(release.hash):
        return
    raise ApprovalNeededError(
        f"{release.campaign} needs approval, and nobody has approved this release "
        f"({release.hash}); nothing was sent. Look at it (campaigns plan {release.campaign}, "
        f"campaigns studio), then: campaigns approve {release.hash} --by NAME"
    )
