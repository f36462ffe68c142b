from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPMessage
from pathlib import Path

import orjson
import pytest

from campaigns.channels.twilio import payload
from campaigns.channels.twilio.answers import outcome_of, outcome_of_code
from campaigns.channels.twilio.errors import MEANINGS, Verdict, meaning_of
from campaigns.channels.twilio.template import LONGEST_TEMPLATE, template_of
from campaigns.channels.wire import Answer
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, NotSent, Outcome, Refused, Rejected, Unknown
from campaigns.domain.message import Escape, Hole, Part, Slot, SlotType, fill
from campaigns.errors import ConfigurationError
from tests.unit.channels.make import FIRST_NAME, NOW, PAGE, envelopes, skeleton, text

PERSON = envelopes(Channel.SMS, 1)[0]


def _answer(status: int, document: object = None, **headers: str) -> Answer:
    message = HTTPMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Answer(status, "", message, orjson.dumps(document) if document else b"")


def test_a_delivery_id_travels_in_the_query_of_the_callback() -> None:
    url = "https://news.example.com/hooks/twilio"
    assert payload.callback_fields(url, 7) == {"status_callback": f"{url}?delivery=7"}
    assert payload.callback_fields(f"{url}?a=1", 7) == {"status_callback": f"{url}?a=1&delivery=7"}
    assert payload.callback_fields(None, 7) == {}


def test_a_messaging_service_goes_before_a_number() -> None:
    sender = {"from": "+447700900123", "messaging_service": "MG1", "validity_seconds": "3600"}
    assert payload.sender_fields(sender) == {"messaging_service_sid": "MG1"}


@pytest.mark.parametrize(
    ("left", "sender", "period"),
    [
        (None, {}, None),
        (None, {"validity_seconds": "3600"}, 3600),
        (timedelta(minutes=30), {}, 1800),
        (timedelta(minutes=30), {"validity_seconds": "600"}, 600),
        (timedelta(minutes=5), {"validity_seconds": "600"}, 300),
        (timedelta(hours=13), {}, 36_000),
        (timedelta(seconds=-1), {}, 1),
    ],
)
def test_twilio_may_try_until_the_quiet_hours_begin(
    left: timedelta | None, sender: dict[str, str], period: int | None
) -> None:
    until = None if left is None else NOW + left
    expected = {} if period is None else {"validity_period": period}
    assert payload.validity_fields(sender, until, NOW) == expected


def test_a_whatsapp_sender_is_prefixed_once() -> None:
    for number in ("+447700900124", "whatsapp:+447700900124"):
        fields = payload.sender_fields({"from": number}, prefix="whatsapp:")
        assert fields == {"from_": "whatsapp:+447700900124"}


def test_a_text_of_1600_characters_goes_and_one_more_is_rejected() -> None:
    fixed = len(fill(text(Channel.SMS), {"first_name": ""})["body"])
    fits = replace(PERSON, values={"first_name": "x" * (1600 - fixed)})
    fields = payload.text_fields(text(Channel.SMS), fits)
    assert isinstance(fields, dict)
    assert len(str(fields["body"])) == 1600
    longer = replace(PERSON, values={"first_name": "x" * (1601 - fixed)})
    assert isinstance(payload.text_fields(text(Channel.SMS), longer), Rejected)


@pytest.mark.parametrize(
    ("ago", "is_open"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=58), True),
        (timedelta(hours=23, minutes=59, seconds=30), False),
        (timedelta(hours=24), False),
        (timedelta(days=30), False),
    ],
)
def test_the_whatsapp_window_closes_24_hours_after_the_customers_word(
    ago: timedelta, is_open: bool
) -> None:
    assert payload.in_window(NOW - ago, NOW) is is_open


def test_who_never_wrote_has_no_open_window() -> None:
    assert not payload.in_window(None, NOW)


_NAME, _PAGE = Hole("first_name", Escape.PLAIN), Hole("page", Escape.PLAIN)


def _whatsapp(*literals: str, holes: tuple[Hole, ...]) -> object:
    return template_of(
        skeleton(Channel.WHATSAPP, {"body": Part(literals, holes)}, FIRST_NAME, PAGE)
    )


def test_a_template_numbers_each_slot_once_and_fills_to_the_same_words() -> None:
    body = Part(("Hi ", ", see ", " now, ", "!"), (_NAME, _PAGE, _NAME))
    message = skeleton(Channel.WHATSAPP, {"body": body}, FIRST_NAME, PAGE)
    template = template_of(message)
    assert template.body == "Hi {{1}}, see {{2}} now, {{1}}!"
    assert template.language == "en_GB"
    assert set(template.samples) == {"1", "2"}
    filled = template.body
    for number, value in template.values(PERSON.values).items():
        filled = filled.replace(f"{{{{{number}}}}}", value)
    assert filled == fill(message, PERSON.values)["body"]


def test_the_same_words_give_the_same_template_in_any_campaign() -> None:
    one = text(Channel.WHATSAPP)
    other = replace(one, variant="b", traits=(("is_member", True),))
    assert template_of(one) == template_of(other)
    assert template_of(one).name != template_of(replace(one, locale="es_ES")).name


def test_a_locale_whatsapp_knows_without_region_only_loses_it() -> None:
    assert template_of(replace(text(Channel.WHATSAPP), locale="ca_ES")).language == "ca"


@pytest.mark.parametrize(
    ("literals", "holes", "words"),
    [
        (("", " hello"), (_NAME,), "starts or ends"),
        (("Hello ", " "), (_NAME,), "starts or ends"),
        (("Hello ", " ", "!"), (_NAME, _PAGE), "side by side"),
        (("Hello {{1}}",), (), "reads them as slots"),
        (("x" * (LONGEST_TEMPLATE + 1),), (), "1,024"),
    ],
)
def test_a_text_whatsapp_would_not_approve_is_named(
    literals: tuple[str, ...], holes: tuple[Hole, ...], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        _whatsapp(*literals, holes=holes)


def test_a_samples_value_is_the_fallback_where_there_is_one() -> None:
    slot = Slot("first_name", SlotType.TEXT, 40, fallback="friend")
    body = {"body": Part(("Hi ", "!"), (_NAME,))}
    assert template_of(skeleton(Channel.WHATSAPP, body, slot)).samples == {"1": "friend"}


_EXPECTED: dict[Verdict, type[Outcome]] = {
    Verdict.INVALID_ADDRESS: Rejected,
    Verdict.OPTED_OUT: Rejected,
    Verdict.REJECTED: Rejected,
    Verdict.REFUSED: Refused,
    Verdict.RETRY: NotSent,
    Verdict.SLOW: NotSent,
    Verdict.UNKNOWN: Unknown,
}


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_code_has_an_outcome_of_its_verdict(code: int) -> None:
    outcome = outcome_of_code(code, NOW)
    assert isinstance(outcome, _EXPECTED[MEANINGS[code].verdict])
    if isinstance(outcome, NotSent):
        assert outcome.retry_at > NOW


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        ((21211, 21614, 21612, 30005, 30006), Verdict.INVALID_ADDRESS),
        ((21610,), Verdict.OPTED_OUT),
        ((20003, 21606, 21212, 21408, 21617, 30034, 63016, 30007), Verdict.REFUSED),
        ((20429, 21611, 30001, 63018), Verdict.SLOW),
        ((30003, 30008), Verdict.RETRY),
        ((63049,), Verdict.REJECTED),
        ((20500,), Verdict.UNKNOWN),
    ],
)
def test_the_codes_the_design_names_mean_what_it_says(
    codes: tuple[int, ...], verdict: Verdict
) -> None:
    assert {meaning_of(code).verdict for code in codes} == {verdict}


_DOCS = Path(__file__).parents[3] / "docs" / "channels.md"


def test_the_documented_codes_are_those_of_the_table() -> None:
    rows = {
        Verdict.INVALID_ADDRESS: "the number is of no use",
        Verdict.OPTED_OUT: "the person replied STOP",
        Verdict.REJECTED: "this message only",
        Verdict.REFUSED: "the account, the sender or the text",
        Verdict.SLOW: "too quick",
        Verdict.RETRY: "the phone is out of reach",
        Verdict.UNKNOWN: "unknown |",
    }
    lines = _DOCS.read_text(encoding="utf-8").splitlines()
    for verdict, start in rows.items():
        (line,) = (row for row in lines if row.startswith(f"| {start}"))
        documented = {int(code) for code in re.findall(r"\b\d{5}\b", line)}
        assert documented == {c for c, m in MEANINGS.items() if m.verdict is verdict}


def test_an_unknown_code_rejects_the_message_and_says_where_to_read_more() -> None:
    outcome = outcome_of(_answer(400, {"code": 29999, "message": "to +447700900001"}), NOW)
    assert isinstance(outcome, Rejected)
    assert outcome.reason.endswith("/29999")
    assert not outcome.invalid_address
    assert "7700900001" not in outcome.reason


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_answer(201), Accepted),
        (_answer(200, {"sid": None}), Accepted),
        (_answer(400, {"code": 21610}), Rejected),
        (_answer(400, {"code": "21610"}), Refused),
        (_answer(401, {"code": 20003}), Refused),
        (_answer(403), Refused),
        (_answer(404), Refused),
        (_answer(404, {"code": 20404}), Refused),
        (_answer(429, {"code": 20429}), NotSent),
        (_answer(429, {"code": 21611}), NotSent),
        (_answer(429), NotSent),
        (_answer(500, {"code": 20500}), Unknown),
        (_answer(503), Unknown),
        (_answer(302), Unknown),
        (_answer(408), Unknown),
    ],
)
def test_answers_become_outcomes(answer: Answer, expected: type[Outcome]) -> None:
    assert isinstance(outcome_of(answer, NOW), expected)


def test_a_429_comes_back_when_twilio_says_else_when_the_table_says() -> None:
    told = outcome_of(_answer(429, {"code": 21611}, Retry_After="7"), NOW)
    assert isinstance(told, NotSent)
    assert told.retry_at == NOW + timedelta(seconds=7)
    untold = outcome_of(_answer(429, {"code": 21611}), NOW)
    assert isinstance(untold, NotSent)
    assert untold.retry_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("body", [b"", b'{"code": 216'])
def test_a_refusal_that_broke_off_is_asked_again_and_does_not_stop_the_run(body: bytes) -> None:
    answer = replace(_answer(400), body=body)
    assert isinstance(outcome_of(answer, NOW), NotSent)
