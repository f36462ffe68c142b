"""A row that is known to change nothing does what the same row does that is read, on both
databases, whatever happened to its customer meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update

from campaigns.domain.intake import Content, SameRow, UnreadRow
from campaigns.services import import_customers
from campaigns.services.import_customers import ImportReport
from campaigns.store import consents, schema
from campaigns.store.customers import SqlProfiles
from campaigns.store.engine import Database
from campaigns.store.erasing import SqlErasure
from campaigns.store.hashing import AddressHash
from campaigns.store.joining import join
from campaigns.store.parting import part
from campaigns.store.stamps import stamp
from tests.contract.profiles_world import CRM, Importing
from tests.contract.test_import_ahead import MAPPING, _by_ref, _told, rows
from tests.databases import empty
from tests.files import NOW, written

LATER = NOW + timedelta(days=30)
HEAD = "id,email,phone,name,points,offers,news,said_on,clicks,seen\n"
ANA = "7,ana@example.com,+34600000001,Ana,5,yes,no,2026-01-02,2,2026-02-03\n"
BO = "8,bo@example.com,,Bo,,yes,,,,\n"


class Watching(SqlProfiles):
    """Profiles that count the rows of the last import that were neither read nor compared, or that
    know none."""

    quick = True
    same = 0
    written = 0

    def unchanged(self, rows: Sequence[UnreadRow]) -> list[UnreadRow | SameRow]:
        return super().unchanged(rows) if self.quick else list(rows)

    def upsert(self, rows: Sequence[Any], **given: Any) -> Any:
        self.same += sum(isinstance(row, SameRow) for row in rows)
        return super().upsert(rows, **given)

    def _write(self, *rows: Any, **given: Any) -> Any:
        self.written += 1
        return super()._write(*rows, **given)


class Again(Importing):
    """Imports of which it is told how many rows were the same."""

    profiles: Watching
    same: int
    same_in_all = 0

    def __post_init__(self) -> None:
        self.profiles = Watching(self.database)

    def __call__(self, *args: Any, **given: Any) -> ImportReport:
        self.profiles.same = self.profiles.written = 0
        report = super().__call__(*args, **given)
        self.same = self.profiles.same
        self.same_in_all += self.same
        return report


@pytest.fixture
def again(database: Database, tmp_path: Path) -> Again:
    return Again(database, tmp_path)


def test_of_a_file_that_says_the_same_nothing_is_read_and_nothing_written(again: Again) -> None:
    assert again(HEAD + ANA + BO).created == 2
    before = again.snapshot()
    report = again(HEAD + BO + ANA, now=LATER)  # also in another order
    assert (report.unchanged, again.same, again.profiles.written) == (2, 2, 0)
    assert again.snapshot() == before


def test_only_the_row_that_says_something_else_is_read(again: Again) -> None:
    again(HEAD + ANA + BO)
    report = again(HEAD + ANA.replace(",5,", ",6,") + BO, now=LATER)
    assert (report.updated, report.unchanged, again.same) == (1, 1, 1)
    assert again.show("7").attributes["points"] == 6
    report = again(HEAD + ANA + BO, now=LATER)  # and the old row is news now
    assert (report.updated, report.unchanged) == (1, 1)
    assert again.show("7").attributes["points"] == 5


def test_the_same_cells_under_another_mapping_are_read(again: Again) -> None:
    again(HEAD + ANA)
    renamed = HEAD.replace("name", "surname")
    assert again(renamed + ANA).updated == 1
    assert again.same == 0
    other = CRM.replace("{column: points, optional: true}", "{column: clicks, optional: true}")
    assert again(HEAD + ANA, mapping=other).updated == 1


def test_a_file_that_counts_back_from_today_is_always_read(again: Again) -> None:
    mapping = CRM.replace(
        "at: {column: said_on, optional: true}", "at: {column: said_on, ago: days}"
    )
    row = "7,ana@example.com,,Ana,,yes,,3,,\n"
    again(HEAD + row, mapping=mapping)
    assert again(HEAD + row, mapping=mapping).unchanged == 1
    assert again.same == 0


def test_two_kinds_of_files_about_one_customer_are_both_known(again: Again) -> None:
    shop = CRM.replace("name: crm", "name: shop")
    for _ in range(2):
        again(HEAD + ANA)
        again("id,email\n7,ana@example.com\n", mapping=shop)
    again(HEAD + ANA)
    assert again.same == 1
    again("id,email\n7,ana@example.com\n", mapping=shop)
    assert again.same == 1


def test_a_file_without_ids_is_known_by_its_e_mail_addresses(again: Again) -> None:
    content = "Email,Name\nana@example.com,Ana\nbo@example.com,Bo\n"
    again(content, mapping=None)
    assert again(content, mapping=None).unchanged == 2
    assert again.same == 2
    again("id,email\n7,bo@example.com\n")  # who gets an id by it is another
    assert again(content, mapping=None).unchanged == 2
    assert again.same == 1


def test_a_yes_that_a_no_keeps_out_is_counted_each_time(again: Again) -> None:
    again(HEAD + ANA + BO)
    _opt_out(again, "8")
    for same in (1, 2, 2):
        report = again(HEAD + ANA + BO, now=LATER)
        assert (report.unchanged, report.kept_opt_out, again.same) == (2, 1, same)
        assert again.standings("8") == {"email/offers": False}


SECOND = ANA.replace("Ana", "Anna").replace(",yes,no,", ",no,no,")


@pytest.mark.parametrize(
    ("content", "name"),
    [(ANA + SECOND, "Ana"), (SECOND + ANA, "Anna"), (ANA + ANA, "Ana")],
    ids=["after", "before", "the-same"],
)
def test_a_second_row_of_a_customer_is_told_also_where_one_of_them_changes_nothing(
    again: Again, content: str, name: str
) -> None:
    again(HEAD + ANA)
    report = again(HEAD + content, now=LATER)
    assert (report.unchanged + report.updated, report.repeated) == (1, 1)
    assert again.show("7").first_name == name
    assert again.standings("7")["email/offers"] == (SECOND not in content)


def test_a_second_row_on_a_later_page_is_told_too(
    again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_customers, "BATCH", 1)
    again(HEAD + ANA + BO)
    report = again(HEAD + ANA + BO + ANA, now=LATER)
    assert (report.unchanged, report.repeated) == (2, 1)


def test_a_row_that_a_clock_set_back_refuses_is_told_where_it_has_to_be_read(again: Again) -> None:
    tomorrow = NOW + timedelta(hours=20)  # a day of grace for a zone that was left out
    row = f"7,ana@example.com,,Ana,,yes,,{tomorrow:%Y-%m-%dT%H:%M},,\n"
    again(HEAD + row + BO)
    report = again(HEAD + row + row + BO, now=NOW - timedelta(hours=6))
    assert (report.refused, report.unchanged) == (2, 1)
    assert "the date is in the future" in again.refused()


def test_who_was_erased_is_not_known_again_and_has_no_stamp(again: Again) -> None:
    again(HEAD + ANA + BO)
    _erase(again, "7")
    report = again(HEAD + ANA + BO, now=LATER)
    assert (report.refused, report.unchanged, report.created) == (1, 1, 0)
    assert again.count("stamps") == 1


def test_a_row_with_the_mailbox_of_somebody_erased_is_read(again: Again) -> None:
    again(HEAD + ANA + "9,ana+shop@example.com,,,,,,,,\n")
    _erase(again, "9")
    assert again(HEAD + ANA, now=LATER).refused == 1


def test_a_row_whose_address_is_somebody_elses_by_now_is_read(again: Again) -> None:
    again(HEAD + ANA + BO)
    with again.database.write() as connection:
        a, key = schema.addresses, AddressHash.load(connection)
        values = {"address": "ana@example.com", "address_key": key.key("email", "ana@example.com")}
        connection.execute(update(a).where(a.c.address == "bo@example.com").values(values))
    assert again(HEAD + ANA, now=LATER).refused == 1


STATE: dict[str, Any] = {
    "content": Content("crm", b"row"),
    "customer": ("7", "Ana", None, {"points": 5}),
    "addresses": [("email", "ana@example.com", "key", "active")],
    "standings": [("email", "marketing", "offers", 1, 5)],
    "others": [("ref", "till:1", 7)],
}


@pytest.mark.parametrize(
    "other",
    [
        {"content": Content("crm", b"another row")},
        {"customer": ("7", "Anna", None, {"points": 5})},
        {"customer": ("7", "Ana", None, {"points": 6})},
        {"addresses": [("email", "ana@example.com", "key", "bounced")]},
        {"standings": [("email", "marketing", "offers", 0, 5)]},
        {"others": []},
    ],
    ids=str,
)
def test_a_stamp_is_of_all_that_decides(other: dict[str, Any]) -> None:
    hashing = AddressHash(b"key")
    assert stamp(hashing, **STATE) == stamp(hashing, **STATE)
    assert stamp(hashing, **STATE) != stamp(hashing, **STATE | other)
    assert stamp(hashing, **STATE) != stamp(AddressHash(b"another"), **STATE)


# Whatever happened meanwhile ------------------------------------------------------------------


def _number(here: Importing, who: str) -> int:
    return here.profiles.find(who)


def _opt_out(here: Importing, who: str, granted: bool = False) -> None:
    at = int(LATER.timestamp() * 1000) - 86_400_000
    entry = ("email", "marketing", "offers", granted, at, "customer", "a link", "customer")
    with here.database.write() as connection:
        consents.append(connection, [(_number(here, who), *entry)])


def _erase(here: Importing, who: str) -> None:
    erasure = SqlErasure(here.database)
    erasure.erase(_number(here, who), by="Marta", why="asked", now=LATER)


Deed = Callable[[Importing, list[int], Random], None]


def _says_no(here: Importing, ids: list[int], dealt: Random) -> None:
    _opt_out(here, _ref(here, dealt.choice(ids)))


def _says_yes(here: Importing, ids: list[int], dealt: Random) -> None:
    _opt_out(here, _ref(here, dealt.choice(ids)), granted=True)


def _is_erased(here: Importing, ids: list[int], dealt: Random) -> None:
    _erase(here, _ref(here, dealt.choice(ids)))


def _is_merged(here: Importing, ids: list[int], dealt: Random) -> None:
    if len(ids) > 1:
        kept, merged = dealt.sample(ids, 2)
        with here.database.write() as connection:
            join(connection, kept, merged, by="Marta", why="one person", now=LATER)


def _is_parted(here: Importing, ids: list[int], dealt: Random) -> None:
    with here.database.write() as connection:
        m = schema.merges.c
        query = select(func.max(m.id)).where(m.undone_at.is_(None), m.before.is_not(None))
        merge = connection.execute(query).scalar()
        if merge is not None:
            part(connection, merge, now=LATER)


def _bounces(here: Importing, ids: list[int], dealt: Random) -> None:
    with here.database.write() as connection:
        a = schema.addresses
        of = a.c.customer_id == dealt.choice(ids)
        connection.execute(update(a).where(of).values(status="bounced"))


def _loses_an_address(here: Importing, ids: list[int], dealt: Random) -> None:
    with here.database.write() as connection:
        a = schema.addresses
        connection.execute(
            delete(a).where(a.c.customer_id == dealt.choice(ids), a.c.channel == "email")
        )


def _is_suppressed(here: Importing, ids: list[int], dealt: Random) -> None:
    with here.database.write() as connection:
        a = schema.addresses.c
        key = connection.execute(
            select(a.address_key).where(a.customer_id == dealt.choice(ids)).order_by(a.channel)
        ).scalars().first()  # fmt: skip
        if key is not None:
            s = schema.suppressions
            connection.execute(delete(s).where(s.c.address_key == key, s.c.reason != "erased"))
            if not connection.execute(select(s).where(s.c.address_key == key)).all():
                values = {"address_key": key, "purpose": "all", "reason": "complained", "at": 1}
                connection.execute(s.insert().values(values))


def _changes_a_name(here: Importing, ids: list[int], dealt: Random) -> None:
    with here.database.write() as connection:
        c = schema.customers
        of = c.c.id == dealt.choice(ids)
        connection.execute(update(c).where(of).values(first_name=dealt.choice(("Ana", "Eve"))))


DEEDS: tuple[Deed, ...] = (
    _says_no, _says_yes, _is_erased, _is_merged, _is_parted, _bounces, _loses_an_address,
    _is_suppressed, _changes_a_name,
)  # fmt: skip


def _ref(here: Importing, number: int) -> str:
    return here.profiles.show(number).ref


def _ids(here: Importing) -> list[int]:
    with here.database.read() as connection:
        c = schema.customers.c
        return list(connection.execute(select(c.id).order_by(c.id)).scalars())


def _story(here: Again, seed: int, files: list[str]) -> list[Any]:
    """Files again and again, and what befalls customers between; what is told and left."""
    dealt = Random(seed)
    told: list[Any] = []
    for n in range(6):
        if n and (ids := _ids(here)):
            for deed in dealt.choices(DEEDS, k=dealt.randint(0, 2)):
                if ids := _ids(here):
                    deed(here, ids, dealt)
        written(here.folder / "refused.csv", "")
        now: datetime = LATER + timedelta(days=n)
        report = here(dealt.choice(files), mapping=MAPPING, now=now)
        told.append((report.as_json(), _told(here.refused()), _by_ref(here)))
    return told


@pytest.mark.parametrize("seed", range(3))
def test_a_story_is_the_same_whether_rows_are_known_or_read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(import_customers, "BATCH", 4)
    same = 0
    for n in range(5):
        dealt = Random(f"{seed} {n}")
        files = [rows(dealt, 7)] * 2 + [rows(dealt, 4)]
        left = []
        for quick in (True, False):
            _empty_and_numbered_anew(database)
            here = Again(database, tmp_path)
            here.profiles.quick = quick
            left.append(_story(here, seed * 100 + n, files))
            same += here.same_in_all
        for number, (known, read) in enumerate(zip(*left, strict=True)):
            assert known == read, (number, files)
    assert same > 3


def _empty_and_numbered_anew(database: Database) -> None:
    """Numbers that were given once stand in what a merge leaves."""
    empty(database)
    with database.write() as connection:
        if database.dialect == "sqlite":
            connection.execute(text("DELETE FROM sqlite_sequence"))
            return
        for table in ("customers", "merges"):
            anew = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1, false)"
            connection.execute(text(anew))
