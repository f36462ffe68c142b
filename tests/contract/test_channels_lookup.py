"""What each vendor's own list shows of a message that may have left, by the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from campaigns.channels.lookup import Lookup
from campaigns.channels.registry import open_lookup
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Unknown
from campaigns.domain.evidence import Listed, NoAnswer, Sought
from campaigns.domain.message import Escape, Hole, Part
from campaigns.sandbox.process import SandboxProcess
from tests.contract.channels import Mail, configuration, misbehaving, opened, say
from tests.contract.channels import fresh as _fresh
from tests.unit.channels.make import skeleton as make_skeleton

#: Channels whose vendor has a list that every account can read.
LISTED = [Channel.SMS, Channel.WHATSAPP, Channel.X_DM, Channel.X_POST]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One whose SendGrid account has the activity feed."""
    home, config = _with_feed(tmp_path_factory.mktemp("sandbox"))
    with SandboxProcess(home, config=config) as running:
        yield running


@pytest.fixture
def another(tmp_path: Path) -> Iterator[SandboxProcess]:
    """One whose feed nobody has asked yet: SendGrid answers six questions a minute."""
    home, config = _with_feed(tmp_path)
    with SandboxProcess(home, config=config, record=100) as running:
        yield running


def _with_feed(folder: Path) -> tuple[Path, Path]:
    config = folder / "config.json"
    config.write_bytes(orjson.dumps({"sendgrid_activity": True, "x_dm_events_limit": 100}))
    return folder / "home", config


def fresh(channel: Channel, count: int = 1) -> Mail:
    """Messages whose words are theirs alone, as a customer's own link makes them."""
    mail = _fresh(channel, count)
    people = [
        replace(e, values={**e.values, "first_name": f"Ana {e.delivery_id}"})
        for e in mail.envelopes
    ]
    return replace(mail, envelopes=people)


def sought(mail: Mail, since: datetime = LONG_AGO) -> list[Sought]:
    return [
        Sought(e.delivery_id, mail.skeleton.channel, e.address, mail.skeleton, e.values, since)
        for e in mail.envelopes
    ]


def send(sandbox: SandboxProcess, mail: Mail) -> list[object]:
    channel = mail.skeleton.channel
    if channel is Channel.X_DM:
        users = [{"username": e.address.lstrip("@")} for e in mail.envelopes]
        say(sandbox, "x/users", users)
    with opened(channel, sandbox.url, seconds=4) as sender:
        sender.prepare([mail.skeleton])
        return list(sender.send(mail.skeleton, mail.envelopes))


def look(sandbox: SandboxProcess | str, wanted: list[Sought], **wrong: str) -> dict[int, object]:
    url = sandbox if isinstance(sandbox, str) else sandbox.url
    with closing(_lookup(url, wanted[0].channel, **wrong)) as lookup:
        return dict(lookup.look(wanted))


def _lookup(url: str, channel: Channel, **wrong: str) -> Lookup:
    return open_lookup(configuration(url, **wrong), channel)


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("kind", ["500_after", "drop_after"])
def test_a_message_that_left_in_doubt_is_found_and_one_that_did_not_is_not(
    sandbox: SandboxProcess, another: SandboxProcess, channel: Channel, kind: str
) -> None:
    here = another if channel is Channel.EMAIL else sandbox
    left, stayed = fresh(channel), fresh(channel)
    with misbehaving(here, channel, kind):
        assert isinstance(send(here, left)[0], Unknown)
    (entry,) = list(here.log.entries(newest=True, limit=1))

    first = look(here, sought(left))[left.envelopes[0].delivery_id]
    second = look(here, sought(stayed))[stayed.envelopes[0].delivery_id]

    assert isinstance(first, Listed)
    (found,) = first.ids
    assert found == entry.provider_id or found.startswith(f"{entry.provider_id}.")
    assert second == Listed(())


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP, Channel.X_DM])
def test_the_same_words_to_the_same_person_twice_are_two_candidates(
    sandbox: SandboxProcess, channel: Channel
) -> None:
    mail = fresh(channel)
    send(sandbox, mail)
    send(sandbox, mail)
    (answer,) = look(sandbox, sought(mail)).values()
    assert isinstance(answer, Listed)
    assert len(set(answer.ids)) == 2


@pytest.mark.parametrize("channel", LISTED)
def test_what_was_sent_before_the_run_began_is_no_candidate(
    sandbox: SandboxProcess, channel: Channel
) -> None:
    mail = fresh(channel)
    send(sandbox, mail)
    later = datetime.now(UTC) + timedelta(seconds=5)
    assert list(look(sandbox, sought(mail, since=later)).values()) == [Listed(())]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP, Channel.X_DM])
def test_other_words_to_the_same_person_are_no_candidate(
    sandbox: SandboxProcess, channel: Channel
) -> None:
    mail = fresh(channel)
    send(sandbox, mail)
    (wanted,) = sought(mail)
    other = replace(wanted, values={**(wanted.values or {}), "first_name": "Somebody else"})
    assert list(look(sandbox, [other]).values()) == [Listed(())]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP, Channel.X_DM])
def test_of_somebody_erased_nothing_can_be_asked_by_address(
    sandbox: SandboxProcess, channel: Channel
) -> None:
    (wanted,) = sought(fresh(channel))
    (answer,) = look(sandbox, [replace(wanted, address=None, values=None)]).values()
    assert isinstance(answer, NoAnswer)
    assert "erased" in answer.why


@pytest.mark.parametrize("channel", [Channel.X_POST, Channel.X_DM])
def test_x_shows_links_and_signs_its_own_way_and_the_words_are_still_found(
    sandbox: SandboxProcess, channel: Channel
) -> None:
    mail = fresh(channel)
    words = f"Tea & cake <3 🌱 no. {mail.envelopes[0].delivery_id}: "
    links = "https://shop.example.com/spring/?a=1&copy=2 and shop.example.com"
    mail = replace(mail, skeleton=make_skeleton(channel, {"body": Part((words + links,), ())}))
    send(sandbox, mail)
    (answer,) = look(sandbox, sought(mail)).values()
    assert isinstance(answer, Listed)
    assert len(answer.ids) == 1


def test_a_list_is_read_through_its_pages(sandbox: SandboxProcess) -> None:
    mail = fresh(Channel.SMS)
    send(sandbox, mail)
    person = mail.envelopes[0].address
    others = [replace(e, address=person) for e in fresh(Channel.SMS, 25).envelopes]
    for start in range(0, 125, 25):
        bodies = Part((f"No. {start}: ", ""), (Hole("first_name", Escape.PLAIN),))
        slots = mail.skeleton.slots.values()
        send(sandbox, Mail(make_skeleton(Channel.SMS, {"body": bodies}, *slots), others))
    (answer,) = look(sandbox, sought(mail)).values()
    assert isinstance(answer, Listed)
    assert len(answer.ids) == 1


@pytest.mark.parametrize("channel", list(Channel))
def test_a_provider_that_cannot_be_reached_or_answers_nonsense_proves_nothing(
    another: SandboxProcess, channel: Channel
) -> None:
    wanted = sought(fresh(channel, 1))
    nobody = look("http://127.0.0.1:9", wanted)
    with misbehaving(another, channel, "500_before", on="any"):
        broken = look(another, wanted)
    with misbehaving(another, channel, "truncate", on="any"):
        cut = look(another, wanted)
    with misbehaving(another, channel, "429", on="any"):
        limited = look(another, wanted)
    for answers in (nobody, broken, cut, limited):
        (answer,) = answers.values()
        assert isinstance(answer, NoAnswer), answers
        assert wanted[0].address not in answer.why or not wanted[0].address


@pytest.mark.parametrize(
    ("channel", "wrong"),
    [
        (Channel.EMAIL, {"sendgrid_api_key": "SG.another"}),
        (Channel.SMS, {"twilio_auth_token": "another"}),
        (Channel.X_POST, {"x_access_token": "another"}),
    ],
)
def test_wrong_keys_prove_nothing(
    another: SandboxProcess, channel: Channel, wrong: dict[str, str]
) -> None:
    (answer,) = look(another, sought(fresh(channel)), **wrong).values()
    assert isinstance(answer, NoAnswer)


def test_a_sendgrid_account_without_the_feed_says_so_for_everybody(tmp_path: Path) -> None:
    mail = fresh(Channel.EMAIL, 130)
    with SandboxProcess(tmp_path) as without:
        send(without, mail)
        answers = look(without, sought(mail))
    assert set(answers) == {e.delivery_id for e in mail.envelopes}
    assert all(isinstance(a, NoAnswer) and "no activity feed" in a.why for a in answers.values())


def test_sendgrid_is_asked_about_twenty_at_once_and_six_times_a_minute(
    another: SandboxProcess,
) -> None:
    mail = fresh(Channel.EMAIL, 130)
    assert all(isinstance(o, Accepted) for o in send(another, mail))

    answers = look(another, sought(mail))
    again = look(another, sought(mail)[120:])

    asked = [r for r in another.log.recorded("sendgrid") if r.path == "/v3/messages"]
    assert len(asked) == 6 + 1
    assert list(answers) == [e.delivery_id for e in mail.envelopes[:120]]
    assert all(isinstance(a, Listed) and len(a.ids) == 1 for a in answers.values())
    assert all(isinstance(a, NoAnswer) and "slow down" in a.why for a in again.values())


def test_two_in_doubt_at_one_e_mail_address_are_asked_about_apart(another: SandboxProcess) -> None:
    mail = fresh(Channel.EMAIL, 2)
    shared = [replace(e, address="both@example.com") for e in mail.envelopes]
    send(another, Mail(mail.skeleton, shared[:1]))
    first, second = look(another, sought(Mail(mail.skeleton, shared))).values()
    assert isinstance(first, Listed)
    assert len(first.ids) == 1
    assert second == Listed(())


def test_an_e_mail_of_somebody_erased_is_still_found_by_our_own_id(another: SandboxProcess) -> None:
    mail = fresh(Channel.EMAIL, 1)
    send(another, mail)
    (wanted,) = sought(mail)
    (answer,) = look(another, [replace(wanted, address=None, values=None)]).values()
    assert isinstance(answer, Listed)
    assert len(answer.ids) == 1
