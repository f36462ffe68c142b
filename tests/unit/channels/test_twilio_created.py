"""What the SDK is handed says what the whole answer says of the message's id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.channels.twilio.created import handed_on
from campaigns.channels.wire import Answer

MESSAGES = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"

_DOCUMENTS = st.dictionaries(
    st.sampled_from(["sid", "body", "date_sent"]) | st.text(max_size=5),
    st.none() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers()),
)
_BODIES = (
    _DOCUMENTS.map(lambda document: json.dumps(document).encode())
    | st.tuples(_DOCUMENTS, st.integers(0, 40)).map(lambda d: json.dumps(d[0]).encode()[: d[1]])
    | st.binary(max_size=20)
)


def _sid(text: str) -> Any:
    """What the SDK reads: nothing of an empty text; and it trips over what is no JSON."""
    try:
        document = json.loads(text) if text else {}
        return document.get("sid")
    except (ValueError, AttributeError) as error:
        return type(error)


@given(_BODIES, st.sampled_from([200, 201, 400, 429, 500]))
@example(b'{"sid": "SM1", "sid": "SM2"}', 201)
@example(b'{"sid": "SM1"', 201)
@example(b'{"sid": 5}', 201)
@example(b'{"sid": "\\ud800"}', 201)
@example(b'{"sid": "SM1", "price": NaN}', 201)
@example(b"[]", 201)
def test_the_id_is_the_one_of_the_whole_answer(body: bytes, status: int) -> None:
    answer = Answer(status, "", b"", body)
    assert _sid(handed_on("POST", MESSAGES, answer)) == _sid(answer.text)


def test_of_a_message_that_was_taken_the_sdk_gets_the_id_alone() -> None:
    body = b'{"sid": "SM1", "body": "Hello", "date_created": "Fri, 27 Nov 2026 02:00:00 +0000"}'
    assert handed_on("POST", MESSAGES, Answer(201, "", b"", body)) == '{"sid":"SM1"}'


@pytest.mark.parametrize(
    ("method", "uri", "status"),
    [
        ("GET", MESSAGES, 201),
        ("POST", MESSAGES, 400),
        ("POST", "https://content.twilio.com/v1/Content", 201),
    ],
)
def test_any_other_answer_is_handed_on_as_it_came(method: str, uri: str, status: int) -> None:
    body = b'{"sid": "HX1", "friendly_name": "spring"}'
    assert handed_on(method, uri, Answer(status, "", b"", body)) == body.decode()
