"""Made-up customers: the same for the same seed, reaching nobody, of every kind."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import phonenumbers
import pytest
from ruamel.yaml import YAML

from campaigns.domain.address import normalise
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.intake import CustomerRow
from campaigns.domain.interaction import InteractionKind
from campaigns.errors import FileError
from campaigns.sample import COLUMNS, generate, write_csv
from campaigns.sample.phones import BY_COUNTRY
from campaigns.sources.customer_file import open_customer_file
from tests.files import ATTRIBUTES, NOW

DAY = datetime(2027, 3, 1, tzinfo=UTC)
RESERVED = re.compile(r".+@(example\.(com|org|net)|[a-z]+\.example)")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[CustomerRow]:
    """3,000 of them, read by their own mapping."""
    path = tmp_path_factory.mktemp("sample") / "customers.csv"
    mapping = write_csv(path, count=3_000, seed=1, now=DAY)
    read = list(open_customer_file(path, mapping=mapping, attributes=ATTRIBUTES).rows(NOW))
    assert all(isinstance(r, CustomerRow) for r in read), [
        r for r in read if not isinstance(r, CustomerRow)
    ][:3]
    return [r for r in read if isinstance(r, CustomerRow)]


def test_the_same_seed_gives_the_same_customers_and_another_seed_others() -> None:
    once, again, other = (list(generate(50, seed, DAY)) for seed in (1, 1, 2))
    assert once == again != other


def test_fewer_customers_are_the_first_of_more() -> None:
    assert list(generate(80, 1, DAY))[:50] == list(generate(50, 1, DAY))


def test_every_row_goes_in_and_nothing_is_left_out(rows: list[CustomerRow]) -> None:
    assert len(rows) == 3_000
    assert not [x for r in rows for x in r.left_out]
    assert len({r.ref for r in rows}) == 3_000


def test_no_address_reaches_anybody(rows: list[CustomerRow]) -> None:
    for address in (a for r in rows for a in r.addresses):
        match address.channel:
            case Channel.EMAIL:
                assert RESERVED.fullmatch(address.mailable), address
            case Channel.X_DM:
                assert address.mailable.startswith("demo_")
            case _:
                fiction = r"\+34600\d{6}|\+376[36]\d{5}|\+447700900\d{3}|\+1\d{3}55501\d\d"
                assert re.fullmatch(fiction, address.mailable), address


@pytest.mark.parametrize("country", BY_COUNTRY)
@pytest.mark.parametrize("number", [0, 999, 1_000, 7_199, 7_200, 99_999, 100_000, 249_999])
def test_every_number_can_receive_texts_in_its_country(country: str, number: int) -> None:
    phone = BY_COUNTRY[country](number)
    assert normalise(AddressKind.PHONE, phone) == phone
    prefix = str(phonenumbers.country_code_for_region(country))
    assert phone.startswith(f"+{prefix}")


@pytest.mark.parametrize("country", BY_COUNTRY)
def test_numbers_do_not_repeat_where_there_are_enough(country: str) -> None:
    enough = 150_000
    assert len({BY_COUNTRY[country](n) for n in range(enough)}) == enough


def test_every_kind_of_customer_is_there(rows: list[CustomerRow]) -> None:
    assert {(r.stated.locale, r.stated.country) for r in rows} == {
        ("es_ES", "ES"),
        ("ca_ES", "ES"),
        ("ca_AD", "AD"),
        ("en_GB", "GB"),
        ("en_US", "US"),
        ("es_US", "US"),
    }
    assert None in {r.stated.time_zone for r in rows}
    reach = {frozenset(a.channel for a in r.addresses) for r in rows}
    email, phone, handle = {Channel.EMAIL}, {Channel.SMS, Channel.WHATSAPP}, {Channel.X_DM}
    for mix in (email, phone, handle, email | phone, email | handle, email | phone | handle, set()):
        assert frozenset(mix) in reach, mix
    assert {r.stated.preferred_channel for r in rows} == {
        None,
        Channel.EMAIL,
        Channel.SMS,
        Channel.WHATSAPP,
        Channel.X_DM,
    }
    said = {(c.channel, c.topic, c.granted) for r in rows for c in r.consents}
    for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.X_DM):
        assert {(channel, "offers", True), (channel, "offers", False)} <= said
    assert (Channel.EMAIL, "news", True) in said
    assert any(not r.consents for r in rows)
    assert {s.reason for r in rows for s in r.suppressions} == {"bounced", "opted_out"}
    done = Counter((i.kind, i.channel) for r in rows for i in r.interactions)
    assert set(done) == {
        (InteractionKind.CLICKED, Channel.EMAIL),
        (InteractionKind.CLICKED, Channel.SMS),
        (InteractionKind.REPLIED, Channel.WHATSAPP),
        (InteractionKind.REPLIED, Channel.X_DM),
        (InteractionKind.PURCHASED, Channel.EMAIL),
        (InteractionKind.PURCHASED, None),
    }
    assert {r.attributes.get("tier") for r in rows} == {"basic", "gold", None}
    assert {r.attributes["is_member"] for r in rows} == {True, False}


def test_the_file_has_the_columns_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "new" / "customers.csv"
    write_csv(path, count=3, seed=1, now=DAY)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == list(COLUMNS)
    assert len(lines) == 4


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="it cannot be written"):
        write_csv(tmp_path / "file" / "customers.csv", count=1, seed=1, now=DAY)


@pytest.mark.parametrize("declared", [{"points"}, {"is_member", "tier", "roast"}, {"roast"}, set()])
def test_the_mapping_names_only_attributes_that_the_brand_declares(
    tmp_path: Path, declared: set[str]
) -> None:
    mapping = write_csv(tmp_path / "c.csv", count=1, seed=1, now=NOW, declared=declared).read_text(
        encoding="utf-8"
    )
    read = YAML(typ="safe").load(mapping)
    assert set(read.get("attributes", {})) == declared - {"roast"}
    whole = YAML(typ="safe").load(write_csv(tmp_path / "d.csv", count=1, seed=1, now=NOW))
    assert {k: v for k, v in read.items() if k != "attributes"} == {
        k: v for k, v in whole.items() if k != "attributes"
    }
    assert len(whole["attributes"]) == 4
