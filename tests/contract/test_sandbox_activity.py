"""The sandbox's activity feed, through SendGrid's own SDK and against SendGrid's own file."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from python_http_client import exceptions

from campaigns.sandbox.process import SandboxProcess
from tests.openapi import assert_answer_of_sendgrid
from tests.sandbox_clients import errors_of, mail, sendgrid_client


def feed(tmp_path: Path, *people: str) -> SandboxProcess:
    config = tmp_path / "config.json"
    config.write_bytes(orjson.dumps({"sendgrid_activity": True}))
    running = SandboxProcess(tmp_path / "home", config=config)
    running.start()
    sendgrid_client(running.url).send(mail(*people))
    return running


def ask(sandbox: SandboxProcess, query: str, **more: object) -> bytes:
    answer = sendgrid_client(sandbox.url).client.messages.get(query_params={"query": query, **more})
    found: bytes = answer.body
    return found


def test_a_message_is_found_by_its_unique_argument_by_its_recipient_and_by_either(
    tmp_path: Path,
) -> None:
    sandbox = feed(tmp_path, "ada@example.com", "bea@example.com", "cai@example.com")
    try:
        ada = """unique_args['delivery_id']="to ada@example.com\""""
        one = ask(sandbox, ada)
        two = ask(sandbox, f"""({ada}) OR (to_email="BEA@example.com")""")
        none = ask(sandbox, f"""{ada} AND to_email="bea@example.com\"""")
        assert_answer_of_sendgrid("GET", "/v3/messages", 200, two)
    finally:
        sandbox.stop()
    (found,) = orjson.loads(one)["messages"]
    assert (found["to_email"], found["subject"]) == ("ada@example.com", "Hello ada")
    assert (found["from_email"], found["status"]) == ("hello@news.example.com", "delivered")
    assert [m["to_email"] for m in orjson.loads(two)["messages"]] == [
        "bea@example.com",
        "ada@example.com",
    ]
    assert orjson.loads(none) == {"messages": []}


WRONG = {
    """bad_field="x\"""": "invalid syntax: 'bad_field' is not a known field",
    "": "ends too early",
    """to_email="x" to_email="y\"""": "invalid syntax",
    """(to_email="x\"""": "ends too early",
    """to_email="x" OR""": "ends too early",
    """to_email="x\")""": "parenthesis",
}


def test_a_wrong_query_is_refused_in_sendgrids_words(tmp_path: Path) -> None:
    sandbox = feed(tmp_path, "ada@example.com")
    try:
        for query, said in WRONG.items():
            with pytest.raises(exceptions.BadRequestsError) as raised:
                ask(sandbox, query)
            assert said in errors_of(raised)[0]["message"], query
            assert_answer_of_sendgrid("GET", "/v3/messages", 400, raised.value.body)
    finally:
        sandbox.stop()


def test_the_seventh_question_in_a_minute_is_refused(tmp_path: Path) -> None:
    sandbox = feed(tmp_path, "ada@example.com")
    try:
        for _ in range(6):
            ask(sandbox, """to_email="ada@example.com\"""")
        with pytest.raises(exceptions.TooManyRequestsError) as raised:
            ask(sandbox, """to_email="ada@example.com\"""")
    finally:
        sandbox.stop()
    assert_answer_of_sendgrid("GET", "/v3/messages", 429, raised.value.body)


def test_an_account_that_has_not_bought_the_feed_is_forbidden_to_read_it(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox, pytest.raises(exceptions.ForbiddenError):
        ask(sandbox, """to_email="ada@example.com\"""")
