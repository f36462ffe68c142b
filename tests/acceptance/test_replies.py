"""A customer writes, is answered by a person, and says that it is enough: as the shop lives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from campaigns.bootstrap import App
from campaigns.bootstrap.replies import Replies
from campaigns.cli import cli
from campaigns.domain.delivery import DeliveryState
from campaigns.errors import UserError
from campaigns.services.dispatch import Clock
from tests.desk_server import PEOPLE, Person, World, desk_world


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
    assert offer["ends_at"].startswith("2027-03-31")
    assert [(e["actor"], e["action"]) for e in told_of["audit"]] == [("Marta", "answered")]
    shown = command("show", "customer", ana.phone)
    assert words in shown
    assert "form 12, wording 4f2a" in shown
    assert "e-mail: the customer asked for it" in " ".join(shown.split())


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
