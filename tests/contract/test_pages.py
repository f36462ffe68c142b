"""The preference page over loopback, on both databases: what it changes, and what never does."""

from __future__ import annotations

import hashlib
import re

import httpx
import pytest

from campaigns.domain.channel import Channel
from tests.contract.pages_forms import FORM, filled
from tests.pages_world import Shop

EMAIL, SMS, WHATSAPP = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP


# The preference page ------------------------------------------------------------------------


def test_sending_the_page_back_as_it_is_changes_nothing(here: Shop, client: httpx.Client) -> None:
    customer = here.customer(topics=("offers",), locale="ca_AD", preferred_channel="sms")
    path = here.preferences_path(here.delivery(customer))
    before = here.everything()
    page = client.get(path)
    assert client.post(path, data=filled(page.text)).status_code == 200
    assert here.everything() == before


def test_topics_are_chosen_per_channel_and_each_answer_is_kept_with_its_words(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer(topics=("offers",))
    path = here.preferences_path(here.delivery(customer))
    fields = filled(client.get(path).text, **{"to:email:news": "1", "to:sms:offers": None})
    page = client.post(path, data=fields).text
    assert "Saved." in page
    assert filled(page) == fields
    stands = here.standings(customer)
    assert (stands["email/news"], stands["sms/offers"]) == (True, False)
    said = [c for c in here.app.profiles.show(customer).consents if c.source == "customer"]
    assert [(c.channel, c.topic, c.granted) for c in said] == [
        (EMAIL, "news", True),
        (SMS, "offers", False),
    ]
    assert said[0].at == here.now
    words = re.search(r"“(.+)” sha256:([0-9a-f]{64})$", said[0].proof)
    assert words is not None
    assert words[1].endswith("E-mail: News")
    assert hashlib.sha256(words[1].encode()).hexdigest() == words[2]
    kinds = {i.channel: i.kind for i in here.app.profiles.show(customer).interactions}
    assert kinds[SMS] == "unsubscribed"  # nothing is left there


def test_the_order_decides_where_they_are_written_to_first(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    order = {"order:sms": "1", "order:email": "2", "order:whatsapp": ""}
    client.post(path, data=filled(client.get(path).text, **order))
    (asked,) = here.rows("preferences", customer)
    assert asked.channels == "sms,email"
    assert here.app.profiles.show(customer).preferred_channel is SMS
    client.post(path, data=filled(client.get(path).text, **dict.fromkeys(order, "")))
    assert here.app.profiles.show(customer).preferred_channel is None


def test_frequency_quiet_hours_and_language_are_kept_and_told(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    chosen = {"weekly": "2", "quiet_from": "21:30", "quiet_until": "08:00", "locale": "ca_ES"}
    page = client.post(path, data=filled(client.get(path).text, **chosen)).text
    assert '<html lang="ca-ES">' in page
    (asked,) = here.rows("preferences", customer)
    assert (asked.weekly_most, asked.quiet_from, asked.quiet_until) == (2, 1290, 480)
    view = here.app.profiles.show(customer)
    assert view.locale == "ca_ES"
    told = [dict(i.data) for i in view.interactions if i.kind == "preference_changed"]
    assert {"weekly_most": 2} in told
    assert {"locale": "ca_ES"} in told
    assert {"quiet_from": 1290, "quiet_until": 480} in told


@pytest.mark.parametrize(("begin", "end"), [("21:30", ""), ("08:00", "08:00"), ("25:00", "08:00")])
def test_quiet_hours_that_make_no_sense_are_told_and_nothing_is_saved(
    here: Shop, client: httpx.Client, begin: str, end: str
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    before = here.everything()
    fields = filled(client.get(path).text, quiet_from=begin, quiet_until=end, weekly="1")
    answer = client.post(path, data=fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert filled(answer.text)["weekly"] == "1"  # what was chosen is not lost
    assert here.everything() == before


def test_a_break_of_thirty_days_begins_and_ends_by_a_button(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    assert "until 31 March 2027" in client.post(f"{path}/pause").text
    (asked,) = here.rows("preferences", customer)
    before = here.everything()
    client.post(f"{path}/pause")
    assert here.everything() == before
    client.post(f"{path}/resume")
    (resumed,) = here.rows("preferences", customer)
    assert asked.paused_until is not None
    assert resumed.paused_until is None


def test_stopping_everything_ends_marketing_on_every_channel(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    assert "no more offers" in client.post(f"{path}/stop").text
    assert len(here.rows("suppressions")) == 2  # SMS and WhatsApp share the number
    assert "checked" not in client.get(path).text


def test_only_the_customers_own_yes_lifts_an_opt_out_and_nothing_else_comes_back_with_it(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    delivery = here.delivery(customer)
    client.post(here.unsubscribe_path(here.delivery(customer, SMS, name="text")))
    path = here.preferences_path(delivery)
    page = client.post(path, data=filled(client.get(path).text, **{"to:sms:offers": "1"})).text
    ticked = {name for name in filled(page) if name.startswith("to:")}
    assert ticked == {"to:email:offers", "to:email:news", "to:sms:offers"}
    assert here.rows("suppressions") == []
    kinds = [i.kind for i in here.app.profiles.show(customer).interactions if i.channel is SMS]
    assert kinds[0] == "resubscribed"
    client.post(here.unsubscribe_path(delivery))  # an old link of e-mail does not end it
    assert "to:sms:offers" in filled(client.get(path).text)


def test_a_dead_or_barred_address_cannot_be_ticked(here: Shop, client: httpx.Client) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    fields = filled(client.get(path).text, **{"to:sms:news": "1"})
    here.world.suppress(customer, SMS, purpose="all")
    before = here.everything()
    page = client.get(path).text
    assert page.count("We cannot write to this address") == 2
    client.post(path, data=fields)
    assert here.everything() == before


@pytest.mark.parametrize(
    "body",
    [b"", b"shown=email:offers", b"\xff\xfe", b"a=1&" * 500, b"shown=&locale=xx_XX",
     b"shown=email:offers&locale=xx", b"locale=en_GB"],
)  # fmt: skip
def test_what_is_no_form_of_ours_changes_nothing(
    here: Shop, client: httpx.Client, body: bytes
) -> None:
    path = here.preferences_path(here.delivery(here.customer()))
    before = here.everything()
    assert client.post(path, content=body, headers=FORM).status_code == 422
    assert here.everything() == before


def test_a_huge_body_is_refused_before_it_is_read(here: Shop, client: httpx.Client) -> None:
    path = here.preferences_path(here.delivery(here.customer()))
    assert client.post(path, content=b"x" * 70_000, headers=FORM).status_code == 413


def test_a_box_that_the_form_did_not_show_is_no_answer(here: Shop, client: httpx.Client) -> None:
    customer = here.customer(channels=(EMAIL,))
    path = here.preferences_path(here.delivery(customer))
    fields = filled(client.get(path).text)
    here.world.address(customer, SMS, "+447700900999")
    here.world.standing(customer, SMS, granted=True)
    client.post(path, data=fields)
    assert here.standings(customer)["sms/*"] is True
    assert "sms/offers" not in here.standings(customer)


# Headers ----------------------------------------------------------------------------------------


def test_pages_leave_browsers_nothing_to_leak_or_keep(here: Shop, client: httpx.Client) -> None:
    answer = client.get(here.preferences_path(here.delivery(here.customer())))
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    style = client.get(re.search(r'href="(/pages/[^"]+\.css)"', answer.text)[1])  # type: ignore[index]
    assert style.headers["content-type"].startswith("text/css")
    assert here.app.catalog.brand().colours.primary in style.text
