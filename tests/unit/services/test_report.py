"""A run's reason is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from campaigns.domain.consent import Purpose
from campaigns.domain.run import Run, RunState
from campaigns.services.report import RunReport

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
RUN = Run(
    1, "spring_sale", "", "aa", RunState.PAUSED, Purpose.MARKETING, "offers", NOW, None, None,
    None, None,
)  # fmt: skip
BREAKER = "no answer, 5 times in a row"


@pytest.mark.parametrize(
    ("stopped", "paused", "because"),
    [
        (f"SMS: {BREAKER}", [f"SMS paused until 09:01:00 UTC: {BREAKER}"], None),
        (f"SMS: {BREAKER}", [], f"SMS: {BREAKER}"),
        (
            f"SMS: {BREAKER}; e-mail: unauthorised",
            [f"SMS paused until 09:01:00 UTC: {BREAKER}"],
            f"SMS: {BREAKER}; e-mail: unauthorised",
        ),
        ("the offer is looked at", [f"SMS paused until 09:01:00 UTC: {BREAKER}"],
         "the offer is looked at"),
        (None, [], None),
    ],
    ids=["the breaker's own", "no breaker", "one of two", "a person's", "none"],
)  # fmt: skip
def test_the_reason_of_a_pause_is_told_once(
    stopped: str | None, paused: list[str], because: str | None
) -> None:
    run = replace(RUN, stopped_because=stopped)
    report = RunReport(run, {}, {}, already=0, recorded=0, post=None, paused=paused)
    assert report.because == because
