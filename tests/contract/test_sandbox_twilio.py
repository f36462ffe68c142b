"""The sandbox as Twilio, through Twilio's own SDK."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from campaigns.sandbox.config import TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN
from campaigns.sandbox.process import SandboxProcess
from tests.openapi import assert_answer_of_twilio, assert_matches_twilio
from tests.sandbox_clients import CALLBACK, FROM, control, twilio_client

MESSAGES = f"/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Messages.json"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One that keeps what it was asked."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), record=1000) as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: SandboxProcess) -> Client:
    """Twilio's client."""
    return twilio_client(sandbox.url)


def _code(raised: pytest.ExceptionInfo[TwilioRestException]) -> tuple[int, int]:
    return raised.value.code, raised.value.status


def test_an_accepted_text_answers_a_whole_message_resource(
    sandbox: SandboxProcess, client: Client
) -> None:
    message = client.messages.create(
        to="+34600000001", from_=FROM, body="Hola 👋", status_callback=CALLBACK + "41"
    )
    assert message.sid is not None
    assert len(message.sid) == 34
    assert message.sid.startswith("SM")
    assert (message.status, message.num_segments, message.error_code) == ("queued", "1", None)
    assert (message.to, message.from_, message.body) == ("+34600000001", FROM, "Hola 👋")
    (entry,) = sandbox.log.entries(to="+34600000001")
    assert (entry.channel, entry.delivery, entry.provider_id) == ("sms", "41", message.sid)
    assert sandbox.log.seen(entry).text == "Hola 👋"


def test_every_answer_matches_twilios_own_files(sandbox: SandboxProcess) -> None:
    session = requests.Session()
    session.auth = (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)
    made = session.post(
        sandbox.url + MESSAGES,
        data={"To": "+34600000002", "From": FROM, "Body": "Hola"},
        timeout=60,
    )
    assert_answer_of_twilio("POST", MESSAGES, 201, made.content)
    one = MESSAGES.replace(".json", f"/{made.json()['sid']}.json")
    account = f"/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}.json"
    for path in (MESSAGES, one, account):
        answer = session.get(sandbox.url + path, timeout=60)
        assert answer.status_code == 200
        assert_answer_of_twilio("GET", path, 200, answer.content)


def test_what_the_sdk_sends_matches_twilios_own_file(
    sandbox: SandboxProcess, client: Client
) -> None:
    client.messages.create(
        to="+34600000003",
        from_=FROM,
        body="file",
        validity_period=600,
        smart_encoded=True,
        status_callback=CALLBACK + "1",
    )
    sent = [r for r in sandbox.log.recorded("twilio") if b"34600000003" in r.body]
    assert len(sent) == 1
    assert_matches_twilio(sent[0])
    assert "Authorization" not in sent[0].headers


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("12345", 21211),
        ("+34930000000", 21614),
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
    ],
)
def test_a_recipient_that_cannot_be_texted_is_refused(
    sandbox: SandboxProcess, client: Client, to: str, code: int
) -> None:
    with pytest.raises(TwilioRestException) as raised:
        client.messages.create(to=to, from_=FROM, body="Hola")
    assert _code(raised) == (code, 400)
    assert not list(sandbox.log.entries(to=to))


@pytest.mark.parametrize(
    ("sender", "code", "status"),
    [
        ("+15005550001", 21212, 400),
        ("+15005550007", 21606, 400),
        ("+15005550008", 21611, 429),
        ("A name too long", 21212, 400),
        ("whatsapp:" + FROM, 21910, 400),
    ],
)
def test_a_wrong_sender_is_refused(client: Client, sender: str, code: int, status: int) -> None:
    with pytest.raises(TwilioRestException) as raised:
        client.messages.create(to="+34600000004", from_=sender, body="Hola")
    assert _code(raised) == (code, status)


def test_a_senders_name_and_a_messaging_service_are_senders(client: Client) -> None:
    named = client.messages.create(to="+34600000005", from_="Brotanell", body="Hola")
    assert named.from_ == "Brotanell"
    service = "MG" + "a" * 32
    served = client.messages.create(to="+34600000005", messaging_service_sid=service, body="Hola")
    assert (served.messaging_service_sid, served.from_) == (service, None)
    assert served.num_segments == "0"


def test_an_account_with_a_list_of_numbers_sends_from_no_other(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    service = "MG" + "b" * 32
    config.write_bytes(
        orjson.dumps({"twilio_numbers": [FROM], "twilio_messaging_services": [service]})
    )
    with SandboxProcess(tmp_path / "home", config=config) as sandbox:
        client = twilio_client(sandbox.url)
        client.messages.create(to="+34600000001", from_=FROM, body="Hola")
        with pytest.raises(TwilioRestException) as raised:
            client.messages.create(to="+34600000001", from_="+447700900002", body="Hola")
        assert _code(raised) == (21606, 400)
        with pytest.raises(TwilioRestException) as raised:
            client.messages.create(
                to="+34600000001", messaging_service_sid="MG" + "a" * 32, body="Hola"
            )
        assert _code(raised) == (21701, 404)


def test_1600_characters_pass_and_one_more_does_not(client: Client) -> None:
    message = client.messages.create(to="+34600000006", from_=FROM, body="a" * 1600)
    assert message.num_segments == "11"
    with pytest.raises(TwilioRestException) as raised:
        client.messages.create(to="+34600000006", from_=FROM, body="a" * 1601)
    assert _code(raised) == (21617, 400)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": "", "From": FROM, "Body": "x"}, 21604),
        ({"To": "+34600000007", "Body": "x"}, 21603),
        ({"To": "+34600000007", "From": FROM}, 21619),
        ({"To": "+34600000007", "From": FROM, "Body": "x", "ValidityPeriod": "0"}, 21624),
        ({"To": "+34600000007", "From": FROM, "Body": "x", "ValidityPeriod": "36001"}, 21624),
        ({"To": "+34600000007", "From": FROM, "Body": "x", "StatusCallback": "nonsense"}, 21609),
        ({"To": "+34600000007", "From": FROM, "ContentSid": "HX" + "0" * 32}, 21655),
        ({"To": "+34600000007", "From": FROM, "Body": "x", "ContentVariables": "{}"}, 21656),
        ({"To": "+34600000007", "From": FROM, "Body": "x", "ScheduleType": "fixed"}, 20001),
    ],
)
def test_a_refusal_has_twilios_body(
    sandbox: SandboxProcess, fields: dict[str, str], code: int
) -> None:
    answer = requests.post(
        sandbox.url + MESSAGES,
        data=fields,
        auth=(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN),
        timeout=60,
    )
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (400, 400, code)
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert body["message"]


def test_a_wrong_token_or_account_is_401(sandbox: SandboxProcess) -> None:
    for wrong in (
        twilio_client(sandbox.url, token="other"),
        twilio_client(sandbox.url, sid="AC" + "1" * 32),
    ):
        with pytest.raises(TwilioRestException) as raised:
            wrong.messages.create(to="+34600000008", from_=FROM, body="Hola")
        assert _code(raised) == (20003, 401)


def test_who_wrote_stop_is_unsubscribed_until_they_write_start(
    sandbox: SandboxProcess, client: Client
) -> None:
    to = "+34600000009"
    control(sandbox.url, "POST", "inbound", {"channel": "sms", "from": to, "body": " stop "})
    with pytest.raises(TwilioRestException) as raised:
        client.messages.create(to=to, from_=FROM, body="Hola")
    assert _code(raised) == (21610, 400)
    control(sandbox.url, "POST", "inbound", {"channel": "sms", "from": to, "body": "START"})
    assert client.messages.create(to=to, from_=FROM, body="Hola").status == "queued"


def test_a_message_can_be_fetched_and_is_delivered_then(client: Client) -> None:
    sid = client.messages.create(to="+34600000010", from_=FROM, body="Hola").sid
    assert sid is not None
    fetched = client.messages(sid).fetch()
    assert (fetched.sid, fetched.status, fetched.body) == (sid, "delivered", "Hola")
    for unknown in ("SM" + "0" * 32, sid[:-8] + "f" * 8):
        with pytest.raises(TwilioRestException) as raised:
            client.messages(unknown).fetch()
        assert _code(raised) == (20404, 404)


def test_the_list_is_filtered_by_recipient_sender_and_day_newest_first(client: Client) -> None:
    to = "+34600000011"
    today = datetime.now(UTC)
    for number in range(5):
        client.messages.create(to=to, from_=FROM, body=f"number {number}")
    client.messages.create(to=to, from_="Other", body="from another")
    days = sorted({today.date(), datetime.now(UTC).date()}, reverse=True)  # two, at midnight
    found = [client.messages.list(to=to, from_=FROM, date_sent=day) for day in days]
    bodies = [m.body for of_day in found for m in of_day]
    assert bodies == [f"number {n}" for n in (4, 3, 2, 1, 0)]
    assert not client.messages.list(to=to, date_sent=today - timedelta(days=2))
    assert len(client.messages.list(to=to, date_sent_after=today - timedelta(days=2))) == 6
    assert not client.messages.list(to=to, date_sent_before=today - timedelta(days=2))


def test_the_list_comes_in_pages(client: Client) -> None:
    to = "+34600000012"
    for number in range(7):
        client.messages.create(to=to, from_=FROM, body=str(number))
    assert [m.body for m in client.messages.list(to=to, page_size=3)] == list("6543210")


def test_a_list_of_texts_leaves_whatsapp_out(sandbox: SandboxProcess, client: Client) -> None:
    number = "+34600000013"
    client.messages.create(to=number, from_=FROM, body="text")
    client.messages.create(to=f"whatsapp:{number}", from_=f"whatsapp:{FROM}", body="chat")
    assert [m.body for m in client.messages.list(to=number)] == ["text"]
    assert [m.body for m in client.messages.list(to=f"whatsapp:{number}")] == ["chat"]


def test_the_account_can_be_fetched(client: Client) -> None:
    account = client.api.v2010.accounts(TWILIO_ACCOUNT_SID).fetch()
    assert (account.sid, account.status) == (TWILIO_ACCOUNT_SID, "active")


def test_ids_stay_unique_after_a_restart(tmp_path: Path) -> None:
    sids = []
    for _ in range(2):
        with SandboxProcess(tmp_path) as sandbox:
            client = twilio_client(sandbox.url)
            sids.append(client.messages.create(to="+34600000014", from_=FROM, body="Hola").sid)
            assert len(client.messages.list(to="+34600000014")) == len(sids)
    assert len(set(sids)) == 2
