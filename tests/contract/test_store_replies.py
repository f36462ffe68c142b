"""What customers write, on both databases: it waits for a person, or is an opt-out, or nobody's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.domain.answer import AnswerKind, Because, InboxState, Intent
from campaigns.domain.audit import Action
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent
from campaigns.domain.provider_event import ProviderEvent
from campaigns.services.record_events import record_events
from campaigns.store.audit import SqlAudit
from campaigns.store.engine import Database
from campaigns.store.evidence import SqlEvidence
from tests.contract.service_world import ADDRESSES, MINUTE, K, S, Service
from tests.contract.store_world import NOW


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


def test_closing_takes_it_off_once_and_is_in_the_trail(service: Service) -> None:
    service.says("thank you!")
    line = service.inbox.lines()[0]
    assert service.inbox.close(line.inbox_id, by="Marta", why="thanks", now=NOW)
    assert not service.inbox.close(line.inbox_id, by="Pol", why="", now=NOW)
    (entry,) = SqlAudit(service.database).entries(f"customer:{service.customer}")
    assert (entry.actor, entry.action, entry.why) == ("Marta", Action.CLOSED, "thanks")
