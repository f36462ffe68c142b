"""A mail server on this machine: it takes mail over SMTP into the same log, and delivers nothing.

Quick on purpose: one protocol object a connection, commands and content read from one buffer, so
that a pipelining client is answered in as few writes as it sent. A message is on disk before its
250 leaves. STARTTLS is not offered: it listens on loopback only.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from secrets import compare_digest

from campaigns.sandbox.call import now
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.faults import FaultBook, Kind, Rule
from campaigns.sandbox.writer import LogWriter, Recipient

NAME = "smtp"
_MAX_BYTES = 30_000_000
_LONGEST_COMMAND = 4_096
_END = b"\r\n.\r\n"
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>\s]*)>(.*)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s]+@[A-Za-z0-9.-]+\Z")
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<(\d+)\.", re.IGNORECASE | re.MULTILINE)
_HELLO = (
    b"250-sandbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 30000000\r\n"
    b"250-AUTH PLAIN\r\n250 ENHANCEDSTATUSCODES\r\n"
)


class MailServer:
    """What all connections share."""

    def __init__(self, config: SandboxConfig, log: LogWriter, faults: FaultBook) -> None:
        self.config, self.log, self.faults = config, log, faults

    def protocol(self) -> asyncio.Protocol:
        """One connection."""
        return _Connection(self)

    def accept(self, recipients: list[str], content: bytes) -> bytes:
        """Log a mail; its 250 may leave once the log is durable."""
        number = self.log.next_request_id()
        queue_id = f"{self.log.prefix[:6]}{number:016x}"
        rows = [Recipient(0, "email", to, delivery_of(content)) for to in recipients]
        self.log.accept(number, NAME, queue_id, now(), content, rows)
        return f"250 2.0.0 Ok: queued as {queue_id}\r\n".encode()

    def may_send(self, sender: str) -> bool:
        """Whether this address may stand in MAIL FROM."""
        known = self.config.smtp_senders
        return not known or sender in known or sender.rpartition("@")[2] in known


def delivery_of(content: bytes) -> str | None:
    """Our delivery id: what the Message-ID begins with."""
    head = content.partition(b"\r\n\r\n")[0]
    found = _MESSAGE_ID.search(head)
    return found[1].decode() if found else None


class _Connection(asyncio.Protocol):
    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._buffer = bytearray()
        self._scanned = 0
        self._busy: asyncio.Task[None] | None = None
        self._in_content = False
        self._known = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._commands: dict[str, Callable[[str], bytes]] = {
            "EHLO": lambda _: _HELLO,
            "HELO": lambda _: b"250 sandbox\r\n",
            "NOOP": lambda _: b"250 2.0.0 Ok\r\n",
            "RSET": self._reset,
            "AUTH": self._log_in,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sandbox ESMTP\r\n")

    def connection_lost(self, _error: Exception | None) -> None:
        if self._busy is not None:
            self._busy.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._busy is None:
            self._go_on()

    def _go_on(self, before: bytes = b"") -> None:
        """Answer all that is complete, in one write with the answer before it; stop where a mail
        has to reach the disk."""
        answers = [before] if before else []
        while not self._transport.is_closing():
            if self._in_content:
                content = self._content()
                if content is not None:
                    self._busy = asyncio.ensure_future(self._take(content))
                break
            line, found, _ = self._buffer.partition(b"\r\n")
            if not found:
                if len(line) > _LONGEST_COMMAND:
                    answers.append(b"500 5.5.2 line too long\r\n")
                    self._transport.close()
                break
            del self._buffer[: len(line) + 2]
            answers.append(self._answer(line.decode("utf-8", "replace")))
        if answers:
            self._transport.write(b"".join(answers))

    def _content(self) -> bytes | None:
        """The content up to its final dot; None while it is not all here."""
        if self._buffer.startswith(b".\r\n"):
            del self._buffer[:3]
            return b""
        end = self._buffer.find(_END, max(0, self._scanned - len(_END)))
        if end < 0:
            self._scanned = len(self._buffer)
            return None
        content = bytes(self._buffer[: end + 2])
        del self._buffer[: end + len(_END)]
        self._scanned = 0
        content = content.removeprefix(b".") if content.startswith(b"..") else content
        return content.replace(b"\r\n..", b"\r\n.")

    def _answer(self, line: str) -> bytes:
        verb, _, rest = line.partition(" ")
        if verb.upper() == "QUIT":
            self._transport.write(b"221 2.0.0 Bye\r\n")
            self._transport.close()
            return b""
        command = self._commands.get(verb.upper())
        return command(rest) if command else b"502 5.5.1 no such command\r\n"

    def _reset(self, _: str) -> bytes:
        self._sender, self._recipients = None, []
        return b"250 2.0.0 Ok\r\n"

    def _log_in(self, rest: str) -> bytes:
        method, _, given = rest.partition(" ")
        config = self._server.config
        wanted = f"\0{config.smtp_user}\0{config.smtp_password}".encode()
        try:
            known = method.upper() == "PLAIN" and compare_digest(b64decode(given), wanted)
        except Base64Error:
            known = False
        self._known = known
        return b"235 2.7.0 Welcome\r\n" if known else b"535 5.7.8 wrong user or password\r\n"

    def _mail(self, rest: str) -> bytes:
        if not self._known:
            return b"530 5.7.0 log in first\r\n"
        found = _PATH.match(rest)
        if found is None:
            return b"501 5.5.4 MAIL FROM:<address>\r\n"
        if not self._server.may_send(found[1]):
            return b"550 5.7.1 this sender is not permitted\r\n"
        self._sender, self._recipients = found[1], []
        return b"250 2.1.0 Ok\r\n"

    def _rcpt(self, rest: str) -> bytes:
        found = _PATH.match(rest)
        if self._sender is None:
            return b"503 5.5.1 MAIL first\r\n"
        if found is None or not _ADDRESS.match(found[1]):
            return b"501 5.1.3 bad address\r\n"
        if found[1].endswith(".invalid"):
            return b"550 5.1.2 no such domain\r\n"
        self._recipients.append(found[1])
        return b"250 2.1.5 Ok\r\n"

    def _data(self, _: str) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 no valid recipients\r\n"
        self._in_content = True
        return b"354 go ahead\r\n"

    async def _take(self, content: bytes) -> None:
        try:
            answer = await self._judged(content)
        except sqlite3.Error:
            answer = b"451 4.3.0 the log cannot be written\r\n"
        self._in_content, self._busy = False, None
        self._sender, self._recipients = None, []
        if answer is not None and not self._transport.is_closing():
            self._go_on(answer)

    async def _judged(self, content: bytes) -> bytes | None:
        """The answer to one mail; None when there is none, or it has been written."""
        server = self._server
        if len(content) > _MAX_BYTES:
            return b"552 5.3.4 too large\r\n"
        pairs = [(delivery_of(content), to) for to in self._recipients]
        struck = None
        if server.faults.rules:
            struck = server.faults.strike(NAME, sends=True, struck=pairs)
        if struck is None:
            answer = server.accept(self._recipients, content)
            await server.log.durable()
            return answer
        number, rule = struck
        if rule.kind is Kind.DELAY:
            await asyncio.sleep(rule.seconds)
        answer = b""
        if rule.kind.accepts:
            answer = server.accept(self._recipients, content)
        server.log.struck(NAME, number, rule.kind, pairs, accepted=bool(answer))
        await server.log.durable()
        return await self._misbehave(rule, answer)

    async def _misbehave(self, rule: Rule, answer: bytes) -> bytes | None:
        match rule.kind:
            case Kind.DELAY:
                return answer
            case Kind.TOO_MANY:
                return b"451 4.7.0 too many messages, slow down\r\n"
            case Kind.ERROR_BEFORE:
                return b"451 4.3.0 local error\r\n"
            case Kind.EMPTY:
                return b"250\r\n"
            case Kind.GARBLE:
                return b"250 \xff\xfe\x00\r\n"
            case Kind.TRUNCATE:
                self._transport.write(answer[: len(answer) // 2])
            case Kind.DRIP:
                for byte in answer:
                    self._transport.write(bytes([byte]))
                    await asyncio.sleep(rule.seconds)
            case Kind.HANG | Kind.HANG_BEFORE:
                await asyncio.sleep(rule.seconds)
        # What remains are drops. An SMTP server that says 'error' has not taken the message, so
        # `500_after` is a drop after it was taken, too.
        self._transport.close()
        return None
