"""Parquet is read as a CSV would be."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaigns.domain.intake import CustomerRow, RefusedRow
from campaigns.errors import FileError
from campaigns.sources.customer_file import open_customer_file
from tests.files import ATTRIBUTES, NOW, Folder, written

MAPPING = """
ref: id
fields: {email: email, phone: phone}
attributes: {is_member: member, points: points, spent: spent, born_on: born, tags: tags}
consents: [{channel: email, granted: {column: ok}, at: when}]
"""


def opened(path: Path, mapping: str) -> list[object]:
    crm = written(path.parent / "crm.yaml", mapping)
    return list(open_customer_file(path, mapping=crm, attributes=ATTRIBUTES).rows(NOW))


def test_typed_values_are_read_as_their_text_would_be(tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    pq.write_table(
        pa.table(
            {
                "id": pa.array([7, 8], pa.int64()),
                "email": ["ana@example.com", "no address"],
                "phone": ["+34600000001", None],
                "member": [True, None],
                "points": pa.array([1200.0, None], pa.float64()),
                "spent": [12.5, float("nan")],
                "born": [date(1990, 2, 28), None],
                "tags": [["VIP", "Blog"], None],
                "ok": [True, False],
                "when": [datetime(2024, 5, 6, 7, 8, tzinfo=UTC), None],
            }
        ),
        path,
    )
    first, second = opened(path, MAPPING)
    assert isinstance(first, CustomerRow)
    assert (first.line, first.ref) == (1, "7")
    assert first.attributes == {
        "is_member": True,
        "points": 1200,
        "spent": 12.5,
        "born_on": "1990-02-28",
        "tags": "VIP, Blog",
    }
    assert first.consents[0].granted
    assert str(first.consents[0].at) == "2024-05-06 07:08:00+00:00"
    assert isinstance(second, CustomerRow)
    assert second.refused is not None
    assert (second.refused.line, second.refused.column) == (2, "email")


def test_rows_are_streamed_in_order_over_several_batches(tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    emails = [f"c{n}@example.com" for n in range(10_000)]
    pq.write_table(pa.table({"email": emails}), path, row_group_size=3_000)
    rows = opened(path, "fields: {email: email}\n")
    assert [r.line for r in rows if isinstance(r, CustomerRow)] == list(range(1, 10_001))


def test_a_million_character_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "customers.parquet"
    pq.write_table(pa.table({"email": ["x" * 1_000_000, "ana@example.com"]}), path)
    first, second = opened(path, "fields: {email: email}\n")
    assert isinstance(first, RefusedRow)
    assert isinstance(second, CustomerRow)


def test_a_truncated_file_says_so(folder: Folder) -> None:
    with pytest.raises(FileError, match="no Parquet file, or it was cut short"):
        folder.opened(b"PAR1 and nothing more", name="customers.bin")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file"):
        open_customer_file(tmp_path / "customers.parquet")
