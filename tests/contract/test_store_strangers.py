"""Strangers write, on both databases: they wait behind all customers, and are forgotten in time."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from campaigns.domain.answer import AnswerKind, Draft, Intent, refusal
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted
from campaigns.domain.provider_event import ProviderEvent
from campaigns.services.record_events import record_events
from campaigns.store import schema
from campaigns.store.audit import SqlAudit
from campaigns.store.engine import Database
from campaigns.store.erasing import SqlErasure
from campaigns.store.evidence import SqlEvidence
from campaigns.store.retention import SqlRetention
from tests.contract.service_world import MINUTE, K, Service
from tests.contract.store_world import NOW


@pytest.fixture
def service(database: Database) -> Service:
    return Service(database)


STRANGER = "+447700900999"


def hears(service: Service, text: str, at: datetime = NOW, address: str = STRANGER) -> None:
    """Somebody who is not known here writes."""
    key = f"stranger:{address}:{at.timestamp()}"
    event = ProviderEvent(key, K.REPLIED, at, Channel.SMS, address=address, data={"text": text})
    record_events([event], SqlEvidence(service.database), now=at)


def test_a_strangers_reply_waits_behind_all_customers_and_can_be_answered(
    service: Service,
) -> None:
    hears(service, "Is this the plant shop?")
    hears(service, "Hello?", at=NOW + MINUTE)
    service.says("Do you open on Sunday?", at=NOW + 2 * MINUTE)
    customer, stranger = service.inbox.lines()
    assert (customer.stranger, stranger.stranger) == (False, True)
    assert (stranger.address, stranger.words, stranger.ref) == (STRANGER, "Hello?", "")

    answers = service.answers
    draft = Draft("form", stranger.inbox_id, "It is.", "Marta")
    answer = answers.write(draft, stranger.customer_id, stranger.channel, now=NOW + 2 * MINUTE)
    assert answer is not None
    intent = service.intend(answer, at=NOW + 2 * MINUTE)
    assert isinstance(intent, Intent)
    assert intent.address == STRANGER
    answers.settle(intent, Accepted("SM9"), now=NOW + 2 * MINUTE)
    said = [(s.by, s.text) for s in service.inbox.talk(stranger)]
    assert said == [("Marta", "It is."), (None, "Hello?"), (None, "Is this the plant shop?")]
    assert [e.subject for e in SqlAudit(service.database).entries()] == [
        f"stranger:{-stranger.customer_id}"
    ]


def test_a_strangers_stop_is_confirmed_once_and_then_they_are_not_answered(
    service: Service,
) -> None:
    hears(service, "STOP")
    hears(service, "STOP", at=NOW + MINUTE)
    (answer,) = service.answers.due(now=NOW + MINUTE)
    intent = service.intend(answer, at=NOW + MINUTE)
    assert isinstance(intent, Intent)
    hears(service, "where are you?", at=NOW + 2 * MINUTE)
    (line,) = service.inbox.lines()
    reach = service.answers.reach(line.customer_id, line.channel)
    told = refusal(AnswerKind.ANSWER, line.channel, reach, NOW + 2 * MINUTE)
    assert told is not None
    assert "START" in told


def test_erasure_takes_what_the_customer_wrote_before_they_were_known(service: Service) -> None:
    hears(service, "hello", address="+447700900778")
    customer = service.world.customer(channels=[])
    service.world.address(customer, Channel.SMS, "+447700900778")
    SqlErasure(service.database).erase(customer, by="Ana", why="asked", now=NOW)
    assert service.inbox.lines() == []
    assert service.world.rows(select(schema.strangers)) == []


def test_retention_takes_strangers_whose_talk_is_over(service: Service) -> None:
    hears(service, "hello")
    hears(service, "hello", address="+447700900998")
    (first, _) = service.inbox.lines()
    service.inbox.close(first.inbox_id, by="Marta", why="", now=NOW)
    past = SqlRetention(service.database)
    past.delete_interactions(before=NOW + MINUTE)
    past.delete_messages(before=NOW + MINUTE)
    assert [line.inbox_id for line in service.inbox.lines()] != [first.inbox_id]
    assert len(service.world.rows(select(schema.strangers))) == 1
