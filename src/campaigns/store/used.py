"""How a customer uses the channels, as planning reads it. What is decided from it is
domain.engagement's."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ScalarSelect, and_, case, exists, func, select

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.engagement import UNKNOWN, Engagement, Prior, Tally
from campaigns.domain.interaction import InteractionKind
from campaigns.store.learning import TENTHS
from campaigns.store.packed import UNIT, joined
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
        .scalar_subquery()
    )


class Used:
    """Takes apart what was learnt of one customer. Of a channel that says nothing of them it is
    what customers show in general."""

    def __init__(self, priors: Mapping[Channel, Prior]) -> None:
        self._priors = {c: priors.get(c, UNKNOWN) for c in PERSONAL_CHANNELS}
        self._nothing = {
            c: Engagement(Tally(0, 0), p.updated(0, 0)) for c, p in self._priors.items()
        }

    def __call__(self, records: list[str]) -> tuple[dict[Channel, Engagement], bool]:
        if not records:
            return {}, False
        found, may_dm = dict(self._nothing), False
        for record in records:
            name, messages, answers, kind, heard, answered, dm = record.split(UNIT)
            channel, may_dm = _CHANNELS[name], may_dm or dm == "1"
            tally = Tally(int(answers), int(messages), InteractionKind(kind) if kind else None)
            prior = self._priors.get(channel)
            if prior is not None:
                found[channel] = Engagement(
                    tally, prior.updated(int(answered) / TENTHS, int(heard) / TENTHS)
                )
        return found, may_dm
