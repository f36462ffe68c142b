"""Exports told by their own headers, as ../shared/data/crm_headers.yaml lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ruamel.yaml import YAML

from campaigns.domain.address import normalise
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.consent import ALL_TOPICS, Purpose
from campaigns.domain.customer import AddressStatus
from campaigns.domain.intake import SuppressionPurpose
from campaigns.errors import FileError
from campaigns.sources.recognise import shipped
from tests.files import Folder
from tests.shared import shared

SHAPES = {
    "mailchimp_subscribed": "Mailchimp, subscribed",
    "mailchimp_unsubscribed": "Mailchimp, unsubscribed",
    "mailchimp_cleaned": "Mailchimp, cleaned",
    "shopify_customers_current": "Shopify customers",
    "shopify_customers_import_template": "Shopify customers",
    "shopify_customers_old": "Shopify customers",
    "klaviyo_profiles": "Klaviyo profiles",
    "hubspot_contacts_default": "HubSpot contacts",
}


def csv_of(headers: Sequence[str], **cells: str) -> str:
    """A file of one row under these headers."""
    values = ['"' + cells.get(h.replace(" ", "_"), "").replace('"', '""') + '"' for h in headers]
    return ",".join(headers) + "\n" + ",".join(values) + "\n"


def headers_of(shape: str) -> list[list[str]]:
    """The header rows that the reference lists for one export."""
    listed: Any = YAML(typ="safe").load(shared("data/crm_headers.yaml"))[shape]
    return [listed["headers"], *listed.get("variants", [])]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_export_of_the_reference_is_recognised_by_name(folder: Folder, shape: str) -> None:
    for headers in headers_of(shape):
        backwards = list(reversed(headers))
        for order in (headers, backwards, ["Custom", *headers, "Custom", ""]):
            assert folder.opened(csv_of(order, Email="a@example.com")).title == SHAPES[shape]


def test_a_campaign_report_is_refused_with_what_to_export_instead(folder: Folder) -> None:
    (headers,) = headers_of("klaviyo_campaign_report")
    with pytest.raises(FileError, match="campaigns, not customers"):
        folder.opened(csv_of(headers))


def test_every_shipped_mapping_is_sound_and_tells_its_export() -> None:
    assert len(shipped()) >= 8
    assert all(m.recognise and m.title for m in shipped())


def test_mailchimp_subscribed_is_a_yes_with_its_date_and_evidence(folder: Folder) -> None:
    row = folder.row(
        "Email Address,First Name,Phone Number,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
        "CC,TAGS\n"
        "ana@example.com,Ana,'+34600000001,2024-01-02 03:04:05,192.0.2.1,2024-01-02 03:09:00,"
        '192.0.2.2,es,"""VIP"",""Blog"""\n'
    )
    (consent,) = row.consents
    assert (consent.channel, consent.purpose, consent.topic) == (
        Channel.EMAIL,
        Purpose.MARKETING,
        ALL_TOPICS,
    )
    assert consent.granted
    assert str(consent.at) == "2024-01-02 03:09:00+00:00"
    assert consent.proof.startswith("customers.csv:2, OPTIN_TIME 2024-01-02 03:04:05, OPTIN_IP 192")
    assert "CONFIRM_IP 192.0.2.2" in consent.proof
    assert row.stated.country == "ES"
    assert row.attributes["tags"] == "VIP, Blog"
    assert [a.channel for a in row.addresses] == [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP]


def test_mailchimp_unsubscribed_is_a_no(folder: Folder) -> None:
    row = folder.row(
        "Name,Email Address,OPTIN_TIME,UNSUB_TIME,UNSUB_REASON\n"
        "Ana Puig Roca,ana@example.com,2020-01-01 00:00:00,2024-05-06 07:08:09,NORMAL\n"
    )
    (consent,) = row.consents
    assert not consent.granted
    assert str(consent.at) == "2024-05-06 07:08:09+00:00"
    assert (row.stated.first_name, row.stated.last_name) == ("Ana", "Puig Roca")


def test_mailchimp_cleaned_is_a_dead_address_and_no_consent(folder: Folder) -> None:
    row = folder.row(
        "Name,Email Address,OPTIN_TIME,CLEAN_TIME\n"
        "Ana,ana@example.com,2020-01-01 00:00:00,2024-05-06 07:08:09\n"
    )
    assert row.consents == ()
    (suppression,) = row.suppressions
    assert suppression.purpose is SuppressionPurpose.ALL
    assert suppression.normalised == normalise(AddressKind.EMAIL, "ana@example.com")
    assert row.addresses[0].status is AddressStatus.BOUNCED


def test_shopify_loses_its_apostrophes_and_dates_its_yes_by_the_import(folder: Folder) -> None:
    row = folder.row(
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,"
        "Default Address Country Code,Default Address Phone,Phone,Accepts SMS Marketing,Tags\n"
        "'721,Ana,Puig,ana@example.com,yes,ES,'934010000,'600 000 001,no,\"VIP, Blog\"\n"
    )
    assert row.ref == "shopify:721"
    assert {a.mailable for a in row.addresses} == {"ana@example.com", "+34600000001"}
    email, sms = row.consents
    assert (email.granted, email.at) == (True, None)
    assert email.proof == "customers.csv:2, no date in the export"
    assert (sms.channel, sms.granted) == (Channel.SMS, False)


def test_shopifys_older_export_is_read_too(folder: Folder) -> None:
    row = folder.row(
        "First Name,Last Name,Email,Country Code,Phone,Accepts Marketing,Total Spent\n"
        "Ana,Puig,ana@example.com,AD,312345,no,0\n"
    )
    assert row.ref is None
    assert not row.consents[0].granted
    assert row.addresses[1].mailable == "+376312345"


def test_hubspot_says_nothing_of_consent_by_itself(folder: Folder) -> None:
    row = folder.row(
        "Record ID,First Name,Last Name,Email,Phone Number,Marketing contact status\n"
        "55,Ana,Puig,ana@example.com,+34600000001,Marketing contact\n"
    )
    assert (row.ref, row.consents) == ("hubspot:55", ())


@pytest.mark.parametrize(("cell", "noes"), [("true", 1), ("false", 0), ("", 0)])
def test_hubspots_opt_out_is_a_no_and_its_absence_no_yes(
    folder: Folder, cell: str, noes: int
) -> None:
    row = folder.row(
        f"Record ID,First Name,Email,Unsubscribed from all email\n55,Ana,ana@example.com,{cell}\n"
    )
    assert [c.granted for c in row.consents] == [False] * noes


@pytest.mark.parametrize(
    ("word", "granted"),
    [("SUBSCRIBED", [True]), ("UNSUBSCRIBED", [False]), ("NEVER_SUBSCRIBED", []), ("", [])],
)
def test_klaviyos_words_for_consent(folder: Folder, word: str, granted: list[bool]) -> None:
    row = folder.row(
        "Email,Klaviyo ID,Email Marketing Consent,Email Marketing Consent Timestamp\n"
        f"ana@example.com,K1,{word},2024-05-06T07:08:09+02:00\n"
    )
    assert [c.granted for c in row.consents] == granted
    assert all(str(c.at) == "2024-05-06 05:08:09+00:00" for c in row.consents)


@pytest.mark.parametrize(
    ("cell", "purpose", "status"),
    [
        ("UNSUBSCRIBED", SuppressionPurpose.MARKETING, None),
        ("USER_SUPPRESSED", SuppressionPurpose.ALL, None),
        ("SPAM_COMPLAINT", SuppressionPurpose.ALL, None),
        ("['HARD_BOUNCE']", SuppressionPurpose.ALL, AddressStatus.BOUNCED),
        ("INVALID_EMAIL", SuppressionPurpose.ALL, AddressStatus.INVALID),
    ],
)
def test_klaviyos_suppressions(
    folder: Folder, cell: str, purpose: SuppressionPurpose, status: AddressStatus | None
) -> None:
    row = folder.row(f"Email,Klaviyo ID,Email Suppressions\nana@example.com,K1,{cell}\n")
    assert [s.purpose for s in row.suppressions] == [purpose]
    assert row.addresses[0].status is status


@pytest.mark.parametrize(
    ("headers", "first", "last"),
    [
        ("Prénom;Nom;E-mail;Téléphone", "Ana", "Puig"),
        ("Nombre;Apellidos;Correo electrónico;Móvil", "Ana", "Puig"),
        ("Nom;Cognoms;Correu electrònic;Mòbil", "Ana", "Puig"),
        ("Vorname;Nachname;E-Mail;Handy", "Ana", "Puig"),
        ("First name;Last name;Email;Phone", "Ana", "Puig"),
        ("first_name;last_name;email;phone_number", "Ana", "Puig"),
    ],
)
def test_a_plain_list_is_read_in_several_languages_and_holds_no_consent(
    folder: Folder, headers: str, first: str, last: str
) -> None:
    row = folder.row(f"{headers}\nAna;Puig;ana@example.com;+34 600 000 001\n")
    assert (row.stated.first_name, row.stated.last_name) == (first, last)
    assert {a.mailable for a in row.addresses} == {"ana@example.com", "+34600000001"}
    assert row.consents == ()


def test_a_list_with_further_columns_is_not_taken_for_a_plain_one(folder: Folder) -> None:
    with pytest.raises(
        FileError,
        match=r"not the headers of an export we know.*Found: Name, Email, "
        r"Wants mail\..*Nearest: a plain list.*--mapping",
    ):
        folder.opened("Name,Email,Wants mail\nAna,ana@example.com,yes\n")


def test_an_unrecognised_file_names_its_headers_and_the_nearest_export(folder: Folder) -> None:
    with pytest.raises(
        FileError,
        match=r"(?s)customers\.csv:1: .*Nearest: Klaviyo profiles, which also has "
        r"Klaviyo ID\..*docs/importing\.md.*email: Email",
    ):
        folder.opened("Email,Email Marketing Consent,Email Suppressions\nana@example.com,,\n")


def test_the_mapping_proposed_for_a_file_has_its_own_columns_and_is_yaml(folder: Folder) -> None:
    with pytest.raises(FileError, match=r"(?s)It may begin") as refused:
        folder.opened("Kundennr;Vorname;Nachname;Mail: privat;Handy\nM1;Anna;Weiss;;\n")
    proposed = YAML(typ="safe").load(str(refused.value).partition("It may begin:\n")[2])
    assert proposed["fields"] == {
        "email": "Mail: privat",
        "first_name": "Vorname",
        "last_name": "Nachname",
        "phone": "Handy",
    }
