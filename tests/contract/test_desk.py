"""Who is let in at the desk, and from where forms may come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from campaigns.bootstrap import connect
from campaigns.bootstrap.rights import erase
from campaigns.desk.serving import configuration
from campaigns.desk.staff import COOKIE
from campaigns.domain.channel import Channel
from campaigns.domain.identity import IdentityRules
from campaigns.errors import ConfigurationError
from campaigns.settings import Settings
from tests.contract.persons_world import identify
from tests.contract.store_world import NOW, World
from tests.desk_server import desk

SECRET = "a long enough secret"
Browsers = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def open_desk(home: Path) -> Iterator[str]:
    with connect(Settings(home=home)) as app, desk(app) as url:
        yield url


@pytest.fixture
def closed_desk(home: Path) -> Iterator[str]:
    with connect(settings_with_secret(home)) as app, desk(app) as url:
        yield url


@pytest.fixture
def browser() -> Iterator[Browsers]:
    """A browser at a desk, signed in where it gives a name."""
    with ExitStack() as stack:

        def made(url: str, name: str = "") -> httpx.Client:
            client = stack.enter_context(httpx.Client(base_url=url, timeout=60))
            if name:
                assert client.post("/sign-in", data={"name": name}).status_code == 303
            return client

        yield made


def settings_with_secret(home: Path) -> Settings:
    return Settings(home=home, desk_secret=SECRET)  # type: ignore[arg-type]


def test_a_customers_page_tells_what_finds_them(
    home: Path, open_desk: str, browser: Browsers
) -> None:
    with connect(Settings(home=home)) as app:
        world = World(app.database)
        kept, merged, other = (world.customer(ref=ref) for ref in ("ana", "anna-<b>", "marc"))
        identify(app.database, kept, "app-1", "events of till")
        app.persons.merge(kept, merged, by="Ben", why="asked her", now=NOW)
        for customer in (kept, other):
            world.address(customer, Channel.SMS, "+34600000001")
        app.persons.consider((kept, other), IdentityRules(join=()), by="Ben", now=NOW)
    page = browser(open_desk, "Marta").get(f"/customers/{kept}").text
    for told in ("<b>anna-&lt;b&gt;</b>", "asked her", "events of till", "ana and marc"):
        assert told in page


def test_whatever_a_customer_is_called_it_stays_text_for_staff(
    home: Path, open_desk: str, browser: Browsers
) -> None:
    evil = '"><script>alert(1)</script>'
    with connect(Settings(home=home)) as app:
        world = World(app.database)
        number = world.customer(ref=evil, first_name=evil, last_name=evil, attributes={evil: evil})
    desk = browser(open_desk, evil)
    for page in (
        desk.get("/"),
        desk.get(f"/customers/{number}"),
        desk.post("/search", data={"who": evil}),
    ):
        assert "<script" not in page.text
    assert "&lt;script&gt;" in desk.get(f"/customers/{number}").text


@pytest.mark.parametrize("path", ["/", "/customers/1", "/inbox/1", "/mail/1"])
def test_nobody_sees_anything_without_saying_who_they_are(
    open_desk: str, browser: Browsers, path: str
) -> None:
    answer = browser(open_desk).get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_name_is_enough_on_this_machine_and_the_secret_is_needed_where_it_is_set(
    open_desk: str, closed_desk: str, browser: Browsers
) -> None:
    here, elsewhere = browser(open_desk), browser(closed_desk)
    assert here.post("/sign-in", data={"name": " "}).status_code == 403
    assert here.post("/sign-in", data={"name": "Marta"}).status_code == 303
    assert "Inbox" in here.get("/").text
    wrong = {"name": "Marta", "secret": "no"}
    assert elsewhere.post("/sign-in", data=wrong).status_code == 403
    assert elsewhere.get("/").status_code == 303
    assert elsewhere.post("/sign-in", data=wrong | {"secret": SECRET}).status_code == 303
    assert "Inbox" in elsewhere.get("/").text


def test_a_cookie_of_the_open_desk_does_not_open_the_closed_one(
    open_desk: str, closed_desk: str, browser: Browsers
) -> None:
    here, elsewhere = browser(open_desk, "Marta"), browser(closed_desk)
    elsewhere.cookies.set(COOKIE, here.cookies[COOKIE], domain="127.0.0.1")
    assert elsewhere.get("/").status_code == 303


def test_whoever_came_in_by_the_secret_before_comes_in_anew(
    home: Path, closed_desk: str, browser: Browsers
) -> None:
    changed = Settings(home=home, desk_secret=SECRET + "!")  # type: ignore[arg-type]
    with connect(changed) as app, desk(app) as url:
        desk_before = browser(url)
        desk_before.post("/sign-in", data={"name": "Marta", "secret": SECRET + "!"})
        assert desk_before.get("/").status_code == 200
    after = browser(closed_desk)
    after.cookies.set(COOKIE, desk_before.cookies[COOKIE], domain="127.0.0.1")
    assert after.get("/").status_code == 303


def test_after_ten_wrong_secrets_even_the_right_one_has_to_wait(
    closed_desk: str, browser: Browsers
) -> None:
    desk = browser(closed_desk)
    for _ in range(10):
        desk.post("/sign-in", data={"name": "Marta", "secret": "guess"})
    answer = desk.post("/sign-in", data={"name": "Marta", "secret": SECRET})
    assert answer.status_code == 403
    assert "Wait a minute" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/inbox/1/answer", "/inbox/1/close", "/search", "/sign-in"])
def test_a_form_from_elsewhere_is_refused(
    open_desk: str, browser: Browsers, headers: dict[str, str], path: str
) -> None:
    desk = browser(open_desk, "Marta")
    assert desk.post(path, data={"name": "x", "text": "x"}, headers=headers).status_code == 403


def test_a_form_with_more_fields_than_any_of_ours_is_too_long(
    open_desk: str, browser: Browsers
) -> None:
    answer = browser(open_desk, "Marta").post("/search", data={f"field{n}": "x" for n in range(21)})
    assert answer.status_code == 413
    assert "That is too long." in answer.text


def test_another_name_for_this_machine_is_not_answered(open_desk: str, browser: Browsers) -> None:
    assert browser(open_desk).get("/sign-in", headers={"Host": "desk.example"}).status_code == 400


def test_the_desk_listens_elsewhere_only_with_a_secret(home: Path) -> None:
    with connect(Settings(home=home)) as app, pytest.raises(ConfigurationError, match="SECRET"):
        configuration(app, "192.0.2.7")
    with connect(settings_with_secret(home)) as app:
        assert configuration(app, "192.0.2.7").access_log is False


@pytest.mark.parametrize("path", ["/customers/99", "/inbox/99", "/customers/x", "/nothing"])
def test_what_is_not_there_is_a_plain_page(open_desk: str, browser: Browsers, path: str) -> None:
    desk = browser(open_desk, "Marta")
    answer = desk.get(path)
    assert answer.status_code == 404
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_mail_that_is_no_longer_kept_is_told_inside_its_frame(
    home: Path, open_desk: str, browser: Browsers
) -> None:
    """Another page of the desk's would be refused there: none may be in a frame."""
    with connect(Settings(home=home)) as app:
        world = World(app.database)
        (gone,) = world.customers(1, channels=(Channel.EMAIL,))
        delivery = world.claim(world.planned([gone])).items[0].delivery_id
        erase(app, gone, by="Ben", why="asked by letter")
    for number in (delivery, 999_999):
        answer = browser(open_desk, "Marta").get(f"/mail/{number}")
        assert answer.status_code == 404
        assert "no longer kept" in answer.text
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
