"""The SMTP conversation with servers that are not like the sandbox's: scripted ones."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from campaigns.channels.connection import Connection
from campaigns.channels.deadline import Deadline
from campaigns.channels.registry import open_senders
from campaigns.channels.smtp.session import LoginError, Message, Reply, Server, Session, Stage
from campaigns.channels.wire import Interrupted, NotConnected
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, NotSent, Outcome, Refused, Rejected, Unknown
from campaigns.sandbox.process import SandboxProcess
from tests.contract.channels import SMTP, configuration, fresh, misbehaving, opened
from tests.unit.channels import make

Answers = Callable[[str], str | None]
CONTENT = b"Subject: x\r\n\r\nwords\r\n.\r\n"


@dataclass
class Mailer:
    """A server that answers each command by a script; None hangs up."""

    answers: Answers
    port: int = 0
    heard: list[str] = field(default_factory=list)
    writes: int = 0

    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            content = False
            for raw in lines:
                line = raw.decode().rstrip("\r\n")
                if content and line != ".":
                    continue
                said = self.answers(line)
                self.heard.append(line)
                if said is None:
                    return
                content = said.startswith("354")
                connection.sendall(said.replace("\n", "\r\n").encode() + b"\r\n")


def plain(line: str) -> str:
    """A server without extensions that takes everything."""
    if line == "DATA":
        return "354 go on"
    return "250 Ok"


@contextmanager
def mailer(answers: Answers) -> Iterator[Mailer]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Mailer(answers, server.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                try:
                    made.talk(connection)
                except OSError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=120)


@contextmanager
def session(answers: Answers, user: str = "") -> Iterator[tuple[Mailer, Session]]:
    with mailer(answers) as server:
        made = Session(Server("127.0.0.1", server.port, tls=False, user=user, password="secret"))
        yield server, made
        made.close()


def deliver(of: Session, seconds: float = 60) -> tuple[Stage, Reply]:
    deadline = Deadline(seconds)
    of.open(deadline)
    return of.send(Message("hello@example.com", "ana@example.com", CONTENT), deadline)


def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    with session(plain) as (server, own):
        for _ in range(2):
            assert deliver(own) == (Stage.CONTENT, Reply(250, "Ok"))
    message = ["MAIL FROM:<hello@example.com>", "RCPT TO:<ana@example.com>", "DATA", "."]
    assert server.heard[: 1 + 2 * len(message)] == ["EHLO campaigns.localhost", *message, *message]


def pipelining(line: str) -> str:
    if line.startswith("EHLO"):
        return "250-here\n250-PIPELINING\n250 SIZE 1000"
    return plain(line)


def test_a_refused_recipient_whose_content_is_asked_for_all_the_same_gets_none() -> None:
    """RFC 2920: DATA left together with RCPT; a server may ask for content for nobody."""

    def answers(line: str) -> str:
        return "550 5.1.1 no such user" if line.startswith("RCPT") else pipelining(line)

    with session(answers) as (server, own):
        for _ in range(2):  # and the connection is good for the next
            assert deliver(own) == (Stage.RCPT, Reply(550, "5.1.1 no such user"))
    assert server.heard[4:6] == [".", "RSET"]
    assert server.heard.count("EHLO campaigns.localhost") == 1


def test_a_connection_that_the_server_has_left_is_opened_again() -> None:
    gone = iter([True, False])

    def answers(line: str) -> str | None:
        if line.startswith("MAIL") and next(gone, False):
            return None
        return pipelining(line)

    with session(answers) as (_, own):
        with pytest.raises(NotConnected):
            deliver(own)
        assert deliver(own)[0] is Stage.CONTENT


def test_the_next_message_is_announced_with_the_content_of_the_last() -> None:
    said: list[bytes] = []

    class Heard(Connection):
        __slots__ = ()

        def send(self, data: bytes, deadline: Deadline) -> None:
            said.append(data)
            super().send(data, deadline)

    messages = [Message("hello@example.com", f"p{n}@example.com", CONTENT) for n in range(3)]
    with session(pipelining) as (_, own):
        own.open(Deadline(60))
        assert own._connection is not None
        own._connection = Heard(own._connection.socket)
        for message, following in zip(messages, [*messages[1:], None], strict=True):
            assert own.send(message, Deadline(60), following) == (Stage.CONTENT, Reply(250, "Ok"))
    announced = [b"".join(m.announcement) for m in messages]
    together = [announced[0], CONTENT + announced[1], CONTENT + announced[2], CONTENT]
    assert said == [*together, b"QUIT\r\n"]


def test_a_message_that_was_announced_and_does_not_come_is_never_ended() -> None:
    """Not even by an empty content: that would be an empty e-mail."""
    messages = [Message("hello@example.com", f"p{n}@example.com", CONTENT) for n in range(3)]
    with session(pipelining) as (server, own):
        own.open(Deadline(60))
        own.send(messages[0], Deadline(60), messages[1])
        assert own.send(messages[2], Deadline(60)) == (Stage.CONTENT, Reply(250, "Ok"))
    assert server.heard.count(".") == 2
    assert server.heard.count("EHLO campaigns.localhost") == 2


def test_a_server_that_leaves_after_each_mail_gets_the_next_over_a_new_connection() -> None:
    """Though the next was announced to it: nothing of it had left."""
    taken = False

    def answers(line: str) -> str | None:
        nonlocal taken
        if line.startswith("MAIL") and taken:
            taken = False
            return None
        taken = line == "."
        return pipelining(line)

    messages = [Message("hello@example.com", f"p{n}@example.com", CONTENT) for n in range(4)]
    with session(answers) as (server, own):
        for message, following in zip(messages, [*messages[1:], None], strict=True):
            assert own.send(message, Deadline(60), following) == (Stage.CONTENT, Reply(250, "Ok"))
    assert server.heard.count(".") == 4
    assert server.heard.count("EHLO campaigns.localhost") == 4


def test_each_of_a_batch_has_its_own_outcome_though_they_are_announced_ahead() -> None:
    bad = {"2": "550 5.1.1 no such user", "4": "450 4.2.0 later"}
    contents = iter(["250 Ok", "554 5.3.4 too large", "250 Ok"])
    nobody = False

    def answers(line: str) -> str:
        nonlocal nobody
        if line.startswith("RCPT"):
            refused = bad.get(line[len("RCPT TO:<person")])
            nobody = refused is not None
            return refused or "250 Ok"
        if nobody and line == "DATA":
            return "503 5.5.1 no valid recipients"
        return next(contents) if line == "." else pipelining(line)

    with mailer(answers) as server:
        given = replace(
            configuration("http://127.0.0.1:1", smtp_url=server.url()), email_provider="smtp"
        )
        sender = open_senders(given, [Channel.EMAIL])[Channel.EMAIL]
        people = make.envelopes(Channel.EMAIL, 5)
        people.insert(2, replace(people[0], address="no address"))
        got = sender.send(make.mail(), people)
        sender.close()
    assert [type(o) for o in got] == [Accepted, Rejected, Rejected, Rejected, NotSent, Accepted]
    assert server.heard.count("EHLO campaigns.localhost") == 1


@pytest.mark.parametrize(("last", "ending"), [("DATA", NotConnected), (".", Interrupted)])
def test_before_the_content_nothing_was_sent_and_after_it_nobody_knows(
    last: str, ending: type[Exception]
) -> None:
    with session(lambda line: None if line == last else pipelining(line)) as (_, own):
        own.open(Deadline(60))
        with pytest.raises(ending):
            deliver(own)


def test_a_server_that_says_nothing_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        own = Session(Server("127.0.0.1", silent.getsockname()[1], tls=False))
        with pytest.raises(NotConnected):
            own.open(Deadline(0.2))


def test_a_wrong_password_is_told_apart_from_a_server_that_is_busy() -> None:
    def with_auth(said: str) -> Answers:
        return lambda line: said if line.startswith("AUTH") else pipelining(line)

    with session(with_auth("535 5.7.8 no"), user="me") as (_, own), pytest.raises(LoginError):
        own.open(Deadline(60))
    with session(with_auth("454 4.7.0 later"), user="me") as (_, own), pytest.raises(NotConnected):
        own.open(Deadline(60))


def test_nothing_is_said_in_plain_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "local", False)
    with session(pipelining, user="me") as (server, own):
        with pytest.raises(LoginError, match="STARTTLS"):
            own.open(Deadline(60))
        assert not any(line.startswith(("AUTH", "MAIL")) for line in server.heard)


def outcomes(answers: Answers, address: str = "ana@customers.example.com") -> list[Outcome]:
    with mailer(answers) as server:
        mail = fresh(Channel.EMAIL)
        given = replace(
            configuration("http://127.0.0.1:1", smtp_url=server.url()), email_provider="smtp"
        )
        sender = open_senders(given, [Channel.EMAIL])[Channel.EMAIL]
        try:
            return sender.send(mail.skeleton, [replace(mail.envelopes[0], address=address)])
        finally:
            sender.close()


def test_an_address_beyond_ascii_goes_where_the_server_takes_it_and_is_rejected_elsewhere() -> None:
    heard: list[str] = []

    def utf8(line: str) -> str:
        heard.append(line)
        return "250-here\n250 SMTPUTF8" if line.startswith("EHLO") else plain(line)

    (outcome,) = outcomes(plain, "jürgen@bücher.example")
    assert isinstance(outcome, Rejected)
    assert not outcome.invalid_address
    assert isinstance(outcomes(utf8, "jürgen@bücher.example")[0], Accepted)
    assert "MAIL FROM:<hello@news.example.com> SMTPUTF8" in heard
    assert "RCPT TO:<jürgen@xn--bcher-kva.example>" in heard


@pytest.mark.parametrize(
    "wicked", ["a@b.example>\r\nRCPT TO:<c@d.example", "a@b.example,c@d.example", "a b@c.example"]
)
def test_an_address_that_would_be_two_or_a_command_is_never_said(wicked: str) -> None:
    heard: list[str] = []

    def answers(line: str) -> str:
        heard.append(line)
        return plain(line)

    (outcome,) = outcomes(answers, wicked)
    assert isinstance(outcome, Rejected)
    assert heard == []


def test_a_refused_sender_stops_the_campaign() -> None:
    answers: Answers = lambda line: "550 5.7.1 no" if line.startswith("MAIL") else plain(line)  # noqa: E731
    assert isinstance(outcomes(answers)[0], Refused)


def test_greylisting_waits_and_holds_nobody_else() -> None:
    answers: Answers = lambda line: "450 4.2.0 later" if line.startswith("RCPT") else plain(line)  # noqa: E731
    (outcome,) = outcomes(answers)
    assert isinstance(outcome, NotSent)
    assert outcome.holds.value == "message"


def test_a_drop_in_the_middle_of_a_batch_leaves_one_in_doubt_and_the_others_go(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with SandboxProcess(tmp_path_factory.mktemp("mail")) as sandbox:
        mail = fresh(Channel.EMAIL, 9)
        with (
            opened(SMTP, sandbox) as sender,
            misbehaving(sandbox, SMTP, "drop_after", skip=4, count=1),
        ):
            got = sender.send(mail.skeleton, mail.envelopes)
        kinds = [type(o) for o in got]
        assert kinds == [Accepted] * 4 + [Unknown] + [Accepted] * 4
        assert sandbox.log.counts() == {"email": 9}
        assert not sandbox.log.duplicates()
