"""What was learnt of customers' channels, when, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.domain.channel import Channel
from campaigns.domain.engagement import Prior


@dataclass(frozen=True, slots=True)
class Learnt:
    """One time that something was learnt.

    Attributes:
        until_id: interactions up to this one are counted.
        all_at: when everybody was last counted anew.
        customers: how many were counted this time.
        priors: what customers show on each channel in general.
    """

    at: datetime
    until_id: int
    all_at: datetime
    customers: int
    priors: Mapping[Channel, Prior]

    @property
    def everybody(self) -> bool:
        """Whether all were counted anew this time."""
        return self.at == self.all_at

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "at": self.at.isoformat(),
            "customers": self.customers,
            "everybody": self.everybody,
            "priors": {
                channel: {"answered": round(prior.mean, 4), "weight": round(prior.strength, 2)}
                for channel, prior in self.priors.items()
            },
        }
