"""The outbox of answers on both databases: written before they leave, never sent twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.domain.answer import Because, Draft, Intent
from campaigns.domain.audit import Action
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, NotSent, Rejected, Unknown
from campaigns.store import schema
from campaigns.store.audit import SqlAudit
from campaigns.store.engine import Database
from campaigns.store.erasing import SqlErasure
from campaigns.store.retention import SqlRetention
from tests.contract.service_world import ADDRESSES, MINUTE, K, S, Service
from tests.contract.store_world import NOW


@pytest.fixture
def service(database: Database) -> Service:
    return Service(database)


def test_an_answer_that_the_provider_took_is_an_interaction_and_in_the_trail(
    service: Service,
) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    intent = service.intended(answer)
    assert (intent.text, intent.address) == ("Yes, until nine.", ADDRESSES[Channel.SMS])
    assert service.answers.settle(intent, Accepted("SM1"), now=NOW) is S.ACCEPTED
    assert service.kinds() == ["replied", "answered"]
    i = schema.interactions.c
    (row,) = service.world.rows(select(i.data).where(i.kind == "answered"))
    assert row.data == {"text": "Yes, until nine.", "campaign": "spring_sale"}
    (entry,) = SqlAudit(service.database).entries(f"customer:{service.customer}")
    assert (entry.actor, entry.action) == ("Marta", Action.ANSWERED)
    assert "Sunday" not in str(entry)


def test_the_same_form_sent_twice_answers_once(service: Service) -> None:
    service.says("Do you open on Sunday?")
    line = service.inbox.lines()[0]
    draft = Draft("form", line.inbox_id, "Yes.", "Marta")
    with ThreadPoolExecutor(4) as threads:
        made = list(
            threads.map(
                lambda _: service.answers.write(draft, service.customer, Channel.SMS, now=NOW),
                range(4),
            )
        )
    assert len([answer for answer in made if answer is not None]) == 1


def test_of_many_senders_one_sends_an_answer(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: service.intend(answer), range(4)))
    assert len([intent for intent in found if intent is not None]) == 1


def test_an_answer_whose_sender_died_is_in_doubt_and_never_sent_again(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    intent = service.intended(answer)
    assert service.answers.sweep(now=NOW + MINUTE) == 0
    assert service.answers.sweep(now=NOW + 3 * MINUTE) == 1
    assert service.answers.due(now=NOW + timedelta(days=1)) == []
    assert [line.because for line in service.inbox.lines()] == [Because.IN_DOUBT]
    assert service.answers.settle(intent, Rejected("x", "no"), now=NOW) is S.IN_DOUBT
    assert service.answers.settle(intent, Accepted("SM1"), now=NOW) is S.ACCEPTED
    assert service.kinds() == ["replied", "answered"]


def test_an_answer_that_did_not_leave_waits_and_is_sent_later(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    later = NOW + 10 * MINUTE
    outcome = NotSent("twilio:429", "too many", later)
    assert service.answers.settle(service.intended(answer), outcome, now=NOW) is S.PENDING
    assert service.answers.due(now=NOW + MINUTE) == []
    assert service.answers.due(now=later) == [answer]
    assert isinstance(service.intend(answer, at=later), Intent)


@pytest.mark.parametrize(
    ("outcome", "state", "because"),
    [
        (Rejected("twilio:21610", "opted out"), S.REJECTED, Because.FAILED),
        (Unknown("twilio:500", "no answer"), S.IN_DOUBT, Because.IN_DOUBT),
    ],
)
def test_an_answer_that_failed_brings_its_reply_back(
    service: Service, outcome: Any, state: DeliveryState, because: Because
) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    assert service.answers.settle(service.intended(answer), outcome, now=NOW) is state
    assert [line.because for line in service.inbox.lines()] == [because]
    assert service.kinds() == ["replied"]


def test_an_opt_out_after_the_answer_was_written_stops_it(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    service.says("stop", at=NOW + MINUTE)
    assert service.intend(answer, at=NOW + 2 * MINUTE) is S.SUPPRESSED
    found = service.answers.get(answer)
    assert found is not None
    assert "START" in (found.outcome or "")


def test_what_providers_tell_of_an_answer_proves_that_it_left(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    intent = service.intended(answer)
    service.answers.settle(intent, Unknown("twilio:500", "no answer"), now=NOW)
    service.tells(K.DELIVERED, answer)
    service.tells(K.DELIVERED, answer)
    found = service.answers.get(answer)
    assert found is not None
    assert found.state is S.ACCEPTED
    assert service.kinds() == ["replied", "answered"]


def test_an_answer_that_bounced_comes_back_to_the_inbox(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    service.answers.settle(service.intended(answer), Accepted("SM1"), now=NOW)
    service.tells(K.BOUNCED, answer, data={"reason": "unreachable"})
    assert [line.because for line in service.inbox.lines()] == [Because.FAILED]


def test_a_complaint_about_an_answer_suppresses_the_address(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    service.answers.settle(service.intended(answer), Accepted("SM1"), now=NOW)
    service.tells(K.COMPLAINED, answer, address=ADDRESSES[Channel.SMS])
    assert service.suppressed() == {Channel.SMS, Channel.WHATSAPP}


def test_erasure_takes_what_was_answered_and_what_waits(service: Service) -> None:
    service.says("Do you open on Sunday?")
    service.write()
    service.says("And on Monday?", at=NOW + MINUTE)
    SqlErasure(service.database).erase(service.customer, by="Marta", why="asked", now=NOW)
    assert service.world.rows(select(schema.answers)) == []
    assert service.world.rows(select(schema.inbox)) == []


def test_retention_takes_old_answers_and_leaves_what_waits(service: Service) -> None:
    service.says("Do you open on Sunday?")
    answer = service.write()
    assert answer is not None
    service.answers.settle(service.intended(answer), Accepted("SM1"), now=NOW)
    service.says("And on Monday?", at=NOW + MINUTE)
    past = SqlRetention(service.database)
    past.delete_messages(before=NOW - MINUTE)
    assert service.answers.get(answer) is not None
    past.delete_messages(before=NOW + MINUTE)
    assert service.answers.get(answer) is None
    assert len(service.inbox.lines()) == 1


def test_a_mail_is_answered_to_who_unsubscribed_only_where_they_wrote_since(
    service: Service,
) -> None:
    service.says("When do you open?", Channel.EMAIL)
    service.says("unsubscribe", Channel.EMAIL, at=NOW + MINUTE)
    for day, state in ((2, S.SUPPRESSED), (3, None)):
        at = NOW + day * MINUTE
        if state is None:
            service.says("And where is the shop?", Channel.EMAIL, at=at)
        answer = service.write(key=f"form {day}")
        assert answer is not None
        found = service.intend(answer, at=at + MINUTE)
        assert (found is state) if state else isinstance(found, Intent)


def test_an_answer_by_mail_stands_below_the_mail_it_answers(service: Service) -> None:
    ids = {"message_id": "<q2@mail.example>", "references": "<q0@mail.example> <q1@mail.example>"}
    service.says("And in blue?", Channel.EMAIL, data={"subject": "Chairs", **ids})
    answer = service.write()
    assert answer is not None
    intent = service.intended(answer)
    assert intent.subject == "Re: Chairs"
    assert intent.headers == {
        "In-Reply-To": "<q2@mail.example>",
        "References": "<q0@mail.example> <q1@mail.example> <q2@mail.example>",
    }
