"""Approving and rejecting a release, and refusing to run one that nobody approved."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from campaigns.domain.approval import Approval, ApprovalRule, Decision
from campaigns.domain.evidence import age
from campaigns.domain.release import Release
from campaigns.errors import ApprovalNeededError, UserError


class Approvals(Protocol):
    """Where approvals are kept."""

    def add(self, approval: Approval) -> None:
        """Write one down."""

    def of(self, release_hash: str) -> list[Approval]:
        """All of one release, oldest first."""


class UsedPlans(Protocol):
    """Which yes has been used up."""

    def used(self, approval_id: int) -> bool:
        """Whether a run that has ended was carried out by this yes."""


def approve(
    release: Release,
    approvals: Approvals,
    *,
    by: str,
    note: str,
    now: datetime,
    plan: str,
    first: int | None = None,
) -> Approval:
    """Write down that `by` said yes to this release and plan; `first`: to so many people, once.

    Raises UserError when they may not.
    """
    ApprovalRule.of(release).refuse(by)
    return _decide(release, approvals, Decision.APPROVED, by, note, now, plan, first)


def reject(
    release: Release, approvals: Approvals, *, by: str, why: str, now: datetime, plan: str
) -> Approval:
    """Write down that `by` said no, and why. Anybody may, the author too. A yes from before counts
    no more. Raises UserError without name or why."""
    if not by.strip() or not why.strip():
        raise UserError("say who rejects (--by) and why (--why): both are kept.")
    return _decide(release, approvals, Decision.REJECTED, by, why, now, plan, None)


def time_out(
    release: Release, approvals: Approvals, *, by: str, now: datetime, plan: str
) -> Approval:
    """Write down that nobody answered in time."""
    rule = ApprovalRule.of(release)
    note = f"nobody answered within {age(rule.wait)}"
    return _decide(release, approvals, Decision.TIMED_OUT, by, note, now, plan, None)


def _decide(
    release: Release,
    approvals: Approvals,
    verdict: Decision,
    by: str,
    note: str,
    now: datetime,
    plan: str,
    first: int | None,
) -> Approval:
    said = Approval(release.hash, " ".join(by.split()), now, note, verdict, plan, first)
    approvals.add(said)
    return said


def require_approval(release: Release, approvals: Approvals, plans: UsedPlans) -> Approval | None:
    """The yes that the release may run by; None where it needs none.

    Raises ApprovalNeededError, with the command to give. The newest word decides, a yes for the
    first few is used up by the run it was for, and a no holds where nobody had to be asked, too.
    """
    said = approvals.of(release.hash)
    newest = said[-1] if said else None
    needed = ApprovalRule.of(release).needed
    if not needed and (newest is None or newest.verdict is not Decision.REJECTED):
        return None
    if newest is None:
        raise ApprovalNeededError(_missing(release, "nobody has approved this release"))
    if not newest.granted:
        raise ApprovalNeededError(_missing(release, f"it was {newest}"))
    if newest.first is not None and plans.used(newest.id):
        raise ApprovalNeededError(_missing(release, f"it was {newest}; that run is over"))
    return newest


def _missing(release: Release, why: str) -> str:
    return (
        f"{release.campaign} needs approval: {why} ({release.hash}); nothing was sent. Look "
        f"at it (campaigns plan {release.campaign}, campaigns studio), then: campaigns approve "
        f"{release.campaign} --by NAME"
    )
