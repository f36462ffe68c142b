"""When one message may be sent: the hours that are not quiet, and the offer's end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from campaigns.domain.quiet_hours import ALWAYS, Window

#: Why not now: at no hour of any day, the offer ends first, or it is quiet.
Objection: TypeAlias = Literal["no_hour", "over", "quiet"]


@dataclass(frozen=True, slots=True)
class Permit:
    """When one message may be sent: looked at again with the intent and before the call.

    Attributes:
        window: when it is not quiet at the recipient, now or next; None: at no hour of any day.
        ends_at: the offer's end for this recipient; None never ends.
        last_moment: by then the message has to have arrived; None is never too late.
    """

    window: Window | None = ALWAYS
    ends_at: datetime | None = None
    last_moment: datetime | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ends = [self.ends_at] if self.ends_at else []
        if self.window is not None and self.window is not ALWAYS:
            ends.append(self.window.closes_at)
        object.__setattr__(self, "last_moment", min(ends, default=None))

    def objection(self, now: datetime, until: datetime) -> Objection | None:
        """Why a call that begins now and has ended at `until` may not be made; None: it may. What
        cannot be sent in its next window before the offer ends is over, rather than kept."""
        if self.window is None:
            return "no_hour"
        later = self.window.opens_at > now
        if self.ends_at and self.ends_at <= (self.window.opens_at if later else until):
            return "over"
        return "quiet" if later or self.window.closes_at < until else None

    def lasts_until(self, moment: datetime) -> bool:
        """Whether what is done by then is in time."""
        last = self.last_moment
        return last is None or moment <= last


UNLIMITED = Permit()
