"""Replies, the inbox and the outbox of answers on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.domain.answer import AnswerKind, Because, Draft, InboxState, Intent, refusal
from campaigns.domain.audit import Action
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, NotSent, Rejected, Unknown
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.services.record_events import record_events
from campaigns.store import schema
from campaigns.store.answers import SqlAnswers
from campaigns.store.audit import SqlAudit
from campaigns.store.engine import Database
from campaigns.store.erasing import SqlErasure
from campaigns.store.evidence import SqlEvidence
from campaigns.store.inbox import SqlInbox
from campaigns.store.retention import SqlRetention
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


@pytest.fixture
def service(database: Database) -> Service:
    return Service(database)


def test_a_reply_waits_for_a_person_once_until_it_is_answered(service: Service) -> None:
    service.says("Do you open on Sunday?")
    service.says("At what time?", at=NOW + MINUTE)
    (line,) = service.inbox.lines()
    assert (line.words, line.because, line.channel) == (
        "At what time?",
        Because.REPLY,
        Channel.SMS,
    )
    answer = service.write()
    assert answer is not None
    assert service.inbox.lines() == []
    (done,) = service.inbox.lines(InboxState.ANSWERED)
    assert done.closed_by == "Marta"
    service.says("Thanks, and on Monday?", at=NOW + 2 * MINUTE)
    assert len(service.inbox.lines()) == 1


@pytest.mark.parametrize(
    ("text", "suppressed"),
    [
        ("BAJA", {Channel.SMS, Channel.WHATSAPP}),
        ("no m'escriviu més", {Channel.SMS, Channel.WHATSAPP}),
        ("STOP ALL", {Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.X_DM}),
    ],
)
def test_an_opt_out_suppresses_in_its_scope_and_bothers_nobody(
    service: Service, text: str, suppressed: set[Channel]
) -> None:
    service.says(text)
    assert service.suppressed() == suppressed
    assert service.inbox.lines() == []
    assert service.kinds() == ["unsubscribed"]


def test_what_may_be_an_opt_out_suppresses_and_goes_to_a_person(service: Service) -> None:
    service.says("you are spam")
    assert service.suppressed() == {Channel.SMS, Channel.WHATSAPP}
    assert [line.because for line in service.inbox.lines()] == [Because.UNCLEAR]
    assert sorted(service.kinds()) == ["replied", "unsubscribed"]


def test_an_opt_out_by_mail_leaves_the_phone_alone(service: Service) -> None:
    service.says("Please take me off your list", Channel.EMAIL)
    assert service.suppressed() == {Channel.EMAIL}


def test_only_the_customers_own_start_lifts_their_stop(service: Service) -> None:
    service.says("STOP")
    service.says("yes", at=NOW + MINUTE)
    assert service.suppressed() == {Channel.SMS, Channel.WHATSAPP}
    service.says("START", at=NOW + 2 * MINUTE)
    assert service.suppressed() == set()


def test_an_absence_note_is_nobodys_reply(service: Service) -> None:
    service.says("I am out of the office. Stop by later.", Channel.EMAIL)
    service.says("BAJA", Channel.EMAIL, agent=Agent.MACHINE)
    assert service.suppressed() == set()
    assert service.inbox.lines() == []
    assert service.answers.due(now=NOW) == []


def test_an_opt_out_is_confirmed_once_and_soon_or_never(service: Service) -> None:
    service.says("BAJA")
    service.says("BAJA!!!", Channel.WHATSAPP, at=NOW + timedelta(seconds=1))
    (answer,) = service.answers.due(now=NOW)
    assert service.intend(answer, at=NOW + 6 * MINUTE) is S.EXPIRED
    service.says("ALTA", at=NOW + 7 * MINUTE)
    service.says("BAJA", at=NOW + 8 * MINUTE)
    (again,) = service.answers.due(now=NOW + 8 * MINUTE)
    intent = service.intend(again, at=NOW + 9 * MINUTE)
    assert isinstance(intent, Intent)
    assert intent.text == f"the {AnswerKind.CONFIRMATION}"


def test_an_opt_out_told_late_is_not_confirmed(service: Service) -> None:
    event = ProviderEvent(
        "late", K.REPLIED, NOW, Channel.SMS, address=ADDRESSES[Channel.SMS],
        data={"text": "STOP"},
    )  # fmt: skip
    record_events([event], SqlEvidence(service.database), now=NOW + 6 * MINUTE)
    assert service.suppressed() == {Channel.SMS, Channel.WHATSAPP}
    assert service.answers.due(now=NOW + 6 * MINUTE) == []


def test_what_the_provider_answers_is_not_answered_twice(service: Service) -> None:
    service.says("STOP", data={"answered": True})
    assert service.answers.due(now=NOW) == []


def test_help_is_answered_and_bothers_nobody_and_no_program_for_ever(service: Service) -> None:
    for minute in range(5):
        service.says("AYUDA", at=NOW + minute * MINUTE)
    (answer,) = service.answers.due(now=NOW)
    assert service.intended(answer).text == f"the {AnswerKind.HELP}"
    assert service.inbox.lines() == []


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


def test_closing_takes_it_off_once_and_is_in_the_trail(service: Service) -> None:
    service.says("thank you!")
    line = service.inbox.lines()[0]
    assert service.inbox.close(line.inbox_id, by="Marta", why="thanks", now=NOW)
    assert not service.inbox.close(line.inbox_id, by="Pol", why="", now=NOW)
    (entry,) = SqlAudit(service.database).entries(f"customer:{service.customer}")
    assert (entry.actor, entry.action, entry.why) == ("Marta", Action.CLOSED, "thanks")


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
