"""The spreadsheet of profiles: safe to open, and imported again as it was."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.channel import Channel
from campaigns.domain.intake import CustomerRow
from campaigns.errors import FileError
from campaigns.sources.customer_file import open_customer_file
from campaigns.sources.formulas import harmless, restored
from campaigns.sources.profile_table import write_table
from tests.files import ATTRIBUTES, NOW

ANA: dict[str, Any] = {
    "profile": {
        "ref": "-7",
        "first_name": "=HYPERLINK(1)",
        "last_name": "'t Hooft",
        "locale": "ca_ES",
        "country": "ES",
        "time_zone": None,
        "preferred_channel": "sms",
        "attributes": {"points": -5, "is_member": True, "nearest_shop": "@home"},
        "addresses": [
            {"channel": "email", "address": "ana@example.com", "status": "active"},
            {
                "channel": "sms",
                "address": "+34600000001",
                "status": "active",
                "suppressed": {"purpose": "marketing"},
            },
            {"channel": "x_dm", "address": "demo_ana", "status": "active"},
        ],
        "consents": [
                {"channel": "email", "purpose": "marketing", "topic": "offers", "granted": True,
                 "at": "2024-01-01T00:00:00+00:00"},
                {"channel": "email", "purpose": "marketing", "topic": "offers", "granted": False,
                 "at": "2025-01-01T00:00:00+00:00"},
                {"channel": "sms", "purpose": "marketing", "topic": "*", "granted": True,
                 "at": "2024-01-01T00:00:00+00:00"},
        ],
    }
}  # fmt: skip
COLUMNS: dict[str, Any] = {
    "attributes": ["points", "is_member", "nearest_shop"],
    "topics": ["*", "offers"],
}


def test_no_cell_begins_like_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_table([ANA], path, **COLUMNS)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 2
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\n")]


def test_the_table_is_imported_again_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    mapping = write_table([ANA], path, **COLUMNS)
    (row,) = open_customer_file(path, mapping=mapping, attributes=ATTRIBUTES).rows(NOW)
    assert isinstance(row, CustomerRow), row
    assert row.ref == "-7"
    assert (row.stated.first_name, row.stated.last_name) == ("=HYPERLINK(1)", "'t Hooft")
    assert row.stated.preferred_channel is Channel.SMS
    assert row.attributes == {"points": -5, "is_member": True, "nearest_shop": "@home"}
    assert {(a.channel, a.mailable) for a in row.addresses} == {
        (Channel.EMAIL, "ana@example.com"),
        (Channel.SMS, "+34600000001"),
        (Channel.X_DM, "demo_ana"),
    }
    assert [(c.channel, c.topic, c.granted, str(c.at)) for c in row.consents] == [
        (Channel.EMAIL, "offers", False, "2025-01-01 00:00:00+00:00"),
        (Channel.SMS, "*", True, "2024-01-01 00:00:00+00:00"),
    ]
    assert [(s.normalised, s.purpose) for s in row.suppressions] == [("+34600000001", "marketing")]


@given(st.text())
def test_what_is_made_harmless_can_be_restored(cell: str) -> None:
    safe = harmless(cell)
    assert not safe.startswith(tuple("=+-@\t\r\n"))
    assert (restored(safe) if safe != cell else cell) == cell


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="it cannot be written"):
        write_table([ANA], tmp_path / "missing" / "out.csv", **COLUMNS)
