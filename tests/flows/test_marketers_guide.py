"""The marketer's way through Prefect's own pages, in a real browser: what docs/marketers.md tells.

The guide's pictures are taken on the way: `GUIDE_IMAGES=docs/images` puts them there.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, Response, expect
from playwright.sync_api import TimeoutError as NotYet
from prefect.client.schemas.objects import DeploymentStatus

from campaigns.bootstrap import App, connect
from campaigns.domain.audit import Action
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.run import RunState
from flows.stage import control, heard
from tests.browser.studio_world import chromium
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, client
from tests.misbehaving import behave
from tests.report_world import sent_of
from tests.waiting import until
from tests.web_server import serving

pytestmark = [pytest.mark.prefect, pytest.mark.slow, pytest.mark.timeout(900)]

#: Seconds: a machine with much else to do takes its time, and waiting costs nothing otherwise.
PATIENCE = 180
#: Seconds after which a click that nothing came of is made again.
AGAIN = 20
#: Bytes of a picture that a reader on a train still waits for.
MOST = 200_000
#: Waits until a run's graph has been drawn so often that it lies still.
DRAWN = """() => new Promise(done => {
    let left = 60;
    const drawn = () => left-- ? requestAnimationFrame(drawn) : done();
    drawn();
})"""
DESK, TALL, PHONE = (1280, 900), (1040, 1130), (390, 844)
LIST = "/deployments?deployments.flowOrDeploymentNameLike=send-campaign"


class Tour:
    """Prefect's pages as a marketer sees them."""

    def __init__(self, page: Page, prefect: Prefect, images: Path) -> None:
        self.page = page
        self._pages = prefect.api.removesuffix("/api")
        self._images = images

    def open(self, path: str) -> None:
        self.page.goto(self._pages + path)

    def on(self, size: tuple[int, int]) -> None:
        """Look at it on a screen of this size."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def rest(self) -> None:
        """Leave the pages while waiting: a run's page draws all the time, for half a core."""
        self.page.goto("about:blank")

    def picture(self, name: str) -> None:
        file = self._images / f"prefect-{name}.png"
        self.page.screenshot(path=file, animations="disabled")
        assert file.stat().st_size < MOST

    def press(self, button: Locator, asks: str) -> Any:
        """Press until the server has done what the button asks of it; what it answered.

        A press that comes before a form has loaded does nothing, and a server that is busy
        refuses, in a notice that lies over the button: one presses Enter, and again.
        """
        answers: list[Response] = []

        def note(answer: Response) -> None:
            answers.append(answer)

        self.page.on("response", note)
        deadline = time.monotonic() + PATIENCE
        while not (done := [a for a in answers if a.url.endswith(asks) and a.ok]):
            refused = [f"{a.status} {a.url}" for a in answers if not a.ok]
            assert time.monotonic() < deadline, f"nothing came of {asks}: {refused}"
            with suppress(NotYet), self.page.expect_response(f"**{asks}", timeout=AGAIN * 1000):
                button.press("Enter")
        self.page.remove_listener("response", note)
        return done[0].json()

    def form(self) -> None:
        """From the list of campaigns to the form."""
        self.open(LIST)
        self.page.get_by_text("spring-sale").first.click()
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("button", name="Custom run").click()
        expect(self.page.get_by_text("Dry run").first).to_be_visible()

    def submit(self) -> UUID:
        """Start what the form says; the flow run."""
        button = self.page.get_by_role("button", name="Submit")
        return UUID(self.press(button, "/create_flow_run")["id"])

    def artifact(self, flow_run: UUID, key: str) -> None:
        """Open an artifact from the run's own page."""
        self.open(f"/runs/flow-run/{flow_run}")
        self.page.get_by_text("Artifacts", exact=True).first.click()
        self.page.locator("a[href*=artifact]", has_text=key).first.click()
        self.page.wait_for_url("**/artifacts/artifact/**")
        number = self.page.url.rpartition("/")[2]  # stands on no other page
        expect(self.page.get_by_text(number).first).to_be_visible()

    def dialog(self, question: str, words: str, who: str) -> Locator:
        """Fill in the dialog that Resume has opened."""
        dialog = self.page.get_by_role("dialog")
        field = dialog.locator(".p-label.schema-form-property")  # its label names no element
        field.filter(has_text=question).get_by_role("textbox").fill(words)
        field.filter(has_text="Your name").get_by_role("textbox").fill(who)
        return dialog


def comes_to(tour: Tour, flow_run: UUID, state: str) -> None:
    """Wait for a state of the flow run; an end that is another one fails at once."""
    tour.rest()

    def look() -> bool:
        with client() as api:
            seen = api.read_flow_run(flow_run).state
        assert seen is not None
        assert not seen.is_final() or seen.name == state, f"{seen.name}: {seen.message}"
        return seen.name == state

    until(look, seconds=PATIENCE)


def worker_is_up() -> None:
    """Wait until Prefect has heard of the worker: its pages say Ready from then on."""

    def look() -> bool:
        with client() as api:
            sale = api.read_deployment_by_name("send-campaign/spring-sale")
        return sale.status is DeploymentStatus.READY

    until(look, seconds=PATIENCE)


@pytest.fixture
def tour(prefect: Prefect, tmp_path: Path) -> Iterator[Tour]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]})
        page.set_default_timeout(PATIENCE * 1000)
        expect.set_options(timeout=PATIENCE * 1000)
        yield Tour(page, prefect, Path(os.environ.get("GUIDE_IMAGES", tmp_path)))
        expect.set_options(timeout=5_000)


@pytest.fixture
def app(shop: Shop, templates: Path) -> Iterator[App]:
    """The shop, whose public app hears what becomes of the messages."""
    with connect() as app, serving(app) as url:
        mails = urlsplit(app.links.inbound_url).path
        control(shop.sandbox, "webhooks", {"url": url, "mails": mails})
        yield app


@pytest.fixture
def held(shop: Shop) -> Shop:
    """Text messages leave so slowly that there is time to watch, until they `behave`."""
    control(shop.sandbox, "faults", [{"kind": "delay", "provider": "twilio", "seconds": 5}])
    return shop


@pytest.mark.usefixtures("templates", "one_lane", "worker")  # the worker last: it has their world
def test_a_marketer_looks_approves_watches_and_reads_the_report_on_prefects_pages(
    tour: Tour, held: Shop, app: App
) -> None:
    finds_the_campaign(tour)
    tells_who_would_get_it(tour, app)
    assert held.sandbox.log.counts() == {}
    sale = asks_for_a_yes(tour, app)
    can_be_watched(tour, held, sale)
    assert heard(held.sandbox, PATIENCE)
    people_buy(app, 9)
    behave(held.sandbox.url)
    comes_to(tour, sale, "Completed")
    tells_what_it_brought(tour, held, app, sale)


def finds_the_campaign(tour: Tour) -> None:
    worker_is_up()
    tour.open(LIST)
    row = tour.page.get_by_role("row").filter(has_text="spring-sale")
    expect(row).to_contain_text("Ready")
    expect(row).not_to_contain_text("Not")
    tour.picture("campaigns")


def tells_who_would_get_it(tour: Tour, app: App) -> None:
    """A dry run, and its plan."""
    tour.form()
    tour.page.get_by_role("switch").first.click()
    tour.on(TALL)
    tour.picture("form")
    tour.on(DESK)
    dry = tour.submit()
    comes_to(tour, dry, "Completed")
    tour.artifact(dry, "plan-spring-sale")
    audience = tour.page.get_by_role("row").filter(has_text="everyone the campaign is for")
    expect(audience).to_contain_text(f"{app.preview('spring_sale').audience}")
    tour.picture("plan")


def asks_for_a_yes(tour: Tour, app: App) -> UUID:
    """For real: nothing leaves before somebody has said yes, who is then in the ledger."""
    tour.form()
    sale = tour.submit()
    comes_to(tour, sale, "Suspended")
    assert app.runs.latest() is None
    people = f"{app.preview('spring_sale').planned.total()} people get it"
    tour.open(f"/runs/flow-run/{sale}")
    tour.on(PHONE)
    tour.page.locator(".p-button--outline:has(svg)").nth(1).click()  # ⋮; the first is the menu
    tour.page.get_by_text("Resume", exact=True).click()
    expect(tour.dialog("Send it?", "yes", "Berta Soler")).to_contain_text(people)
    tour.picture("approval-phone")
    tour.on(TALL)
    tour.open(f"/runs/flow-run/{sale}")
    tour.page.get_by_role("button", name="Resume").click()
    dialog = tour.dialog("Send it?", "yes", "Berta Soler")
    expect(dialog).to_contain_text(people)
    tour.picture("approval")
    said = tour.press(dialog.get_by_role("button", name="Submit"), "/resume")
    assert said["status"] == "ACCEPT"
    tour.on(DESK)
    tour.rest()
    until(lambda: app.runs.latest() is not None, seconds=PATIENCE)
    release = app.latest_run().release_hash
    (approval,) = app.approvals.of(release)
    assert approval.by == "Berta Soler"
    entries = app.audit.entries(f"release:{release}")
    assert [e.action for e in entries] == [Action.APPROVED, Action.ASKED]
    return sale


def can_be_watched(tour: Tour, shop: Shop, sale: UUID) -> None:
    until(lambda: shop.texts() > 0, seconds=PATIENCE)
    tour.open(f"/runs/flow-run/{sale}")
    expect(tour.page.get_by_text("planned (e-mail").first).to_be_visible()
    tour.page.evaluate(DRAWN)
    tour.picture("running")
    tour.artifact(sale, "progress-spring-sale")
    told = re.compile(r"Sending Spring sale: \d+ of \d+, \d+ a second, \S+ left")
    expect(tour.page.get_by_text(told)).to_be_visible()
    expect(tour.page.get_by_text(re.compile(r"Progress: \d+%"))).to_be_visible()
    tour.picture("progress")


def people_buy(app: App, how_many: int) -> None:
    """Of those who have the message already: their till tells it."""
    now = app.clock.now()
    bought = [
        Interaction(customer, InteractionKind.PURCHASED, now, None, f"till:{n}", data={})
        for n, (_, customer, _) in enumerate(sent_of(app, app.latest_run().id)[:how_many])
    ]
    assert len(bought) == how_many
    app.profiles.record_interactions(bought)


def tells_what_it_brought(tour: Tour, shop: Shop, app: App, sale: UUID) -> None:
    """What the page says is what the database and the providers say."""
    counted = app.report(app.latest_run().id)
    assert counted.run.state is RunState.FINISHED
    assert counted.accepted == shop.sent() == sum(counted.planned.values())
    tour.artifact(sale, "report-spring-sale")
    answer = f"9 of {counted.accepted} people who got it bought within 14 days"
    expect(tour.page.get_by_text(answer)).to_be_visible()
    row = tour.page.get_by_role("row").filter(has=tour.page.get_by_text("sent", exact=True))
    expect(row.first).to_contain_text(f"{counted.accepted}")
    tour.picture("report")
    shown = str(artifacts(sale)["report-spring-sale"])
    assert f"{counted.audience:,}" in shown
