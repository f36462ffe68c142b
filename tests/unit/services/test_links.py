from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from campaigns.services.links import Links, unsubscribe_headers, without_keys

_IDS = st.integers(min_value=1, max_value=2**63 - 1)
_SECRETS = st.text(min_size=1, max_size=64)


@given(_SECRETS, _IDS)
def test_a_link_is_signed_byte_for_byte_as_itsdangerous_signs(secret: str, delivery: int) -> None:
    values = Links("https://news.example.com/", secret).values(delivery)
    unsubscribe = Signer(secret, salt="campaigns.unsubscribe").sign(str(delivery)).decode()
    preferences = Signer(secret, salt="campaigns.preferences").sign(str(delivery)).decode()
    assert values == {
        "unsubscribe_url": f"https://news.example.com/u/{unsubscribe}",
        "preferences_url": f"https://news.example.com/p/{preferences}",
    }


@given(_SECRETS, _IDS)
def test_a_link_leads_back_to_its_delivery_and_serves_its_purpose_alone(
    secret: str, delivery: int
) -> None:
    links = Links("https://news.example.com", secret)
    values = links.values(delivery)
    unsubscribe = values["unsubscribe_url"].rpartition("/")[2]
    preferences = values["preferences_url"].rpartition("/")[2]
    assert links.unsubscribed_delivery(unsubscribe) == delivery
    assert links.preferences_delivery(preferences) == delivery
    assert links.preferences_delivery(unsubscribe) is None
    assert links.unsubscribed_delivery(preferences) is None


@given(_IDS)
def test_a_link_signed_with_another_secret_leads_nowhere(delivery: int) -> None:
    forged = Links("https://news.example.com", "another").values(delivery)["unsubscribe_url"]
    token = forged.rpartition("/")[2]
    assert Links("https://news.example.com", "secret").unsubscribed_delivery(token) is None


def test_the_header_asks_for_one_click_at_the_same_address_as_the_text() -> None:
    values = Links("https://news.example.com", "secret").values(7)
    assert unsubscribe_headers(values) == {
        "List-Unsubscribe": f"<{values['unsubscribe_url']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_links_outlive_the_secret_they_were_signed_with() -> None:
    before = Links("https://news.example.com", "old").values(7)
    mails = Links("https://news.example.com", "old").inbound_url.rpartition("/")[2]
    links = Links("https://news.example.com", "new", ["old", "older"])
    token = before["unsubscribe_url"].rpartition("/")[2]
    assert links.unsubscribed_delivery(token) == 7
    assert links.preferences_delivery(before["preferences_url"].rpartition("/")[2]) == 7
    assert links.is_inbound(mails)
    assert links.values(7) == Links("https://news.example.com", "new").values(7)
    assert links.inbound_url == Links("https://news.example.com", "new").inbound_url
    assert Links("https://news.example.com", "new").unsubscribed_delivery(token) is None


def test_a_text_for_staff_keeps_its_words_and_opens_no_page() -> None:
    links = Links("https://hey.example.com", "secret")
    own = links.values(12)
    text = f"Stop: {own['unsubscribe_url']} or {own['preferences_url']}.\nGo: "
    text += f"{links.clicks_url(12)}/3a, https://shop.example.com/p/12.5"
    shown = without_keys(text)
    assert shown == (
        "Stop: https://hey.example.com/u/… or https://hey.example.com/p/….\nGo: "
        "https://hey.example.com/c/…/3a, https://shop.example.com/p/12.5"
    )
