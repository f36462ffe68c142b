"""E-mail: the table of what mail programs support, and what each message needs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from campaigns.content.checks.mail_support import features
from tests.shared import shared
from tests.unit.content.checks.told import of_rule
from tests.unit.content.files import Files

HTML = "layouts/email.html.j2"
#: The mail programs that count: most people read in one of them.
PROGRAMS = {
    "gmail": ("desktop-webmail", "ios", "android"),
    "outlook": ("windows", "outlook-com", "ios", "macos"),
    "apple-mail": ("macos", "ios"),
    "yahoo": ("desktop-webmail", "ios", "android"),
    "samsung-email": ("android",),
    "thunderbird": ("macos",),
}
WORTH = {"y": 1.0, "a": 0.5, "n": 0.0, "u": 0.0}


def body(files: Files, html: str) -> None:
    files.change(HTML, "</body>", f"{html}</body>")


def _support(stats: dict[str, dict[str, list[str]]]) -> str:
    told = [
        WORTH[stats[program][system][1][0]]
        for program, systems in PROGRAMS.items()
        for system in systems
        if system in stats.get(program, {})
    ]
    share = 100 * sum(told) / len(told)
    return "most" if round(share) >= 75 else "some" if round(share) >= 45 else "few"


def test_our_table_agrees_with_what_was_tested_in_mail_programs() -> None:
    with gzip.open(shared("data/caniemail_features.json.gz")) as stream:
        tested = {f["slug"]: _support(f["stats"]) for f in json.load(stream)["features"]}
    ours = {feature.slug: feature.support for feature in features()}
    assert ours == {slug: tested.get(slug, "unknown to the table") for slug in ours}


def test_every_feature_that_is_not_fine_says_why_and_what_to_use() -> None:
    for feature in features():
        assert feature.verdict in ("fine", "warn", "refuse")
        assert feature.verdict == "fine" or (feature.why and feature.instead), feature
        assert feature.verdict != "fine" or feature.support != "few" or feature.why, feature


def test_no_name_is_judged_twice() -> None:
    names = [(f.kind, name) for f in features() for name in f.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ('<div style="display: flex">.</div>', "`display: flex` works in most mail programs"),
        ('<div style="display: inline-grid">.</div>', "`display: inline-grid` works in"),
        ('<div style="width: calc(100% - 1px)">.</div>', "`calc` works in some"),
        ('<div style="color: var(--x)">.</div>', "`var` works in few"),
        ('<p style="font-size: 2rem">.</p>', "`rem` works in some"),
        ('<p style="position: absolute">.</p>', "`position` works in few"),
        ("<svg></svg>", "`svg` works in few"),
        ('<img alt="" src="https://shop.example.com/a.webp?v=1">', "`.webp` works in most"),
        ("<style>@supports (x: y) { a { color: #000 } }</style>", "`@supports` works in some"),
        ("<style>.a::before { color: #000 }</style>", "`::before` works in few"),
    ],
)
def test_what_many_programs_do_not_show_is_a_warning_with_a_way_out(
    files: Files, html: str, told: str
) -> None:
    body(files, html)
    found = of_rule(files, "mail-support")
    assert any(told in f and " Use " in f for f in found), found


@pytest.mark.parametrize("html", ["<p style='colr: red'>.</p>", "<blink>.</blink>"])
def test_what_no_list_knows_is_likely_a_slip(files: Files, html: str) -> None:
    body(files, html)
    assert (
        "is no HTML or CSS that mail programs are known to read"
        in of_rule(files, "mail-support")[0]
    )


@pytest.mark.parametrize(
    "html",
    [
        "<p style='mso-line-height-rule: exactly; -webkit-text-size-adjust: none'>.</p>",
        "<p style='border-radius: 4px; max-width: 600px; text-wrap: balance'>.</p>",
        "<o:p></o:p>",
    ],
)
def test_what_falls_away_without_loss_is_fine(files: Files, html: str) -> None:
    body(files, html)
    assert of_rule(files, "mail-support") == []


@pytest.mark.parametrize(
    "html",
    [
        "<form></form>",
        '<iframe title="x"></iframe>',
        '<p onclick="x()">.</p>',
        "<style>@import 'x.css';</style>",
        "<style>@font-face { font-family: x; src: url(https://shop.example.com/x) }</style>",
        '<div style="background: url(https://shop.example.com/x.png)">.</div>',
        '<meta http-equiv="refresh" content="1">',
    ],
)
def test_what_mail_programs_remove_or_block_is_an_error(files: Files, html: str) -> None:
    body(files, html)
    assert of_rule(files, "mail-active")


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ('<img src="https://shop.example.com/a.png" alt="">', False),
        ('<img src="https://shop.example.com/a.png" alt="A pot">', False),
        ('<img src="https://shop.example.com/a.png">', True),
        ('<img src="https://shop.example.com/a.png" alt="pot.png">', True),
        ('<a href="{{ facts.shop }}"><img src="https://shop.example.com/a.png" alt=""></a>', True),
        ('<a href="{{ facts.shop }}"><img src="https://shop.example.com/a" alt="Shop"></a>', False),
    ],
)
def test_an_image_says_what_it_shows_or_that_it_is_decoration(
    files: Files, image: str, found: bool
) -> None:
    body(files, image)
    assert bool(of_rule(files, "mail-alt")) is found


@pytest.mark.parametrize(("lang", "found"), [("{{ locale }}", False), ("es-ES", True), ("", True)])
def test_the_language_of_the_page_is_the_locales(files: Files, lang: str, found: bool) -> None:
    files.change(HTML, '"{{ language }}"', f'"{lang}"')
    told = of_rule(files, "mail-lang")
    assert bool(told) is found
    if lang == "es-ES":
        assert "says it is in `es-ES`" in told[0]


def test_a_preheader_that_the_copy_lacks_is_told_at_the_copy(files: Files) -> None:
    files.english("preheader: Pots, plants and seeds\n", "")
    files.spanish("preheader: Macetas, plantas y semillas\n", "")
    found = of_rule(files, "preheader-missing")
    assert [f.split(":")[0] for f in found] == [
        "campaigns/sale/copy.en.yaml", "campaigns/sale/copy.es.yaml",
    ]  # fmt: skip


def test_a_service_notice_needs_no_preheader(files: Files) -> None:
    files.campaign("topic: offers", "purpose: service")
    files.change(HTML, '<div style="display: none">{{ copy.preheader }}</div>', "")
    assert len(of_rule(files, "preheader-missing")) == 2  # written, and not printed
    files.english("preheader: Pots, plants and seeds\n", "")
    files.spanish("preheader: Macetas, plantas y semillas\n", "")
    assert of_rule(files, "preheader-missing") == []


def test_a_hidden_unsubscribe_link_is_none(files: Files) -> None:
    files.change(
        HTML, '<a href="{{ links.unsubscribe }}">', '<a hidden href="{{ links.unsubscribe }}">'
    )
    assert "cannot be seen" in of_rule(files, "unsubscribe-missing")[0]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("hello@news.example.com", False),
        ("hello@shop.example.com", False),
        ("hello@example.com", False),
        ("hello@example.org", True),
        ("hello@shop-example.com", True),
    ],
)
def test_mail_comes_from_the_house_that_links_lead_to(
    files: Files, address: str, found: bool
) -> None:
    files.brand("hello@news.example.com", address)
    assert bool(of_rule(files, "sender-domain")) is found


def _mail_links() -> Iterator[tuple[str, bool]]:
    yield "mailto:care@shop.example.com", False
    yield "mailto:care@example.com?subject=x", False
    yield "mailto:care@example.net", True
    yield "mailto:", True


@pytest.mark.parametrize(("link", "found"), list(_mail_links()))
def test_mail_links_lead_to_the_brand(files: Files, link: str, found: bool) -> None:
    body(files, f'<a href="{link}">Write</a>')
    assert bool(of_rule(files, "link-domain")) is found
