"""What must hold whatever happened: the provider's log against the database, tolerance zero.

Nothing here asks the code that sends. What the providers took is in the sandbox's log; what they
were told to swallow is there too; what was in the hands of a killed worker is in its journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from campaigns.domain.delivery import DeliveryState
from campaigns.sandbox.log import SandboxLog
from campaigns.store.engine import Database
from campaigns.store.schema import deliveries, interactions
from tests.faults.campaign import AMBIGUOUS

S = DeliveryState
#: Of what a provider took, nothing may be believed to be here.
_UNSENT = frozenset(
    {S.PENDING, S.CLAIMED, S.SENDING, S.REJECTED, S.SUPPRESSED, S.EXPIRED, S.CANCELLED}
)


@dataclass
class Seen:
    """The two sides at one moment when no worker is alive.

    Attributes:
        accepted: delivery → how often the providers took it. `people` the same by recipient.
        struck: deliveries whose answer the providers swallowed.
        states: delivery → what the database believes.
        customers: delivery → its customer.
        recorded: customers' `sent` interactions, delivery → how many.
    """

    accepted: Counter[int] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    struck: set[int] = field(default_factory=set)
    states: dict[int, DeliveryState] = field(default_factory=dict)
    customers: dict[int, int] = field(default_factory=dict)
    recorded: Counter[int] = field(default_factory=Counter)

    def ids(self, *states: DeliveryState) -> set[int]:
        """Deliveries in these states."""
        return {i for i, state in self.states.items() if state in states}

    @property
    def duplicates(self) -> int:
        """Messages beyond the first to the same delivery, or to the same person."""
        return max(sum(n - 1 for n in c.values()) for c in (self.accepted, self.people, Counter()))

    @property
    def lost(self) -> int:
        """Deliveries believed to be sent that no provider ever took."""
        return len(self.ids(S.ACCEPTED) - self.accepted.keys())


def look(log: SandboxLog, database: Database) -> Seen:
    """Read both sides."""
    seen = Seen()
    for entry in log.entries():
        seen.accepted[int(entry.delivery or 0)] += 1
        seen.people[entry.recipient or ""] += 1
    seen.struck = {int(s.delivery) for s in log.strikes() if s.kind in AMBIGUOUS and s.delivery}
    d, i = deliveries.c, interactions.c
    with database.read() as connection:
        for row in connection.execute(select(d.id, d.customer_id, d.state)):
            seen.states[row.id] = S(row.state)
            seen.customers[row.id] = row.customer_id
        sent = connection.execute(select(i.delivery_id).where(i.kind == "sent"))
        seen.recorded.update(sent.scalars())
    return seen


def broken(
    seen: Seen, *, planned: int, in_flight: Iterable[int], barred: Iterable[int]
) -> list[str]:
    """The invariants that do not hold, in words; none if all is well.

    `in_flight` were in the hands of killed workers between intent and settled, `barred` are
    deliveries that were not on their way when their customers opted out.
    """
    accepted, barred = seen.ids(S.ACCEPTED), set(barred)
    took = set(seen.accepted)
    expected = (seen.struck | set(in_flight)) - barred
    doubt = seen.ids(S.IN_DOUBT)
    rules: dict[str, object] = {
        "sent twice": {i: n for i, n in seen.accepted.items() if n > 1},
        "two messages to one person": seen.people.total() - len(seen.people),
        "more than one delivery of a customer": len(seen.customers)
        - len(set(seen.customers.values())),
        "believed to be sent, but no provider took it": accepted - took,
        "taken by a provider, but believed not to be": seen.ids(*_UNSENT) & took,
        "taken by a provider, but unknown": took - seen.states.keys(),
        "still in the hands of nobody": seen.ids(S.CLAIMED, S.SENDING),
        "sent after the opt-out": barred & took,
        "states that do not sum to the plan": len(seen.states) - planned,
        "in doubt without a cause": doubt - expected,
        "a cause, but not in doubt": expected - doubt,
        "recorded, but not accepted, or not once": {
            i for i in seen.recorded.keys() | accepted if seen.recorded[i] != (i in accepted)
        },
    }
    return [f"{what}: {found}" for what, found in rules.items() if found]
