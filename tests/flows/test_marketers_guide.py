"""The marketer's way through Prefect's own pages, in a real browser: what docs/marketers.md tells.

The guide's pictures are taken on the way: `GUIDE_IMAGES=docs/images` puts them there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from campaigns.bootstrap import connect
from campaigns.domain.audit import Action
from tests.browser.studio_world import chromium
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, begun_runs, client, newest_run, until

pytestmark = pytest.mark.prefect

#: Milliseconds: on a busy machine a page takes its time.
PATIENCE = 60_000


class Tour:
    """Prefect's pages as a marketer sees them."""

    def __init__(self, page: Page, prefect: Prefect, images: Path) -> None:
        self.page = page
        self._pages = prefect.api.removesuffix("/api")
        self._images = images

    def open(self, path: str) -> None:
        self.page.goto(self._pages + path)

    def picture(self, name: str) -> None:
        self.page.wait_for_timeout(400)  # what slides in has arrived
        self.page.screenshot(path=self._images / f"prefect-{name}.png")

    def form(self) -> None:
        """From the list of campaigns to the form."""
        self.open("/deployments?deployments.flowOrDeploymentNameLike=send-campaign")
        self.page.get_by_text("spring-sale").first.click()
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("button", name="Custom run").click()
        expect(self.page.get_by_text("Dry run").first).to_be_visible()

    def submit(self) -> UUID:
        """Start what the form says; the flow run."""
        before = {run.id for run in begun_runs()}
        for _ in range(4):  # a click that comes before the form has loaded does nothing
            self.page.get_by_role("button", name="Submit").click()
            with suppress(AssertionError):
                gone = self.page.get_by_text("Validate parameters")
                expect(gone).to_be_hidden(timeout=15_000)
                break
        until(lambda: {run.id for run in begun_runs()} - before)
        return newest_run().id

    def artifact(self, flow_run: UUID, key: str) -> None:
        """Open an artifact from the run's own page."""
        self.open(f"/runs/flow-run/{flow_run}")
        self.page.get_by_text("Artifacts", exact=True).first.click()
        self.page.locator("a[href*=artifact]", has_text=key).first.click()
        self.page.wait_for_url("**/artifacts/artifact/**")
        expect(self.page.get_by_text(key).first).to_be_visible()

    def answer(self, question: str, words: str, who: str, *, says: str) -> None:
        """Answer in the dialog of a run that waits, whose page is open."""
        self.page.get_by_role("button", name="Resume").click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_contain_text(says)
        field = dialog.locator(".p-label.schema-form-property")  # its label names no element
        field.filter(has_text=question).get_by_role("textbox").fill(words)
        field.filter(has_text="Your name").get_by_role("textbox").fill(who)
        self.picture("approval")
        for _ in range(4):  # a server that is busy refuses, and one presses again
            dialog.get_by_role("button", name="Submit").click()
            with suppress(AssertionError):
                expect(dialog).to_be_hidden(timeout=10_000)
                break


def comes_to(flow_run: UUID, state: str) -> None:
    """Wait for a state of the flow run; an end that is another one fails at once."""

    def look() -> bool:
        with client() as api:
            seen = api.read_flow_run(flow_run).state
        assert seen is not None
        assert not seen.is_final() or seen.name == state, f"{seen.name}: {seen.message}"
        return seen.name == state

    until(look, seconds=180)


@pytest.fixture
def tour(prefect: Prefect, tmp_path: Path) -> Iterator[Tour]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield Tour(page, prefect, Path(os.environ.get("GUIDE_IMAGES", tmp_path)))
        expect.set_options(timeout=5_000)


@pytest.mark.usefixtures("templates", "one_lane", "worker")
def test_a_marketer_looks_approves_watches_and_reads_the_report_on_prefects_pages(
    tour: Tour, slow: Shop
) -> None:
    page = tour.page
    tour.open("/deployments?deployments.flowOrDeploymentNameLike=send-campaign")
    expect(page.get_by_text("spring-sale").first).to_be_visible()
    tour.picture("campaigns")

    # A dry run, and its plan.
    tour.form()
    page.get_by_role("switch").first.click()
    tour.picture("form")
    dry = tour.submit()
    comes_to(dry, "Completed")
    assert slow.sandbox.log.counts() == {}
    tour.artifact(dry, "plan-spring-sale")
    with connect() as app:
        preview = app.preview("spring_sale")
    audience = page.get_by_role("row").filter(has_text="everyone the campaign is for")
    expect(audience).to_contain_text(f"{preview.audience}")
    tour.picture("plan")

    # For real: it asks for a yes.
    tour.form()
    sale = tour.submit()
    comes_to(sale, "Suspended")
    tour.open(f"/runs/flow-run/{sale}")
    tour.answer("Send it?", "yes", "Berta Soler", says=f"{preview.planned.total()} people get it")

    # It sends, and can be watched.
    until(lambda: slow.sent() > 0, seconds=120)
    tour.open(f"/runs/flow-run/{sale}")
    expect(page.get_by_text("planned (e-mail").first).to_be_visible()
    tour.picture("running")
    tour.artifact(sale, "progress-spring-sale")
    tour.picture("progress")
    comes_to(sale, "Completed")

    # The report says what the database and the providers say.
    tour.artifact(sale, "account-spring-sale")
    sent = page.get_by_role("row").filter(has_text="sent").filter(has_text="everyone")
    expect(sent).to_contain_text(f"{slow.sent()}")
    tour.picture("report")
    with connect() as app:
        run = app.latest_run()
        counted = app.report(run.id)
        (said,) = app.approvals.of(run.release_hash)
        entries = app.audit.entries(f"release:{run.release_hash}")
    shown = str(artifacts(sale)["account-spring-sale"])
    assert f"| audience | everyone | {preview.audience:,} |" in shown
    assert f"| sent | everyone | {slow.sent():,} |" in shown
    assert counted.accepted == slow.sent() == preview.planned.total()
    assert said.by == "Berta Soler"
    assert [e.action for e in entries] == [Action.APPROVED, Action.ASKED]
