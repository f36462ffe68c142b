from __future__ import annotations

from datetime import UTC, datetime
from http.client import HTTPMessage

import orjson
import pytest

from campaigns.channels.wire import Answer
from campaigns.channels.x.answers import outcome_of, user_id_in
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, NotSent, Outcome, Refused, Rejected, Unknown
from tests.unit.channels.make import NOW

POST, DM = Channel.X_POST, Channel.X_DM


def _answer(status: int, document: object = None, **headers: str) -> Answer:
    message = HTTPMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Answer(status, "", message, orjson.dumps(document) if document else b'{"data":')


def _detail(words: str) -> dict[str, object]:
    return {"title": "Forbidden", "detail": words, "type": "about:blank", "status": 403}


@pytest.mark.parametrize(
    ("channel", "answer", "expected"),
    [
        (POST, _answer(201, {"data": {"id": "12", "text": "x"}}), Accepted("12")),
        (
            DM,
            _answer(201, {"data": {"dm_event_id": "9", "dm_conversation_id": "1-2"}}),
            Accepted("9"),
        ),
        (POST, _answer(201), Accepted(None)),
        (DM, _answer(201, {"data": []}), Accepted(None)),
    ],
)
def test_a_2xx_is_accepted_whatever_the_body(
    channel: Channel, answer: Answer, expected: Outcome
) -> None:
    assert outcome_of(channel, answer, NOW) == expected


@pytest.mark.parametrize(
    ("channel", "answer", "expected"),
    [
        (POST, _answer(403, _detail("You are not allowed to create duplicate content.")), Rejected),
        (POST, _answer(403, _detail("Your account is suspended.")), Refused),
        (
            DM,
            _answer(403, _detail("You do not have permission to DM one or more participants.")),
            Rejected,
        ),
        (
            DM,
            _answer(
                403,
                _detail(
                    "Your client app is not configured with the appropriate oauth1 app "
                    "permissions for this endpoint."
                ),
            ),
            Refused,
        ),
        (POST, _answer(401), Refused),
        (DM, _answer(401, {"title": "Unauthorized"}), Refused),
        (POST, _answer(400, {"errors": [{"message": "text is too long"}]}), Refused),
        (DM, _answer(400, {"errors": [{"message": "text is too long"}]}), Rejected),
        (DM, _answer(404), Rejected),
        (POST, _answer(429), NotSent),
        (POST, _answer(500), Unknown),
        (DM, _answer(503), Unknown),
        (DM, _answer(301), Unknown),
    ],
)
def test_answers_become_outcomes(channel: Channel, answer: Answer, expected: type[Outcome]) -> None:
    assert isinstance(outcome_of(channel, answer, NOW), expected)


def test_a_429_waits_for_the_moment_x_names() -> None:
    reset = int(NOW.timestamp()) + 600
    outcome = outcome_of(DM, _answer(429, x_rate_limit_reset=str(reset)), NOW)
    assert isinstance(outcome, NotSent)
    assert outcome.retry_at == datetime.fromtimestamp(reset, UTC)


def test_a_handle_nobody_has_is_answered_with_200_and_no_data() -> None:
    found = _answer(200, {"data": {"id": "1", "username": "Demo_Ana", "name": "Ana"}})
    assert user_id_in(found) == "1"
    missing = {"errors": [{"value": "demo_gone", "title": "Not Found Error"}]}
    assert user_id_in(_answer(200, missing)) is None
    assert user_id_in(_answer(400, missing)) is None
