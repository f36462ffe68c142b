"""The sandbox's inbox in a real browser: what a mail may not do, and that it can be read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from campaigns.sandbox.process import SandboxProcess
from tests.sandbox_clients import FROM, mail, sendgrid_client, twilio_client


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One with a mail that tries to do more than be read."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        document = mail("ana@example.com")
        document["content"][1]["value"] = (
            '<html><body style="margin:0"><h1 style="color:rgb(1, 2, 3)">Dear -name-</h1>'
            f'<img src="{running.url}/sandbox/health" alt="A picture">'
            f"<style>body {{ background: url({running.url}/sandbox/stats) }}</style>"
            "<script>parent.document.title = 'owned'; document.body.textContent = 'owned'</script>"
            f'<a href="{running.url}/x">Shop</a></body></html>'
        )
        sendgrid_client(running.url).send(document)
        twilio_client(running.url).messages.create(
            to="+34600000001", from_=FROM, body="A" * 200 + " https://shop.example.com/" + "b" * 80
        )
        yield running


def test_a_mail_is_readable_loads_nothing_and_runs_nothing(
    sandbox: SandboxProcess, browser: Browser
) -> None:
    page = browser.new_page()
    loaded: list[str] = []
    page.on("response", lambda response: loaded.append(response.url))
    page.goto(f"{sandbox.url}/inbox/ana@example.com")
    frame = page.frame_locator("iframe")
    heading = frame.locator("h1")
    assert heading.inner_text() == "Dear ana"
    assert heading.evaluate("e => getComputedStyle(e).color") == "rgb(1, 2, 3)"
    assert "owned" not in page.title()
    assert "owned" not in frame.locator("body").inner_text()
    page.wait_for_load_state("networkidle")
    assert loaded == [f"{sandbox.url}/inbox/ana@example.com", f"{sandbox.url}/style.css"]
    page.close()


def test_the_text_part_and_the_details_are_a_click_or_a_key_away(
    sandbox: SandboxProcess, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto(f"{sandbox.url}/inbox/ana@example.com")
    assert not page.locator(".view-text").is_visible()
    page.get_by_text("Plain text").click()
    assert page.locator(".view-text").inner_text() == "Dear ana"
    assert not page.locator(".view-html").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.locator(".view-facts").is_visible()
    page.close()


def test_an_address_typed_into_the_search_opens_its_inbox(
    sandbox: SandboxProcess, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto(sandbox.url)
    page.get_by_role("searchbox").fill("+34 600 000 001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/*")
    assert page.get_by_role("heading", level=1).inner_text() == "+34600000001"
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/inbox/ana@example.com", "/inbox/+34600000001", "/x"])
def test_nothing_is_cut_off_at_the_width_of_a_phone(
    sandbox: SandboxProcess, browser: Browser, path: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(sandbox.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    button = page.locator(".search button").bounding_box()
    assert button is not None
    assert button["x"] + button["width"] <= 390
    context.close()
