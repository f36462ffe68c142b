"""The sandbox as SendGrid, through SendGrid's own SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import requests
from python_http_client import exceptions

from campaigns.sandbox.process import SandboxProcess
from tests.openapi import assert_error_of_sendgrid, assert_matches_sendgrid
from tests.sandbox_clients import errors_of, mail, sendgrid_client

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One that keeps what it was asked."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), record=1000) as running:
        yield running


def test_an_accepted_mail_answers_202_with_an_id_and_no_body(sandbox: SandboxProcess) -> None:
    answer = sendgrid_client(sandbox.url).send(mail("plain@example.com"))
    assert (answer.status_code, answer.body) == (202, b"")
    (entry,) = sandbox.log.entries(to="plain@example.com")
    assert entry.provider_id == answer.headers["X-Message-Id"]
    assert (entry.provider, entry.channel) == ("sendgrid", "email")


def test_every_recipient_of_a_batch_is_logged_with_their_delivery(sandbox: SandboxProcess) -> None:
    people = [f"batch{i}@example.com" for i in range(1000)]
    sendgrid_client(sandbox.url).send(mail(*people))
    found = sandbox.log.by_delivery()
    assert all(len(found[f"to {p}"]) == 1 for p in people)
    assert found["to batch7@example.com"][0].recipient == "batch7@example.com"


def test_a_delivery_id_for_the_whole_mail_counts_where_a_person_has_none(
    sandbox: SandboxProcess,
) -> None:
    document = mail("own@example.com", "common@example.com", custom_args={"delivery_id": "all"})
    del document["personalizations"][1]["custom_args"]
    sendgrid_client(sandbox.url).send(document)
    deliveries = {
        to: [e.delivery for e in sandbox.log.entries(to=to)]
        for to in ("own@example.com", "common@example.com")
    }
    assert deliveries == {"own@example.com": ["to own@example.com"], "common@example.com": ["all"]}


def test_copies_are_recipients_too(sandbox: SandboxProcess) -> None:
    document = mail("one@example.com")
    document["personalizations"][0] |= {
        "cc": [{"email": "two@example.com"}],
        "bcc": [{"email": "three@example.com"}],
    }
    sendgrid_client(sandbox.url).send(document)
    for name in ("one", "two", "three"):
        ((_, seen),) = sandbox.log.messages(to=f"{name}@example.com")
        assert seen.subject == "Hello one"


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        ({}, "authorization required"),
        ({"Authorization": "Bearer SG.other"}, "grant is invalid, expired, or revoked"),
        ({"Authorization": "SG.sandbox.key"}, "grant is invalid, expired, or revoked"),
    ],
)
def test_a_wrong_key_is_401(
    sandbox: SandboxProcess, authorization: dict[str, str], words: str
) -> None:
    answer = requests.post(
        f"{sandbox.url}/v3/mail/send", json=mail("k@example.com"), headers=authorization, timeout=60
    )
    assert answer.status_code == 401
    assert words in answer.json()["errors"][0]["message"]
    assert_error_of_sendgrid(401, answer.content)
    assert not list(sandbox.log.entries(to="k@example.com"))


def test_the_sdk_reads_a_wrong_key_as_unauthorized(sandbox: SandboxProcess) -> None:
    with pytest.raises(exceptions.UnauthorizedError):
        sendgrid_client(sandbox.url, key="SG.other").send(mail("k@example.com"))


def test_a_refusal_names_field_and_help_and_logs_nobody(sandbox: SandboxProcess) -> None:
    document = mail("good@example.com", "bad@example")
    with pytest.raises(exceptions.BadRequestsError) as raised:
        sendgrid_client(sandbox.url).send(document)
    assert errors_of(raised) == [
        {
            "message": "Does not contain a valid address.",
            "field": "personalizations.1.to.0.email",
            "help": "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"
            "#message.personalizations.to",
        }
    ]
    assert_error_of_sendgrid(400, raised.value.body)
    assert not list(sandbox.log.entries(to="good@example.com"))


def test_thirty_megabytes_are_too_large(sandbox: SandboxProcess) -> None:
    document = mail("big@example.com")
    document["content"][0]["value"] = "x" * (30 * MEGABYTE)
    with pytest.raises(exceptions.PayloadTooLargeError) as raised:
        sendgrid_client(sandbox.url, timeout=60).send(document)
    assert_error_of_sendgrid(413, raised.value.body)
    document["content"][0]["value"] = "x" * (29 * MEGABYTE)
    assert sendgrid_client(sandbox.url, timeout=60).send(document).status_code == 202


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"{", "application/json", 400), (b"{}", "text/plain", 415)],
)
def test_what_is_not_json_is_refused(
    sandbox: SandboxProcess, body: bytes, kind: str, status: int
) -> None:
    headers = {"Authorization": "Bearer SG.sandbox.key", "Content-Type": kind}
    answer = requests.post(f"{sandbox.url}/v3/mail/send", data=body, headers=headers, timeout=60)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["message"]


def test_sandbox_mode_answers_200_and_sends_nothing(sandbox: SandboxProcess) -> None:
    settings = {"sandbox_mode": {"enable": True}}
    document = mail("mode@example.com", mail_settings=settings)
    assert sendgrid_client(sandbox.url).send(document).status_code == 200
    assert not list(sandbox.log.entries(to="mode@example.com"))


def test_the_keys_scopes_can_be_asked_for(sandbox: SandboxProcess) -> None:
    answer = sendgrid_client(sandbox.url).client.scopes.get()
    assert "mail.send" in answer.to_dict["scopes"]


def test_what_sendgrid_does_not_have_is_404_and_what_it_cannot_do_405(
    sandbox: SandboxProcess,
) -> None:
    client = sendgrid_client(sandbox.url).client
    with pytest.raises(exceptions.NotFoundError):
        client.nonsense.get()
    with pytest.raises(exceptions.MethodNotAllowedError):
        client.mail.send.delete()


def test_only_verified_senders_may_send_when_the_account_has_a_list(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_bytes(orjson.dumps({"sendgrid_verified_senders": ["shop.example.com"]}))
    with SandboxProcess(tmp_path / "home", config=config) as sandbox:
        client = sendgrid_client(sandbox.url)
        with pytest.raises(exceptions.ForbiddenError) as raised:
            client.send(mail("v@example.com"))
        assert errors_of(raised)[0]["field"] == "from"
        assert_error_of_sendgrid(403, raised.value.body)
        document = mail("v@example.com")
        document["from"]["email"] = "any@shop.example.com"
        assert client.send(document).status_code == 202


def test_what_the_sdk_sends_matches_sendgrids_own_file(sandbox: SandboxProcess) -> None:
    sendgrid_client(sandbox.url).send(mail("file@example.com", categories=["spring"]))
    sent = [r for r in sandbox.log.recorded("sendgrid") if b"file@example.com" in r.body]
    assert len(sent) == 1
    assert_matches_sendgrid(sent[0])
    assert (sent[0].status, sent[0].method, sent[0].path) == (202, "POST", "/v3/mail/send")


def test_a_recorded_request_keeps_no_secret(sandbox: SandboxProcess) -> None:
    sendgrid_client(sandbox.url).send(mail("secret@example.com"))
    kept = next(r for r in sandbox.log.recorded() if b"secret@example.com" in r.body)
    assert kept.headers["Content-Type"] == "application/json"
    assert "SG.sandbox.key" not in str(kept)
