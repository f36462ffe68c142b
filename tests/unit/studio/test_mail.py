"""A mail as its own page."""

from __future__ import annotations

import re

from campaigns.studio.mail import mail_page, shown_sender

_MAIL = (
    "<html><head><style>p { color: black } @media (prefers-color-scheme: dark) { p { color: white }"
    " } @media ( PREFERS-COLOR-SCHEME:light ) and (max-width: 520px) { p { color: grey } }</style>"
    "</head><body><p>Hello</p></body></html>"
)


def test_the_dark_client_takes_the_dark_rules_whatever_the_browser_wants() -> None:
    page = mail_page(_MAIL, dark=True)
    assert "@media (min-width: 0) { p { color: white } }" in page
    assert "@media (max-width: 0) and (max-width: 520px)" in page
    assert "color-scheme: dark !important" in page


def test_the_light_client_takes_the_light_rules() -> None:
    page = mail_page(_MAIL, dark=False)
    assert "@media (max-width: 0) { p { color: white } }" in page
    assert "@media (min-width: 0) and (max-width: 520px)" in page


def test_a_mail_without_a_head_is_shown_too() -> None:
    assert mail_page("<p>Hello</p>", dark=False).startswith("<p>Hello</p><style>")


def test_hints_that_open_connections_are_left_out() -> None:
    page = mail_page('<LINK rel="preconnect" href="https://evil.example"><p>x</p>', dark=False)
    assert not re.search("<link", page, re.IGNORECASE)


def test_senders_are_shown_as_phones_and_apps_show_them() -> None:
    assert shown_sender("+447700900123") == "+44 7700 900123"
    assert shown_sender("demo_brotanell") == "@demo_brotanell"
    assert shown_sender("hello@news.example.com") == "hello@news.example.com"
