from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.channels.sendgrid.payload import (
    DELIMITERS,
    LARGEST_REQUEST,
    MailRequest,
    holes_of,
    mail_request,
)
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope, NotSent, Rejected
from campaigns.domain.message import Escape, Hole, Part, Skeleton, Slot, SlotType, fill
from tests.unit.channels.make import NOW, envelopes, mail, skeleton

SENDER = {"address": "hello@news.example.com", "name": "Shop", "reply_to": "care@shop.example.com"}

# Everything that could be taken for a tag, besides ordinary text.
_ATOMS = st.sampled_from(
    ["^", "0;", "^0;", "~1;", "|", "`", "1", ";", "¦", "<b>", "&", '"', "ñ", "€"]
)
_TEXT = st.lists(_ATOMS | st.text(max_size=4), max_size=6).map("".join)
_NAMES = ("first_name", "points", "page")
_HOLES = st.builds(Hole, st.sampled_from(_NAMES), st.sampled_from(list(Escape)))


@st.composite
def _parts(draw: st.DrawFn) -> Part:
    holes = draw(st.lists(_HOLES, max_size=5))
    literals = [draw(_TEXT) for _ in range(len(holes) + 1)]
    return Part(tuple(literals), tuple(holes))


@st.composite
def _skeletons(draw: st.DrawFn) -> Skeleton:
    parts = {name: draw(_parts()) for name in ("subject", "html", "text")}
    return skeleton(Channel.EMAIL, parts, *(Slot(n, SlotType.TEXT, 99) for n in _NAMES))


def _envelope(number: int, values: dict[str, str]) -> Envelope:
    return Envelope(number, f"p{number}@customers.example.com", values, {})


def _substituted(text: str, tags: Iterable[tuple[str, str]]) -> str:
    """As SendGrid does it: one tag after another, everywhere, raw."""
    for tag, value in tags:
        text = text.replace(tag, value)
    return text


def _arrived(request: MailRequest, index: int, order: int = 1) -> dict[str, str]:
    tags = list(request.body["personalizations"][index].get("substitutions", {}).items())[::order]
    content = {c["type"]: c["value"] for c in request.body["content"]}
    return {
        "subject": _substituted(request.body["subject"], tags),
        "text": _substituted(content["text/plain"], tags),
        "html": _substituted(content["text/html"], tags),
    }


@settings(max_examples=300, deadline=None)
@given(
    _skeletons(),
    st.lists(st.fixed_dictionaries(dict.fromkeys(_NAMES, _TEXT)), min_size=1, max_size=4),
    st.sampled_from([1, -1]),
)
def test_what_sendgrid_substitutes_is_byte_for_byte_what_fill_writes(
    message: Skeleton, values: list[dict[str, str]], order: int
) -> None:
    """In whatever order SendGrid goes through the tags, and whatever the values hold."""
    request = mail_request(message, [_envelope(n, v) for n, v in enumerate(values)], SENDER, NOW)
    assert not request.kept
    for position, index in enumerate(request.sent):
        assert _arrived(request, position, order) == fill(message, values[index])


@given(_skeletons(), st.fixed_dictionaries(dict.fromkeys(_NAMES, _TEXT)))
def test_no_tag_is_a_prefix_of_another(message: Skeleton, values: dict[str, str]) -> None:
    request = mail_request(message, [_envelope(1, values)], SENDER, NOW)
    tags = list(request.body["personalizations"][0].get("substitutions", {}))
    assert not [(a, b) for a in tags for b in tags if a != b and b.startswith(a)]


def test_a_value_holding_every_tag_character_is_rejected_and_the_others_go() -> None:
    people = envelopes(Channel.EMAIL, 3)
    values = {**people[1].values, "first_name": "".join(DELIMITERS)}
    people[1] = replace(people[1], values=values)
    request = mail_request(mail(), people, SENDER, NOW)
    assert isinstance(request.kept[1], Rejected)
    assert request.sent == [0, 2]
    assert _arrived(request, 1) == fill(mail(), people[2].values)


def _one(**values: str) -> dict[str, Any]:
    person = envelopes(Channel.EMAIL, 1)[0]
    request = mail_request(
        mail(), [replace(person, values={**person.values, **values})], SENDER, NOW
    )
    return request.body


def test_a_personalization_carries_its_own_values_and_an_opaque_id_only() -> None:
    body = _one()
    assert body["personalizations"] == [
        {
            "to": [{"email": "person1@customers.example.com"}],
            "custom_args": {"delivery_id": "1"},
            "headers": {"List-Unsubscribe": "<https://news.example.com/u/1>"},
            "substitutions": {
                "^0;": "Ana 1",
                "^1;": "Ana 1",
                "^2;": "https://news.example.com/p/1?a=1&b=2",
                "^3;": "Ana 1",
                "^4;": "https://news.example.com/p/1?a=1&amp;b=2",
            },
        }
    ]


def test_the_plain_part_comes_first_and_tracking_is_off() -> None:
    body = _one()
    assert [c["type"] for c in body["content"]] == ["text/plain", "text/html"]
    assert body["tracking_settings"]["click_tracking"] == {"enable": False, "enable_text": False}
    assert body["tracking_settings"]["open_tracking"] == {"enable": False}
    assert body["from"] == {"email": "hello@news.example.com", "name": "Shop"}
    assert body["reply_to"] == {"email": "care@shop.example.com"}


def test_a_caret_in_the_layout_makes_another_character_the_mark() -> None:
    message = mail()
    parts = {
        **message.parts,
        "html": Part(("a[href^=x]{}", ""), (Hole("first_name", Escape.HTML),)),
    }
    request = mail_request(replace(message, parts=parts), envelopes(Channel.EMAIL, 1), SENDER, NOW)
    assert set(request.body["personalizations"][0]["substitutions"]) == {"~0;", "~1;", "~2;", "~3;"}


@pytest.mark.parametrize("letter", ["a", "ñ", '"'])
def test_ten_thousand_bytes_of_values_go_and_one_more_is_rejected(letter: str) -> None:
    """Counted as JSON, the strictest reading of SendGrid's limit."""
    message = skeleton(
        Channel.EMAIL,
        {"subject": Part(("S",), ()), "text": Part(("", ""), (Hole("v", Escape.PLAIN),))},
        Slot("v", SlotType.TEXT, 99_999),
    )
    most = 1
    while len(orjson.dumps({"^0;": letter * (most + 1)})) <= 10_000:
        most += 1
    people = [_envelope(0, {"v": letter * most}), _envelope(1, {"v": letter * (most + 1)})]
    request = mail_request(message, people, SENDER, NOW)
    assert request.sent == [0]
    rejected = request.kept[1]
    assert isinstance(rejected, Rejected)
    assert "10,000" in rejected.reason


def test_a_request_stays_under_thirty_megabytes_and_the_rest_goes_next() -> None:
    """The SDK writes JSON in ASCII: a two-byte letter takes six bytes, a four-byte one twelve."""
    message = skeleton(
        Channel.EMAIL,
        {"subject": Part(("S",), ()), "text": Part(("", ""), (Hole("v", Escape.PLAIN),))},
        Slot("v", SlotType.TEXT, 99_999),
    )
    people = [_envelope(n, {"v": "ñ" * 4_990}) for n in range(1_000)]
    request = mail_request(message, people, SENDER, NOW)
    assert 10_000_000 < len(json.dumps(request.body)) < LARGEST_REQUEST
    assert len(request.sent) + len(request.kept) == 1_000
    assert all(isinstance(o, NotSent) and o.retry_at == NOW for o in request.kept.values())
    assert len(request.kept) > 0


def test_a_slot_in_html_and_in_plain_text_has_two_tags() -> None:
    assert len(holes_of(mail())) == 5


def test_a_message_without_slots_has_no_substitutions() -> None:
    parts = {"subject": Part(("S",), ()), "text": Part(("T",), ())}
    request = mail_request(skeleton(Channel.EMAIL, parts), envelopes(Channel.EMAIL, 2), SENDER, NOW)
    assert "substitutions" not in request.body["personalizations"][0]
    assert request.body["content"] == [{"type": "text/plain", "value": "T"}]
