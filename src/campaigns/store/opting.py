"""Opt-outs and opt-ins that providers report: the suppression of the address and the ledger.

Scope (design rules, "Consent and law"): STOP covers SMS and WhatsApp of that number, which share
the key; an opt-out by e-mail covers all marketing e-mail. Of opt-out and opt-in the later stands,
in whatever order they are told; a complaint is never lifted by an opt-in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from campaigns.domain.consent import ALL_TOPICS, ConsentSource, Purpose
from campaigns.domain.interaction import InteractionKind
from campaigns.store import bulk, consents
from campaigns.store.clock import to_ms
from campaigns.store.consents import LedgerRow
from campaigns.store.event_matching import Match, Owner

#: Kinds that say no, with the suppression's reason.
NOES = {InteractionKind.UNSUBSCRIBED: "opted_out", InteractionKind.COMPLAINED: "complained"}


def says_no(match: Match) -> bool:
    """Whether this event denies marketing. Whoever records one bars intents first."""
    return match.event.kind in NOES


def record_wishes(connection: Connection, matches: Sequence[Match], now: datetime) -> None:
    """Write what people want, from events that are new. Idempotent, and the same in any order."""
    noes = [m for m in matches if says_no(m)]
    noes += _everywhere(connection, noes)
    yeses = [m for m in matches if m.event.kind is InteractionKind.RESUBSCRIBED]
    if not noes and not yeses:
        return
    # The ledger first: a no older than what it says now suppresses nothing any more.
    said_no = consents.noes_heard(connection, [r for m in noes for r in _ledger(m)], now=now)
    consents.append(connection, [*said_no, *(row for m in yeses for row in _ledger(m))])
    _suppress(connection, noes)
    _lift(connection, yeses)


def _everywhere(connection: Connection, noes: Sequence[Match]) -> list[Match]:
    """Whoever said 'all' is heard on every other address of theirs."""
    found = []
    for match in noes:
        if not match.event.data.get("everywhere") or not match.customer_id:
            continue
        rows = connection.execute(_ADDRESSES, {"customer": match.customer_id}).all()
        for key in sorted({row.address_key for row in rows} - {match.key}):
            own = [row for row in rows if row.address_key == key]
            owners = [Owner(match.customer_id, row.channel, row.address) for row in own]
            found.append(match._replace(key=key, owners=owners, sent=None))
    return found


def _ledger(match: Match) -> list[LedgerRow]:
    """A no for everybody who has the address, on every channel it serves; a yes where it was
    said, and only for the customer who said it."""
    event, granted = match.event, not says_no(match)
    whose = {(o.customer_id, o.channel) for o in match.owners}
    if granted:
        whose = {(match.owners[0].customer_id, str(event.channel))} if match.owners else set()
    elif match.sent is not None and match.sent.known:
        whose.add((match.sent.customer_id, match.sent.channel))
    return [
        (
            customer_id,
            channel,
            str(Purpose.MARKETING),
            ALL_TOPICS,
            granted,
            to_ms(event.at),
            str(ConsentSource.PROVIDER),
            f"{event.kind} on {event.channel}: {event.key}",
            "campaigns",
        )
        for customer_id, channel in sorted(whose)
    ]


def _suppress(connection: Connection, noes: Sequence[Match]) -> None:
    latest: dict[str, tuple[int, str]] = {}
    for match in noes:
        if match.key is None:
            continue
        at, reason = to_ms(match.event.at), NOES[match.event.kind]
        before = latest.get(match.key, (at, reason))
        # `complained` comes before `opted_out` in the alphabet, which is what `min` needs.
        latest[match.key] = (max(at, before[0]), min(reason, before[1]))
    if latest:
        bulk.over(
            connection,
            _SUPPRESS.format(latest=_LATEST[bulk.dialect_of(connection)], given="{given}"),
            {"key": "text", "at": "bigint", "reason": "text"},
            [(key, *value) for key, value in sorted(latest.items())],
        )


def _lift(connection: Connection, yeses: Sequence[Match]) -> None:
    """Only for a customer: nobody else's word is in the ledger to be held against a later no."""
    rows = [(m.key, to_ms(m.event.at)) for m in yeses if m.key is not None and m.owners]
    if rows:
        bulk.over(connection, _LIFT, {"key": "text", "at": "bigint"}, rows)


_ADDRESSES = text(
    "SELECT channel, address, address_key FROM addresses WHERE customer_id = :customer"
)
_LATEST = {"sqlite": "max", "postgresql": "greatest"}
_SUPPRESS = """
INSERT INTO suppressions (address_key, purpose, reason, at)
SELECT given.key, 'marketing', given.reason, given.at FROM {given} AS given
 WHERE given.reason = 'complained' OR NOT EXISTS (
   SELECT 1 FROM addresses a JOIN standings s
     ON s.customer_id = a.customer_id AND s.channel = a.channel
    WHERE a.address_key = given.key AND s.purpose = 'marketing' AND s.topic = '*'
      AND s.granted AND s.at > given.at)
    ON CONFLICT (address_key) DO UPDATE
   SET at = {latest}(excluded.at, suppressions.at),
       reason = CASE WHEN excluded.reason = 'complained' THEN 'complained'
                     ELSE suppressions.reason END
 WHERE suppressions.purpose = 'marketing'
   AND suppressions.reason IN ('opted_out', 'complained')
"""
_LIFT = """
DELETE FROM suppressions
 WHERE purpose = 'marketing' AND reason IN ('opted_out', 'unsubscribed') AND EXISTS (
   SELECT 1 FROM {given} AS given
    WHERE given.key = suppressions.address_key AND given.at > suppressions.at)
"""
