"""What an SMTP server's replies mean."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.channels.answers import RATE_PAUSE
from campaigns.channels.smtp.answers import LATER, outcome_of
from campaigns.channels.smtp.session import Reply, Server, Stage
from campaigns.domain.delivery import Accepted, Holds, NotSent, Refused, Rejected
from tests.unit.channels.make import NOW

TO = "ana@customers.example.com"


def said(stage: Stage, code: int, text: str = "") -> object:
    return outcome_of(stage, Reply(code, text), TO, NOW)


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        (Stage.LOGIN, 535, "5.7.8 wrong password"),
        (Stage.MAIL, 530, "5.7.0 log in first"),
        (Stage.MAIL, 550, "5.7.1 sender not permitted"),
        (Stage.MAIL, 553, "5.7.1 not owned by user"),
        (Stage.RCPT, 554, "5.7.1 Relay access denied"),
        (Stage.RCPT, 550, "relaying not allowed"),
        (Stage.RCPT, 530, "5.7.0 authentication required"),
        (Stage.CONTENT, 554, "5.7.1 message looks like spam"),
        (Stage.CONTENT, 554, "5.6.0 broken MIME"),
    ],
)
def test_what_everyone_would_meet_is_refused(stage: Stage, code: int, text: str) -> None:
    assert isinstance(said(stage, code, text), Refused)


@pytest.mark.parametrize(
    ("code", "text", "invalid"),
    [
        (550, "5.1.1 no such user", True),
        (550, "unknown mailbox", True),
        (551, "5.1.6 has moved", True),
        (552, "5.2.2 mailbox full", False),
        (550, "5.7.1 blocked by this person", False),
    ],
)
def test_a_refused_recipient_is_rejected_and_marked_when_there_is_no_such(
    code: int, text: str, *, invalid: bool
) -> None:
    outcome = said(Stage.RCPT, code, text)
    assert isinstance(outcome, Rejected)
    assert outcome.invalid_address is invalid


def test_after_the_content_a_refusal_of_one_message_rejects_it() -> None:
    assert isinstance(said(Stage.CONTENT, 552, "5.3.4 too large"), Rejected)


@pytest.mark.parametrize(
    ("code", "text", "wait", "holds"),
    [
        (421, "closing", RATE_PAUSE, Holds.PACE),
        (451, "4.7.0 slow down", RATE_PAUSE, Holds.PACE),
        (452, "4.3.1 disk full", RATE_PAUSE, Holds.PACE),
        (450, "4.2.0 greylisted", LATER, Holds.MESSAGE),
        (450, "busy", LATER, Holds.MESSAGE),
    ],
)
def test_4xx_is_surely_not_sent(code: int, text: str, wait: timedelta, holds: Holds) -> None:
    outcome = said(Stage.RCPT, code, text)
    assert isinstance(outcome, NotSent)
    assert (outcome.retry_at, outcome.holds) == (NOW + wait, holds)


def test_the_servers_queue_id_is_kept_and_addresses_are_not() -> None:
    assert said(Stage.CONTENT, 250, "2.0.0 Ok: queued as 4XyZ12") == Accepted("4XyZ12")
    assert said(Stage.CONTENT, 250, "") == Accepted(None)
    assert TO not in repr(said(Stage.RCPT, 550, f"5.1.1 <{TO}> no such user"))


def test_a_servers_address_is_read_with_its_password_and_never_shown() -> None:
    server = Server.from_url("smtp://me%40example.com:p%40ss@mail.example.com")
    assert (server.host, server.port, server.tls) == ("mail.example.com", 587, False)
    assert (server.user, server.password) == ("me@example.com", "p@ss")
    assert "p@ss" not in repr(server)
    assert Server.from_url("smtps://mail.example.com").port == 465
    with pytest.raises(ValueError, match="smtp://"):
        Server.from_url("http://mail.example.com")
