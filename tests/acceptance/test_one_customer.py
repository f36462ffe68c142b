"""One customer's whole conversation with the brand: every channel, one profile, the same facts.

Imported with e-mail and phone; gets the campaign by e-mail; clicks; asks a question by text; is
answered by a person; asks for texts in the preference centre; the next step comes by text, in the
same facts and without repeating the first; says BAJA while a run is under way; asks for deletion;
is imported again in another spelling, and still gets nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from campaigns.bootstrap import App
from campaigns.bootstrap.app import CLOCK
from campaigns.bootstrap.replies import Replies
from campaigns.domain.channel import Channel
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.import_customers import ImportReport
from campaigns.services.report import RunReport
from campaigns.settings import Settings
from tests.acceptance.test_journey import MAPPING, REMINDER, SHORT, STEPS
from tests.contract.pages_forms import filled
from tests.files import restate
from tests.runs import plan_run
from tests.waiting import until
from tests.web_server import serving

ROOT = Path(__file__).parents[2]
PHONE, MAIL = "+34600000123", "nuria@example.com"
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
FACTS = ("20", "31 de marzo", "PRIMAVERA20", "https://shop.example.com/spring")
HEAD = "ref,name,locale,country,email,phone,member,email_ok,sms_ok,joined\n"
NURIA = f"n-1,Nuria,es_ES,ES,{MAIL},{PHONE},yes,yes,yes,2026-01-10\n"
#: Others who get it too, so that a run is under way while she says no.
OTHERS = "".join(
    f"o-{n},Pau,es_ES,ES,pau{n}@example.com,+346000002{n:02d},yes,yes,yes,2026-01-10\n"
    for n in range(20)
)
SPELT_ANOTHER_WAY = (
    "n-77,NURIA,es_ES,ES,Nuria+shop@EXAMPLE.com,600 000 123,yes,yes,yes,2026-01-10\n"
)


@dataclass
class Story:
    """The shop's application, the public app beside it, and days that the test lets pass."""

    settings: Settings
    sandbox: SandboxProcess
    passed: timedelta = timedelta()
    app: App = field(init=False)
    public: httpx.Client = field(init=False)

    def clock(self) -> Any:
        return replace(CLOCK, now=lambda: datetime.now(UTC) + self.passed)

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = httpx.request(method, f"{self.sandbox.url}/sandbox/{path}", **more, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def heard(self) -> None:
        until(lambda: self.control("GET", "webhooks")["waiting"] == 0)

    def bring_in(self, folder: Path, rows: str) -> ImportReport:
        (folder / "people.csv").write_text(HEAD + rows, encoding="utf-8")
        (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
        return self.app.import_customers(folder / "people.csv", folder / "mapping.yaml")

    def planned(self) -> int:
        run = plan_run(self.app)
        return run.id

    def send(self, run_id: int) -> RunReport:
        self.app.begin_sending(run_id)
        self.app.dispatch_all(run_id)
        self.heard()
        return self.app.finish(run_id)

    def received(self, address: str) -> list[tuple[str, str]]:
        """Channel and text of what arrived there, the oldest first."""
        return [
            (str(entry.channel), seen.text)
            for entry, seen in self.sandbox.log.messages()
            if entry.recipient == address
        ]

    def html(self, address: str) -> str:
        (found,) = [
            seen.html for entry, seen in self.sandbox.log.messages() if entry.recipient == address
        ]
        assert found is not None
        return unescape(found)

    def says(self, words: str) -> None:
        self.control("POST", "inbound", json={"channel": "sms", "from": PHONE, "body": words})
        self.heard()

    def rows(self, query: str, **given: Any) -> list[Any]:
        with self.app.database.read() as connection:
            return list(connection.execute(text(query), given).all())

    def timeline(self) -> list[tuple[str, str | None]]:
        view = self.app.profiles.show(self.app.profiles.find("n-1"))
        return [(str(i.kind), i.channel and str(i.channel)) for i in reversed(view.interactions)]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    with (templates / "brand.yaml").open("a") as brand:
        brand.write("\nclicks: true\n")
    folder = templates / "campaigns" / "spring_sale"
    restate(folder / "campaign.yaml", STEPS)
    for language, words in REMINDER.items():
        step = f'\nsteps:\n  remind:\n    headline: "{words}"\n    short: "{SHORT[language]}"\n'
        with (folder / f"copy.{language}.yaml").open("a") as file:
            file.write(step)
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(tmp_path / "sandbox"))
        settings = Settings(
            home=tmp_path / "home",
            templates=templates,
            sandbox_url=sandbox.url,  # type: ignore[arg-type]
            workers=1,
        )
        made = Story(settings, sandbox)
        made.app = stack.enter_context(App(settings, made.clock()))
        url = stack.enter_context(serving(stack.enter_context(App(settings, made.clock()))))
        made.public = stack.enter_context(httpx.Client(base_url=url, timeout=60))
        made.control("POST", "webhooks", json={"url": url})
        yield made


def test_one_conversation_over_every_channel(story: Story, tmp_path: Path) -> None:
    assert story.bring_in(tmp_path, NURIA + OTHERS).created == 21
    _announced_by_mail_and_clicked(story)
    _asks_by_text_and_is_answered(story)
    _asks_for_texts_in_the_preference_centre(story)
    _reminded_by_text_in_the_same_facts(story)
    _says_baja_while_a_run_is_under_way(story)
    _is_deleted_and_stays_out(story, tmp_path)


def _announced_by_mail_and_clicked(story: Story) -> None:
    report = story.send(story.planned())
    assert report.planned == {Channel.EMAIL: 21}
    ((_, told),) = story.received(MAIL)
    assert all(fact in told for fact in FACTS)
    story.passed += timedelta(minutes=20)
    path = re.findall(r'href="https://news\.example\.com(/c/[^"]+)"', story.html(MAIL))[0]
    answer = story.public.get(path, headers={"User-Agent": BROWSER}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, FACTS[3])
    assert story.timeline()[-1] == ("clicked", "email")
    assert story.rows("SELECT agent FROM interactions WHERE kind = 'clicked'") == [("human",)]


def _asks_by_text_and_is_answered(story: Story) -> None:
    story.says("¿Tenéis la talla 38?")
    replies = Replies(story.app)
    (waits,) = replies.waiting()
    assert waits.ref == "n-1"
    replies.answer(waits.inbox_id, "Sí, en la tienda del centro.", by="Marta")
    assert story.received(PHONE) == [("sms", "Sí, en la tienda del centro.")]
    assert [kind for kind, _ in story.timeline()][-2:] == ["replied", "answered"]


def _asks_for_texts_in_the_preference_centre(story: Story) -> None:
    (path,) = set(re.findall(r'href="https://news\.example\.com(/p/[^"]+)"', story.html(MAIL)))
    page = story.public.get(path).text
    choices = filled(page, **{"order:sms": "1", "order:email": "2"})
    done = story.public.post(path, data=choices, follow_redirects=True)
    assert done.status_code == 200
    assert story.rows("SELECT preferred_channel FROM customers WHERE ref = 'n-1'") == [("sms",)]
    assert "preference_changed" in {kind for kind, _ in story.timeline()}


def _reminded_by_text_in_the_same_facts(story: Story) -> None:
    story.passed += timedelta(days=3, hours=1)
    story.send(story.planned())
    (_, answer), (channel, reminder) = story.received(PHONE)
    assert channel == "sms"
    assert all(fact in reminder for fact in FACTS)
    assert "Aún a tiempo" in reminder
    assert reminder != answer
    assert len(story.received(MAIL)) == 1, "told once by mail, and not again"


def _says_baja_while_a_run_is_under_way(story: Story) -> None:
    with (story.settings.templates / "campaigns/spring_sale/campaign.yaml").open("a") as file:
        file.write("  - name: last_day\n    wait: {days: 1}\n")
    for language in REMINDER:
        path = story.settings.templates / f"campaigns/spring_sale/copy.{language}.yaml"
        words = path.read_text(encoding="utf-8")
        step = words[words.index("  remind:") :].replace("remind:", "last_day:")
        for old, new in (("Still", "Today still"), ("Aún", "Hoy aún"), ("Encara", "Avui encara")):
            step = step.replace(old, new)
        path.write_text(words + step, encoding="utf-8")
    story.passed += timedelta(days=8)
    run_id = story.planned()
    waiting = story.rows(
        "SELECT state, channel FROM deliveries d JOIN customers c ON c.id = d.customer_id "
        "WHERE d.run_id = :run AND c.ref = 'n-1'",
        run=run_id,
    )
    assert waiting == [("pending", "sms")]
    story.says("BAJA")
    before = len(story.received(PHONE))
    report = story.send(run_id)
    assert report.accepted == 20, "the others got it"
    assert len(story.received(PHONE)) == before
    state = story.rows(
        "SELECT state FROM deliveries d JOIN customers c ON c.id = d.customer_id "
        "WHERE d.run_id = :run AND c.ref = 'n-1'",
        run=run_id,
    )
    assert state == [("suppressed",)]
    barred = story.rows(
        "SELECT a.channel FROM addresses a JOIN suppressions s ON s.address_key = a.address_key "
        "JOIN customers c ON c.id = a.customer_id WHERE c.ref = 'n-1' ORDER BY a.channel"
    )
    assert {channel for (channel,) in barred} <= {"sms", "whatsapp"}
    assert ("sms",) in barred


def _is_deleted_and_stays_out(story: Story, folder: Path) -> None:
    (path,) = set(re.findall(r'href="https://news\.example\.com(/p/[^"]+)"', story.html(MAIL)))
    assert story.public.get(f"{path}/delete").status_code == 200  # asks first
    assert story.public.post(f"{path}/delete").status_code == 200
    assert story.rows("SELECT 1 FROM customers WHERE ref = 'n-1'") == []
    again = story.bring_in(folder, SPELT_ANOTHER_WAY)
    assert (again.created, again.refused) == (0, 1)
    mails, texts = len(story.received(MAIL)), len(story.received(PHONE))
    story.passed += timedelta(days=1)
    story.send(story.planned())
    assert (len(story.received(MAIL)), len(story.received(PHONE))) == (mails, texts)
