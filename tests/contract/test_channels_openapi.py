"""What we really send, against the vendors' own OpenAPI files (X's has no open licence)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted
from campaigns.sandbox.log import RecordedRequest
from campaigns.sandbox.process import SandboxProcess
from tests.contract.channels import fresh, opened, say
from tests.shared import shared


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RecordedRequest]]:
    """Every kind of request our channels make."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), record=100) as sandbox:
        for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP):
            mail = fresh(channel, 3)
            last = replace(mail.envelopes[2], last_inbound_at=datetime.now(UTC))
            number = last.address
            if channel is Channel.WHATSAPP:
                say(sandbox, "inbound", {"channel": "whatsapp", "from": number, "body": "Hi"})
            with opened(channel, sandbox.url) as sender:
                sender.prepare([mail.skeleton])
                outcomes = sender.send(mail.skeleton, [*mail.envelopes[:2], last])
            assert all(isinstance(o, Accepted) for o in outcomes)
        yield sandbox.log.recorded()


@cache
def _read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def _file(uri: str) -> Resource[Any]:
    return Resource.from_contents(_read(Path(uri.removeprefix("file:"))), DRAFT202012)


@cache
def _registry() -> Registry[Any]:
    return Registry(retrieve=cache(_file))  # type: ignore[call-arg]


@cache
def _validator(file: Path, pointer: str) -> Draft202012Validator:
    """A validator of one schema in a file, its references followed into the files beside it."""
    return Draft202012Validator({"$ref": f"file:{file.resolve()}#{pointer}"}, registry=_registry())


def _strict(file: Path, pointer: str, sent: dict[str, Any]) -> list[str]:
    """What is wrong with a body, names that the vendor does not list included."""
    schema = _read(file)
    for step in pointer.strip("/").split("/"):
        schema = schema[step.replace("~1", "/").replace("~0", "~")]
    unknown = [
        f"{name} is not in the vendor's file" for name in sent if name not in schema["properties"]
    ]
    return unknown + [e.message for e in _validator(file, pointer).iter_errors(sent)]


_MAIL = "/mail_send/post/requestBody/content/application~1json/schema"
_MESSAGE = (
    "/paths/~12010-04-01~1Accounts~1{AccountSid}~1Messages.json/post/requestBody/content/"
    "application~1x-www-form-urlencoded/schema"
)


def test_mail_is_what_sendgrids_file_says(recorded: list[RecordedRequest]) -> None:
    file = shared("specs/sendgrid/spec/paths/mail_send/mail_send.json")
    (sent,) = [r for r in recorded if r.path == "/v3/mail/send"]
    body = orjson.loads(sent.body)
    assert _strict(file, _MAIL, body) == []
    item = f"{_MAIL}/properties/personalizations/items"
    assert [_strict(file, item, p) for p in body["personalizations"]] == [[], [], []]


def test_messages_are_what_twilios_file_says(recorded: list[RecordedRequest]) -> None:
    file = shared("specs/twilio/twilio_api_v2010.json")
    sent = [r for r in recorded if r.path.endswith("/Messages.json")]
    forms = [{k: v for k, (v,) in parse_qs(r.body.decode()).items()} for r in sent]
    assert [_strict(file, _MESSAGE, form) for form in forms] == [[]] * 6
    assert sum("ContentSid" in form for form in forms) == 2
    assert sum("Body" in form for form in forms) == 4


def test_templates_are_what_twilios_file_says(recorded: list[RecordedRequest]) -> None:
    file = shared("specs/twilio/twilio_content_v1.json")
    content = "/components/schemas/ContentCreateRequest"
    approval = "/components/schemas/ContentApprovalRequest"
    (made,) = [r for r in recorded if (r.method, r.path) == ("POST", "/v1/Content")]
    (submitted,) = [r for r in recorded if r.path.endswith("/ApprovalRequests/whatsapp")]
    assert _strict(file, content, orjson.loads(made.body)) == []
    assert _strict(file, approval, orjson.loads(submitted.body)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"From": "+447700900123", "Color": "red"},
        {"To": "+447700900001", "MessagingServiceSid": "MG1"},
    ],
)
def test_a_wrong_form_would_be_found(wrong: dict[str, str]) -> None:
    assert _strict(shared("specs/twilio/twilio_api_v2010.json"), _MESSAGE, wrong)


def test_a_wrong_mail_would_be_found() -> None:
    file = shared("specs/sendgrid/spec/paths/mail_send/mail_send.json")
    wrong = {"personalizations": [{"to": [{"name": "nobody"}]}], "from": {}, "subject": "S"}
    assert len(_strict(file, _MAIL, wrong)) >= 3
