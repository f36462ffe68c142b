"""A customer writes, is answered by a person, and says that it is enough: as the shop lives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from campaigns.bootstrap import App
from campaigns.bootstrap.replies import Replies
from campaigns.cli import cli
from campaigns.domain.answer import Because
from campaigns.domain.audit import Action
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose, Standing, permits
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.pace import Pace, pace_key
from campaigns.errors import NotFoundError, UserError
from campaigns.services.dispatch import Clock
from campaigns.store import consents
from campaigns.store.clock import to_ms
from tests.desk_server import PEOPLE, Person, World, desk, desk_world, make
from tests.waiting import until


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with desk_world(tmp_path_factory.mktemp("replies")) as made:
        yield made


@pytest.fixture(scope="module")
def people() -> Iterator[Person]:
    return iter(PEOPLE)


@pytest.fixture
def ana(world: World, people: Iterator[Person]) -> Person:
    """A customer of the test's own, and nothing left to send to others."""
    world.replies.send()
    return next(people)


@pytest.fixture
def command(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = world.settings
    monkeypatch.setenv("CAMPAIGNS_HOME", str(settings.home))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(settings.templates))
    monkeypatch.setenv("CAMPAIGNS_SANDBOX_URL", world.sandbox.url)

    def run(*arguments: str, code: int = 0) -> Any:
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == code, done.output + str(done.exception)
        return json.loads(done.stdout) if "--json" in arguments else done.stdout

    return run


def _permitted(document: Any) -> set[tuple[str, str]]:
    """Channel and topic of every marketing message that the ledger permits."""
    standings = [s for s in document["standings"] if s["purpose"] == "marketing"]
    topics = {s["topic"] for s in standings}
    return {
        (channel, topic)
        for channel in {s["channel"] for s in standings}
        for topic in topics
        if permits(
            [
                Standing(s["topic"], s["granted"], datetime.fromisoformat(s["at"]))
                for s in standings
                if s["channel"] == channel
            ],
            Purpose.MARKETING,
            topic,
        )
    }


def test_a_question_by_text_is_answered_by_a_person_and_is_on_the_timeline(
    world: World, command: Any, ana: Person
) -> None:
    world.says("¿Tenéis la talla 38?", person=ana)
    (waits,) = [w for w in command("inbox", "list", "--json")["replies"] if w["ref"] == ana.ref]
    assert (waits["words"], waits["channel"]) == ("¿Tenéis la talla 38?", "sms")
    number = str(waits["inbox_id"])
    assert "¿Tenéis la talla 38?" in command("inbox", "show", number)

    words = "Sí, en la tienda del centro."
    told = ("--campaign", "spring_sale", "--by", "Marta")
    answer = command("inbox", "answer", number, words, *told, "--json")
    assert answer["state"] == "accepted"
    assert world.received(person=ana)[0] == words
    assert ana.ref not in command("inbox", "list")

    told_of = command("show", "customer", ana.ref, "--json")
    newest, question, *earlier = told_of["timeline"]
    assert newest["kind"] == "answered"
    assert newest["words"] == {"text": words}
    assert (newest["by"], newest["data"]["campaign"]) == ("Marta", "spring_sale")
    assert (question["kind"], question["words"]["text"]) == ("replied", "¿Tenéis la talla 38?")
    (sent,) = [e for e in earlier if e["kind"] == "sent"]
    assert sent["proven"] is True
    assert "PRIMAVERA20" in sent["words"]["text"]
    (offer,) = told_of["offers"]
    assert ["code", "PRIMAVERA20"] in offer["facts"]
    assert offer["ends_at"].startswith("2032-03-31")
    assert [(e["actor"], e["action"]) for e in told_of["audit"]] == [("Marta", "answered")]
    shown = command("show", "customer", ana.phone)
    assert words in shown
    assert "form 12, wording 4f2a" in shown
    assert "e-mail: the customer asked for it" in " ".join(shown.split())


def test_who_looks_at_a_customer_is_noted_by_number_and_the_links_they_see_are_dead(
    world: World, command: Any, ana: Person
) -> None:
    number = world.app.profiles.find(ana.ref)
    (delivery,) = world.app.profiles.show(number).deliveries
    links = world.app.links.values(delivery.delivery_id)
    shown = command("show", "customer", ana.mail, "--by", "Marta", "--json")
    command("show", "customer", ana.ref, "--by", "Marta")
    seen = command("show", "delivery", str(delivery.delivery_id), "--by", "Pol", "--json")
    assert shown["audit"] == []
    trail = command("audit", f"customer:{number}", "--json")["entries"]
    assert sorted((e["actor"], e["action"], e["why"]) for e in trail) == [
        ("Marta", "looked", ""),
        ("Pol", "looked", ""),
    ]
    assert ana.mail not in json.dumps(trail)
    sent = world.app.message(delivery.delivery_id)
    assert any(link in text for link in links.values() for text in sent.values())
    for document in (shown["timeline"], seen["message"]):
        assert "/…" in str(document)
        assert not any(link in str(document) for link in links.values())


def test_help_and_baja_are_answered_by_themselves_and_nothing_else_follows(
    world: World, command: Any, ana: Person
) -> None:
    world.says("AYUDA", person=ana)
    assert command("inbox", "send", "--json") == {"accepted": 1}
    assert "BAJA" in world.received(person=ana)[0]
    world.says("BAJA", person=ana)
    assert command("inbox", "send", "--json") == {"accepted": 1}
    assert "último mensaje" in world.received(person=ana)[0]
    world.says("y no me escribáis más", person=ana)
    assert command("inbox", "send", "--json") == {}
    assert ana.ref not in command("inbox", "list")
    document = command("show", "customer", ana.mail, "--json")
    barred = {a["channel"]: a["suppression"] for a in document["addresses"]}
    assert barred["sms"]["reason"] == barred["whatsapp"]["reason"] == "opted_out"
    assert barred["email"] is None


def test_who_opted_out_is_not_answered_on_that_phone(
    world: World, command: Any, ana: Person
) -> None:
    world.says("this is spam", person=ana)
    (waits,) = [w for w in command("inbox", "list", "--json")["replies"] if w["ref"] == ana.ref]
    assert waits["because"] == "unclear"
    with pytest.raises(UserError, match="only their own START"):
        world.replies.answer(waits["inbox_id"], "Sorry!", by="Marta")
    command("inbox", "close", str(waits["inbox_id"]), "--by", "Marta", "--why", "opted out")
    assert ana.ref not in command("inbox", "list")


def test_what_was_no_opt_out_is_taken_back_and_the_history_keeps_both(
    world: World, command: Any, ana: Person
) -> None:
    stood = command("show", "customer", ana.ref, "--json")
    world.says("this is spam", person=ana)
    number = str(world.waits(ana).inbox_id)
    command("inbox", "no-opt-out", number, "--by", "Marta", "--why", "", code=1)
    said = ("--by", "Marta", "--why", "quoted our subject")
    assert "stands again" in command("inbox", "no-opt-out", number, *said)
    now = command("show", "customer", ana.ref, "--json")
    assert _permitted(now) == _permitted(stood)
    assert [a["suppression"] for a in now["addresses"]] == [None] * len(now["addresses"])
    assert [(e["actor"], e["action"], e["why"]) for e in now["audit"]] == [
        ("Marta", "taken_back", "quoted our subject")
    ]
    kinds = [e["kind"] for e in now["timeline"]]
    assert {"replied", "unsubscribed"} <= set(kinds)
    assert command("inbox", "send", "--json") == {}, "a confirmation would be wrong"
    assert world.waits(ana).because is Because.REPLY, "it may be a question"
    command("inbox", "no-opt-out", number, *said, code=1)
    command("inbox", "close", number, "--by", "Marta")
    assert ana.ref not in command("inbox", "list")
    assert world.app.profiles.show(world.app.profiles.find(ana.ref)).consents[-1].actor == "Marta"


def test_what_is_taken_back_stands_again_over_a_yes_that_a_clock_dated_ahead(
    world: World, command: Any, ana: Person
) -> None:
    customer, ahead = world.app.profiles.find(ana.ref), to_ms(world.app.clock.now()) + 7_200_000
    with world.app.database.write() as connection:
        yes = ("marketing", "*", True, ahead, "customer", "a clock ran ahead", "campaigns")
        consents.append(connection, [(customer, channel, *yes) for channel in ("sms", "whatsapp")])
    stood = command("show", "customer", ana.ref, "--json")
    world.says("this is spam", person=ana)
    assert _permitted(command("show", "customer", ana.ref, "--json")) != _permitted(stood)
    said = ("--by", "Marta", "--why", "quoted our subject")
    command("inbox", "no-opt-out", str(world.waits(ana).inbox_id), *said)
    assert _permitted(command("show", "customer", ana.ref, "--json")) == _permitted(stood)


def test_the_desk_takes_back_what_was_no_opt_out_with_a_reason(world: World, ana: Person) -> None:
    world.says("this is spam", person=ana)
    number = world.waits(ana).inbox_id
    form = f"/inbox/{number}/no-opt-out"
    with desk(world.app) as url, httpx.Client(base_url=url, timeout=60) as browser:
        browser.post("/sign-in", data={"name": "Marta"})
        assert f'action="{form}"' in browser.get(f"/inbox/{number}").text
        assert browser.post(form, data={"why": " "}).status_code == 409
        assert world.waits(ana).inbox_id == number
        done = browser.post(form, data={"why": "quoted us"})
        assert done.status_code == 303
        page = browser.get(done.headers["location"]).text
    assert "<b>Marta</b> taken back: quoted us" in page
    subject = f"customer:{world.app.profiles.find(ana.ref)}"
    looks = [e for e in world.app.audit.entries(subject) if e.action is Action.LOOKED]
    assert [e.actor for e in looks] == ["Marta"], "pages loaded again are one look"


def test_taking_back_lifts_no_other_no(world: World, command: Any, ana: Person) -> None:
    world.says("BAJA", person=ana)
    world.says("this is spam", person=ana)
    number = str(world.waits(ana).inbox_id)
    said = ("--by", "Marta", "--why", "a joke")
    command("inbox", "no-opt-out", number, *said, code=1)
    shown = command("show", "customer", ana.ref, "--json")
    barred = {a["channel"]: a["suppression"] for a in shown["addresses"]}
    assert barred["sms"]["reason"] == barred["whatsapp"]["reason"] == "opted_out"


def test_a_question_cannot_be_taken_back_as_an_opt_out(
    world: World, command: Any, ana: Person
) -> None:
    world.says("¿Abrís el domingo?", person=ana)
    number = str(world.waits(ana).inbox_id)
    said = ("--by", "Marta", "--why", "a joke")
    command("inbox", "no-opt-out", number, *said, code=1)
    command("inbox", "close", number, "--by", "Marta")


def test_whatsapp_is_answered_freely_within_its_day_and_not_after(
    world: World, ana: Person
) -> None:
    world.says("Obriu diumenge?", "whatsapp", ana)
    line = world.waits(ana)
    clock = world.app.clock
    later = Clock(lambda: clock.now() + timedelta(hours=24), clock.monotonic, clock.sleep)
    with (
        App(world.settings, later) as tomorrow,
        pytest.raises(UserError, match="within 24 hours"),
    ):
        Replies(tomorrow).answer(line.inbox_id, "Sí!", by="Pol")
    assert world.received("whatsapp", ana) == []
    assert world.replies.answer(line.inbox_id, "Sí!", by="Pol").state is DeliveryState.ACCEPTED
    assert world.received("whatsapp", ana) == ["Sí!"]


def test_an_answer_that_the_provider_does_not_acknowledge_is_never_sent_twice(
    world: World,
    ana: Person,
) -> None:
    world.says("¿Abrís el domingo?", person=ana)
    line = world.waits(ana)
    fault = {"kind": "drop_after", "provider": "twilio", "count": 1}
    world.control("POST", "faults", json=fault)
    done = world.replies.answer(line.inbox_id, "Sí.", by="Marta")
    world.control("DELETE", "faults")
    assert len(world.received(person=ana)) == 1
    world.replies.send()
    assert world.received(person=ana) == ["Sí."]
    # The sandbox tells, signed as Twilio does, that it has it: the doubt is over.
    assert done.state in (DeliveryState.IN_DOUBT, DeliveryState.ACCEPTED)


def heard(world: World, **message: str) -> None:
    """Somebody writes, and it has been heard."""
    world.control("POST", "inbound", json=message)
    until(lambda: world.control("GET", "webhooks")["waiting"] == 0)


def received(world: World, to: str, channel: str) -> list[dict[str, Any]]:
    """What somebody has got, the newest first."""
    return [
        message["seen"]
        for message in world.control("GET", "messages", params={"to": to, "channel": channel})
    ]


def test_a_strangers_question_is_in_the_inbox_is_answered_and_closed(
    world: World, command: Any
) -> None:
    number = "+447700900777"
    heard(world, channel="sms", body="Is this the plant shop?", **{"from": number})
    (waits,) = [w for w in command("inbox", "list", "--json")["replies"] if w["address"] == number]
    assert number in command("inbox", "list")
    inbox_id = str(waits["inbox_id"])
    answered = command("inbox", "answer", inbox_id, "It is.", "--by", "Marta", "--json")
    assert answered["state"] == "accepted"
    assert [seen["text"] for seen in received(world, number, "sms")] == ["It is."]
    talk = command("inbox", "show", inbox_id, "--json")["talk"]
    assert [said["text"] for said in talk] == ["It is.", "Is this the plant shop?"]
    assert "nobody known here" in command("inbox", "show", inbox_id)

    heard(world, channel="sms", body="Thanks!", **{"from": number})
    (again,) = [w for w in command("inbox", "list", "--json")["replies"] if w["address"] == number]
    closed = command("inbox", "close", str(again["inbox_id"]), "--by", "Marta", "--json")
    assert (closed["state"], closed["closed_by"]) == ("closed", "Marta")
    with pytest.raises(NotFoundError):
        world.app.profiles.find(number)


def test_a_direct_message_is_answered_on_x(world: World, command: Any) -> None:
    person = Person("X-1", "+447700900391", "xenia@example.com")
    make(world.app, person, handle="demo_xenia")
    heard(world, channel="x_dm", body="¿Hacéis envíos?", **{"from": "demo_xenia"})
    (waits,) = [w for w in command("inbox", "list", "--json")["replies"] if w["ref"] == person.ref]
    assert (waits["words"], waits["channel"]) == ("¿Hacéis envíos?", "x_dm")
    answer = ("inbox", "answer", str(waits["inbox_id"]), "Sí, a toda España.", "--by", "Pol")
    assert command(*answer, "--json")["state"] == "accepted"
    assert [s["text"] for s in received(world, "demo_xenia", "x_dm")] == ["Sí, a toda España."]


def test_a_mail_is_answered_in_its_conversation(world: World, ana: Person) -> None:
    heard(world, channel="email", subject="Sillas", body="¿Y en azul?", **{"from": ana.mail})
    assert (
        world.replies.answer(world.waits(ana).inbox_id, "También.", by="Marta").state == "accepted"
    )
    seen = received(world, ana.mail, "email")[0]
    assert seen["subject"] == "Re: Sillas"
    assert seen["headers"]["In-Reply-To"] == seen["headers"]["References"]
    assert seen["headers"]["In-Reply-To"].endswith("@inbox.example>")


def test_answers_leave_a_sender_alone_while_its_breaker_is_closed(world: World) -> None:
    person = Person("P-1", "+447700900392", "pau@example.com")
    make(world.app, person)
    heard(world, channel="sms", body="Obriu?", **{"from": person.phone})
    brand = world.app.catalog.brand().senders.of(Channel.SMS) or {}
    now = world.app.clock.now()
    closed = Pace(trips=1, closed_until=now + timedelta(minutes=5), because="5 errors in a row")
    world.app.paces.change(pace_key(Channel.SMS, brand), lambda _: (closed, None), now=now)
    try:
        done = world.replies.answer(world.waits(person).inbox_id, "Sí.", by="Marta")
        assert done.state is DeliveryState.PENDING
        assert "5 errors in a row" in (done.outcome or "")
        assert received(world, person.phone, "sms") == []
    finally:
        world.app.paces.change(pace_key(Channel.SMS, brand), lambda _: (Pace(), None), now=now)
    later = Clock(lambda: now + timedelta(minutes=6), world.app.clock.monotonic, lambda _: None)
    with App(world.settings, later) as app:
        later_replies = Replies(app)
        later_replies.send()  # other tests' answers too: what is too old by then expires
        sent = later_replies.answers.get(done.answer_id)
    assert sent is not None
    assert sent.state is DeliveryState.ACCEPTED
    assert [s["text"] for s in received(world, person.phone, "sms")] == ["Sí."]
