"""An e-mail's bytes, held against what the standard library's parser reads back."""

from __future__ import annotations

from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.smtp.mime import Letter, UnsafeHeaderError, ascii_domain, encoded
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope
from campaigns.domain.message import Escape, Hole, Part, Skeleton, fill
from tests.unit.channels.make import FIRST_NAME, NOW, PAGE, envelopes, mail, skeleton

SENDER = {"address": "hello@news.example.com", "name": "Shop", "reply_to": "care@example.com"}
#: What people write, and what breaks encodings: dots, spaces at ends, equals signs, wide letters.
words = st.lists(st.sampled_from([*"ab.= \n\r\t<>&\"'-_€ñ👩", "\r\n.\r\n"]), max_size=90).map(
    "".join
)
lines = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=90)


def letter(of: Skeleton, values: dict[str, str], **sender: str) -> bytes:
    (person,) = envelopes(Channel.EMAIL, 1)
    made = Letter(of, {**SENDER, **sender})
    return made.bytes_for(replace(person, values=values), person.address, NOW)


def arrived(content: bytes) -> Message:
    """As the server has it: without the final dot, doubled dots single."""
    assert content.endswith(b"\r\n.\r\n")
    body = content.removesuffix(b".\r\n")
    assert b"\r\n.\r\n" not in body
    return BytesParser(policy=SMTP).parsebytes(body.replace(b"\r\n..", b"\r\n."))


def read(message: Message, kind: str) -> str:
    (part,) = (p for p in message.walk() if p.get_content_type() == kind)
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_a_mail_is_read_back_as_it_was_filled() -> None:
    (person,) = envelopes(Channel.EMAIL, 1)
    message = arrived(letter(mail(), dict(person.values)))
    parts = fill(mail(), person.values)
    assert str(message["Subject"]) == parts["subject"]
    assert read(message, "text/plain") == parts["text"]
    assert read(message, "text/html") == parts["html"]
    assert message["To"] == person.address
    assert message["From"] == "Shop <hello@news.example.com>"
    assert message["Reply-To"] == "care@example.com"
    assert message["List-Unsubscribe"] == person.headers["List-Unsubscribe"]
    assert message["Message-ID"] == f"<1.{int(NOW.timestamp())}@news.example.com>"
    kinds = [p.get_content_type() for p in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"], "the richest is last"


@given(st.lists(words, min_size=2, max_size=4), st.lists(words, min_size=1, max_size=3), lines)
def test_any_words_and_values_come_through_whole_in_short_lines(
    literals: list[str], values: list[str], subject: str
) -> None:
    holes = tuple(Hole(f"v{n % len(values)}", Escape.PLAIN) for n in range(len(literals) - 1))
    of = skeleton(
        Channel.EMAIL,
        {
            "subject": Part(("About ", ""), (Hole("s", Escape.HEADER),)),
            "text": Part(tuple(literals), holes),
        },
    )
    given_values = {"s": subject, **{f"v{n}": v for n, v in enumerate(values)}}
    content = letter(of, given_values)
    message = arrived(content)
    assert crlf(read(message, "text/plain")) == crlf(_joined(literals, holes, given_values))
    assert str(message["Subject"]).strip() == f"About {subject}".strip()
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")


def _joined(literals: list[str], holes: tuple[Hole, ...], values: dict[str, str]) -> str:
    """Each piece with its own line ends made one kind: a break is not made of two pieces."""
    text = crlf(literals[0])
    for hole, literal in zip(holes, literals[1:], strict=True):
        text += crlf(values[hole.slot]) + crlf(literal)
    return text


@pytest.mark.parametrize("wicked", ["a\r\nBcc: x@example.com", "a\nb", "a\x00", "a\u2028b", "\x85"])
def test_no_header_can_be_put_in_by_a_value(wicked: str) -> None:
    (person,) = envelopes(Channel.EMAIL, 1)
    made = Letter(mail(), SENDER)
    wrong: list[Envelope] = [
        replace(person, values={**person.values, "first_name": wicked}),
        replace(person, headers={"List-Unsubscribe": wicked}),
        replace(person, headers={wicked: "x"}),
    ]
    for envelope in wrong:
        with pytest.raises(UnsafeHeaderError):
            made.bytes_for(envelope, person.address, NOW)
    with pytest.raises(UnsafeHeaderError):
        made.bytes_for(person, f"{wicked}@example.com", NOW)
    with pytest.raises(UnsafeHeaderError):
        Letter(mail(), {**SENDER, "name": wicked})


@pytest.mark.parametrize("name", ['Müller & Söhne "Nord"', 'The "Best" \\ Shop', "店" * 13])
def test_the_senders_name_is_read_back_whatever_it_is(name: str) -> None:
    (person,) = envelopes(Channel.EMAIL, 1)
    message = arrived(letter(mail(), dict(person.values), name=name))
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, SENDER["address"])


def test_a_short_plain_subject_stays_readable_and_one_that_looks_encoded_does_not_decode() -> None:
    assert encoded("Spring sale, 20% off") == "Spring sale, 20% off"
    assert encoded("=?utf-8?b?aGFjaw==?=").startswith("=?utf-8?b?PT")


def test_a_domain_travels_as_dns_has_it() -> None:
    assert ascii_domain("bücher.example") == "xn--bcher-kva.example"
    assert ascii_domain("example.com") == "example.com"


def test_the_slots_of_the_sample_mail_are_the_ones_it_uses() -> None:
    assert set(mail().slots) == {FIRST_NAME.name, PAGE.name}
