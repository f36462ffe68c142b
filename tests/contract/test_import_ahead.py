"""Rows that were read ahead do what the same rows do that were not, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.bootstrap.importing import packed, unpacked
from campaigns.domain.channel import AddressKind
from campaigns.domain.intake import CustomerRow, ReadRow, ReadyRow
from campaigns.services import import_customers
from campaigns.services.import_customers import ImportReport
from campaigns.sources.customer_file import CustomerFile
from campaigns.store import schema
from campaigns.store.customers import SqlProfiles
from campaigns.store.engine import Database
from tests.contract.profiles_world import CRM, Importing
from tests.databases import empty
from tests.files import ATTRIBUTES, NOW, written

LATER = NOW + timedelta(days=30)
MAPPING = f"""{CRM}
identities:
  - {{kind: ref, value: {{column: till, prefix: "till:", optional: true}}}}
  - {{kind: device, value: {{column: device, optional: true}}}}
suppressions:
  - {{channel: email, column: note, contains: bounced, reason: bounced, status: bounced}}
"""
HEAD = (
    "id,email,phone,x,name,lang,points,tier,offers,news,all,sms,said_on,clicks,dms,bought,seen,"
    "till,device,note\n"
)


class Ahead:
    """A file whose rows come from the process beside, here without a process."""

    def __init__(self, source: CustomerFile, profiles: SqlProfiles) -> None:
        self.name, self.title = source.name, source.title
        self.unused, self.repeated = source.unused, source.repeated
        self.kinds: list[type] = []
        self._source = source
        self._profiles = profiles

    def unread(self, now: datetime) -> Iterator[ReadRow]:
        preparing = self._profiles.preparing(now=now, actor="test import")
        for row in unpacked(packed(self._source, preparing, now, 0), self._source, now):
            self.kinds.append(type(row))
            yield row


class Reading(Importing):
    """Imports as a large file is imported, once its first pages are in."""

    def __call__(
        self,
        content: str,
        *,
        mapping: str | None = MAPPING,
        now: datetime = NOW,
        name: str = "customers.csv",
    ) -> ImportReport:
        real, made = import_customers.import_customers, []

        def ahead(source: CustomerFile, *args: Any, **options: Any) -> ImportReport:
            made.append(Ahead(source, self.profiles))
            return real(made[0], *args, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.contract.profiles_world.import_customers", ahead)
            report = super().__call__(content, mapping=mapping, now=now, name=name)
        self.kinds = made[0].kinds
        return report


@pytest.fixture
def reading(database: Database, tmp_path: Path) -> Reading:
    return Reading(database, tmp_path)


def test_a_customer_whom_nobody_knows_is_written_with_everything(reading: Reading) -> None:
    report = reading(
        HEAD + "7,Ana@Example.com,+34600000001,@demo_ana,Ana,es_ES,5,gold,yes,no,,yes,2026-01-02,"
        "2,1,3,2026-02-03,,,\n"
    )
    assert reading.kinds == [ReadyRow]
    assert (report.created, report.granted, report.denied, report.interactions) == (1, 2, 1, 6)
    ana = reading.show("7")
    assert {str(a.channel): a.address for a in ana.addresses} == {
        "email": "Ana@example.com",
        "sms": "+34600000001",
        "whatsapp": "+34600000001",
        "x_dm": "demo_ana",
    }
    assert reading.standings("7") == {"email/offers": True, "email/news": False, "sms/offers": True}
    assert reading.count("channel_uses") == 1
    with reading.database.read() as connection:
        bought = connection.execute(select(schema.customers.c.last_purchase_at)).scalar_one()
    assert bought == 1_770_076_800_000  # 2026-02-03


def test_who_is_known_or_twice_in_the_page_goes_the_long_way(reading: Reading) -> None:
    reading("id,email\n7,ana@example.com\n", mapping=CRM)
    report = reading(
        "id,email,name\n7,,Ana\n8,ANA@example.com,Bo\n9,cai@example.com,Cai\n9,,Dan\n10,,Eve\n",
        mapping=CRM,
    )
    assert set(reading.kinds) == {ReadyRow}
    assert (report.updated, report.refused, report.created, report.repeated) == (1, 1, 2, 1)
    assert reading.show("9").first_name == "Cai"


def test_a_row_out_of_the_ordinary_is_read_once_more(reading: Reading) -> None:
    report = reading(
        "id,email,phone,points\n7,,+34934010000,5\n8,,,many\n\n9\n10,,,5\n", mapping=CRM
    )
    assert [kind is ReadyRow for kind in reading.kinds] == [False, False, False, False, True]
    assert (report.created, report.refused, report.blank) == (1, 3, 1)
    lines = reading.refused().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "3", "5"]


def test_an_erased_person_is_known_by_address_mailbox_and_ref(reading: Reading) -> None:
    hashing = reading.profiles._hashing
    erased = [
        hashing.ref_key("8"),
        hashing.mailbox_key("bo@example.com"),
        hashing.key(AddressKind.PHONE, "+34600000001"),
    ]
    values = {"purpose": "all", "reason": "erased", "at": 0}
    with reading.database.write() as connection:
        for key in erased:
            connection.execute(schema.suppressions.insert().values(address_key=key, **values))
    report = reading(
        "id,email,phone\n8,cai@example.com,\n9,bo+tag@example.com,\n10,d@example.com,\n"
        "11,,+34600000001\n",
        mapping=CRM,
    )
    assert (report.created, report.refused) == (1, 3)


@pytest.mark.parametrize(
    ("content", "who"),
    [
        ("till,lang,id,name\n,Klingon,1,Ana\n,,1,Bo\n", "1"),
        ("till,id,name\n1,7,Ana\n,till:1,Bo\n", "till:1"),
    ],
    ids=["ref", "till"],
)
def test_of_two_rows_of_one_customer_the_first_goes_in_whichever_way_it_goes(
    reading: Reading, content: str, who: str
) -> None:
    report = reading(content, mapping=MAPPING.partition("suppressions")[0])
    assert reading.kinds == [CustomerRow, ReadyRow]
    assert (report.created, report.repeated) == (1, 1)
    assert reading.show(who).first_name == "Ana"


COLUMNS = HEAD.strip().split(",")
#: What sends a row the long way, among others.
ODD = (
    ("till", "1"), ("till", "2"), ("device", "phone-1"), ("device", "phone-2"), ("lang", "Klingon"),
    ("note", "bounced"), ("points", "many"), ("phone", "+34934010000"), ("email", "broken"),
    ("all", "no"), ("all", "yes"),
)  # fmt: skip
USUAL = {
    "id": ("", "1", "2", "3", "till:1"),
    "email": ("", "a@example.com", "B@example.com", "b@EXAMPLE.com", "c@example.com"),
    "phone": ("", "", "+34600000001", "+34600000002"),
    "x": ("", "", "demo_a", "demo_b"),
    "name": ("", "Ana", "Bo"),
    "points": ("", "5"),
    "offers": ("", "yes", "no"),
    "news": ("", "yes"),
    "sms": ("", "yes", "no"),
    "said_on": ("", "2024-01-01", "2026-01-01"),
    "clicks": ("", "1", "2"),
    "dms": ("", "1"),
    "bought": ("", "2"),
    "seen": ("2026-02-03",),
}


def rows(dealt: Random, most: int) -> str:
    """Rows of people who have much to do with one another, and of some who have not."""
    lines = []
    for _ in range(dealt.randint(1, most)):
        cells = {name: dealt.choice(values) for name, values in USUAL.items()}
        if dealt.random() < 0.3:
            stranger = dealt.randint(100, 999)
            cells |= {"id": str(stranger), "email": f"c{stranger}@example.com"}
        if dealt.random() < 0.3:
            cells |= [dealt.choice(ODD)]
        lines.append(",".join(cells.get(name, "") for name in COLUMNS))
    return HEAD + "\n".join(lines)


@pytest.mark.parametrize("seed", range(3))
def test_a_file_read_ahead_leaves_what_it_leaves_otherwise(
    database: Database, tmp_path: Path, small_pages: None, seed: int
) -> None:
    dealt = Random(seed)
    newcomers = 0
    for _ in range(12):
        first, file = rows(dealt, 3), rows(dealt, 8)
        left = []
        for kind in (Importing, Reading):
            empty(database)
            written(tmp_path / "refused.csv", "")
            Importing(database, tmp_path)(first, mapping=MAPPING)
            importing = kind(database, tmp_path)
            report = importing(file, mapping=MAPPING, now=LATER)
            left.append((report.as_json(), _told(importing.refused()), _by_ref(importing)))
        assert left[0] == left[1], (first, file)
        assert isinstance(importing, Reading)
        newcomers += sum(1 for kind in importing.kinds if kind is ReadyRow)
    assert newcomers > 10


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_customers, "BATCH", 5)


def _told(refused: str) -> list[list[str]]:
    """The report's lines; of several customers whom a no counts for it may name another first."""
    return [sorted(re.split(r"[ ,;]+", line)) for line in refused.splitlines()]


def _by_ref(importing: Importing) -> dict[str, list[str]]:
    """Every row that an import writes, with the ref in place of the number."""
    tables = ("customers", "addresses", "consents", "standings", "suppressions", "identities",
              "interactions", "channel_uses")  # fmt: skip
    with importing.database.read() as connection:
        all_rows = {
            name: connection.execute(select(schema.metadata.tables[name])).mappings().all()
            for name in tables
        }
    refs = {r["id"]: r["ref"] for r in all_rows["customers"]}
    return {
        name: sorted(str(_named(dict(r), refs)) for r in found) for name, found in all_rows.items()
    }


def _named(values: dict[str, Any], refs: dict[int, str]) -> dict[str, Any]:
    number = values.get("customer_id")
    if number is not None:
        values["customer_id"] = refs[number]
        values.pop("id", None)
    elif "ref" in values:
        values.pop("id")
    if "source_key" in values:
        values["source_key"] = values["source_key"].replace(f":{number}:", ":", 1)
    return values


def test_of_what_is_read_ahead_nothing_but_plain_values_travels(reading: Reading) -> None:
    """Rows of classes of ours would cost more to hand over than to read anew."""
    path = written(reading.folder / "crm.csv", "id,email\n7,ana@example.com\n")
    mapping = written(reading.folder / "crm.yaml", CRM)
    from campaigns.sources.customer_file import open_customer_file

    source = open_customer_file(path, mapping=mapping, attributes=ATTRIBUTES)
    preparing = reading.profiles.preparing(now=NOW, actor="test")
    (page,) = packed(source, preparing, NOW, 0)
    (ready,) = unpacked([page], source, NOW)
    assert isinstance(ready, ReadyRow)
    plain = ready.plain()
    assert isinstance(plain, CustomerRow)
    assert [plain] == list(source.rows(NOW))
