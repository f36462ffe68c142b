"""The desk and its world: one customer who got a campaign by the sandbox and can write to us."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.replies import Replies
from campaigns.desk.serving import configuration
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from campaigns.web.serving import listen
from tests.web_server import serving

ROOT = Path(__file__).parents[1]
PHONE, MAIL = "+447700900321", "ana@example.com"


@dataclass
class World:
    """The application, what it sends to, and the public app that hears."""

    app: App
    replies: Replies
    sandbox: SandboxProcess
    customer: int
    settings: Settings

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = httpx.request(method, f"{self.sandbox.url}/sandbox/{path}", **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def says(self, text: str, channel: str = "sms") -> None:
        """The customer writes, and it has been heard."""
        message = {"channel": channel, "from": PHONE, "body": text}
        self.control("POST", "inbound", json=message)
        until(lambda: self.control("GET", "webhooks")["waiting"] == 0)

    def received(self, channel: str = "sms") -> list[str]:
        """What the customer's phone shows, the newest first."""
        found = self.control("GET", "messages", params={"to": PHONE, "channel": channel})
        return [message["seen"]["text"] for message in found]


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for a time."""
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


@contextmanager
def desk_world(folder: Path) -> Iterator[World]:
    """A customer of the shipped templates who got the campaign `spring_sale`."""
    shutil.copytree(ROOT / "templates", folder / "templates")
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
        customer = _customer(app)
        world = World(app, Replies(app), sandbox, customer, settings)
        world.control("POST", "webhooks", json={"url": url})
        run, _ = app.start_run("spring_sale")
        for shard in app.shards(run.id):
            app.plan_shard(run.id, shard.no)
        app.begin_sending(run.id)
        app.dispatch_all(run.id)
        app.finish(run.id)
        until(lambda: world.control("GET", "webhooks")["waiting"] == 0)
        yield world


def _customer(app: App) -> int:
    at = "2027-01-01T09:00:00+00:00"
    consents = [
        {
            "channel": channel, "purpose": "marketing", "topic": "*", "granted": True, "at": at,
            "source": "customer", "proof": "form 12, wording 4f2a", "actor": "shop",
        }
        for channel in ("email", "sms", "whatsapp")
    ]  # fmt: skip
    addresses = [("email", MAIL), ("sms", PHONE), ("whatsapp", PHONE)]
    profile = {
        "ref": "A-1", "first_name": "Ana", "last_name": "Example", "locale": "es_ES",
        "country": "ES", "time_zone": "Europe/Madrid", "preferred_channel": "email",
        "last_purchase_at": None, "attributes": {"is_member": True}, "created_at": at,
        "addresses": [{"channel": c, "address": a, "status": "active"} for c, a in addresses],
        "consents": consents, "interactions": [],
    }  # fmt: skip
    document = {"format": "campaigns.customer/1", "profile": profile}
    return app.profiles.import_export(document, now=app.clock.now())


@contextmanager
def desk(app: App) -> Iterator[str]:
    """The desk as it is deployed, on a free port of this machine."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(configuration(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive()
