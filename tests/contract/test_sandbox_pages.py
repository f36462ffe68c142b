"""The sandbox's pages and its own API, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from selectolax.lexbor import LexborHTMLParser

from campaigns.sandbox.process import SandboxProcess
from tests.sandbox_clients import (
    CALLBACK,
    FROM,
    control,
    mail,
    sendgrid_client,
    twilio_client,
    x_client,
)

NASTY = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One with a message on every channel."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        document = mail("ana@example.com")
        html = (
            '<html><body><div class="preheader">Only this week&#847;&zwnj;&nbsp;</div>'
            '<p style="color:red">Dear -name-</p><img src="https://track.example.com/p.png">'
            "<script>document.title='owned'</script></body></html>"
        )
        document["content"][1]["value"] = html
        document["subject"] = f"-name- {NASTY}"
        sendgrid_client(running.url).send(document)
        twilio = twilio_client(running.url)
        twilio.messages.create(
            to="+34600000001", from_="Shop", body=f"Text {NASTY}", status_callback=CALLBACK + "9"
        )
        twilio.messages.create(to="whatsapp:+34600000001", from_=f"whatsapp:{FROM}", body="Chat")
        x = x_client(running.url)
        x.create_tweet(text=f"Post {NASTY} https://shop.example.com")
        control(running.url, "POST", "x/users", {"username": "demo_ana"})
        user = x.get_user(username="demo_ana", user_auth=True).data
        x.create_direct_message(participant_id=user.id, text="Direct")
        yield running


def _page(sandbox: SandboxProcess, path: str, status: int = 200) -> LexborHTMLParser:
    answer = requests.get(sandbox.url + path, timeout=60)
    assert answer.status_code == status
    return LexborHTMLParser(answer.text)


def _text(page: LexborHTMLParser, selector: str = "main") -> str:
    node = page.css_first(selector)
    assert node is not None, f"no {selector}"
    return " ".join(node.text().split())


def test_the_overview_counts_each_channel_and_lists_the_newest_first(
    sandbox: SandboxProcess,
) -> None:
    page = _page(sandbox, "/")
    tiles = [" ".join(t.text().split()) for t in page.css(".tile")]
    assert tiles == [
        "1 E-mail",
        "1 SMS",
        "1 WhatsApp",
        "1 X direct messages",
        "1 X posts",
    ]
    who = [node.text() for node in page.css(".row .who")]
    assert who == ["@demo_ana", "Everyone", "+34600000001", "+34600000001", "ana@example.com"]


def test_the_overview_can_show_one_channel(sandbox: SandboxProcess) -> None:
    page = _page(sandbox, "/?channel=whatsapp")
    assert [node.text() for node in page.css(".row .chip")] == ["WhatsApp"]


def test_mail_is_shown_as_mail(sandbox: SandboxProcess) -> None:
    page = _page(sandbox, "/inbox/ana@example.com")
    assert _text(page, ".mail .subject") == f"ana {NASTY}"
    assert _text(page, ".mail .from") == "Shop"
    assert _text(page, ".mail .preheader") == "Only this week"
    assert _text(page, ".view-text pre") == "Dear ana"
    assert "to ana@example.com" in _text(page, ".view-facts")


def test_a_mails_html_is_shut_in(sandbox: SandboxProcess) -> None:
    frame = _page(sandbox, "/inbox/ana@example.com").css_first("iframe")
    assert frame is not None
    # Links open in a page of their own; scripts, forms and this page's origin stay out of reach.
    assert frame.attributes["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    srcdoc = frame.attributes["srcdoc"]
    assert srcdoc is not None
    assert '<p style="color:red">Dear ana</p>' in srcdoc


@pytest.mark.parametrize("path", ["/", "/inbox/ana@example.com", "/x", "/?q=zz", "/nothing"])
def test_every_page_forbids_scripts_and_foreign_content(sandbox: SandboxProcess, path: str) -> None:
    answer = requests.get(sandbox.url + path, timeout=60)
    policy = dict(p.split(" ", 1) for p in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert "http://" not in answer.text.replace(sandbox.url, "")


def test_a_place_that_no_message_can_have_begins_at_the_newest(sandbox: SandboxProcess) -> None:
    newest = _text(_page(sandbox, "/"))
    for before in ("9" * 30, "-1", "x", "²"):
        assert _text(_page(sandbox, f"/?before={before}")) == newest


@pytest.mark.parametrize("path", ["/", "/inbox/ana@example.com", "/sandbox/messages"])
def test_a_site_whose_name_points_to_this_machine_reads_nothing(
    sandbox: SandboxProcess, path: str
) -> None:
    port = sandbox.url.rpartition(":")[2]
    answer = requests.get(sandbox.url + path, headers={"Host": f"evil.example:{port}"}, timeout=60)
    assert answer.status_code == 403
    assert "ana" not in answer.text
    assert requests.get(f"http://localhost:{port}{path}", timeout=60).status_code == 200


@pytest.mark.parametrize("path", ["/inbox/+34600000001", "/sandbox/faults", "/sandbox/inbound"])
def test_a_page_of_another_site_changes_nothing(sandbox: SandboxProcess, path: str) -> None:
    form = {"channel": "sms", "body": "STOP"}
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        assert (
            requests.post(sandbox.url + path, form, headers=headers, timeout=60).status_code == 403
        )
    assert requests.post(sandbox.url + path, form, timeout=60).status_code != 403


def test_texts_are_bubbles_with_their_segments_and_delivery(sandbox: SandboxProcess) -> None:
    page = _page(sandbox, "/inbox/+34600000001")
    assert _text(page, ".phone.sms .bubble") == f"Text {NASTY}"
    assert "1 segment · GSM-7 · delivery 9" in _text(page, ".phone.sms .under")
    assert _text(page, ".phone.whatsapp .bubble") == "Chat"


def test_what_twilio_accepted_but_did_not_deliver_says_so(sandbox: SandboxProcess) -> None:
    page = _page(sandbox, "/inbox/+34600000001")
    assert "Not delivered (Twilio 63016)" in _text(page, ".phone.whatsapp .undelivered .under")


def test_posts_and_direct_messages_are_shown(sandbox: SandboxProcess) -> None:
    posts = _page(sandbox, "/x")
    assert _text(posts, ".post .said") == f"Post {NASTY} https://shop.example.com"
    link = posts.css_first(".post .said a")
    assert link is not None
    assert link.attributes["href"] == "https://shop.example.com"
    assert _text(_page(sandbox, "/inbox/@demo_ana"), ".phone.x_dm .bubble") == "Direct"


@pytest.mark.parametrize(
    ("wanted", "address"),
    [
        ("ana@example.com", "ana@example.com"),
        (" ANA@Example.com ", "ana@example.com"),
        ("+34 600 000 001", "+34600000001"),
        ("@demo_ana", "demo_ana"),
    ],
)
def test_searching_an_address_opens_its_inbox(
    sandbox: SandboxProcess, wanted: str, address: str
) -> None:
    answer = requests.get(f"{sandbox.url}/", params={"q": wanted}, timeout=60)
    assert requests.utils.unquote(answer.url) == f"{sandbox.url}/inbox/{address}"


def test_searching_a_beginning_lists_the_inboxes(sandbox: SandboxProcess) -> None:
    page = _page(sandbox, "/?q=an")
    assert [node.text() for node in page.css(".rows .who")] == ["ana@example.com"]
    assert "No such inbox" in _text(_page(sandbox, "/?q=zzz"))


def test_an_unknown_inbox_is_empty_and_an_unknown_page_is_404(sandbox: SandboxProcess) -> None:
    assert "This inbox is empty" in _text(_page(sandbox, "/inbox/nobody@example.com", 404))
    missing = _page(sandbox, "/%3Cscript%3E", 404)
    assert "no page at /<script>" in _text(missing)
    assert requests.post(sandbox.url, timeout=60).status_code == 405


def test_every_page_can_be_read_without_seeing_it(sandbox: SandboxProcess) -> None:
    for path in ("/", "/inbox/ana@example.com", "/inbox/+34600000001", "/x", "/?q=zzz"):
        page = _page(sandbox, path)
        assert page.css_first("html").attributes["lang"] == "en"  # type: ignore[union-attr]
        assert len(page.css("h1")) == 1
        assert all(page.css_first(f'label[for="{i.id}"]') for i in page.css("input"))
        assert all(f.attributes.get("title") for f in page.css("iframe"))
        assert page.css_first('a.skip[href="#main"]')


def test_long_inboxes_come_in_pages(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox:
        people = [f"p{n:04}@example.com" for n in range(130)]
        sendgrid_client(sandbox.url).send(mail(*people))
        seen, path = [], "/"
        while path:
            page = _page(sandbox, path)
            seen += [node.text() for node in page.css(".row .who")]
            older = page.css_first(".pager a")
            path = f"/{older.attributes['href']}" if older else ""
        assert seen == people[::-1]
        client = twilio_client(sandbox.url)
        for number in range(30):
            client.messages.create(to="+34600000001", from_=FROM, body=f"no. {number}")
        first = _page(sandbox, "/inbox/+34600000001")
        assert [b.text().strip() for b in first.css(".bubble")] == [
            f"no. {n}" for n in range(5, 30)
        ]
        older = first.css_first(".pager a")
        assert older is not None
        second = _page(sandbox, f"/inbox/+34600000001{older.attributes['href']}")
        assert [b.text().strip() for b in second.css(".bubble")] == [f"no. {n}" for n in range(5)]


def test_messages_can_be_read_as_json_by_recipient_channel_and_delivery(
    sandbox: SandboxProcess,
) -> None:
    (mine,) = control(sandbox.url, "GET", "messages?to=ana@example.com")
    assert (mine["channel"], mine["delivery"]) == ("email", "to ana@example.com")
    assert mine["seen"]["text"] == "Dear ana"
    (text,) = control(sandbox.url, "GET", "messages?delivery=9")
    assert text["recipient"] == "+34600000001"
    assert len(control(sandbox.url, "GET", "messages?limit=2")) == 2
    newest = control(sandbox.url, "GET", "messages?limit=1")[0]["id"]
    rest = control(sandbox.url, "GET", f"messages?before={newest}")
    assert len(rest) == 4


def test_stats_and_health_can_be_asked(sandbox: SandboxProcess) -> None:
    assert control(sandbox.url, "GET", "health") == {"status": "ok"}
    stats = control(sandbox.url, "GET", "stats")
    assert stats["total"] == 5
    assert stats["accepted"]["email"] == 1
    assert stats["cpu_seconds"] > 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "nonsense", None, 404, "no such thing"),
        ("PUT", "faults", None, 404, "no such thing"),
        ("GET", "messages?colour=red", None, 400, "unknown filter 'colour'"),
        ("GET", "messages?limit=many", None, 400, "whole numbers"),
        ("POST", "faults", b"{", 400, "not JSON"),
        ("POST", "faults", b'{"kind": "explode"}', 400, "unknown kind"),
        ("POST", "x/users", b'{"username": "much too long a name"}', 400, "username"),
        ("POST", "x/users", b'{"username": "demo_a", "age": 3}', 400, "unknown key 'age'"),
        ("POST", "inbound", b'{"channel": "fax"}', 400, "expected"),
        ("POST", "inbound", b'{"channel": "sms", "from": "600"}', 400, "number such as"),
    ],
)
def test_a_wrong_request_to_the_sandboxs_own_api_says_why(
    sandbox: SandboxProcess, method: str, path: str, body: Any, status: int, words: str
) -> None:
    answer = requests.request(method, f"{sandbox.url}/sandbox/{path}", data=body, timeout=60)
    assert answer.status_code == status
    assert words in orjson.loads(answer.content)["error"]
