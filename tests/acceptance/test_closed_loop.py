"""Sent, delivered, bounced, clicked: what becomes of messages comes back to the profiles, by the
providers' signed webhooks over HTTP."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.app import CLOCK
from campaigns.bootstrap.learning import learn
from campaigns.bootstrap.listening import Listener
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.runs import plan_run, send_run
from tests.waiting import until
from tests.web_server import serving

ROOT = Path(__file__).parents[2]
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
#: The public app lives this much later, so that a click is not too soon to be a person's.
LATER = timedelta(minutes=10)


@dataclass
class Loop:
    """An application that sends, and the public app that hears, beside a sandbox."""

    app: App
    sandbox: SandboxProcess
    public: httpx.Client

    def rows(self, query: str, **given: Any) -> list[Any]:
        with self.app.database.read() as connection:
            return list(connection.execute(text(query), given).all())

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = httpx.request(method, f"{self.sandbox.url}/sandbox/{path}", **more, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settle(self) -> None:
        """Until the sandbox has told all it has to tell."""
        until(lambda: self.control("GET", "webhooks")["waiting"] == 0)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """The shipped campaign, sent to sixty people of whom every third mailbox is gone."""
    folder = tmp_path_factory.mktemp("loop")
    shutil.copytree(ROOT / "templates", folder / "templates")
    with (folder / "templates" / "brand.yaml").open("a") as brand:
        brand.write("\nclicks: true\n")
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(folder / "sandbox"))
        settings = Settings(
            home=folder / "home",
            templates=folder / "templates",
            sandbox_url=sandbox.url,  # type: ignore[arg-type]
            shard_size=1_000,
        )
        app = stack.enter_context(connect(settings))
        clock = replace(CLOCK, now=lambda: datetime.now(UTC) + LATER)
        hearing = stack.enter_context(App(settings, clock))
        url = stack.enter_context(serving(hearing))
        made = Loop(app, sandbox, stack.enter_context(httpx.Client(base_url=url, timeout=60)))
        made.control("POST", "webhooks", json={"url": url})
        _import_people(app, folder)
        _send(app)
        made.settle()
        yield made


def _import_people(app: App, folder: Path) -> None:
    file = folder / "people.csv"
    mapping = write_csv(file, count=60, seed=3, now=datetime.now(UTC))
    names = iter(range(10_000))
    content = file.read_text(encoding="utf-8")
    content = re.sub(
        r"(?<=[,;\n\"])[\w.+-]+@",
        lambda m: f"bounced-{m[0]}" if next(names) % 3 == 0 else m[0],
        content,
    )
    file.write_text(content, encoding="utf-8")
    app.import_customers(file, mapping)


def _send(app: App) -> None:
    send_run(app, plan_run(app).id)


def test_every_message_is_delivered_or_bounced_and_its_profile_knows(loop: Loop) -> None:
    rows = loop.rows(
        "SELECT d.id, d.channel, d.state, d.provider_state, m.address, a.status, d.provider_id "
        "FROM deliveries d JOIN messages m ON m.delivery_id = d.id "
        "JOIN addresses a ON a.customer_id = d.customer_id AND a.channel = d.channel "
        "WHERE d.channel IN ('email', 'sms', 'whatsapp') AND d.state = 'accepted'"
    )
    assert {row.channel for row in rows} == {"email", "sms", "whatsapp"}
    assert any(row.address.startswith("bounced") for row in rows)
    for row in rows:
        gone = row.address.startswith("bounced")
        assert row.provider_state in ({"bounced"} if gone else {"delivered", "complained"})
        assert row.status == ("bounced" if gone else "active")
    recorded = loop.rows(
        "SELECT delivery_id, count(*) AS n FROM interactions "
        "WHERE kind IN ('delivered', 'bounced') GROUP BY delivery_id"
    )
    assert {row.delivery_id: row.n for row in recorded} == {row.id: 1 for row in rows}
    assert loop.app.evidence.unmatched() == {}


def mail(loop: Loop) -> tuple[int, str]:
    """A delivery that arrived by e-mail, and its HTML."""
    for entry, seen in loop.sandbox.log.messages(channel="email"):
        if seen.html and not (entry.recipient or "").startswith("bounced"):
            return int(entry.delivery or 0), seen.html
    raise AssertionError("no mail arrived")


def links(loop: Loop, html: str) -> list[str]:
    """Paths of the click links in a mail."""
    public = str(loop.app.settings.public_url).rstrip("/")
    found = re.findall(rf'href="{re.escape(public)}(/c/[^"]+)"', html)
    assert found
    return found


def test_a_persons_click_leads_to_the_shop_and_counts_and_ten_thousand_programs_do_not(
    loop: Loop,
) -> None:
    """Some of the ten thousand over HTTP, all others straight at what answers HTTP."""
    delivery, html = mail(loop)
    assert "https://shop.example.com/spring" not in re.findall(r'<a[^>]*href="([^"]*)"', html)
    path = unescape(links(loop, html)[0])

    def state() -> list[Any]:
        learn(loop.app)
        counted = loop.rows("SELECT customer_id, channel, answers FROM channel_uses ORDER BY 1, 2")
        preferred = loop.rows("SELECT id, preferred_channel FROM customers ORDER BY 1")
        consents = loop.rows("SELECT count(*) FROM consents")
        return [*counted, *preferred, *consents]

    before = state()
    for n in range(300):
        method = "HEAD" if n % 3 == 0 else "GET"
        headers = {"user-agent": PHONE, "sec-purpose": "prefetch"} if n % 3 == 1 else {}
        answer = loop.public.request(method, path, headers=headers)
        assert answer.status_code == 302
    listener = Listener(loop.app)
    _, _, token, link = path.split("/")
    for n in range(9_700):
        headers = {"user-agent": f"Mozilla/5.0 (compatible; scanbot/{n}; +https://bot.example)"}
        address = f"198.51.{n // 250}.{n % 250}"
        found = listener.follow(token, link, method="GET", headers=headers, address=address)
        assert found is not None
    assert state() == before

    answer = loop.public.get(path, headers={"user-agent": PHONE})
    assert answer.headers["location"].startswith("https://shop.example.com/")
    (click,) = loop.rows(
        "SELECT agent, data FROM interactions WHERE kind = 'clicked' AND delivery_id = :d "
        "AND agent <> 'machine'",
        d=delivery,
    )
    assert click.agent == "human"
    assert "127.0.0.1" not in str(loop.rows("SELECT * FROM clicks"))
    changed = [row for row in state() if row not in before]
    assert len(changed) == 1


def test_a_link_that_was_tampered_with_leads_nowhere(loop: Loop) -> None:
    delivery, html = mail(loop)
    _, _, token, link = links(loop, html)[0].split("/")
    for path in (
        f"/c/{token}/000000000000",
        f"/c/{delivery + 1}.{token.partition('.')[2]}/{link}",
        f"/c/{token}x/{link}",
        f"/c/{token}/https:%2F%2Fevil.example",
        f"/c/%00/{link}",
        f"/c/{token}/%00",
        f"/c/{token}/{link}%0d%0aLocation:evil",
    ):
        assert loop.public.get(path).status_code == 404, path


def test_stop_by_text_is_heard_at_once(loop: Loop) -> None:
    (row,) = loop.rows("SELECT customer_id, address FROM addresses WHERE channel = 'sms' LIMIT 1")
    loop.control("POST", "inbound", json={"channel": "sms", "from": row.address, "body": " Stop "})
    loop.settle()
    denied = loop.rows(
        "SELECT granted FROM standings WHERE customer_id = :c AND channel = 'sms' "
        "AND topic = '*' AND purpose = 'marketing'",
        c=row.customer_id,
    )
    assert [bool(r.granted) for r in denied] == [False]
    suppressed = loop.rows(
        "SELECT s.reason FROM suppressions s JOIN addresses a ON a.address_key = s.address_key "
        "WHERE a.customer_id = :c AND a.channel = 'sms'",
        c=row.customer_id,
    )
    assert [r.reason for r in suppressed] == ["opted_out"]


def test_a_complaint_suppresses_the_mailbox(loop: Loop) -> None:
    delivery, _ = mail(loop)
    (row,) = loop.rows("SELECT address FROM messages WHERE delivery_id = :d", d=delivery)
    event = {"event": "spamreport", "email": row.address, "delivery_id": str(delivery)}
    loop.control("POST", "events", json=event)
    loop.settle()
    (state,) = loop.rows("SELECT provider_state FROM deliveries WHERE id = :d", d=delivery)
    assert state.provider_state == "complained"
    assert len(loop.rows("SELECT 1 FROM suppressions WHERE reason = 'complained'")) == 1


def test_serve_says_where_it_is_and_ends_in_order(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CAMPAIGNS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns", "serve", "--port", "0"],
        env=environment | {"CAMPAIGNS_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+", said)
        assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (0, "", "")
