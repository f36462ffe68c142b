"""The sandbox as WhatsApp at Twilio: templates, their approval, and the 24-hour window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from campaigns.sandbox.process import SandboxProcess
from tests.openapi import assert_matches_twilio
from tests.sandbox_clients import CALLBACK, FROM, control, twilio_client

SENDER = f"whatsapp:{FROM}"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One where WhatsApp rejects what is called `forbidden`."""
    home = tmp_path_factory.mktemp("sandbox")
    config = home / "config.json"
    config.write_bytes(orjson.dumps({"whatsapp_reject": ["forbidden"]}))
    with SandboxProcess(home, config=config, record=1000) as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: SandboxProcess) -> Client:
    """Twilio's client."""
    return twilio_client(sandbox.url)


def _content(
    client: Client, body: str = "Hello {{1}}, {{2}} off.", samples: dict[str, str] | None = None
) -> str:
    content = client.content.v1.contents.create(
        ContentList.ContentCreateRequest(
            {
                "friendly_name": "spring",
                "language": "en",
                "variables": samples or {},
                "types": {"twilio/text": {"body": body}},
            }
        )
    )
    assert content.sid is not None
    return content.sid


def _submit(client: Client, sid: str, name: str = "spring", category: str = "UTILITY") -> Any:
    request = ApprovalCreateList.ContentApprovalRequest({"name": name, "category": category})
    return client.content.v1.contents(sid).approval_create.create(request)


def _send(client: Client, to: str, sid: str, values: dict[str, Any] | str) -> Any:
    given = values if isinstance(values, str) else orjson.dumps(values).decode()
    return client.messages.create(
        to=f"whatsapp:{to}",
        from_=SENDER,
        content_sid=sid,
        content_variables=given,
        status_callback=CALLBACK + "7",
    )


def _ended(client: Client, message: Any) -> tuple[str, int | None]:
    fetched = client.messages(message.sid).fetch()
    return str(fetched.status), fetched.error_code


def test_an_approved_template_arrives_filled(sandbox: SandboxProcess, client: Client) -> None:
    sid = _content(client)
    _submit(client, sid)
    message = _send(client, "+34600000001", sid, {"1": "Ana", "2": "20%"})
    assert message.body == "Hello Ana, 20% off."
    assert _ended(client, message) == ("delivered", None)
    ((entry, seen),) = sandbox.log.messages(to="+34600000001")
    assert (entry.channel, entry.delivery, entry.error) == ("whatsapp", "7", None)
    assert seen.text == "Hello Ana, 20% off."


def test_a_free_text_outside_the_window_is_accepted_and_never_arrives(client: Client) -> None:
    message = client.messages.create(to="whatsapp:+34600000002", from_=SENDER, body="Hola")
    assert message.status == "queued"
    assert _ended(client, message) == ("undelivered", 63016)


def test_a_free_text_arrives_within_a_day_of_the_customers_own(
    sandbox: SandboxProcess, client: Client
) -> None:
    number = "+34600000003"
    control(sandbox.url, "POST", "inbound", {"channel": "whatsapp", "from": number, "body": "Hi"})
    message = client.messages.create(to=f"whatsapp:{number}", from_=SENDER, body="Hola")
    assert _ended(client, message) == ("delivered", None)


def test_a_template_nobody_submitted_counts_as_free_text(client: Client) -> None:
    message = _send(client, "+34600000004", _content(client), {"1": "Ana", "2": "20%"})
    assert _ended(client, message) == ("undelivered", 63016)


def test_a_rejected_template_does_not_arrive(client: Client) -> None:
    sid = _content(client)
    _submit(client, sid, name="forbidden")
    fetched = client.content.v1.contents(sid).approval_fetch().fetch()
    assert fetched.whatsapp is not None
    assert fetched.whatsapp["status"] == "rejected"
    message = _send(client, "+34600000005", sid, {"1": "Ana", "2": "20%"})
    assert _ended(client, message) == ("undelivered", 63040)


def test_marketing_does_not_arrive_in_the_united_states(client: Client) -> None:
    sid = _content(client)
    _submit(client, sid, category="MARKETING")
    values = {"1": "Ana", "2": "20%"}
    assert _ended(client, _send(client, "+12025550123", sid, values)) == ("undelivered", 63049)
    assert _ended(client, _send(client, "+34600000006", sid, values)) == ("delivered", None)


def test_a_variable_without_value_takes_the_sample_or_fails_later(client: Client) -> None:
    with_sample = _content(client, samples={"2": "some"})
    without = _content(client)
    _submit(client, with_sample)
    _submit(client, without)
    filled = _send(client, "+34600000007", with_sample, {"1": "Ana"})
    assert filled.body == "Hello Ana, some off."
    assert _ended(client, filled) == ("delivered", None)
    assert _ended(client, _send(client, "+34600000007", without, {"1": "Ana"})) == (
        "undelivered",
        63028,
    )


@pytest.mark.parametrize(
    "values",
    [
        "nonsense",
        '["Ana"]',
        {"1": "Ana", "2": "20%", "3": "unknown"},
        {"1": "two\nlines", "2": "20%"},
        {"1": "a\ttab", "2": "20%"},
        {"1": "five     spaces", "2": "20%"},
        {"1": 5, "2": "20%"},
        {"1": "", "2": "20%"},
    ],
)
def test_values_that_do_not_fit_the_template_are_21656(
    client: Client, values: dict[str, Any] | str
) -> None:
    with pytest.raises(TwilioRestException) as raised:
        _send(client, "+34600000008", _content(client), values)
    assert raised.value.code == 21656


def test_an_unknown_template_is_21655_in_a_message_and_404_by_itself(client: Client) -> None:
    unknown = "HX" + "0" * 32
    with pytest.raises(TwilioRestException) as raised:
        _send(client, "+34600000009", unknown, {})
    assert raised.value.code == 21655
    with pytest.raises(TwilioRestException) as raised:
        client.content.v1.contents(unknown).fetch()
    assert (raised.value.code, raised.value.status) == (20404, 404)


def test_templates_are_listed_and_fetched_as_they_were_made(client: Client) -> None:
    sid = _content(client, "Listed {{1}}", {"1": "Ana"})
    listed = {c.sid: c for c in client.content.v1.contents.list()}
    fetched = client.content.v1.contents(sid).fetch()
    for content in (listed[sid], fetched):
        assert (content.friendly_name, content.language) == ("spring", "en")
        assert content.types == {"twilio/text": {"body": "Listed {{1}}"}}
        assert content.variables == {"1": "Ana"}
        assert content.date_created is not None


def test_a_deleted_template_is_gone_but_what_it_said_is_kept(
    sandbox: SandboxProcess, client: Client
) -> None:
    sid = _content(client)
    _submit(client, sid)
    message = _send(client, "+34600000010", sid, {"1": "Ana", "2": "20%"})
    assert client.content.v1.contents(sid).delete()
    with pytest.raises(TwilioRestException):
        client.content.v1.contents(sid).fetch()
    assert client.messages(message.sid).fetch().body == "Hello Ana, 20% off."
    ((_, seen),) = sandbox.log.messages(to="+34600000010")
    assert seen.text == "Hello Ana, 20% off."


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"types": {"twilio/text": {"body": "x"}}}, "language"),
        ({"language": "en"}, "types"),
        ({"language": "en", "types": {"twilio/text": {}}}, "requires body"),
        ({"language": "en", "types": {"twilio/flows": {"body": "x"}}}, "unknown"),
    ],
)
def test_a_template_that_twilio_would_not_make_is_refused(
    client: Client, request_: dict[str, Any], words: str
) -> None:
    with pytest.raises(TwilioRestException, match=words):
        client.content.v1.contents.create(ContentList.ContentCreateRequest(request_))


@pytest.mark.parametrize(("name", "category"), [("Spring Sale", "UTILITY"), ("spring", "OFFERS")])
def test_whatsapps_names_and_categories_are_checked(
    client: Client, name: str, category: str
) -> None:
    with pytest.raises(TwilioRestException):
        _submit(client, _content(client), name, category)


def test_a_template_is_submitted_once(client: Client) -> None:
    sid = _content(client)
    assert _submit(client, sid).status == "received"
    with pytest.raises(TwilioRestException, match="submitted"):
        _submit(client, sid)


def test_approval_takes_as_long_as_the_account_says(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_bytes(orjson.dumps({"whatsapp_approval_seconds": 3600}))
    with SandboxProcess(tmp_path / "home", config=config) as sandbox:
        client = twilio_client(sandbox.url)
        sid = _content(client)
        _submit(client, sid)
        fetched = client.content.v1.contents(sid).approval_fetch().fetch()
        assert fetched.whatsapp is not None
        assert fetched.whatsapp["status"] == "pending"
        message = _send(client, "+34600000001", sid, {"1": "Ana", "2": "20%"})
        assert _ended(client, message) == ("undelivered", 63016)


def test_templates_and_their_approval_outlive_a_restart(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        first = twilio_client(sandbox.url)
        sid = _content(first)
        _submit(first, sid)
        number = {"channel": "whatsapp", "from": "+34600000002", "body": "Hi"}
        control(sandbox.url, "POST", "inbound", number)
    with SandboxProcess(tmp_path) as sandbox:
        again = twilio_client(sandbox.url)
        message = _send(again, "+34600000001", sid, {"1": "Ana", "2": "20%"})
        assert _ended(again, message) == ("delivered", None)
        free = again.messages.create(to="whatsapp:+34600000002", from_=SENDER, body="Hola")
        assert _ended(again, free) == ("delivered", None)


def test_what_the_sdk_sends_matches_twilios_own_file(
    sandbox: SandboxProcess, client: Client
) -> None:
    sid = _content(client, "recorded {{1}}")
    _submit(client, sid)
    _send(client, "+34600000011", sid, {"1": "Ana"})
    made = [r for r in sandbox.log.recorded() if b"recorded" in r.body]
    submitted = [r for r in sandbox.log.recorded() if f"{sid}/Approval" in r.path]
    sent = [r for r in sandbox.log.recorded() if b"34600000011" in r.body]
    assert [len(made), len(submitted), len(sent)] == [1, 1, 1]
    for request in (*made, *submitted, *sent):
        assert_matches_twilio(request)
