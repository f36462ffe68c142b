"""Survey: the one pass over the audience that a forecast is made of. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.domain.allotment import Allotment
from campaigns.domain.channel import Channel
from campaigns.domain.costing import Messages
from campaigns.domain.plan import PlanCounts, PlannedDelivery
from campaigns.domain.portion import Portion
from campaigns.domain.release import Release
from campaigns.services.choosing import Opening
from campaigns.services.plan_run import post_skeleton, preview
from campaigns.services.ports import PlanStore

#: Customers shown of a plan.
SAMPLES = 3


@dataclass(slots=True)
class Survey:
    """What a run would plan now.

    Attributes:
        messages: by skeleton and country, the public post included where the run would make it.
        waits, until: messages that wait for their hour, and when the last of them may go.
        candidates: the first few deliveries of each channel, to show.
    """

    counts: PlanCounts
    allotment: Allotment
    messages: Messages = field(default_factory=Messages)
    waits: int = 0
    until: datetime | None = None
    candidates: dict[Channel, list[PlannedDelivery]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def see(self, planned: Sequence[PlannedDelivery]) -> None:
        """Count a page of the plan."""
        self.messages.update((d.skeleton_hash, d.country) for d in planned)
        give = self.allotment.give
        for delivery in planned:
            give(delivery.customer_id, delivery.skeleton_hash)
        later = [d.not_before for d in planned if d.not_before is not None]
        if later:
            self.waits += len(later)
            self.until = max(later) if self.until is None else max(self.until, *later)
        for delivery in planned:
            known = self.candidates[delivery.channel]
            if len(known) < SAMPLES:
                known.append(delivery)

    def shown(self) -> list[PlannedDelivery]:
        """Customers to show: one of each channel, the largest first; then more of the largest."""
        order = [c for c, _ in self.counts.planned.most_common()]
        rounds = (self.candidates[c][i : i + 1] for i in range(SAMPLES) for c in order)
        return [d for few in rounds for d in few][:SAMPLES]


def survey(
    store: PlanStore,
    release: Release,
    *,
    now: datetime,
    limit: int | None,
    posted: bool,
    opening: Opening,
    portion: Portion,
) -> Survey:
    """Plan everybody and write nothing. `posted`: the campaign has its public post already."""
    found = Survey(PlanCounts(), Allotment.of(release))
    found.counts = preview(
        store, release, now=now, limit=limit, opening=opening, portion=portion, seen=found.see
    )
    post = None if posted or limit is not None else post_skeleton(release)
    if post is not None and portion.takes(post.channel, post.locale):
        found.messages[post.hash, None] += 1
    return found
