"""The sandbox misbehaving, as each vendor's SDK sees it.

For every kind: what the client is left with, and whether the message was accepted.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import URLError

import orjson
import pytest
import requests
import tweepy
from python_http_client import exceptions as sendgrid_errors
from twilio.base.exceptions import TwilioRestException

from campaigns.errors import CampaignsError
from campaigns.sandbox.process import SandboxProcess
from tests.sandbox_clients import (
    CALLBACK,
    FROM,
    control,
    mail,
    sendgrid_client,
    twilio_client,
    x_client,
)
from tests.waiting import until

Send = Callable[[SandboxProcess, str, float], Any]

#: What a broken connection, a broken body and a time-out look like through each SDK.
BROKEN = (ConnectionError, http.client.HTTPException, requests.ConnectionError, URLError)
SLOW = (TimeoutError, requests.Timeout, requests.ConnectionError, URLError)
GARBLED = (orjson.JSONDecodeError, requests.JSONDecodeError, ValueError)


def _mail(sandbox: SandboxProcess, name: str, timeout: float = 60) -> Any:
    return sendgrid_client(sandbox.url, timeout=timeout).send(mail(f"{name}@example.com"))


def _text(sandbox: SandboxProcess, name: str, timeout: float = 60) -> Any:
    client = twilio_client(sandbox.url, timeout=timeout)
    callback = f"{CALLBACK}to%20{name}@example.com"
    return client.messages.create(
        to="+34600000001", from_=FROM, body=name, status_callback=callback
    )


def _post(sandbox: SandboxProcess, name: str, timeout: float = 60) -> Any:
    return x_client(sandbox.url, timeout=timeout).create_tweet(text=name)


SENDS = pytest.mark.parametrize("send", [_mail, _text, _post], ids=["sendgrid", "twilio", "x"])


@pytest.fixture(scope="module")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A running sandbox."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """One that behaves until told otherwise, and again afterwards."""
    yield shared_sandbox
    control(shared_sandbox.url, "DELETE", "faults")


def _said(sandbox: SandboxProcess, name: str) -> int:
    """How often a message with this name was accepted."""
    return sum(name in (seen.text + (seen.subject or "")) for _, seen in sandbox.log.messages())


def _pretend(sandbox: SandboxProcess, kind: str, **more: Any) -> None:
    control(sandbox.url, "POST", "faults", {"kind": kind, "count": 1, **more})


@SENDS
def test_an_error_before_accepting_leaves_nothing_in_the_log(
    sandbox: SandboxProcess, send: Send
) -> None:
    name = f"error-before-{send.__name__}"
    _pretend(sandbox, "500_before")
    with pytest.raises((sendgrid_errors.HTTPError, TwilioRestException, tweepy.TwitterServerError)):
        send(sandbox, name, 10)
    assert _said(sandbox, name) == 0
    send(sandbox, name, 10)
    assert _said(sandbox, name) == 1


@SENDS
def test_an_error_after_accepting_looks_the_same_and_is_in_the_log(
    sandbox: SandboxProcess, send: Send
) -> None:
    name = f"error-after-{send.__name__}"
    _pretend(sandbox, "500_after")
    with pytest.raises((sendgrid_errors.HTTPError, TwilioRestException, tweepy.TwitterServerError)):
        send(sandbox, name, 10)
    assert _said(sandbox, name) == 1


@SENDS
@pytest.mark.parametrize(("kind", "accepted"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_says_nothing_about_the_message(
    sandbox: SandboxProcess, send: Send, kind: str, accepted: int
) -> None:
    name = f"{kind}-{send.__name__}"
    _pretend(sandbox, kind)
    with pytest.raises(BROKEN):
        send(sandbox, name, 10)
    assert _said(sandbox, name) == accepted


@SENDS
def test_a_truncated_answer_breaks_off_after_the_message_was_accepted(
    sandbox: SandboxProcess, send: Send
) -> None:
    name = f"truncate-{send.__name__}"
    _pretend(sandbox, "truncate")
    with pytest.raises((*BROKEN, requests.exceptions.ChunkedEncodingError)):
        send(sandbox, name, 10)
    assert _said(sandbox, name) == 1


@pytest.mark.parametrize("send", [_text, _post])
def test_a_garbled_answer_is_a_success_that_cannot_be_read(
    sandbox: SandboxProcess, send: Send
) -> None:
    name = f"garble-{send.__name__}"
    _pretend(sandbox, "garble")
    with pytest.raises(GARBLED):
        send(sandbox, name, 10)
    assert _said(sandbox, name) == 1


def test_an_empty_answer_is_a_success_without_an_id(sandbox: SandboxProcess) -> None:
    _pretend(sandbox, "empty")
    assert _text(sandbox, "empty-text").sid is None
    _pretend(sandbox, "empty")
    with pytest.raises(GARBLED):
        _post(sandbox, "empty-post")
    assert _said(sandbox, "empty-post") == 1
    assert _said(sandbox, "empty-text") == 1


@SENDS
@pytest.mark.parametrize(("kind", "accepted"), [("hang", 1), ("hang_before", 0)])
def test_a_hanging_answer_outlasts_the_clients_patience(
    sandbox: SandboxProcess, send: Send, kind: str, accepted: int
) -> None:
    name = f"{kind}-{send.__name__}"
    _pretend(sandbox, kind)
    with pytest.raises(SLOW):
        send(sandbox, name, 0.4)
    until(lambda: _said(sandbox, name) == accepted)  # the client may be the quicker one


@SENDS
def test_a_dripping_answer_slips_past_a_socket_timeout(sandbox: SandboxProcess, send: Send) -> None:
    name = f"drip-{send.__name__}"
    pause = {_mail: 0.012, _text: 0.0016, _post: 0.004}[send]  # answers differ in their length
    _pretend(sandbox, "drip", seconds=pause)
    started = time.monotonic()
    send(sandbox, name, 1.0)
    assert time.monotonic() - started > 1.0
    assert _said(sandbox, name) == 1


@SENDS
def test_a_delayed_answer_comes_in_the_end(sandbox: SandboxProcess, send: Send) -> None:
    name = f"delay-{send.__name__}"
    _pretend(sandbox, "delay", seconds=0.3)
    started = time.monotonic()
    send(sandbox, name, 10)
    assert time.monotonic() - started >= 0.3
    assert _said(sandbox, name) == 1


def test_sendgrids_429_says_when_to_come_back(sandbox: SandboxProcess) -> None:
    _pretend(sandbox, "429", seconds=30)
    with pytest.raises(sendgrid_errors.TooManyRequestsError) as raised:
        _mail(sandbox, "many")
    headers = raised.value.headers
    assert headers["X-RateLimit-Remaining"] == "0"
    assert 0 < int(headers["X-RateLimit-Reset"]) - time.time() <= 31
    assert orjson.loads(raised.value.body)["errors"][0]["message"] == "too many requests"
    assert _said(sandbox, "many") == 0


def test_twilios_429_is_20429(sandbox: SandboxProcess) -> None:
    _pretend(sandbox, "429")
    with pytest.raises(TwilioRestException) as raised:
        _text(sandbox, "too-many")
    assert (raised.value.code, raised.value.status) == (20429, 429)
    assert _said(sandbox, "too-many") == 0


def test_xs_429_carries_the_moment_of_its_reset(sandbox: SandboxProcess) -> None:
    _pretend(sandbox, "429", seconds=30)
    with pytest.raises(tweepy.TooManyRequests) as raised:
        _post(sandbox, "x-many")
    assert raised.value.reset_time is not None
    assert 0 < raised.value.reset_time - time.time() <= 31
    assert _said(sandbox, "x-many") == 0


def test_the_log_names_every_struck_delivery_and_whether_it_was_accepted(
    sandbox: SandboxProcess,
) -> None:
    people = [f"struck{n}@example.com" for n in range(3)]
    _pretend(sandbox, "500_after")
    with pytest.raises(sendgrid_errors.InternalServerError):
        sendgrid_client(sandbox.url).send(mail(*people))
    _pretend(sandbox, "429")
    with pytest.raises(sendgrid_errors.TooManyRequestsError):
        sendgrid_client(sandbox.url).send(mail("refused@example.com"))
    struck = {s.delivery: s for s in sandbox.log.strikes()}
    assert all(struck[f"to {p}"].accepted for p in people)
    assert struck[f"to {people[1]}"].kind == "500_after"
    assert struck[f"to {people[1]}"].recipient == people[1]
    assert not struck["to refused@example.com"].accepted


def test_a_struck_request_that_is_wrong_anyway_is_not_called_accepted(
    sandbox: SandboxProcess,
) -> None:
    _pretend(sandbox, "500_after")
    with pytest.raises(sendgrid_errors.InternalServerError):
        sendgrid_client(sandbox.url).send(mail("wrong@example"))
    (strike,) = [s for s in sandbox.log.strikes() if s.recipient == "wrong@example"]
    assert not strike.accepted


def test_a_rule_can_pick_out_one_person(sandbox: SandboxProcess) -> None:
    rule = {"kind": "500_before", "provider": "twilio", "to": ["+34600000009"]}
    control(sandbox.url, "POST", "faults", rule)
    client = twilio_client(sandbox.url)
    client.messages.create(to="+34600000008", from_=FROM, body="spared")
    with pytest.raises(TwilioRestException):
        client.messages.create(to="+34600000009", from_=FROM, body="picked")


def test_how_often_a_rule_fired_can_be_asked(sandbox: SandboxProcess) -> None:
    _pretend(sandbox, "500_before", provider="twilio")
    with pytest.raises(TwilioRestException):
        _text(sandbox, "asked")
    (rule,) = control(sandbox.url, "GET", "faults")
    assert (rule["kind"], rule["fired"]) == ("500_before", 1)


def test_other_requests_are_answered_while_some_hang(sandbox: SandboxProcess) -> None:
    control(sandbox.url, "POST", "faults", {"kind": "hang", "to": ["hung@example.com"]})
    with ThreadPoolExecutor(4) as pool:
        hung = [
            pool.submit(sendgrid_client(sandbox.url, timeout=1).send, mail("hung@example.com"))
            for _ in range(4)
        ]
        assert _mail(sandbox, "free").status_code == 202
        assert all(isinstance(h.exception(), SLOW) for h in hung)


def test_rules_can_come_from_a_file_and_a_wrong_file_stops_the_start(tmp_path: Path) -> None:
    rules = tmp_path / "faults.json"
    rules.write_bytes(orjson.dumps([{"kind": "500_before", "provider": "twilio"}]))
    with (
        SandboxProcess(tmp_path / "home", faults=rules) as sandbox,
        pytest.raises(TwilioRestException),
    ):
        _text(sandbox, "file")
    rules.write_text('[{"kind": "explode"}]')
    with pytest.raises(CampaignsError, match=r"faults\.json: unknown kind 'explode'"):
        SandboxProcess(tmp_path / "home", faults=rules).start()
