"""Who gets which message: one number per customer, so that two plans can be held together.

A plan is too large to read twice, so it gets a hash over the release and over who gets which
message. The numbers stand at the customer's own place, whatever order they were decided in; the
hash of a million takes milliseconds, and where two plans differ the places that differ are found
without keeping a row for each customer. It guards against change, not against forgery.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType

from campaigns.domain.channel import Channel
from campaigns.domain.counting import counted
from campaigns.domain.release import Release

#: Customers whose numbers are kept together: one who is alone among erased ones costs so many.
_TOGETHER = 4096
_HEAD = 8
_NOBODY_YET: Mapping[Channel, int] = MappingProxyType({})


@dataclass(slots=True)
class Allotment:
    """Which message each customer gets.

    Attributes:
        messages: hashes of the release's skeletons, sorted; a customer's number is the place of
            theirs, counted from 1, and 0 of those who get nothing.
    """

    messages: tuple[str, ...]
    _places: dict[str, int] = field(init=False)
    _blocks: dict[int, array[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {message: place for place, message in enumerate(self.messages, start=1)}

    @classmethod
    def of(cls, release: Release) -> Allotment:
        """Of a release, with nobody in it."""
        return cls(tuple(sorted(s.hash for s in release.skeletons)))

    def give(self, customer_id: int, message: str) -> None:
        """This customer gets this message (a skeleton's hash)."""
        block, place = divmod(customer_id, _TOGETHER)
        numbers = self._blocks.get(block)
        if numbers is None:
            numbers = self._blocks[block] = _nobody()
        numbers[place] = self._places[message]

    @property
    def people(self) -> int:
        """How many get something."""
        return sum(_TOGETHER - numbers.count(0) for numbers in self._blocks.values())

    def plan_hash(self, release_hash: str) -> str:
        """The hash of the plan: 32 hexadecimal digits."""
        digest = blake2b(release_hash.encode(), digest_size=16)
        for block, numbers in sorted(self._blocks.items()):
            digest.update(block.to_bytes(_HEAD, "little") + _bytes(numbers))
        return digest.hexdigest()

    def packed(self) -> bytes:
        """To keep: about a fifth of a byte to one byte per customer."""
        body = (b.to_bytes(_HEAD, "little") + _bytes(n) for b, n in sorted(self._blocks.items()))
        return zlib.compress(b"".join(body), 1)

    @classmethod
    def unpacked(cls, release: Release, packed: bytes) -> Allotment:
        """Read what `packed` wrote."""
        made, body = cls.of(release), zlib.decompress(packed)
        for start in range(0, len(body), _HEAD + 2 * _TOGETHER):
            numbers = array("H", body[start + _HEAD : start + _HEAD + 2 * _TOGETHER])
            if sys.byteorder == "big":
                numbers.byteswap()
            made._blocks[int.from_bytes(body[start : start + _HEAD], "little")] = numbers
        return made

    def differing(self, later: Allotment) -> Iterator[tuple[int, int, int]]:
        """Every customer whose number differs, and the numbers before and after."""
        for block in self._blocks.keys() | later._blocks.keys():
            before = self._blocks.get(block) or _nobody()
            after = later._blocks.get(block) or _nobody()
            if before != after:
                pairs = enumerate(zip(before, after, strict=True), start=block * _TOGETHER)
                yield from ((customer, b, a) for customer, (b, a) in pairs if b != a)


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What changed from one plan of a release to another.

    Attributes:
        customers: whose message is another one, is new, or is gone.
        people: of the earlier plan.
        by_channel: how many more (or fewer) get it there.
        other_words: customers who get other words on the same channel.
    """

    customers: int
    people: int
    by_channel: tuple[tuple[Channel, int], ...] = ()
    other_words: int = 0

    @property
    def percent(self) -> float:
        """Customers changed, of the earlier plan's people."""
        return 100.0 * self.customers / max(1, self.people)

    def __str__(self) -> str:
        """`3 more by SMS, 12 fewer by e-mail: 14 customers changed`."""
        if not self.customers:
            return "exactly as planned"
        told = [
            f"{abs(n):,} {'more' if n > 0 else 'fewer'} by {c.label}" for c, n in self.by_channel
        ]
        if self.other_words:
            told.append(f"{self.other_words:,} with other words")
        of_all = counted(self.customers, "customer")
        return f"{', '.join(told) or 'as many on each channel'}: {of_all} changed"


def compare_plans(
    release: Release,
    before: Allotment,
    after: Allotment,
    *,
    limited: bool = False,
    told: Mapping[Channel, int] = _NOBODY_YET,
    kept_back: Collection[int] = frozenset(),
) -> PlanChange:
    """What changed. `limited`: the later one is for a part of the people; the rest is no change.
    `told`: so many have what the earlier one gave them already, and get nothing by the later.
    `kept_back`: customers who wait since; that they get nothing by the later is no change."""
    channels = _channels(release, before.messages)
    more: Counter[Channel] = Counter()
    lost: Counter[Channel] = Counter()
    customers = other_words = 0
    for customer, was, now in before.differing(after):
        old, new = channels[was], channels[now]
        if old is not None and new is None:
            lost[old] += customer not in kept_back
            continue
        customers += 1
        if old is new:
            other_words += 1
        if old is not None:
            more[old] -= 1
        if new is not None:
            more[new] += 1
    if not limited:
        for channel, number in lost.items():
            unexplained = max(0, number - told.get(channel, 0))
            customers += unexplained
            more[channel] -= unexplained
    by_channel = tuple((c, n) for c, n in sorted(more.items()) if n)
    return PlanChange(customers, before.people, by_channel, other_words)


def _channels(release: Release, messages: Sequence[str]) -> list[Channel | None]:
    known = {s.hash: s.channel for s in release.skeletons}
    return [None, *(known[m] for m in messages)]


def _nobody() -> array[int]:
    return array("H", bytes(2 * _TOGETHER))


def _bytes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()
