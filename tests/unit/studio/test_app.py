"""The studio over HTTP: read-only, for this machine's browser only, and no place for scripts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser
from starlette.routing import Route

from campaigns.bootstrap.preview import Drafts, State
from campaigns.studio.app import create_app
from campaigns.studio.watch import Watch
from tests.unit.studio.edits import change

_HOME = "http://127.0.0.1:8029"
_PAGES = ("/", "/?campaign=spring_sale", "/?campaign=nothing", "/nothing", "/mail?campaign=x")


class Client:
    """Asks the application without a socket."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=_HOME) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)


@pytest.fixture
def client(shipped: Drafts) -> Client:
    """Over the shipped templates."""
    return Client(create_app(shipped, Watch(shipped)))


@pytest.fixture
def own(drafts: Drafts) -> Client:
    """Over templates that the test may change."""
    drafts.examine("spring_sale")
    return Client(create_app(drafts, Watch(drafts)))


def test_every_route_is_get_and_nothing_else(shipped: Drafts) -> None:
    routes = [r for r in create_app(shipped, Watch(shipped)).routes if isinstance(r, Route)]
    assert {r.path for r in routes} == {"/", "/mail", "/events", "/assets/{name}"}
    assert len(create_app(shipped, Watch(shipped)).routes) == len(routes)
    assert all(r.methods == {"GET"} for r in routes)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/mail", "/events", "/assets/studio.js"])
def test_other_methods_answer_405(client: Client, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 405


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8029", "127.0.0.1.evil.example", "0.0.0.0", "[::1]", ""]
)
@pytest.mark.parametrize("path", ["/", "/mail", "/events", "/assets/studio.css"])
def test_a_name_that_is_not_this_machines_is_refused(client: Client, host: str, path: str) -> None:
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 400
    assert "Brotanell" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8029", "localhost:9000", "localhost"])
def test_this_machines_names_are_answered(client: Client, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", _PAGES)
def test_every_page_has_a_strict_policy(client: Client, path: str) -> None:
    answer = client.get(path)
    policy = dict(
        d.strip().split(" ", 1) for d in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy.get("script-src", "'none'") in ("'self'", "'none'")
    assert "unsafe" not in policy.get("script-src", "")
    assert policy["base-uri"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", _PAGES[:4])
def test_no_page_holds_a_script_or_style_of_its_own(client: Client, path: str) -> None:
    page = LexborHTMLParser(client.get(path).text)
    assert [s.attributes.get("src") for s in page.css("script")] == ["/assets/studio.js"]
    assert not page.css("style, [style], [onclick], [onload], [onerror]")
    loaded = [n.attributes.get("src") or n.attributes.get("href") for n in page.css("[src], link")]
    assert all(address is not None and address.startswith("/") for address in loaded)


def test_a_mail_may_run_and_load_nothing(client: Client) -> None:
    answer = client.get("/mail?campaign=spring_sale&locale=es_ES")
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "sandbox allow-same-origin" in policy
    assert "allow-scripts" not in policy
    assert "http" not in policy


def test_a_mail_that_is_gone_says_so_inside_its_frame(client: Client) -> None:
    for address in ("/mail?campaign=x", "/mail?campaign=spring_sale&locale=fi_FI"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert "This mail is no longer there." in answer.text


def test_every_frame_is_sandboxed_without_scripts(client: Client) -> None:
    page = LexborHTMLParser(client.get("/?campaign=spring_sale").text)
    frames = page.css("iframe")
    assert len(frames) == 8
    assert {f.attributes.get("sandbox") for f in frames} == {"allow-same-origin"}


def test_what_a_copy_says_is_text_in_the_page(templates: Path, drafts: Drafts, own: Client) -> None:
    change(
        templates / "campaigns/spring_sale/copy.en.yaml",
        "Spring is here, and",
        "</p><script>alert(1)</script><img src=x onerror=alert(2)> and",
    )
    drafts.examine("spring_sale")
    answer = own.get("/?campaign=spring_sale").text
    assert "&lt;script&gt;alert(1)" in answer
    page = LexborHTMLParser(answer)
    assert len(page.css("script")) == 1
    assert not page.css("[onerror]")


def test_what_an_address_asks_for_is_text_in_the_page(client: Client) -> None:
    for name in ("campaign", "locale", "reader", "customer", "look", "theme", "trait.is_member"):
        page = client.get("/", params={"campaign": "spring_sale", name: '"><script>x</script>'})
        assert "<script>x" not in page.text


def test_findings_are_told_with_file_line_and_how_to_mend_them(
    templates: Path, drafts: Drafts, own: Client
) -> None:
    change(templates / "campaigns/spring_sale/copy.en.yaml", "subject:", "sbuject:")
    drafts.examine("spring_sale")
    page = LexborHTMLParser(own.get("/?campaign=spring_sale").text)
    (file,) = page.css(".findings .file")
    assert "copy.en.yaml" in file.css_first("h3").text()  # type: ignore[union-attr]
    assert "line " in file.css_first(".line").text()  # type: ignore[union-attr]
    assert "sbuject" in file.text()
    main = page.css_first("main")
    assert main is not None
    assert "data-stale" in main.attributes
    assert "last good version" in main.text()


def test_while_a_campaign_compiles_its_page_still_answers(
    drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = drafts.examine("spring_sale")
    compiling, go_on = threading.Event(), threading.Event()

    def never_ends(_name: str) -> State:
        compiling.set()
        assert go_on.wait(120)
        return state

    monkeypatch.setattr(drafts, "examine", never_ends)
    app = create_app(drafts, Watch(drafts))

    async def ask() -> httpx.Response:
        async with app.router.lifespan_context(app):
            assert await asyncio.to_thread(compiling.wait, 120)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=_HOME) as client:
                answer = await asyncio.wait_for(client.get("/?campaign=spring_sale"), 120)
            go_on.set()
        return answer

    assert asyncio.run(ask()).status_code == 200


def test_a_campaign_that_does_not_exist_is_404_and_tells_what_there_is(client: Client) -> None:
    answer = client.get("/?campaign=spring_sael")
    assert answer.status_code == 404
    assert "/?campaign=spring_sale" in answer.text


def test_assets_outside_the_list_are_404(client: Client) -> None:
    for name in ("app.py", "..%2fapp.py", "%2e%2e/app.py"):
        assert client.get(f"/assets/{name}").status_code == 404


def test_a_missing_templates_folder_is_told_on_the_page(templates: Path, own: Client) -> None:
    templates.rename(templates.with_name("moved"))
    answer = own.get("/")
    assert answer.status_code == 500
    assert "CAMPAIGNS_TEMPLATES" in answer.text


def test_nothing_that_can_send_is_even_loaded() -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from campaigns.bootstrap.preview import Choices, open_drafts\n"
        "from campaigns.studio.serve import run_studio\n"
        "drafts = open_drafts(Path(sys.argv[1]))\n"
        "drafts.examine('spring_sale').previewer.preview(Choices())\n"
        "vendors = ('campaigns.channels', 'campaigns.services.dispatch', 'campaigns.bootstrap.app',"
        " 'sendgrid', 'twilio', 'tweepy', 'smtplib')\n"
        "print([m for m in sys.modules if m.startswith(vendors)])\n"
    )
    shipped = Path(__file__).parents[3] / "templates"
    done = subprocess.run(
        [sys.executable, "-c", code, str(shipped)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
