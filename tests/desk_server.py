"""The desk and its world: customers who got a campaign by the sandbox and can write to us."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.replies import Replies
from campaigns.desk.serving import configuration
from campaigns.domain.answer import InboxLine
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.runs import plan_run, send_run
from tests.waiting import until
from tests.web_server import served, serving

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Person:
    """A customer of the world: each test may have its own."""

    ref: str
    phone: str
    mail: str


PEOPLE = [Person(f"A-{n}", f"+447700900{320 + n}", f"ana{n}@example.com") for n in range(12)]
ANA = PEOPLE[0]


@dataclass
class World:
    """The application, what it sends to, and the public app that hears."""

    app: App
    replies: Replies
    sandbox: SandboxProcess
    settings: Settings
    public: str

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = httpx.request(method, f"{self.sandbox.url}/sandbox/{path}", **more, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def number(self, person: Person = ANA) -> int:
        """The customer's number."""
        return self.app.profiles.find(person.ref)

    def says(self, text: str, channel: str = "sms", person: Person = ANA) -> None:
        """The customer writes, and it has been heard."""
        message = {"channel": channel, "from": person.phone, "body": text}
        self.control("POST", "inbound", json=message)
        until(lambda: self.control("GET", "webhooks")["waiting"] == 0)

    def waits(self, person: Person = ANA) -> InboxLine:
        """The customer's reply in the inbox."""
        (line,) = [w for w in self.replies.waiting() if w.ref == person.ref]
        return line

    def received(self, channel: str = "sms", person: Person = ANA) -> list[str]:
        """What the customer's phone shows, the newest first."""
        found = self.control("GET", "messages", params={"to": person.phone, "channel": channel})
        return [message["seen"]["text"] for message in found]


@contextmanager
def desk_world(folder: Path, *, clicks: bool = False) -> Iterator[World]:
    """Customers of the shipped templates who got the campaign `spring_sale`."""
    shutil.copytree(ROOT / "templates", folder / "templates")
    if clicks:
        with (folder / "templates" / "brand.yaml").open("a") as brand:
            brand.write("\nclicks: true\n")
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(folder / "sandbox"))
        settings = Settings(
            home=folder / "home",
            templates=folder / "templates",
            sandbox_url=sandbox.url,  # type: ignore[arg-type]
        )
        app = stack.enter_context(connect(settings))
        hearing = stack.enter_context(connect(settings))
        url = stack.enter_context(serving(hearing))
        for person in PEOPLE:
            make(app, person)
        world = World(app, Replies(app), sandbox, settings, url)
        mails = urlsplit(app.links.inbound_url).path
        world.control("POST", "webhooks", json={"url": url, "mails": mails})
        send_run(app, plan_run(app).id)
        until(lambda: world.control("GET", "webhooks")["waiting"] == 0)
        yield world


def make(app: App, person: Person, handle: str = "") -> None:
    """A customer who said yes everywhere; with a handle, on X too."""
    at = "2026-01-01T09:00:00+00:00"
    consents = [
        {
            "channel": channel, "purpose": "marketing", "topic": "*", "granted": True, "at": at,
            "source": "customer", "proof": "form 12, wording 4f2a", "actor": "shop",
        }
        for channel in ("email", "sms", "whatsapp")
    ]  # fmt: skip
    addresses = [("email", person.mail), ("sms", person.phone), ("whatsapp", person.phone)]
    addresses += [("x_dm", handle)] if handle else []
    profile = {
        "ref": person.ref, "first_name": "Ana", "last_name": "Example", "locale": "es_ES",
        "country": "ES", "time_zone": "Europe/Madrid", "preferred_channel": "email",
        "last_purchase_at": None, "attributes": {"is_member": True}, "created_at": at,
        "addresses": [{"channel": c, "address": a, "status": "active"} for c, a in addresses],
        "consents": consents, "interactions": [],
    }  # fmt: skip
    document = {"format": "campaigns.customer/1", "profile": profile}
    app.profiles.import_export(document, now=app.clock.now())


@contextmanager
def desk(app: App) -> Iterator[str]:
    """The desk as it is deployed, on a free port of this machine."""
    with served(configuration(app)) as address:
        yield address
