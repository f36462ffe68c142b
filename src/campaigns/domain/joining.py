"""How two profiles become one, and how they part: what stands of each, decided on plain rows.

Rows are mappings of column to storage value. Consent is never widened: where either said no, the
answer is no, and what would stand over it is answered by a no of the merge's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from campaigns.domain.consent import ALL_TOPICS
from campaigns.domain.delivery import DeliveryState

Row: TypeAlias = dict[str, Any]


# Consent ----------------------------------------------------------------------------------


class Stand(NamedTuple):
    """What a ledger says on one matter."""

    channel: str
    purpose: str
    topic: str
    granted: bool
    at: int

    @property
    def matter(self) -> tuple[str, str, str]:
        """What it is about."""
        return self[:3]


def newest(stands: Iterable[Stand]) -> list[Stand]:
    """Of entries on one matter the newest, and of two of the same moment the no."""
    found: dict[tuple[str, str, str], Stand] = {}
    for stand in stands:
        before = found.get(stand.matter)
        if before is None or (stand.at, not stand.granted) > (before.at, not before.granted):
            found[stand.matter] = stand
    return sorted(found.values())


def noes_needed(mine: Sequence[Stand], others: Sequence[Stand], now: int) -> list[Stand]:
    """The noes that keep every no of either standing, over whatever yes the other gave and
    whenever: dated no earlier than all that is on record."""
    joined = newest((*mine, *others))
    needed: list[Stand] = []
    for channel, purpose, topic in sorted({s.matter for s in joined}):
        said_no = any(_denied(side, channel, purpose, topic) for side in (mine, others))
        if said_no and not _denied(joined, channel, purpose, topic):
            needed.append(Stand(channel, purpose, topic, False, max(now, *(s.at for s in joined))))
    return needed


def _denied(stands: Iterable[Stand], channel: str, purpose: str, topic: str) -> bool:
    """As domain.consent.permits decides, but silence is no no."""
    relevant = [
        s
        for s in stands
        if (s.channel, s.purpose) == (channel, purpose) and s.topic in (topic, ALL_TOPICS)
    ]
    latest = max((s.at for s in relevant), default=0)
    return any(not s.granted for s in relevant if s.at == latest)


# Fields -----------------------------------------------------------------------------------

_TEXTS = ("first_name", "last_name", "locale", "country", "time_zone", "preferred_channel")


def joined_customer(kept: Row, merged: Row, now: int) -> Row:
    """The row of both: who stays keeps ref and number; else what was said last, blanks filled."""
    older, newer = sorted((kept, merged), key=lambda r: int(r["updated_at"]))
    row = dict(kept)
    for name in _TEXTS:
        row[name] = newer[name] or older[name]
    row["attributes"] = {**older["attributes"], **newer["attributes"]}
    row["last_purchase_at"] = _most(kept["last_purchase_at"], merged["last_purchase_at"])
    row["created_at"] = min(kept["created_at"], merged["created_at"])
    row["updated_at"] = now
    return row


def joined_preferences(kept: Row, merged: Row, now: int) -> Row:
    """The later word on channels and quiet hours; of pauses the longer, of caps the lower."""
    older, newer = sorted((kept, merged), key=lambda r: int(r["updated_at"]))
    row = {name: _either(newer[name], older[name]) for name in newer}
    row["customer_id"] = kept["customer_id"]
    if newer["quiet_from"] is None or newer["quiet_until"] is None:  # hours go together
        row["quiet_from"], row["quiet_until"] = older["quiet_from"], older["quiet_until"]
    row["paused_until"] = _most(kept["paused_until"], merged["paused_until"])
    caps = [r["weekly_most"] for r in (kept, merged) if r["weekly_most"] is not None]
    row["weekly_most"] = min(caps, default=None)
    row["updated_at"] = now
    return row


def joined_use(kept: Row, merged: Row) -> Row:
    """What both got and answered on a channel, until it is counted anew (store.learning)."""
    return {
        **kept,
        **{name: kept[name] + merged[name] for name in _COUNTED},
        "kind": kept["kind"] if kept["kind"] == merged["kind"] else None,
        "last_inbound_at": _most(kept["last_inbound_at"], merged["last_inbound_at"]),
    }


_COUNTED = ("messages", "answers", "recent_messages", "recent_answers")


def better_address(kept: Row, merged: Row, *, kept_yes: bool, merged_yes: bool) -> bool:
    """Whether the address of who is merged is the one to write to: one that can be written to
    before one that bounced, then one with a yes, then the one of who stays. Of one address with
    two states the worse is believed."""
    if kept["address_key"] == merged["address_key"]:
        return bool(merged["status"] != "active")
    mine = (kept["status"] == "active", kept_yes)
    return (merged["status"] == "active", merged_yes) > mine


def _most(a: int | None, b: int | None) -> int | None:
    return max((v for v in (a, b) if v is not None), default=None)


def _either(a: object, b: object) -> object:
    return b if a is None else a


# Deliveries -------------------------------------------------------------------------------

_LEFT = frozenset({DeliveryState.ACCEPTED, DeliveryState.SENDING, DeliveryState.IN_DOUBT})
_TO_COME = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED})


def weight(state: str) -> int:
    """How much a delivery bars another one of the same campaign and step to the same person."""
    known = DeliveryState(state)
    if known in _LEFT:
        return 3
    if known in _TO_COME:
        return 2
    return 0 if known is DeliveryState.CANCELLED else 1


def to_come(state: str) -> bool:
    """Whether it has not left and will, unless something is done."""
    return DeliveryState(state) in _TO_COME


# Parting ----------------------------------------------------------------------------------


def parted(now_is: Row, joined: Row, before: Row) -> Row:
    """The row of who stayed: each value as before the merge, unless it has changed since."""
    row = {name: _as_before(now_is[name], joined[name], before[name]) for name in before}
    if "attributes" in row:
        row["attributes"] = _parted_attributes(
            now_is["attributes"], joined["attributes"], before["attributes"]
        )
    return row


def _as_before(now_is: object, joined: object, before: object) -> object:
    return before if now_is == joined else now_is


def _parted_attributes(
    now_is: Mapping[str, Any], joined: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    since = {k: v for k, v in now_is.items() if k not in joined or joined[k] != v}
    kept = {k: v for k, v in before.items() if k in now_is}
    return {**kept, **since}


def parted_use(now_is: Row | None, joined: Row, mine: Row | None) -> Row | None:
    """What is known of a channel as it was before, until it is counted anew; None where nothing is
    left of the row."""
    if now_is is None:
        return mine
    inbound = _as_before(
        now_is["last_inbound_at"], joined["last_inbound_at"], (mine or {}).get("last_inbound_at")
    )
    if mine is None and inbound is None:
        return None
    before = dict.fromkeys(_COUNTED, 0) | {"kind": None}
    counted = {name: (mine or before)[name] for name in before}
    return {**now_is, **counted, "last_inbound_at": inbound}


def parted_addresses(
    now_is: Row | None, joined: Row, mine: Row | None, other: Row | None
) -> tuple[Row | None, Row | None]:
    """The addresses of both on one channel, after the merge. What happened to an address since
    (a bounce) holds for whoever has it."""
    if now_is is None:
        return None, other
    same = now_is["address_key"] == joined["address_key"]
    fresh = {n: now_is[n] for n in ("status", "updated_at")} if now_is != joined else {}
    if not same:
        return now_is, other
    return _with(mine, now_is, fresh), _with(other, now_is, fresh)


def _with(before: Row | None, now_is: Row, fresh: Row) -> Row | None:
    if before is None or before["address_key"] != now_is["address_key"]:
        return before
    return {**before, **fresh}
