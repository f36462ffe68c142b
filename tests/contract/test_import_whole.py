"""An import as a whole, on SQLite and PostgreSQL: batches, interruptions, its report, again."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.services import import_customers
from campaigns.services.import_customers import ImportReport
from campaigns.sources.customer_file import open_customer_file
from campaigns.sources.refusal_file import RefusalFile
from campaigns.store import consents, schema
from campaigns.store.engine import Database
from tests.contract.profiles_world import Importing
from tests.databases import empty
from tests.files import NOW

LATER = NOW + timedelta(days=30)


def test_batches_of_any_size_give_the_same(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "id,email,offers\n" + "".join(
        f"{n},c{n}@example.com,{'yes' if n % 3 else 'no'}\n" for n in range(25)
    )
    monkeypatch.setattr(import_customers, "BATCH", 4)
    assert importing(content).created == 25
    monkeypatch.setattr(import_customers, "BATCH", 7)
    assert importing(content).unchanged == 25


def test_an_import_that_was_cut_off_goes_on_where_it_was(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_customers, "BATCH", 10)
    content = "id,email\n" + "".join(f"{n},c{n}@example.com\n" for n in range(40))
    told: list[int] = []

    def give_up(rows: int) -> None:
        told.append(rows)
        if rows >= 20:
            raise KeyboardInterrupt

    real = import_customers.import_customers

    def interrupted(*args: object, **kwargs: object) -> object:
        return real(*args, **{**kwargs, "progress": give_up})  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("tests.contract.profiles_world.import_customers", interrupted)
        with pytest.raises(KeyboardInterrupt):
            importing(content)
    assert importing.count("customers") == 20
    report = importing(content)
    assert (report.created, report.unchanged) == (20, 20)
    assert told == [10, 20]


def test_a_batch_that_fails_leaves_nothing_of_itself(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(consents, "append", broken)
        with pytest.raises(RuntimeError):
            importing("id,email,offers\n7,ana@example.com,yes\n")
    assert importing.count("customers") == 0
    assert importing.count("addresses") == 0


def test_bad_rows_are_reported_one_by_one_and_the_good_ones_go_in(importing: Importing) -> None:
    report = importing(
        "id,email,phone,points\n"
        "7,ana@example.com,+34600000001,5\n"
        "8,no address,,\n"
        "9,bo@example.com,+34934010000,\n"
        "\n"
        "10,cai@example.com\n"
        "11,dan@example.com,,=1+1\n"
    )
    assert (report.rows, report.created, report.refused) == (5, 2, 3)
    assert (report.blank, report.left_out) == (1, 1)
    lines = importing.refused().splitlines()
    assert lines[0] == "line,what,reason,column,value"
    assert [line.split(",")[0] for line in lines[1:]] == ["3", "4", "6", "7"]
    assert lines[2].startswith("4,value left out,a fixed line receives no texts")
    assert lines[2].endswith(",phone,'+34934010000")
    assert lines[4].endswith(",points,'=1+1")


def test_a_long_value_is_shortened_in_the_report(importing: Importing) -> None:
    importing(f"id,email\n7,{'x' * 5000}\n")
    assert "x" * 80 + "… (5,000 characters)" in importing.refused()
    assert "x" * 81 not in importing.refused()


def test_without_anything_to_tell_there_is_no_report(importing: Importing) -> None:
    assert importing("id,email\n7,ana@example.com\n").report_path is None
    assert not (importing.folder / "refused.csv").exists()


def test_the_report_adds_up_for_people_and_programs(importing: Importing) -> None:
    report = importing("id,email,offers,colour\n7,ana@example.com,yes,red\n8,x,,\n")
    assert report.counts() == {
        "rows": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "refused": 1,
        "consents granted": 1,
    }
    document = report.as_json()
    assert document["unused_columns"] == ["colour"]
    assert document["report"] == str(importing.folder / "refused.csv")


def test_two_imports_of_one_file_at_once_make_each_customer_once(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_customers, "BATCH", 10)
    path = importing.folder / "customers.csv"
    path.write_text("Email,Name\n" + "".join(f"c{n}@example.com,Cai\n" for n in range(200)))

    def run(number: int) -> ImportReport:
        with RefusalFile(importing.folder / f"refused-{number}.csv") as refusals:
            return import_customers.import_customers(
                open_customer_file(path), importing.profiles, refusals, now=NOW, actor="test"
            )

    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(run, range(2)))
    assert sum(r.created for r in reports) == 200
    assert sum(r.unchanged for r in reports) == 200
    assert importing.count("customers") == 200


def test_a_ref_made_for_an_address_is_not_made_again_once_it_has_moved(
    importing: Importing,
) -> None:
    importing("email\nana@example.com\n")
    ref = importing.show("ana@example.com").ref
    with importing.database.write() as connection:
        table = schema.addresses
        connection.execute(table.update().values(address="new@example.com", address_key="moved"))
    assert importing("email\nana@example.com\n").created == 1
    assert importing.show("ana@example.com").ref != ref
    assert importing("email\nana@example.com\n").unchanged == 1


word = st.sampled_from(["", "yes", "no"])
row = st.tuples(
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["", "a@example.com", "B@example.com", "b@EXAMPLE.com", "broken"]),
    st.sampled_from(["", "+34600000001", "+34600000002", "+34934010000"]),
    st.sampled_from(["", "Ana", "Bo"]),
    word,
    word,
    word,
    st.sampled_from(["", "2024-01-01", "2026-01-01"]),
    st.sampled_from(["", "0", "1", "3"]),
)


def _but_noes(snapshot: dict[str, list[str]]) -> dict[str, list[str]]:
    """Without what a no changes: a row that went in may be refused once its phone is shared, and
    then its no counts for all who share it."""
    customers = [row.rpartition(",")[0] for row in snapshot["customers"]]  # when it was updated
    yeses = [row for row in snapshot["consents"] if "True" in row]
    kept = {name: snapshot[name] for name in ("addresses", "interactions", "channel_uses")}
    return {**kept, "customers": customers, "yeses": yeses}


def _refused(importing: Importing, report: ImportReport) -> set[str]:
    """Which lines were refused last: as many may be others, where one goes in for another."""
    if not report.refused:
        return set()
    lines = csv.DictReader(io.StringIO(importing.refused()))
    return {line["line"] for line in lines if line["what"] == "row refused"}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(row, min_size=1, max_size=8), first=st.lists(row, min_size=1, max_size=5))
def test_whatever_is_imported_again_adds_nothing_but_noes_and_loses_none(
    sqlite_database: Database,
    tmp_path: Path,
    rows: list[tuple[str, ...]],
    first: list[tuple[str, ...]],
) -> None:
    importing = Importing(sqlite_database, tmp_path)
    empty(sqlite_database)

    def content(of: list[tuple[str, ...]]) -> str:
        head = "id,email,phone,name,offers,news,all,said_on,clicks,seen\n"
        return head + "".join(",".join(r) + ",2026-02-03\n" for r in of)

    importing(content(first))
    report = importing(content(rows))
    for _ in rows:  # a row that was refused may go in once another has given its address free
        before, refused = importing.snapshot(), _refused(importing, report)
        report = importing(content(rows), now=LATER)
        if _refused(importing, report) >= refused:
            assert _but_noes(importing.snapshot()) == _but_noes(before)
            assert report.created == 0
    before = importing.snapshot()
    assert importing(content(rows), now=LATER).updated == 0
    assert importing.snapshot() == before
    noes = [s for s in importing.snapshot()["standings"] if "False" in s]
    importing(content(first), now=LATER)
    assert set(noes) <= set(importing.snapshot()["standings"])
