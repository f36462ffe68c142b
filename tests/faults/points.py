"""Where a worker dies, or is stopped: the seven failpoints, and the spots of each.

A spot is one exact place in the code's course. Several belong to a failpoint: during the call a
worker may have sent half of the request, all of it, or have the answer lying there unread.
"""

from __future__ import annotations

from enum import StrEnum


class Spot(StrEnum):
    """One exact place."""

    CLAIMED = "claimed"
    INTENT_TORN = "intent torn"  # in the intent's transaction, just before it commits
    INTENDED = "intended"
    CALLING = "calling"
    HALF_SENT = "half sent"  # half of the request has left
    SENT = "sent"  # all of it has, nothing came back
    UNREAD = "unread"  # the answer has arrived, nobody has read it
    READ = "read"  # it is read, and nothing made of it yet
    ANSWERED = "answered"
    SETTLING_TORN = "settling torn"  # in the transaction that settles, just before it commits
    SETTLED = "settled"
    SWEEP_TORN = "sweep torn"  # in the sweep's transaction, just before it commits
    SWEPT = "swept"
    RESUMED = "resumed"  # with the first batch that is claimed after the sweep


#: The failpoints of the delivery's design, by the name its table gives them.
FAILPOINTS: dict[str, tuple[Spot, ...]] = {
    "after claim": (Spot.CLAIMED, Spot.INTENT_TORN),
    "after intent": (Spot.INTENDED, Spot.CALLING),
    "during the call": (Spot.HALF_SENT, Spot.SENT, Spot.UNREAD),
    "after the reply": (Spot.READ,),
    "before settle": (Spot.ANSWERED, Spot.SETTLING_TORN),
    "after settle": (Spot.SETTLED,),
    "during recovery": (Spot.SWEEP_TORN, Spot.SWEPT, Spot.RESUMED),
}
RECOVERY = "during recovery"

#: Where a worker is stopped beyond its lease: everywhere but within a transaction, where it would
#: hold everybody else up too and no lease could pass.
STOPS: tuple[Spot, ...] = (
    Spot.CLAIMED,
    Spot.INTENDED,
    Spot.CALLING,
    Spot.HALF_SENT,
    Spot.SENT,
    Spot.UNREAD,
    Spot.READ,
    Spot.ANSWERED,
    Spot.SETTLED,
)
