"""What WhatsApp makes of its marks."""

from __future__ import annotations

import pytest

from campaigns.sandbox.pages import preview
from campaigns.sandbox.rendering import Seen
from campaigns.sandbox.whatsapp import whatsapp

MARKED = "*Hi _Ana_*, ~20~ <b>5 & 2*3*4"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*Sale*, _today_ ~only~!", "<strong>Sale</strong>, <em>today</em> <s>only</s>!"),
        ("_*both*_", "<em><strong>both</strong></em>"),
        ("*a _b* c_", "<strong>a _b</strong> c_"),
        ("2*3*4, a_snake_case, 5 * 3 * 2", "2*3*4, a_snake_case, 5 * 3 * 2"),
        ("*no\nline*", "*no\nline*"),
        ("**", "**"),
    ],
)
def test_marks_count_at_the_edges_of_words(text: str, html: str) -> None:
    assert whatsapp(text) == html


def test_a_text_cannot_bring_its_own_html() -> None:
    assert whatsapp('*<img src="x" onerror=a>*') == (
        "<strong>&lt;img src=&#34;x&#34; onerror=a&gt;</strong>"
    )


def test_marks_inside_a_link_stay_and_marks_around_it_count() -> None:
    html = whatsapp("_see https://shop.example/_a_/*b*?c=~d~ now_ \0")
    assert html.startswith('<em>see <a href="https://shop.example/_a_/*b*?c=~d~"')
    assert html.endswith(">https://shop.example/_a_/*b*?c=~d~</a> now</em> ")


def test_a_list_shows_whatsapp_without_marks_and_everything_else_as_written() -> None:
    seen = Seen(sender="Shop", text=MARKED)
    assert preview(seen, "whatsapp") == "Hi Ana, 20 <b>5 & 2*3*4"
    assert preview(seen, "sms") == MARKED
