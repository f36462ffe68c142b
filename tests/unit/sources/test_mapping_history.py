"""What a mapping file reads of the past: consents with their date, and interactions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.interaction import InteractionKind
from tests.files import NOW, Folder

EMAIL = "fields: {email: email}\n"
CONSENT = EMAIL + "consents: [{channel: sms, topic: offers, granted: {column: ok}, at: on}]\n"


def test_a_consent_has_its_date_and_where_it_was_read(folder: Folder) -> None:
    row = folder.row("email,ok,on\nana@example.com,yes,2024-05-06\n", CONSENT)
    (consent,) = row.consents
    assert (consent.channel, consent.topic, consent.granted) == (Channel.SMS, "offers", True)
    assert str(consent.at) == "2024-05-06 00:00:00+00:00"
    assert consent.proof == "customers.csv:2"


def test_a_consent_without_date_says_so(folder: Folder) -> None:
    row = folder.row("email,ok,on\nana@example.com,no,\n", CONSENT)
    (consent,) = row.consents
    assert (consent.granted, consent.at) == (False, None)
    assert consent.proof == "customers.csv:2, no date in the export"


def test_a_blank_consent_says_nothing(folder: Folder) -> None:
    assert folder.row("email,ok,on\nana@example.com, ,2024-05-06\n", CONSENT).consents == ()


def test_a_consent_that_is_neither_yes_nor_no_refuses_the_row(folder: Folder) -> None:
    refusal = folder.refusal("email,ok,on\nana@example.com,maybe,\n", CONSENT)
    assert "neither a yes nor a no" in refusal.reason
    assert (refusal.column, refusal.value) == ("ok", "maybe")


def test_a_date_to_come_refuses_the_row(folder: Folder) -> None:
    """A consent of the future would outlive every no of the present."""
    refusal = folder.refusal("email,ok,on\nana@example.com,yes,2072-05-06\n", CONSENT)
    assert refusal.reason == "the date is in the future"


def test_a_date_that_is_none_refuses_the_row(folder: Folder) -> None:
    refusal = folder.refusal("email,ok,on\nana@example.com,yes,06.05.2024\n", CONSENT)
    assert refusal.reason == "it is no date of the form 2027-03-31"


def test_times_without_zone_are_in_the_zone_the_mapping_names(folder: Folder) -> None:
    mapping = EMAIL + (
        "consents: [{channel: email, granted: true, at: {column: on, zone: Europe/Madrid,"
        " date: ['%Y-%m-%d %H:%M', '%m/%d/%Y %I:%M %p']}}]\n"
    )
    for cell in ("2024-05-06 14:30", "5/6/2024 2:30 PM"):
        row = folder.row(f"email,on\nana@example.com,{cell}\n", mapping)
        assert str(row.consents[0].at) == "2024-05-06 12:30:00+00:00"


PAST = EMAIL + (
    "name: crm\ninteractions:\n"
    "  - {kind: clicked, channel: email, count: clicks, at: seen}\n"
    "  - {kind: purchased, name: shop, count: {column: how, choices: {Phone: 2}, otherwise: 0},"
    " at: {column: months, ago: months}}\n"
)


def test_past_interactions_have_a_name_a_count_and_a_date(folder: Folder) -> None:
    row = folder.row("email,clicks,seen,how,months\nana@example.com,3,2027-01-02,Phone,2\n", PAST)
    clicks, bought = row.interactions
    assert (clicks.name, clicks.kind, clicks.channel, clicks.times) == (
        "crm.clicked.email",
        InteractionKind.CLICKED,
        Channel.EMAIL,
        3,
    )
    assert (bought.name, bought.channel, bought.times) == ("crm.shop", None, 2)
    assert bought.at == NOW - timedelta(days=61)


def test_no_count_is_no_interaction(folder: Folder) -> None:
    row = folder.row("email,clicks,seen,how,months\nana@example.com,0,,Web,2\n", PAST)
    assert row.interactions == ()


@pytest.mark.parametrize(
    ("count", "reason"), [("3", "no date"), ("501", "0 to 500"), ("-1", "0 to")]
)
def test_a_count_that_cannot_be_refuses_the_row(folder: Folder, count: str, reason: str) -> None:
    content = f"email,clicks,seen,how,months\nana@example.com,{count},,Web,2\n"
    assert reason in folder.refusal(content, PAST).reason
