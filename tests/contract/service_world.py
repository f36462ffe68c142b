"""A customer who writes, and what hears and answers them, for the contract tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from campaigns.domain.answer import Draft, Intent
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.services.record_events import record_events
from campaigns.store import schema
from campaigns.store.answers import SqlAnswers
from campaigns.store.engine import Database
from campaigns.store.evidence import SqlEvidence
from campaigns.store.inbox import SqlInbox
from tests.contract.store_world import NOW, World

K, S = InteractionKind, DeliveryState
MINUTE = timedelta(minutes=1)
ADDRESSES = {
    Channel.EMAIL: "ana@example.com",
    Channel.SMS: "+447700900777",
    Channel.WHATSAPP: "+447700900777",
    Channel.X_DM: "demo_ana",
}


class Service:
    """A customer with a phone and a mailbox, and what hears and answers them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.world = World(database)
        self.customer = self.world.customer(channels=[])
        for channel, address in ADDRESSES.items():
            self.world.address(self.customer, channel, address)
        self.inbox = SqlInbox(database)
        self.answers = SqlAnswers(database)
        self._evidence = SqlEvidence(database)
        self._keys = 0

    def says(
        self, text: str, channel: Channel = Channel.SMS, at: datetime = NOW, **more: Any
    ) -> None:
        self._keys += 1
        address = ADDRESSES[channel]
        key = more.pop("key", f"told:{self._keys}")
        data = {"text": text} | more.pop("data", {})
        event = ProviderEvent(key, K.REPLIED, at, channel, address=address, data=data, **more)
        record_events([event], self._evidence, now=at)

    def tells(self, kind: K, number: int, **more: Any) -> None:
        event = ProviderEvent(
            f"tells:{number}:{kind}", kind, NOW + MINUTE, Channel.SMS, -number, "SM1", **more
        )
        record_events([event], self._evidence, now=NOW + MINUTE)

    def write(self, text: str = "Yes, until nine.", key: str = "form") -> int | None:
        line = self.inbox.lines()[0]
        draft = Draft(key, line.inbox_id, text, "Marta", campaign="spring_sale")
        return self.answers.write(draft, self.customer, line.channel, now=NOW)

    def intend(self, answer_id: int, at: datetime = NOW) -> Intent | DeliveryState | None:
        return self.answers.intend(answer_id, lambda kind, _: f"the {kind}", now=at)

    def intended(self, answer_id: int) -> Intent:
        intent = self.intend(answer_id)
        assert isinstance(intent, Intent)
        return intent

    def kinds(self) -> list[str]:
        i = schema.interactions.c
        query = select(i.kind).where(i.customer_id == self.customer).order_by(i.id)
        return [row.kind for row in self.world.rows(query)]

    def suppressed(self) -> set[Channel]:
        a, s = schema.addresses.c, schema.suppressions.c
        query = (
            select(a.channel)
            .join(schema.suppressions, s.address_key == a.address_key)
            .where(a.customer_id == self.customer)
        )
        return {Channel(row.channel) for row in self.world.rows(query)}
