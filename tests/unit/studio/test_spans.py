"""Plain text as the apps show it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.studio.spans import spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*now* or never", [("now", "bold"), (" or never", "")]),
        ("_Reply STOP._", [("Reply STOP.", "italic")]),
        ("~20~ 10", [("20", "struck"), (" 10", "")]),
        ("2*3*4", [("2*3*4", "")]),
        ("* a list", [("* a list", "")]),
        ("snake_case_name", [("snake_case_name", "")]),
        ("*not\nover lines*", [("*not\nover lines*", "")]),
    ],
)
def test_whatsapps_marks_are_read_as_whatsapp_reads_them(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert [(s.text, s.style) for s in spans(text, marks=True)] == expected


def test_other_apps_show_the_marks_as_they_are() -> None:
    assert [(s.text, s.style) for s in spans("*now*")] == [("*now*", "")]


def test_an_address_is_a_link_without_the_full_stop_after_it() -> None:
    shown = [(s.text, s.style) for s in spans("See https://shop.example.com/a_b_c. Bye")]
    assert shown == [("See ", ""), ("https://shop.example.com/a_b_c", "link"), (". Bye", "")]


@given(st.text(alphabet="ab *_~\n.https://x", max_size=60))
def test_no_letter_is_lost_where_no_mark_is_read(text: str) -> None:
    assert "".join(s.text for s in spans(text)) == text
