"""How a customer uses the channels, as planning reads it. What is decided from it is
domain.engagement's."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ScalarSelect, and_, case, exists, func, or_, select

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.engagement import UNKNOWN, Engagement, Prior, Tally
from campaigns.domain.interaction import InteractionKind
from campaigns.store.learning import TENTHS
from campaigns.store.packed import UNIT, Shared, joined
from campaigns.store.schema import channel_uses, customers, standings

_CHANNELS = {str(c): c for c in Channel}


def used_text() -> ScalarSelect[str]:
    """What was learnt, and whether a direct message on X is allowed: the customer wrote first and
    has not said no since, whatever the purpose they said it about."""
    u = channel_uses.c
    refused = exists().where(
        standings.c.customer_id == u.customer_id,
        standings.c.channel == Channel.X_DM,
        standings.c.granted.is_(False),
        standings.c.at >= u.last_inbound_at,
    )
    may_dm = and_(u.channel == Channel.X_DM, u.last_inbound_at.is_not(None), ~refused)
    return (
        select(
            joined(
                u.channel,
                u.messages,
                u.answers,
                func.coalesce(u.kind, ""),
                u.recent_messages,
                u.recent_answers,
                case((may_dm, 1), else_=0),
            )
        )
        .where(u.customer_id == customers.c.id)
        # Most customers have answered nothing: then nothing was learnt, and nothing is read.
        .having(or_(func.sum(u.answers) > 0, func.max(case((may_dm, 1), else_=0)) > 0))
        .scalar_subquery()
    )


class Used:
    """Takes apart what was learnt of one customer. Of a channel that says nothing of them it is
    what customers show in general. Many answered alike on a channel: each record is taken apart
    once."""

    def __init__(self, priors: Mapping[Channel, Prior]) -> None:
        self._priors = {c: priors.get(c, UNKNOWN) for c in PERSONAL_CHANNELS}
        self._records = Shared(self._record)
        self._nothing = {
            c: Engagement(Tally(0, 0), p.updated(0, 0)) for c, p in self._priors.items()
        }

    def __call__(self, records: list[str]) -> tuple[dict[Channel, Engagement], bool]:
        if not records:
            return {}, False
        found, may_dm = dict(self._nothing), False
        for record in records:
            channel, found[channel], dm = self._records[record]
            may_dm = may_dm or dm
        return found, may_dm

    def _record(self, records: list[str]) -> tuple[Channel, Engagement, bool]:
        name, messages, answers, kind, heard, answered, may_dm = records[0].split(UNIT)
        channel = _CHANNELS[name]
        tally = Tally(int(answers), int(messages), InteractionKind(kind) if kind else None)
        prior = self._priors.get(channel, UNKNOWN)
        belief = prior.updated(int(answered) / TENTHS, int(heard) / TENTHS)
        return channel, Engagement(tally, belief), may_dm == "1"
