"""Mapping files with mistakes, told at once with their lines, before a row goes in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from campaigns.domain.channel import Channel
from campaigns.errors import FilesError, UserError
from tests.files import Folder


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
    opened = folder.opened("email,colour,size\nana@example.com,red,L\n", "fields: {email: email}\n")
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
