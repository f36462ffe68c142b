"""What mapping files make of the cells of a row: fields, addresses, attributes."""

from __future__ import annotations

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.intake import Fields
from tests.files import Folder

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
