"""Reading an HTML part as its readers do."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from campaigns.content.checks.page import PageText, read_page


def read(body: str, head: str = "") -> PageText:
    html = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return read_page(html, LexborHTMLParser(html))


def test_blocks_are_kept_apart_and_inline_elements_are_not() -> None:
    page = read("<p>Save <b>2</b>0<i>%</i></p><p>off</p><td>1</td>€5<br>today")
    assert page.blocks == ("Save 20%", "off", "1€5", "today")


@pytest.mark.parametrize("hiding", ['style="display:none"', 'style="VISIBILITY: hidden"', "hidden"])
def test_what_is_hidden_is_not_visible_text(hiding: str) -> None:
    page = read(f"<div {hiding}>Inbox words&#847;&zwnj;&nbsp;</div><p>Seen</p>")
    assert (page.blocks, page.hidden) == (("Seen",), ("Inbox words",))


def test_styles_scripts_and_comments_are_no_text() -> None:
    page = read("<style>p{}</style><script>x</script><!-- y --><p>Seen</p>", "<style>a{}</style>")
    assert page.blocks == ("Seen",)


def test_what_stands_in_an_attribute_is_read_but_not_seen() -> None:
    page = read('<p>At <img alt="20%"> off</p><a aria-label="Open" href="https://a.example">x</a>')
    assert page.blocks == ("At off", "x")
    assert page.hidden == ("20%", "Open")


@pytest.mark.parametrize(
    "style",
    [
        "DISPLAY: none !important",
        "visibility:hidden",
        "opacity: 0",
        "opacity:0.0;",
        "font-size: 0",
        "line-height: 1px; font-size:1px",
        "color: transparent",
        "max-height: 0; overflow: hidden",
        "text-indent: -9999px",
        "position: absolute; left: -9999px",
        "clip: rect(0, 0, 0, 0)",
    ],
)
def test_what_a_style_hides_is_not_seen(style: str) -> None:
    page = read(f'<div style="{style}"><p>20% off</p></div><p>Seen</p>')
    assert page.blocks == ("Seen",)
    assert page.hidden == ("20% off",)


@pytest.mark.parametrize(
    "style",
    [
        "opacity: 0.9",
        "font-size: 12px",
        "font-size: 2em",
        "left: 0",
        "background-color: transparent",
    ],
)
def test_what_a_style_leaves_to_be_seen_is_seen(style: str) -> None:
    assert read(f'<p style="{style}">Seen</p>').blocks == ("Seen",)


def test_a_block_without_size_shows_what_has_a_size_of_its_own() -> None:
    page = read('<div style="font-size: 0"><span style="font-size: 14px">Seen</span></div>')
    assert page.blocks == ("Seen",)


def test_what_only_outlook_shows_is_read_with_its_links_and_is_not_what_all_see() -> None:
    page = read(
        '<!--[if mso]><v:roundrect href="https://a.example/x"><center>Go</center></v:roundrect>'
        '<![endif]--><a href="https://a.example/y">Go</a>'
    )
    assert page.links == ("https://a.example/y", "https://a.example/x")
    assert page.blocks == ("Go",)
    assert page.hidden == ("Go",)


def test_settings_for_outlook_are_no_text() -> None:
    page = read("<p>x</p><!--[if mso]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]-->")
    assert page.blocks == ("x",)


def test_the_title_is_read_apart() -> None:
    assert read("<p>x</p>", "<title> Now  20% </title>").title == "Now 20%"
