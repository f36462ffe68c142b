from __future__ import annotations

from datetime import UTC, datetime
from email.message import Message

import orjson
import pytest

from campaigns.channels.sendgrid.answers import accepted, refused
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Holds, NotSent, Outcome, Refused, Rejected, Unknown
from tests.unit.channels.make import NOW, envelopes

PEOPLE = envelopes(Channel.EMAIL, 3)


def _headers(**headers: str) -> Message:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return message


def _errors(*errors: tuple[str, str | None]) -> bytes:
    return orjson.dumps({"errors": [{"message": m, "field": f, "help": None} for m, f in errors]})


def _refused(status: int, body: bytes = b"", **headers: str) -> list[Outcome]:
    return refused(status, _headers(**headers), body, PEOPLE, NOW)


def test_all_share_the_id_of_the_request() -> None:
    assert accepted(_headers(X_Message_Id="abc"), 2) == [Accepted("abc"), Accepted("abc")]


def test_a_wrong_address_is_rejected_and_the_others_go_again_without_it() -> None:
    body = _errors(("Does not contain a valid address.", "personalizations.1.to.0.email"))
    first, wrong, last = _refused(400, body)
    assert isinstance(wrong, Rejected)
    assert wrong.invalid_address
    again = NotSent("sendgrid:400", "another message of the request was refused", NOW)
    assert [first, last] == [again, again]


def test_a_person_whose_values_are_refused_keeps_the_address() -> None:
    body = _errors(("Substitutions are limited.", "personalizations.0.substitutions"))
    rejected = _refused(400, body)[0]
    assert isinstance(rejected, Rejected)
    assert not rejected.invalid_address


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, _errors(("The subject is required.", "subject"))),
        (400, b"<html>"),
        (400, _errors(("Too many.", "personalizations.77.to"))),
        (401, _errors(("authorization required", None))),
        (403, _errors(("The from address does not match.", "from"))),
        (404, b""),
        (413, _errors(("too large", None))),
        (415, b"[]"),
    ],
)
def test_what_everyone_would_be_answered_stops_the_campaign(status: int, body: bytes) -> None:
    outcomes = _refused(status, body)
    assert [type(o) for o in outcomes] == [Refused] * 3
    assert outcomes[0].code == f"sendgrid:{status}"  # type: ignore[union-attr]


def test_a_wrong_key_names_the_setting() -> None:
    assert "CAMPAIGNS_SENDGRID_API_KEY" in _refused(401)[0].reason  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302, 408])
def test_a_failure_inside_sendgrid_leaves_the_messages_in_doubt(status: int) -> None:
    assert [type(o) for o in _refused(status)] == [Unknown] * 3


def test_a_429_waits_for_the_moment_sendgrid_names() -> None:
    reset = int(NOW.timestamp()) + 42
    outcome = _refused(429, X_RateLimit_Reset=str(reset))[0]
    assert isinstance(outcome, NotSent)
    assert outcome.retry_at == datetime.fromtimestamp(reset, UTC)


def test_a_reason_never_repeats_a_customers_address() -> None:
    for field in ("personalizations.0.to", "personalizations"):
        body = _errors((f"first duplicate instance of [{PEOPLE[0].address.upper()}]", field))
        reason = _refused(400, body)[0].reason  # type: ignore[union-attr]
        assert "person1" not in reason.lower()
        assert "(address)" in reason


@pytest.mark.parametrize("body", [b"", b'{"errors": [{"message": "The to ema'])
def test_a_400_whose_reason_was_cut_off_is_asked_again_and_stops_nobody(body: bytes) -> None:
    """One person's wrong address, broken on the way, once looked like a mistake of everybody's."""
    for outcome in _refused(400, body):
        assert isinstance(outcome, NotSent)
        assert outcome.retry_at > NOW
        assert outcome.holds is Holds.MESSAGE


def test_a_whole_400_about_nobody_stops_the_campaign() -> None:
    assert all(isinstance(o, Refused) for o in _refused(400, b'{"errors": []}'))
