"""Mapping files: what they say, and what is said of their mistakes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.intake import Fields
from campaigns.domain.interaction import InteractionKind
from campaigns.errors import FilesError, UserError
from tests.files import NOW, Folder

EMAIL = "fields: {email: email}\n"


def test_columns_are_found_whatever_their_case_and_spaces(folder: Folder) -> None:
    row = folder.row("E-Mail  Address\nana@example.com\n", "fields: {email: e-mail address}\n")
    assert row.addresses[0].mailable == "ana@example.com"


def test_fields_are_read_and_places_are_brought_to_their_codes(folder: Folder) -> None:
    row = folder.row(
        "email,f,l,lang,land,zone,prefers\n"
        "ana@example.com,Ana,Puig,ca-es,España,Europe/Madrid,E-Mail\n",
        "fields: {email: email, first_name: f, last_name: l, locale: lang, country: land,"
        " time_zone: zone, preferred_channel: prefers}\n",
    )
    assert row.stated == Fields("Ana", "Puig", "ca_ES", "ES", "Europe/Madrid", Channel.EMAIL)


def test_a_place_that_is_not_known_is_left_out_and_told(folder: Folder) -> None:
    row = folder.row(
        "email,land,zone\nana@example.com,Atlantis,Mars/Olympus\n",
        "fields: {email: email, country: land, time_zone: zone}\n",
    )
    assert (row.stated.country, row.stated.time_zone) == (None, None)
    assert [(x.line, x.column, x.value) for x in row.left_out] == [
        (2, "land", "Atlantis"),
        (2, "zone", "Mars/Olympus"),
    ]


def test_defaults_fill_new_customers_and_tell_national_phones(folder: Folder) -> None:
    row = folder.row(
        "phone\n600 000 001\n",
        "defaults: {locale: es_ES, country: ES, time_zone: Europe/Madrid}\n"
        "fields: {phone: phone}\n",
    )
    assert row.stated == Fields()
    assert row.otherwise == Fields(None, None, "es_ES", "ES", "Europe/Madrid", None)
    assert row.addresses[0].mailable == "+34600000001"


@pytest.mark.parametrize(
    ("country", "locale"), [("ES", "es_ES"), ("AD", "ca_AD"), ("GB", "en_GB"), ("", "und")]
)
def test_without_a_language_the_countrys_own_is_guessed(
    folder: Folder, country: str, locale: str
) -> None:
    content = f"email,land\nana@example.com,{country}\n"
    row = folder.row(content, "fields: {email: email, country: land}\n")
    assert row.otherwise.locale == locale


def test_an_id_keeps_its_prefix_and_loses_its_apostrophe(folder: Folder) -> None:
    mapping = "ref: {column: id, prefix: 'crm:', strip_apostrophe: true}\n" + EMAIL
    assert folder.row("id,email\n'007,ana@example.com\n", mapping).ref == "crm:007"


def test_a_fixed_line_is_left_out_where_there_is_an_email(folder: Folder) -> None:
    row = folder.row(
        "email,phone\nana@example.com,+34 934 010 000\n", "fields: {email: email, phone: phone}\n"
    )
    assert [a.channel for a in row.addresses] == [Channel.EMAIL]
    assert "a fixed line receives no texts" in row.left_out[0].reason


def test_a_fixed_line_alone_refuses_the_row(folder: Folder) -> None:
    refusal = folder.refusal("phone\n+34 934 010 000\n", "fields: {phone: phone}\n")
    assert refusal.line == 2
    assert refusal.column == "phone"
    assert "a fixed line receives no texts" in refusal.reason


def test_a_wrong_email_refuses_the_row_with_column_and_value(folder: Folder) -> None:
    refusal = folder.refusal("id,email\n1,ana@@example.com\n", "ref: id\n" + EMAIL)
    assert (refusal.column, refusal.value) == ("email", "ana@@example.com")
    assert refusal.reason.startswith("no e-mail address: ")


def test_a_row_that_names_nobody_is_refused(folder: Folder) -> None:
    refusal = folder.refusal("email,x\n,1\n", EMAIL)
    assert refusal.reason == "nothing says who the customer is: no id and no address"


@pytest.mark.parametrize("field", ["locale", "country", "time_zone", "preferred_channel"])
def test_a_place_that_is_none_of_its_choices_refuses_the_row_and_keeps_its_no(
    folder: Folder, field: str
) -> None:
    mapping = (
        f"fields: {{email: email, {field}: {{column: x, choices: {{here: ES}}}}}}\n"
        "consents: [{channel: email, granted: {column: news}}]\n"
    )
    refusal = folder.refusal("email,x,news\nana@example.com,there,\n", mapping)
    assert (refusal.reason, refusal.column, refusal.value) == (
        "the cell is none of here",
        "x",
        "there",
    )
    row = folder.row("email,x,news\nana@example.com,there,no\n", mapping)
    assert row.refused == refusal
    assert [consent.granted for consent in row.consents] == [False]


def test_a_customer_without_any_address_goes_in_by_their_id(folder: Folder) -> None:
    row = folder.row("id,email\n7,\n", "ref: id\n" + EMAIL)
    assert (row.ref, row.addresses) == ("7", ())


def test_control_characters_in_a_name_refuse_the_row(folder: Folder) -> None:
    mapping = "fields: {email: email, first_name: name}\n"
    refusal = folder.refusal("email,name\nana@example.com,A\x07na\n", mapping)
    assert refusal.reason == "control character U+0007"


def test_a_name_of_81_characters_refuses_the_row(folder: Folder) -> None:
    mapping = "fields: {email: email, first_name: name}\n"
    refusal = folder.refusal(f"email,name\nana@example.com,{'x' * 81}\n", mapping)
    assert refusal.reason == "it is longer than 80 characters"


def test_formulas_are_text(folder: Folder) -> None:
    mapping = "fields: {email: email, first_name: name}\n"
    row = folder.row("email,name\nana@example.com,=cmd|' /C calc'!A0\n", mapping)
    assert row.stated.first_name == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("is_member: c", "Sí", True),
        ("is_member: c", "0", False),
        ("is_member: {column: c, yes: member, no: guest}", "Guest", False),
        ("is_member: {column: c, nothing: unknown}", "unknown", None),
        ("tier: c", "GOLD", "gold"),
        ("tier: {column: c, choices: {A: gold, B: basic}}", "a", "gold"),
        ("tier: {column: c, choices: {A: gold}, otherwise: basic}", "Z", "basic"),
        ("points: c", "1200", 1200),
        ("points: {column: c, decimal_comma: true}", "1.200", 1200),
        ("spent: {column: c, decimal_comma: true}", "1.200,50", 1200.5),
        ("spent: c", "-3.5", -3.5),
        ("born_on: c", "1990-02-28", "1990-02-28"),
        ("born_on: {column: c, date: '%d/%m/%Y'}", "28/02/1990", "1990-02-28"),
        ("tags: {column: c, tags: true}", '"VIP", "Blog"', "VIP, Blog"),
        ("nearest_shop: {constant: Vic}", "", "Vic"),
        ("nearest_shop: c", "", None),
    ],
)
def test_attributes_are_read_as_they_are_declared(
    folder: Folder, column: str, cell: str, value: object
) -> None:
    quoted = cell.replace('"', '""')
    row = folder.row(f'email,c\nana@example.com,"{quoted}"\n', f"{EMAIL}attributes: {{{column}}}\n")
    assert list(row.attributes.values()) == ([] if value is None else [value])


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("is_member: c", "perhaps", "neither a yes nor a no"),
        ("tier: c", "platinum", "none of basic, gold"),
        ("tier: {column: c, choices: {A: gold}}", "B", "none of A"),
        ("points: c", "many", "no number"),
        ("points: c", "1,5", "no number; is it `decimal_comma: true`"),
        ("points: c", "1.5", "no whole number"),
        ("spent: c", "nan", "no number"),
        ("spent: c", "1e400", "no number"),
        ("born_on: c", "28/02/1990", "no date of the form 2027-03-31"),
        ("nearest_shop: c", "x" * 31, "longer than 30 characters"),
    ],
)
def test_a_value_that_is_not_of_its_type_refuses_the_row(
    folder: Folder, column: str, cell: str, reason: str
) -> None:
    refusal = folder.refusal(
        f'email,c\nana@example.com,"{cell}"\n', f"{EMAIL}attributes: {{{column}}}\n"
    )
    assert reason in refusal.reason
    assert refusal.value == cell


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


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ("fields:\n  emial: email\n", r"crm\.yaml:2: .*emial"),
        ("fields:\n  email: email\nconsent: []\n", r"crm\.yaml:3: unknown key `consent`; did you"),
        (
            "fields:\n  email: mail\n",
            r"crm\.yaml:2: .*no such column.*`mail`; did you mean `email`",
        ),
        ("fields: {email: email}\nattributes:\n  pionts: x\n", r"crm\.yaml:3: .*`pionts`; did you"),
        (
            "defaults: {country: Spain}\nfields: {email: email}\n",
            r"crm\.yaml:1: .*write it like ES",
        ),
        ("fields: {first_name: x}\n", "nothing says who the customer is"),
        (
            "fields: {email: email}\nconsents:\n  - {channel: pigeon, granted: true}\n",
            r"crm\.yaml:3: .*pigeon",
        ),
        (
            "fields: {email: email}\nconsents:\n  - {channel: x_post, granted: true}\n",
            "reaches the public",
        ),
        (
            "fields: {email: email}\nconsents:\n"
            "  - {channel: email, granted: true, at: {column: x, zone: Mars}}\n",
            r"crm\.yaml:3: `Mars` is no time zone",
        ),
        (
            "fields: {email: email}\ninteractions:\n"
            "  - {kind: clicked, at: x}\n  - {kind: clicked, at: x}\n",
            "two interactions are called clicked.shop",
        ),
        ("fields: [email\n", r"crm\.yaml:\d+: this is not YAML"),
    ],
)
def test_a_wrong_mapping_is_told_with_its_line_before_a_row_goes_in(
    folder: Folder, mapping: str, told: str
) -> None:
    with pytest.raises(UserError, match=told) as caught:
        folder.opened("email,x\nana@example.com,\n", mapping)
    assert caught.value.exit_code == 2


def test_all_mistakes_of_a_mapping_are_told_at_once(folder: Folder) -> None:
    with pytest.raises(FilesError) as caught:
        folder.opened("email\nana@example.com\n", "fields:\n  email: mail\n  phone: tel\n")
    assert [e.line for e in caught.value.errors] == [2, 3]


def test_a_column_may_be_optional(folder: Folder) -> None:
    mapping = "fields: {email: email, phone: {column: tel, optional: true}}\n"
    assert folder.row("email\nana@example.com\n", mapping).addresses[0].channel is Channel.EMAIL


def test_columns_that_nothing_reads_are_named(folder: Folder) -> None:
    opened = folder.opened("email,colour,size\nana@example.com,red,L\n", EMAIL)
    assert opened.unused == ("colour", "size")


def test_the_mapping_that_the_docs_show_works(folder: Folder) -> None:
    page = (Path(__file__).parents[3] / "docs" / "importing.md").read_text(encoding="utf-8")
    (mapping,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    row = folder.row(
        "Customer no,E-mail,Mobile,Phone,Twitter,Name,Surname,Language,Prefers,Points,Club,"
        "Newsletter,Signed up,Form,IP,Status,Orders,Last order,Till no,App id\n"
        "7,ana@example.com,,600000001,@demo_ana,Ana,Puig,Català,x,1.200,Member,yes,06/05/2024,"
        "shop,192.0.2.1,ok,3,2026-11-02,9,app-1\n",
        mapping,
    )
    assert row.identities == (("ref", "till:9"), ("device", "app-1"))
    assert (row.ref, row.stated.locale, row.stated.preferred_channel) == (
        "crm:7",
        "ca_ES",
        Channel.X_DM,
    )
    assert row.attributes == {"points": 1200, "is_member": True}
    assert str(row.consents[0].at) == "2024-05-05 22:00:00+00:00"
    assert row.consents[0].proof == "customers.csv:2, Form shop, IP 192.0.2.1"
    assert (row.suppressions, row.interactions[0].times) == ((), 3)
    assert len(row.addresses) == 4
