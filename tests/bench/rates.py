"""`python -m tests.bench.rates`: how long an audience takes where the vendors' rates decide.

The product's own pace (domain.pace) on a virtual clock: workers reserve what the rate lets go,
send it in so long as a call takes, and come again. What comes out is held against the arithmetic
(messages ÷ rate, or messages ÷ what the workers can send), and the larger of the two is named.
"""

from __future__ import annotations

import argparse
import heapq
from dataclasses import dataclass
from datetime import timedelta

from campaigns.domain.pace import Pace, Rate, Spacing, next_free, per_second, take

_US = 1_000_000


@dataclass(frozen=True)
class Sender:
    """One sender of a channel: its rate (None: the vendor names none), how many messages a request
    takes, and how many seconds that takes at the vendor."""

    name: str
    rate: Rate | None
    batch: int
    call: float


#: Rates as the vendors name them per sender (docs/scaling.md); a call's time is a guess at a tenth
#: of a second, as from one data centre to another.
SENDERS = {
    "email": Sender("e-mail, SendGrid, 1,000 a request", None, 1000, 0.5),
    "sms_long": Sender("SMS, one long code", per_second(1), 25, 0.1),
    "sms_short": Sender("SMS, one short code", per_second(100), 25, 0.1),
    "whatsapp": Sender("WhatsApp, one number", per_second(80), 25, 0.1),
    "x_dm": Sender("X, direct messages", Rate(15, timedelta(minutes=15), 5), 1, 0.2),
}


@dataclass(frozen=True)
class Came:
    """What a simulation came to, in seconds; and which of the two limits the arithmetic names."""

    seconds: float
    by_rate: float
    by_workers: float

    @property
    def bound(self) -> str:
        """What decides."""
        return "the rate" if self.by_rate >= self.by_workers else "the lanes"


def simulate(sender: Sender, messages: int, lanes: int) -> Came:
    """So many messages through one sender by so many lanes (of all machines together)."""
    spacing = Spacing.of([sender.rate]) if sender.rate else None
    one_request = sender.call if sender.batch > 25 else sender.call * sender.batch
    pace, left, end = Pace(), messages, 0
    free = [(0, lane) for lane in range(lanes)]  # when each lane asks again, in microseconds
    while left:
        now, lane = heapq.heappop(free)
        had = min(left, sender.batch)
        if spacing is not None:
            pace, had = take(pace, spacing, now, had)
            if not had:
                heapq.heappush(free, (max(now + 1, next_free(pace, spacing, now)), lane))
                continue
        took = one_request if sender.batch > 25 else sender.call * had
        left -= had
        end = max(end, now + round(took * _US))
        heapq.heappush(free, (now + round(took * _US), lane))
    rate = sender.rate
    by_rate = messages * rate.per.total_seconds() / rate.messages if rate else 0.0
    return Came(end / _US, by_rate, messages * one_request / sender.batch / lanes)


def in_words(seconds: float) -> str:
    """`42 s`, `3.1 h`, `12 days`."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.0f} s"


def main() -> None:
    """Print a table; larger numbers follow from the arithmetic, which the simulation bears out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--lanes", type=int, nargs="+", default=[8, 32])
    asked = parser.parse_args()
    print(f"| {asked.messages:,} messages | lanes | simulated | by arithmetic | decides |")
    print("|---|---:|---:|---:|---|")
    for sender in SENDERS.values():
        for lanes in asked.lanes:
            came = simulate(sender, asked.messages, lanes)
            expected = in_words(max(came.by_rate, came.by_workers))
            row = (sender.name, lanes, in_words(came.seconds), expected, came.bound)
            print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
