"""Starting late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.domain.start import lateness
from tests.unit.domain.test_timing import POLICY

DUE = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("late", [timedelta(hours=-2), timedelta(0), timedelta(hours=1)])
def test_within_its_tolerance_a_run_starts(late: timedelta) -> None:
    assert lateness(POLICY, DUE, DUE + late) is None
    assert lateness(POLICY, None, DUE + late) is None


def test_beyond_it_the_reason_names_the_moment_by_the_brands_clock() -> None:
    found = lateness(POLICY, DUE, DUE + timedelta(hours=1, minutes=1))
    assert found == (
        "it was to start on 10 Mar 2027 10:00 CET and is 1 h 1 min late; its tolerance is 1 h."
    )


def test_the_campaign_says_how_late_is_too_late() -> None:
    patient = replace(POLICY, start_tolerance=timedelta(days=2, hours=4))
    assert lateness(patient, DUE, DUE + timedelta(days=2)) is None
    found = lateness(patient, DUE, DUE + timedelta(days=3))
    assert found is not None
    assert found.endswith("3 days late; its tolerance is 2 days 4 h.")


def test_a_moment_without_a_zone_is_by_the_brands_clock() -> None:
    naive = datetime(2027, 3, 10, 10, 0)
    assert lateness(POLICY, naive, DUE + timedelta(hours=1)) is None
    assert lateness(POLICY, naive, DUE + timedelta(hours=1, seconds=1)) is not None
