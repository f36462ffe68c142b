"""What somebody is told of without having to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.domain.alert import AlertKind, old_doubts, opt_outs, stuck
from campaigns.domain.audit import ENGINE, Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.evidence import Doubt
from campaigns.domain.progress import Held, Progress
from campaigns.domain.run import Run, RunState

NOW = datetime(2027, 3, 21, 12, 0, tzinfo=UTC)
_S = DeliveryState


def run(state: RunState = RunState.RUNNING) -> Run:
    return Run(
        7, "spring_sale", "", "r" * 32, state, Purpose.MARKETING, "offers",
        started_at=NOW - timedelta(hours=2), finished_at=None, expires_at=None, limit=None,
        stopped_because=None,
    )  # fmt: skip


def seen(
    states: Mapping[DeliveryState, int], *, state: RunState = RunState.RUNNING, **more: Any
) -> Progress:
    usual: dict[str, Any] = {
        "last_settled": NOW - timedelta(minutes=31), "held": (), "unplanned": 0, "hold": None,
        "unarmed": None, "canary": None,
    }  # fmt: skip
    return Progress(
        run(state), NOW, {(Channel.SMS, s): n for s, n in states.items()},
        oldest_in_doubt=None, settled_lately=0, first_lately=None, workers=(), closed=(), shards=1,
        **(usual | more),
    )  # fmt: skip


PAUSED = AuditEntry(NOW, "Ana", Action.PAUSED, "run:7", "wrong price")
HELD = AuditEntry(NOW, ENGINE, Action.HELD, "run:7", "it starts too late")
NIGHT = Held(Channel.SMS, "quiet hours", 5, NOW + timedelta(hours=8))


@pytest.mark.parametrize(
    ("progress", "asks"),
    [
        pytest.param(seen({_S.PENDING: 5}), True, id="due-and-nobody-at-work"),
        pytest.param(seen({_S.PENDING: 5}, last_settled=NOW), False, id="moved-just-now"),
        pytest.param(seen({_S.PENDING: 5}, held=(NIGHT,)), False, id="waits-for-the-morning"),
        pytest.param(seen({_S.PENDING: 5}, canary="watching 500"), False, id="waits-for-a-canary"),
        pytest.param(seen({_S.PENDING: 5}, hold=PAUSED), False, id="a-person-paused-it"),
        pytest.param(seen({_S.PENDING: 5}, hold=HELD), True, id="the-engine-holds-it"),
        pytest.param(seen({_S.PENDING: 5}, unarmed="restored"), True, id="not-armed"),
        pytest.param(seen({}, unplanned=1, last_settled=None), True, id="its-planner-died"),
        pytest.param(seen({_S.PENDING: 5}, state=RunState.PAUSED), True, id="paused-by-itself"),
        pytest.param(seen({_S.PENDING: 5}, state=RunState.FINISHED), False, id="over"),
    ],
)
def test_a_run_is_told_of_when_it_needs_somebody(progress: Progress, asks: bool) -> None:
    alerts = stuck([progress])

    assert bool(alerts) is asks
    for alert in alerts:
        assert (alert.kind, alert.run_id) == (AlertKind.STUCK, 7)
        assert "spring_sale" in alert.says


def test_doubts_are_told_of_once_they_are_an_hour_old_with_the_oldest_by_run() -> None:
    young = Doubt(
        1, 1, 7, "spring_sale", "", Channel.SMS, _S.IN_DOUBT, 1, None, None, None, "time-out",
        since=NOW, fell=NOW - timedelta(minutes=59), looks=0, looked_at=None, finding=None,
        told=None, resolved=None,
    )  # fmt: skip
    old = replace(young, delivery_id=2, fell=NOW - timedelta(hours=3))

    assert old_doubts([young], NOW) == []
    (alert,) = old_doubts([old, young, replace(old, delivery_id=3)], NOW)
    assert alert.kind is AlertKind.OLD_DOUBT
    assert alert.says.startswith("2 messages of run 7 (spring_sale) are in doubt")
    assert "3 h 0 min" in alert.says


@pytest.mark.parametrize(
    ("accepted", "gone", "tells"),
    [(10, 4, False), (10, 5, True), (1000, 9, False), (1000, 10, True)],
)
def test_opt_outs_are_told_of_when_they_are_many_for_the_run(
    accepted: int, gone: int, tells: bool
) -> None:
    alerts = opt_outs([seen({_S.ACCEPTED: accepted})], {7: gone, 8: 10_000})

    assert [a.kind for a in alerts] == [AlertKind.OPT_OUTS] * tells
