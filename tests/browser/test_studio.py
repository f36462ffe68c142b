"""The studio in a real browser, started as a user starts it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.studio_images import SHOTS, take
from tests.browser.studio_world import SHIPPED, Opener, Studio, settled, studio
from tests.unit.studio.edits import change

_COPY = "campaigns/spring_sale/copy.en.yaml"
_SALE = "campaign=spring_sale"


# What is shown --------------------------------------------------------------------------------


def test_a_campaign_is_chosen_from_the_first_page(shown: Studio, opened: Opener) -> None:
    page = opened(shown.url)
    page.get_by_role("link", name="Spring sale").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Spring sale")
    expect(page.locator(".row")).to_have_count(4)
    expect(page.locator("#row-es_ES .cell")).to_have_count(5)


def test_a_mail_is_shown_at_desktop_and_phone_width(shown: Studio, opened: Opener) -> None:
    page = settled(opened(shown.address(_SALE)))
    widths = []
    for name in ("en_GB-desktop", "en_GB-phone"):
        frame = page.frame_locator(f'[data-frame="{name}"]')
        expect(frame.get_by_role("heading", level=1)).to_contain_text("20%")
        widths.append(frame.locator("body").evaluate("() => innerWidth"))
    assert widths == [pytest.approx(700, abs=4), pytest.approx(375, abs=4)]


@pytest.mark.parametrize("system", ["light", "dark"])
def test_devices_are_light_or_dark_as_chosen_whatever_the_system_is(
    shown: Studio, opened: Opener, system: str
) -> None:
    grounds = {}
    for look in ("light", "dark"):
        page = settled(opened(shown.address(f"{_SALE}&look={look}"), color_scheme=system))
        mail = page.frame_locator('[data-frame="en_GB-desktop"]')
        grounds[look] = mail.locator(".card").evaluate("e => getComputedStyle(e).backgroundColor")
        expect(page.locator(f"#row-en_GB .sms .phone.{look}")).to_be_visible()
    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(30, 38, 34)"}


def test_choices_are_shown_without_a_button_and_stand_in_the_address(
    shown: Studio, opened: Opener
) -> None:
    page = settled(opened(shown.address(_SALE)))
    page.get_by_label("Language").select_option("ca_ES")
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_label("Reader").select_option("unknown")
    expect(page.locator(".whatsapp .bubble")).to_contain_text("ja tornem a ser aquí")
    page.get_by_label("SMS", exact=True).check()
    expect(page.locator(".cell")).to_have_count(1)
    page.reload()
    expect(page.locator(".cell")).to_have_count(1)
    expect(page.get_by_label("Reader")).to_have_value("unknown")


def test_the_exact_words_of_a_fact_show_on_focus_and_are_there_for_screen_readers(
    shown: Studio, opened: Opener
) -> None:
    page = settled(opened(shown.address(f"{_SALE}&locale=es_ES")))
    mark = page.locator("#tick-es_ES-shop-5")
    assert "https://shop.example.com/spring" in mark.inner_text()
    before = mark.locator(".exact").bounding_box()
    mark.focus()
    after = mark.locator(".exact").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > before["width"]


# Without a mouse, without scripts ---------------------------------------------------------------


def test_everything_is_reached_by_keyboard(shown: Studio, opened: Opener) -> None:
    page = settled(opened(shown.address(f"{_SALE}&locale=en_GB")))
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("() => document.activeElement.id || document.activeElement.className")
        )
    wanted = {"skip", "help", "channel-all", "locale", "reader", "width-both", "look-light"}
    assert wanted <= reached
    assert {"strip", "talk", "scroll"} <= {name.split()[0] for name in reached if name}


def test_arrow_keys_move_between_channels(shown: Studio, opened: Opener) -> None:
    page = settled(opened(shown.address(f"{_SALE}&locale=en_GB")))
    page.locator("#channel-all").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".cell")).to_have_count(1)
    expect(page.locator(".cell.email")).to_be_visible()
    expect(page.locator("#channel-email")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".cell.whatsapp")).to_be_visible()


def test_arrow_keys_move_between_the_marks_of_a_fact_table(shown: Studio, opened: Opener) -> None:
    page = settled(opened(shown.address(f"{_SALE}&locale=en_GB")))
    page.locator("#tick-en_GB-discount-1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tick-en_GB-discount-3")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#tick-en_GB-code-3")).to_be_focused()


def test_a_question_mark_shows_the_shortcuts_and_they_can_be_switched_off(
    shown: Studio, opened: Opener
) -> None:
    page = settled(opened(shown.address(_SALE)))
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("f")
    expect(page.locator("#findings")).not_to_be_focused()


def test_single_keys_go_to_the_next_language_and_to_the_findings(
    shown: Studio, opened: Opener
) -> None:
    page = settled(opened(shown.address(_SALE)))
    page.keyboard.press("j")
    expect(page.locator("#row-en_GB")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#row-en_US")).to_be_focused()
    page.keyboard.press("f")
    expect(page.locator("#findings")).to_be_focused()


def test_without_scripts_everything_but_the_refresh_works(shown: Studio, opened: Opener) -> None:
    page = opened(shown.address(_SALE), scripts=False)
    page.get_by_label("Language").select_option("ca_ES")
    page.get_by_label("SMS", exact=True).check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".bubble")).to_contain_text("Brotanell:")
    expect(page.get_by_role("columnheader", name="Subject")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "query", ["", f"{_SALE}&look=light&locale=es_ES", f"{_SALE}&look=dark&locale=ca_ES"]
)
def test_no_page_has_a_barrier_that_axe_knows(
    shown: Studio, opened: Opener, theme: str, query: str
) -> None:
    page = opened(shown.address(query), color_scheme=theme, reduced_motion="reduce")
    settled(page)
    assert barriers(page) == []


def test_findings_and_a_stale_preview_have_no_barrier_either(own: Studio, opened: Opener) -> None:
    page = settled(opened(own.address(_SALE), reduced_motion="reduce"))
    change(own.templates / _COPY, "Spring is here, and", "CHEAP SALE NOW for £49.90, and")
    expect(page.locator(".strangers").first).to_be_visible()
    assert barriers(page) == []
    change(own.templates / _COPY, "headline:", "haedline:")
    expect(page.locator(".banner")).to_be_visible()
    # What is greyed out is faint on purpose; it is the last version, and not the present one.
    assert [b for b in barriers(page) if not b.startswith("color-contrast")] == []


def barriers(page: Page) -> list[str]:
    """What axe finds, by rule, with the elements."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found]


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("query", ["", _SALE])
def test_no_width_makes_the_page_itself_scroll_sideways(
    shown: Studio, opened: Opener, width: int, query: str
) -> None:
    page = opened(shown.address(query), width=width)
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


# Nothing gets out, nothing gets in ---------------------------------------------------------------


def test_a_hostile_template_runs_no_script_and_loads_nothing(own: Studio, browser: Browser) -> None:
    layout = own.templates / "layouts/email.html.j2"
    change(
        layout,
        "<body>",
        "<body onload=\"parent.document.title='owned'\">"
        "<script>parent.document.title='owned'; fetch('https://evil.example/')</script>"
        '<img src="https://evil.example/x.png" onerror="parent.document.title=\'owned\'" alt="">'
        '<link rel="stylesheet" href="https://evil.example/x.css">'
        '<iframe src="https://evil.example/"></iframe>'
        "<svg onload=\"parent.document.title='owned'\"></svg>"
        '<form action="https://evil.example/"><button autofocus>go</button></form>'
        '<a id="out" href="https://evil.example/out" target="_top">out</a>'
        '<a id="js" href="javascript:parent.document.title=\'owned\'">js</a>'
        '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    )
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    asked: list[str] = []
    # Chromium asks this before a request leaves; a request that a policy forbids never comes.
    context.route("**/*", lambda r: (asked.append(r.request.url), r.continue_()))
    page = context.new_page()
    page.goto(own.address(_SALE))
    settled(page)
    frame = page.frame_locator('[data-frame="en_GB-desktop"]')
    expect(frame.locator("#out")).to_be_attached()
    for element in ("#js", "#out", "form button"):
        frame.locator(element).focus()
        page.keyboard.press("Enter")
    expect(page).to_have_title("Spring sale · campaigns studio")
    assert page.url.startswith(own.url)
    assert [url for url in asked if not url.startswith(own.url)] == []
    context.close()


def test_it_listens_on_this_machine_only_and_ends_when_told(tmp_path: Path) -> None:
    with studio(SHIPPED, tmp_path) as running:
        assert httpx.get(running.url, timeout=60).status_code == 200
        assert (
            httpx.get(running.url, headers={"host": "evil.example"}, timeout=60).status_code == 400
        )
        assert httpx.post(running.url, timeout=60).status_code == 405
    assert running.process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url, timeout=60)


# Pictures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_the_pictures_of_the_docs_can_be_taken(
    shown: Studio, browser: Browser, tmp_path: Path, shot: object
) -> None:
    picture = take(browser, shown, shot, tmp_path)  # type: ignore[arg-type]
    assert picture.stat().st_size > 20_000
