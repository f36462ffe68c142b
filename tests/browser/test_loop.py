"""The closed loop as its two sides see it, in a real browser: the customer in their inbox, staff at
the desk. Between them the vendors' signed webhooks, over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.desk_server import PEOPLE, Person, World, desk, desk_world
from tests.waiting import until

ROOT = Path(__file__).parents[2]
#: `LOOP_IMAGES=docs/images`: the pictures of docs/replies.md are made by this test.
IMAGES = os.environ.get("LOOP_IMAGES")


#: Numbers that nobody in the world has, one for each test.
STRANGERS = iter(f"+4477009007{n}" for n in range(10, 30))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with desk_world(tmp_path_factory.mktemp("loop"), clicks=True) as made:
        yield made


@pytest.fixture(scope="module")
def desk_url(world: World) -> Iterator[str]:
    with desk(world.app) as address:
        yield address


@pytest.fixture(params=[390, 1440], ids=["phone", "desktop"])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser without scripts: nothing on the way needs them."""
    made = browser.new_context(
        viewport={"width": request.param, "height": 900}, java_script_enabled=False
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def people() -> Iterator[Person]:
    return iter(PEOPLE)


@pytest.fixture
def person(people: Iterator[Person]) -> Person:
    """A customer of the test's own."""
    return next(people)


def picture(page: Page, name: str) -> None:
    """Kept where the docs show it, when asked to."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    if IMAGES and (name, width) in {("phone", 390), ("desk", 1440)}:
        page.screenshot(path=ROOT / IMAGES / f"loop-{name}.png")


def fits(page: Page) -> None:
    """Nothing runs out of the side."""
    assert page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def inbox(context: BrowserContext, world: World, address: str) -> Page:
    page = context.new_page()
    page.goto(f"{world.sandbox.url}/inbox/{address}")
    fits(page)
    return page


def follow(context: BrowserContext, page: Page, name: str) -> Page:
    """Click a link in the mail; it opens beside the inbox."""
    with context.expect_page() as opened:
        page.frame_locator("iframe").first.get_by_role("link", name=name).first.click()
    opened.value.wait_for_load_state()
    return opened.value


def heard(world: World) -> None:
    """Until the sandbox has told all that it has to tell."""
    until(lambda: world.control("GET", "webhooks")["waiting"] == 0)


def kinds(world: World, person: Person) -> list[str]:
    """What is on the customer's timeline, the newest first."""
    return [str(i.kind) for i in world.app.profiles.show(world.number(person)).interactions]


def at_the_desk(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Your name").fill("Marta")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    return page


def test_a_mail_leads_to_the_shop_and_to_the_customers_own_pages(
    context: BrowserContext, world: World, person: Person
) -> None:
    page = inbox(context, world, person.mail)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    follow(context, page, "Ver la tienda")  # the shop itself is not on this machine
    assert asked[0].startswith(f"{world.public}/c/")
    assert asked[1] == "https://shop.example.com/spring"
    assert {"sent", "delivered", "clicked"} <= set(kinds(world, person))

    centre = follow(context, page, "Elegir qué te enviamos")
    assert centre.url.startswith(f"{world.public}/p/")
    fits(centre)
    centre.get_by_role("button", name="30").first.click()
    until(lambda: kinds(world, person)[0] == "preference_changed")

    leave = follow(context, page, "Darse de baja")
    assert leave.url.startswith(f"{world.public}/u/")
    fits(leave)
    assert "unsubscribed" not in kinds(world, person)
    leave.get_by_role("button").first.click()
    until(lambda: "unsubscribed" in kinds(world, person))
    (mail,) = [
        a for a in world.app.profiles.show(world.number(person)).addresses if a.channel == "email"
    ]
    assert mail.suppression is not None


def test_a_question_typed_on_the_phone_is_answered_at_the_desk_and_read_on_the_phone(
    context: BrowserContext, world: World, desk_url: str, person: Person
) -> None:
    world.says("AYUDA", person=person)  # an SMS thread of their own begins
    world.replies.send()
    phone = inbox(context, world, person.phone)
    expect(phone.locator(".said")).to_contain_text("BAJA")
    phone.get_by_label("Write back by SMS").fill("¿Tenéis la 38?")
    phone.get_by_role("button", name="Send", exact=True).click()
    expect(phone.locator(".own").last).to_contain_text("¿Tenéis la 38?")
    heard(world)

    desk_page = at_the_desk(context, desk_url)
    desk_page.get_by_role("link", name="Ana Example").first.click()
    expect(desk_page.locator(".timeline .entry").first).to_contain_text("¿Tenéis la 38?")
    desk_page.get_by_label("Your answer").fill("Sí, en la tienda del centro.")
    picture(desk_page, "desk")
    desk_page.get_by_role("button", name="Send by SMS").click()
    expect(desk_page.locator(".timeline .entry").first).to_contain_text("Sí, en la tienda")
    phone.reload()
    expect(phone.locator(".said").last).to_contain_text("Sí, en la tienda del centro.")
    fits(phone)
    picture(phone, "phone")

    phone.get_by_label("Write back by SMS").fill("Baja")
    phone.get_by_role("button", name="Send", exact=True).click()
    expect(phone.locator(".own").last).to_contain_text("Baja")
    heard(world)
    world.replies.send()
    phone.reload()
    expect(phone.locator(".said").last).to_contain_text("último mensaje")
    assert kinds(world, person)[1] == "unsubscribed"


def test_a_mail_that_is_answered_comes_back_in_the_same_conversation(
    context: BrowserContext, world: World, desk_url: str, person: Person
) -> None:
    page = inbox(context, world, person.mail)
    page.get_by_label(f"Reply as {person.mail}").fill("¿Y en azul?")
    page.get_by_role("button", name="Send the reply").click()
    expect(page.locator(".mail.own")).to_contain_text("¿Y en azul?")
    heard(world)
    desk_page = at_the_desk(context, desk_url)
    desk_page.get_by_role("link", name="Ana Example").first.click()
    desk_page.get_by_label("Your answer").fill("También en azul.")
    desk_page.get_by_role("button", name="Send by e-mail").click()
    expect(desk_page.locator(".timeline .entry").first).to_contain_text("También en azul.")
    page.reload()
    newest = page.locator("details.mail").first
    expect(newest).to_contain_text("Re: 20 % de descuento")
    newest.locator("label", has_text="Details").click()
    expect(newest.locator(".view-facts")).to_contain_text("In-Reply-To")
    fits(page)


def test_other_sites_cannot_write_as_a_customer(world: World) -> None:
    url = f"{world.sandbox.url}/inbox/{PEOPLE[0].phone}"
    form = {"channel": "sms", "body": "hola"}
    assert (
        httpx.post(url, data=form, headers={"Sec-Fetch-Site": "cross-site"}, timeout=60).status_code
        == 403
    )
    assert httpx.post(url, data=form | {"channel": "fax"}, timeout=60).status_code == 404


def test_a_stranger_is_answered_at_the_desk_as_what_they_are(
    context: BrowserContext, world: World, desk_url: str
) -> None:
    number = next(STRANGERS)
    message = {"channel": "sms", "from": number, "body": "Is this the plant shop?"}
    world.control("POST", "inbound", json=message)
    heard(world)
    page = at_the_desk(context, desk_url)
    page.get_by_role("link", name=number).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(number)
    expect(page.get_by_text("Not known here")).to_be_visible()
    fits(page)
    page.get_by_label("Your answer").fill("It is.")
    page.get_by_role("button", name="Send by SMS").click()
    expect(page.locator(".timeline .entry").first).to_contain_text("It is.")
    expect(page.locator(".timeline .entry").last).to_contain_text("Is this the plant shop?")
    phone = inbox(context, world, number)
    expect(phone.locator(".said").last).to_contain_text("It is.")
