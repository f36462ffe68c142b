"""An e-mail's bytes, joined from parts that are prepared once for each text. Pure.

Building an `EmailMessage` takes 3 ms, joining prepared parts some 30 µs. Bodies are
quoted-printable: seven bits for every server, lines of at most 76 characters, and each piece can be
encoded by itself, since a soft line break (`=` at the end of a line) may stand between any two.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from campaigns.domain.delivery import Envelope
from campaigns.domain.message import Part, Skeleton, escape, fill_part

#: No quoted-printable line can hold `=_`, so this ends no part by accident (RFC 2045, 6.7).
BOUNDARY = b"=_campaigns_alternative"
_SOFT = b"=\r\n"
_PLAIN_VALUE = re.compile(r"(?!\.)[ !-<>-~]{0,74}(?<! )")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NEWLINE = re.compile(r"\r\n|\r|\n")
#: A subject up to here stands in one line as it is; encoded words leave room for its name.
_ONE_LINE = 66
_WORD_BYTES = 39


class UnsafeHeaderError(ValueError):
    """A line break or another control character where a header would be written."""


@dataclass(frozen=True, slots=True)
class _Body:
    """One alternative: encoded literals, and the part they are of."""

    part: Part
    literals: tuple[bytes, ...]

    def filled(self, values: Mapping[str, str]) -> bytes:
        pieces = [self.literals[0]]
        for hole, literal in zip(self.part.holes, self.literals[1:], strict=True):
            pieces.append(_value(escape(values[hole.slot], hole.escape)))
            pieces.append(literal)
        return _SOFT.join(pieces)


class Letter:
    """A text made ready: `bytes_for` joins one customer's message."""

    def __init__(self, skeleton: Skeleton, sender: Mapping[str, str]) -> None:
        self._subject = skeleton.parts["subject"]
        names = [n for n in ("text", "html") if n in skeleton.parts]
        self._bodies = [_prepared(skeleton.parts[n]) for n in names]
        self._heads = [
            b"\r\n--" + BOUNDARY + b"\r\nContent-Type: text/" + kind + b"; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            for kind in (b"plain" if n == "text" else b"html" for n in names)
        ]
        self._head = _fixed_headers(sender)
        self._domain = ascii_domain(sender["address"].rpartition("@")[2])

    def bytes_for(self, envelope: Envelope, to: str, now: datetime) -> bytes:
        """The whole message, ready for DATA: dots at the start of a line are doubled, and it ends
        with the final dot. Raises UnsafeHeaderError."""
        subject = fill_part(self._subject, envelope.values)
        lines = [
            f"To: <{_safe(to)}>",
            f"Subject: {encoded(subject)}",
            f"Date: {format_datetime(now)}",
            f"Message-ID: <{envelope.delivery_id}.{int(now.timestamp())}@{self._domain}>",
            *(f"{_safe(name)}: {_safe(value)}" for name, value in envelope.headers.items()),
        ]
        pieces = [self._head, "\r\n".join(lines).encode(), b"\r\n"]
        for head, body in zip(self._heads, self._bodies, strict=True):
            pieces += [head, body.filled(envelope.values)]
        return b"".join([*pieces, b"\r\n--", BOUNDARY, b"--\r\n.\r\n"])


def encoded(text: str) -> str:
    """A header's words: as they are, or as encoded words (RFC 2047) folded over lines."""
    _safe(text)
    if text.isascii() and len(text) <= _ONE_LINE and "=?" not in text:
        return text
    words = (f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in _chunks(text))
    return "\r\n ".join(words)


def ascii_domain(domain: str) -> str:
    """The domain as DNS has it (IDNA 2008). Raises ValueError."""
    if domain.isascii():
        return domain
    import idna

    return idna.encode(domain, uts46=True).decode()


def _safe(text: str) -> str:
    if _CONTROL.search(text):
        raise UnsafeHeaderError("a control character in a header")
    return text


def _chunks(text: str) -> Iterator[bytes]:
    """UTF-8 in pieces that hold whole characters."""
    chunk = b""
    for character in text:
        more = character.encode()
        if len(chunk) + len(more) > _WORD_BYTES:
            yield chunk
            chunk = b""
        chunk += more
    yield chunk


def _fixed_headers(sender: Mapping[str, str]) -> bytes:
    name = sender.get("name", "")
    plain = name.isascii() and len(name) <= _ONE_LINE
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    shown = f"{_safe(quoted) if plain else encoded(name)} " if name else ""
    lines = [f"From: {shown}<{_mailbox(sender['address'])}>"]
    if reply_to := sender.get("reply_to"):
        lines.append(f"Reply-To: <{_mailbox(reply_to)}>")
    lines.append("MIME-Version: 1.0")
    lines.append(f'Content-Type: multipart/alternative; boundary="{BOUNDARY.decode()}"')
    return "\r\n".join([*lines, ""]).encode()


def _mailbox(address: str) -> str:
    local, _, domain = _safe(address).rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _prepared(part: Part) -> _Body:
    return _Body(part, tuple(_quoted(literal) for literal in part.literals))


def _value(value: str) -> bytes:
    """Most values are plain and short, and stand as they are."""
    return value.encode() if _PLAIN_VALUE.fullmatch(value) else _quoted(value)


def _quoted(text: str) -> bytes:
    data = _NEWLINE.sub("\r\n", text).encode()
    lines = b2a_qp(data, istext=True)
    # Python leaves the dot that begins a line; SMTP would take it away (RFC 5321, 4.5.2).
    doubled = lines.replace(b"\n.", b"\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled
