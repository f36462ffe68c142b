"""What an import may do to consents and suppressions, on both databases: a no is never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.domain.customer import AddressStatus
from campaigns.store import consents, schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import bar_intents
from tests.contract.profiles_world import Importing
from tests.files import NOW

LATER = NOW + timedelta(days=30)


def test_the_no_of_a_row_that_is_refused_counts_for_everybody_whom_it_may_be_about(
    importing: Importing,
) -> None:
    importing("id,email,offers\n7,ana@example.com,yes\n8,bo@example.com,yes\n")
    report = importing("id,email,offers,news\n8,ana@example.com,no,yes\n", now=LATER)
    assert (report.refused, report.denied, report.granted) == (1, 2, 0)
    assert importing.standings("7") == importing.standings("8") == {"email/offers": False}
    assert "7; its no counts for customer 8, 7" in importing.refused()
    assert {c.proof for c in importing.show("7").consents if not c.granted} == {
        "customers.csv:2, no date in the export, a row that was refused"
    }
    before = importing.snapshot()
    importing("id,email,offers,news\n8,ana@example.com,no,yes\n", now=LATER)
    assert importing.snapshot() == before


def test_the_no_of_a_row_that_names_its_customer_leaves_alone_who_shares_the_phone(
    importing: Importing,
) -> None:
    importing("id,phone,sms\n7,+34600000001,yes\n8,+34600000001,yes\n")
    assert importing("id,phone,points,sms\n7,+34600000001,many,no\n").refused == 1
    assert importing.standings("7") == {"sms/offers": False}
    assert importing.standings("8") == {"sms/offers": True}


def test_a_no_for_an_address_that_no_customer_has_bars_the_address(importing: Importing) -> None:
    importing("id,email,offers\n7,ana@example.com,yes\n")
    row = "id,email,phone,sms\n8,ana@example.com,+34600000001,no\n"
    assert importing(row).suppressed == 1
    assert importing.standings("7") == {"email/offers": True, "sms/offers": False}
    importing("id,phone,sms\n9,+34600000001,yes\n")
    assert importing.suppressed("9") == {"sms": "unsubscribed", "whatsapp": "unsubscribed"}
    assert importing(row).suppressed == 0


def test_a_shared_phones_no_counts_for_all_who_share_it(importing: Importing) -> None:
    importing("id,phone,sms\n7,+34600000001,yes\n8,+34600000001,yes\n")
    assert importing("phone,sms\n+34600000001,no\n").refused == 1
    assert importing.standings("7") == importing.standings("8") == {"sms/offers": False}


@pytest.mark.parametrize(
    "row",
    [
        "7,ana@example.com,many,no,2024-05-06",  # a number that is none
        "7,ana@example.com,5,no,2124-05-06",  # a date to come
        "7,no-address,5,no,2024-05-06",
        ",ana@example.com,many,no,2024-05-06",
        "7,,many,no,",
    ],
)
def test_a_row_refused_for_what_it_says_keeps_its_no(importing: Importing, row: str) -> None:
    importing("id,email,points,offers\n7,ana@example.com,4,yes\n")
    report = importing(f"id,email,points,offers,said_on\n{row}\n", now=LATER)
    assert (report.refused, report.updated, report.denied) == (1, 0, 1)
    assert importing.standings("7") == {"email/offers": False}
    assert importing.show("7").attributes == {"points": 4}
    assert "; its no counts for customer 7" in importing.refused()


def test_a_refused_row_of_a_stranger_bars_the_address_and_makes_no_customer(
    importing: Importing,
) -> None:
    report = importing("id,email,points,offers\n7,ana@example.com,many,no\n")
    assert (report.created, report.refused, report.suppressed) == (0, 1, 1)
    assert "; its no counts for its address" in importing.refused()
    importing("id,email,offers\n7,ana@example.com,yes\n")
    assert importing.suppressed("7") == {"email": "unsubscribed"}


def test_a_no_of_nobody_knows_whom_is_told_loudly(importing: Importing) -> None:
    importing("email,points,offers\nno-address,5,no\n")
    assert "IT SAYS NO, and nobody is known whom it may be about" in importing.refused()


def test_a_refused_row_that_says_yes_grants_nothing(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    assert importing("id,email,points,offers\n7,ana@example.com,many,yes\n").granted == 0
    assert importing.standings("7") == {}


# Consents -------------------------------------------------------------------------------------


def test_an_import_never_turns_an_opt_out_into_consent(importing: Importing) -> None:
    importing("id,email,offers,said_on\n7,ana@example.com,no,2024-01-01\n")
    report = importing("id,email,offers,said_on\n7,ana@example.com,yes,2026-12-31\n", now=LATER)
    assert (report.unchanged, report.kept_opt_out, report.granted) == (1, 1, 0)
    assert importing.standings("7") == {"email/offers": False}
    assert importing.count("consents") == 1


@pytest.mark.parametrize(("no", "yes"), [("all", "offers"), ("offers", "all")])
def test_a_yes_goes_neither_around_a_no_to_everything_nor_over_one_in_particular(
    importing: Importing, no: str, yes: str
) -> None:
    importing(f"id,email,{no},said_on\n7,ana@example.com,no,2024-01-01\n")
    report = importing(f"id,email,{yes},said_on\n7,ana@example.com,yes,2026-12-31\n")
    assert report.kept_opt_out == 1
    assert True not in importing.standings("7").values()


def test_a_no_of_one_channel_or_topic_leaves_the_others_alone(importing: Importing) -> None:
    importing("id,email,offers\n7,ana@example.com,no\n")
    report = importing("id,email,news,sms\n7,ana@example.com,yes,yes\n")
    assert report.granted == 2
    assert importing.standings("7") == {
        "email/offers": False,
        "email/news": True,
        "sms/offers": True,
    }


def test_a_no_ends_an_undated_yes_however_old_it_is(importing: Importing) -> None:
    """The undated yes of one export is as old as nobody knows."""
    importing("id,email,offers\n7,ana@example.com,yes\n")
    importing("id,email,offers,said_on\n7,ana@example.com,no,2019-01-01\n", now=LATER)
    assert importing.standings("7") == {"email/offers": False}


def test_a_no_to_everything_ends_a_later_yes_to_one_topic(importing: Importing) -> None:
    importing("id,email,offers,said_on\n7,ana@example.com,yes,2026-01-01\n")
    importing("id,email,all,said_on\n7,ana@example.com,no,2025-01-01\n")
    by_topic = {s.topic: s for s in importing.show("7").standings}
    assert not by_topic["*"].granted
    assert by_topic["*"].at >= by_topic["offers"].at


def test_an_old_no_does_not_end_a_yes_the_customer_gave_since(importing: Importing) -> None:
    importing("id,email,offers,said_on\n7,ana@example.com,no,2024-01-01\n")
    number = importing.profiles.find("7")
    with importing.database.write() as connection:
        bar_intents(connection)
        yes = ("email", "marketing", "offers", True, to_ms(NOW), "customer", "form 3", "customer")
        consents.append(connection, [(number, *yes)])
    report = importing("id,email,offers,said_on\n7,ana@example.com,no,2024-01-01\n", now=LATER)
    assert (report.unchanged, report.denied) == (1, 0)
    assert importing.standings("7") == {"email/offers": True}
    newer = importing("id,email,offers,said_on\n7,ana@example.com,no,2027-03-15\n", now=LATER)
    assert newer.denied == 1
    assert importing.standings("7") == {"email/offers": False}


def test_a_yes_and_a_no_in_one_row_are_a_no(importing: Importing) -> None:
    report = importing("id,email,offers,all\n7,ana@example.com,yes,no\n")
    assert (report.denied, report.kept_opt_out) == (1, 1)
    assert importing.standings("7") == {"email/*": False}


def test_the_ledger_grows_only_when_something_changes(importing: Importing) -> None:
    content = "id,email,offers\n7,ana@example.com,yes\n"
    for days in range(3):
        importing(content, now=NOW + timedelta(days=days))
    assert importing.count("consents") == 1
    assert "no date in the export" in importing.show("7").consents[0].proof


def test_the_standings_are_what_the_ledger_says(importing: Importing) -> None:
    for offers, news, all_, said_on in [
        ("yes", "yes", "", "2024-01-01"),
        ("", "no", "", "2023-01-01"),
        ("yes", "yes", "yes", ""),
        ("", "", "no", "2022-01-01"),
        ("yes", "", "", "2026-01-01"),
    ]:
        importing(
            f"id,email,offers,news,all,said_on\n7,ana@example.com,{offers},{news},{all_},{said_on}\n"
        )
    view = importing.show("7")
    rebuilt: dict[tuple[str, str, str], tuple[object, ...]] = {}
    for entry in view.consents:
        matter = (entry.channel, entry.purpose, entry.topic)
        says = (entry.at, not entry.granted)
        rebuilt[matter] = max(rebuilt.get(matter, says), says)
    assert {(s.channel, s.purpose, s.topic): (s.at, not s.granted) for s in view.standings} == (
        rebuilt
    )


# Addresses and suppressions -------------------------------------------------------------------

CLEANED = "Name,Email Address,OPTIN_TIME,CLEAN_TIME\nAna,ana@example.com,,2024-05-06 07:08:09\n"


def test_a_cleaned_address_is_bounced_and_suppressed_for_everything(importing: Importing) -> None:
    report = importing(CLEANED, mapping=None)
    assert report.suppressed == 1
    (address,) = importing.show("ana@example.com").addresses
    assert address.status is AddressStatus.BOUNCED
    assert address.suppression is not None
    assert (address.suppression.purpose, address.suppression.reason) == ("all", "cleaned")


def test_an_import_neither_lifts_a_suppression_nor_wakes_a_dead_address(
    importing: Importing,
) -> None:
    importing(CLEANED, mapping=None)
    importing("email,name,offers\nANA@example.com,Ana,yes\n", now=LATER)
    (address,) = importing.show("ana@example.com").addresses
    assert address.status is AddressStatus.BOUNCED
    assert address.suppression is not None


def test_a_suppression_widens_and_does_not_narrow(importing: Importing) -> None:
    for word, purpose in [("UNSUBSCRIBED", "marketing"), ("SPAM_COMPLAINT", "all")] * 2:
        content = f"Email,Klaviyo ID,Email Suppressions\nana@example.com,K1,{word}\n"
        report = importing(content, mapping=None)
        shown = importing.show("klaviyo:K1").addresses[0].suppression
        assert shown is not None
        assert shown.purpose in (purpose, "all")
    assert shown.purpose == "all"
    assert report.unchanged == 1


def test_a_suppression_outlives_a_customer_and_meets_the_next_spelling(
    importing: Importing,
) -> None:
    importing(CLEANED, mapping=None)
    with importing.database.write() as connection:
        for name in ("addresses", "customers"):
            connection.execute(schema.metadata.tables[name].delete())
    importing("id,email\n99,Ana <ANA@EXAMPLE.com>\n")
    assert importing.show("99").addresses[0].suppression is not None
