"""One SMTP connection (RFC 5321): kept alive, within a deadline, pipelined where that is offered.

Standard `smtplib` has no total deadline and waits for each reply in turn. Here a message's content
and the next one's sender, recipient and DATA leave together (RFC 2920, 3.1), so that each message
costs one write and mostly one read. An ending says whether the message may have been taken: nothing
counts as sent before the content's final dot has left.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from campaigns.channels.connection import Connection, connect, encrypt
from campaigns.channels.deadline import Deadline
from campaigns.channels.wire import Interrupted, NotConnected, tls_context

_LONGEST_LINE = 8_192
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Stage(StrEnum):
    """Which step of a message a reply belongs to."""

    LOGIN = "login"
    MAIL = "sender"
    RCPT = "recipient"
    DATA = "data"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: its code, and its words in one line."""

    code: int
    text: str

    @property
    def ok(self) -> bool:
        """2xx, or 3xx where more is asked for."""
        return 200 <= self.code < 400


class LoginError(Exception):
    """The server refuses the account, or offers no encryption to log in with."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.text)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send: from `smtp://user:password@host:port` (STARTTLS, plain only on this machine)
    or `smtps://…` (TLS from the start)."""

    host: str
    port: int
    tls: bool
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> Server:
        """Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("write smtp://user:password@host:587 or smtps://…:465")
        tls = parts.scheme == "smtps"
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname, parts.port or (465 if tls else 587), tls, user, password)

    @property
    def local(self) -> bool:
        """On this machine: nobody listens in between."""
        return self.host in _LOOPBACK


class Message(NamedTuple):
    """From whom, to whom, and what: `content` ends with its final dot."""

    sender: str
    recipient: str
    content: bytes

    @property
    def announcement(self) -> tuple[bytes, bytes, bytes]:
        """What is said before the content."""
        utf8 = "" if self.recipient.isascii() and self.sender.isascii() else " SMTPUTF8"
        sender, recipient = (
            f"MAIL FROM:<{self.sender}>{utf8}\r\n",
            f"RCPT TO:<{self.recipient}>\r\n",
        )
        return sender.encode(), recipient.encode(), b"DATA\r\n"


class Session:
    """A connection that is opened when it is needed, and again when the server has left."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection | None = None
        self._read = b""
        self._announced: Message | None = None
        self.offers: frozenset[str] = frozenset()

    def close(self) -> None:
        """Say goodbye without waiting for the answer. The session can be used again."""
        if self._connection is not None and self._announced is None:
            with suppress(OSError):
                self._connection.send(b"QUIT\r\n", Deadline(0.1))
        self._drop()

    def open(self, deadline: Deadline) -> None:
        """Be connected and logged in. Raises NotConnected or LoginError."""
        connection = self._connection
        if connection is not None and (
            self._announced is not None or not (self._read or connection.left)
        ):
            return
        self._drop()
        try:
            self._connection = self._connected(deadline)
            self._greet(deadline)
        except (OSError, ValueError, Interrupted) as error:
            self._drop()
            where = f"{self._server.host}:{self._server.port}"
            raise NotConnected(f"{where}: {error}") from error
        except BaseException:
            self._drop()
            raise

    def send(
        self, message: Message, deadline: Deadline, following: Message | None = None
    ) -> tuple[Stage, Reply]:
        """One message; the reply that decided it. Where the server takes commands ahead of their
        replies, `following` is announced with it, and has to be the next that is sent.

        Raises NotConnected while nothing of the content has left, Interrupted afterwards.
        """
        stage, reply = self._announce(message, deadline)
        if not reply.ok:
            return stage, reply
        content = message.content
        try:
            if following is not None and "PIPELINING" in self.offers:
                content += b"".join(following.announcement)
                self._announced = following
            self._say(content, deadline)
            return Stage.CONTENT, self._reply(deadline, broken_off=True)
        except OSError as error:
            self._drop()
            said = "no complete answer in time" if isinstance(error, TimeoutError) else f"{error}"
            raise Interrupted(said) from error
        except Interrupted:
            self._drop()
            raise

    def rest(self) -> None:
        """Nothing follows. A message that was announced and does not come is taken back by leaving:
        without its final dot it is none (RFC 5321, 4.1.1.10)."""
        if self._announced is not None:
            self._drop()

    def _announce(self, message: Message, deadline: Deadline) -> tuple[Stage, Reply]:
        ahead = self._announced is message
        if not ahead:
            self.rest()
            self.open(deadline)
        try:
            return self._decide(self._announcing(message, deadline), deadline)
        except (OSError, Interrupted) as error:
            self._drop()
            if ahead:  # the server left after the message before, as it may
                return self._announce(message, deadline)
            raise NotConnected(f"{self._server.host}: {error}") from error

    def _announcing(self, message: Message, deadline: Deadline) -> list[Reply]:
        """The replies to sender, recipient and DATA, up to a refusal where each was asked alone."""
        lines = message.announcement
        if "PIPELINING" in self.offers:
            if self._announced is None:
                self._say(b"".join(lines), deadline)
            self._announced = None
            return [self._reply(deadline) for _ in lines]
        replies: list[Reply] = []
        for line in lines:
            self._say(line, deadline)
            replies.append(self._reply(deadline))
            if not replies[-1].ok:
                break
        return replies

    def _decide(self, replies: list[Reply], deadline: Deadline) -> tuple[Stage, Reply]:
        """The first refusal counts. What was begun is taken back."""
        stages = (Stage.MAIL, Stage.RCPT, Stage.DATA)
        for stage, reply in zip(stages, replies, strict=False):
            if not reply.ok or (stage is Stage.DATA and reply.code != 354):
                if replies[-1].code == 354:  # content for nobody: an empty one (RFC 2920, 3.1)
                    self._say(b".\r\n", deadline)
                    self._reply(deadline)
                self._say(b"RSET\r\n", deadline)
                self._reply(deadline)
                return stage, reply
        return Stage.DATA, replies[-1]

    def _connected(self, deadline: Deadline) -> Connection:
        server = self._server
        return connect(
            server.host, server.port, deadline, tls=tls_context() if server.tls else None
        )

    def _encrypt(self, deadline: Deadline) -> None:
        assert self._connection is not None
        self._connection = encrypt(self._connection, tls_context(), self._server.host, deadline)

    def _greet(self, deadline: Deadline) -> None:
        greeting = self._reply(deadline)
        if not greeting.ok:
            raise Interrupted(f"{greeting.code} {greeting.text}")
        self._hello(deadline)
        server = self._server
        if not server.tls and "STARTTLS" in self.offers:
            self._ask("STARTTLS", deadline)
            self._read = b""  # what came before the encryption is nobody's word
            self._encrypt(deadline)
            self._hello(deadline)
        elif not server.tls and not server.local:
            raise LoginError(Reply(530, "the server offers no STARTTLS; nothing is sent in plain"))
        if server.user:
            self._log_in(deadline)

    def _hello(self, deadline: Deadline) -> None:
        self._say(b"EHLO campaigns.localhost\r\n", deadline)
        reply = self._reply(deadline)
        if not reply.ok:
            raise LoginError(reply)
        self.offers = frozenset(word.upper() for word in reply.text.split())

    def _log_in(self, deadline: Deadline) -> None:
        token = f"\0{self._server.user}\0{self._server.password}".encode()
        self._ask(f"AUTH PLAIN {b64encode(token).decode()}", deadline)

    def _ask(self, command: str, deadline: Deadline) -> None:
        self._say(f"{command}\r\n".encode(), deadline)
        reply = self._reply(deadline)
        if 400 <= reply.code < 500:
            raise Interrupted(f"{reply.code} {reply.text}")
        if not reply.ok:
            raise LoginError(reply)

    def _say(self, data: bytes, deadline: Deadline) -> None:
        assert self._connection is not None
        self._connection.send(data, deadline)

    def _reply(self, deadline: Deadline, *, broken_off: bool = False) -> Reply:
        """The next reply, of one line or more. With `broken_off` a last line counts even without
        its end: its code is what the server decided."""
        words = []
        while True:
            line = self._line(deadline, broken_off=broken_off)
            if len(line) < 3 or not line[:3].isdigit():
                raise Interrupted("the server does not speak SMTP")
            words.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] != b"-":
                return Reply(int(line[:3]), " ".join(words))

    def _line(self, deadline: Deadline, *, broken_off: bool) -> bytes:
        while b"\n" not in self._read:
            assert self._connection is not None
            more = self._connection.receive(4096, deadline)
            if not more:
                whole = broken_off and len(self._read) > 3 and self._read[3:4] == b" "
                if not whole:
                    raise Interrupted("the server closed the connection")
                line, self._read = self._read, b""
                self._drop()
                return line
            self._read += more
            if len(self._read) > _LONGEST_LINE:
                raise Interrupted("the server's reply has no end")
        line, _, self._read = self._read.partition(b"\n")
        return line.rstrip(b"\r")

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._read, self._announced = None, b"", None
