"""Click links: what changes in a message, what stays, and that it can be taken back exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.agent import TRAP
from campaigns.domain.channel import Channel
from campaigns.domain.click_links import SLOT, link_id, with_click_links, without_click_links
from campaigns.domain.message import Escape, Hole, Part, Skeleton, Slot, SlotType, escape_html, fill

UNSUBSCRIBE = Slot("unsubscribe_url", SlotType.URL, 120)
SHOP = "https://shop.example.com/spring?a=1&b=2"
BASE = "https://news.example.com/c/7.sig"


def mail(*literals: str, channel: Channel = Channel.EMAIL) -> Skeleton:
    """A mail whose HTML is these literals around unsubscribe links."""
    holes = (Hole("unsubscribe_url", Escape.HTML),) * (len(literals) - 1)
    return Skeleton(
        channel,
        "en_GB",
        "a",
        (),
        {"html": Part(literals, holes), "text": Part((f"Go to {SHOP}",), ())},
        {"unsubscribe_url": UNSUBSCRIBE} if holes else {},
    )


PAGE = mail(
    f'<body><a class="b" href="{escape_html(SHOP)}">{escape_html(SHOP)}</a> '
    f'<a href="mailto:hi@example.com">x</a> <a href="',
    '">stop</a> <img src="https://shop.example.com/i.png">'
    f'<a href="{escape_html(SHOP)}">go</a></body>',
)


def test_a_link_leads_over_our_own_page_and_its_words_stay() -> None:
    changed, links = with_click_links(PAGE)
    html = fill(changed, {SLOT: BASE, "unsubscribe_url": "https://news.example.com/u/7"})["html"]
    assert html.count(f'href="{BASE}/{link_id(SHOP)}"') == 2
    assert f">{escape_html(SHOP)}</a>" in html
    assert 'href="https://news.example.com/u/7"' in html
    assert 'href="mailto:hi@example.com"' in html
    assert 'src="https://shop.example.com/i.png"' in html
    assert links == {link_id(SHOP): SHOP, TRAP: SHOP}
    assert changed.parts["text"] == PAGE.parts["text"]


def test_every_mail_with_links_holds_one_that_nobody_sees() -> None:
    changed, _ = with_click_links(PAGE)
    html = fill(changed, {SLOT: BASE, "unsubscribe_url": "https://news.example.com/u/7"})["html"]
    assert html.count(f'href="{BASE}/{TRAP}" style="display:none" aria-hidden="true"') == 1
    assert html.endswith("</a></body>")


def test_what_is_no_mail_or_has_no_links_stays_as_it_is() -> None:
    plain = mail("<body>Hello</body>")
    sms = mail(f'<a href="{SHOP}">', channel=Channel.SMS)
    assert with_click_links(plain) == (plain, {})
    assert with_click_links(sms) == (sms, {})


urls = st.sampled_from(["https://a.example/", SHOP, "https://a.example/x?q='1'&r=é"])
pieces = st.one_of(
    st.text(alphabet='ab <>/"=', max_size=12),
    urls.map(lambda url: f'<a href="{escape_html(url)}">{escape_html(url)}</a>'),
    st.just('<a href="#top">'),
    st.just("</body>"),
)


@given(st.lists(st.lists(pieces, max_size=5).map("".join), min_size=1, max_size=4))
def test_taking_the_click_links_out_gives_back_the_message_as_it_was_written(
    literals: list[str],
) -> None:
    written = mail(*literals)
    changed, links = with_click_links(written)
    assert without_click_links(changed, links) == written
