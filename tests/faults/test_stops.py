"""Workers stopped beyond their lease while others take over, and then awake again (scenario 3)."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from campaigns.domain.delivery import DeliveryState
from tests.faults.invariants import look
from tests.faults.nursery import Nursery
from tests.faults.points import STOPS, Spot
from tests.faults.trial import stop_spots, trial


def test_a_worker_that_slept_beyond_its_lease_sends_nothing_twice(
    nursery: Nursery, tmp_path: Path, database_url: str
) -> None:
    rounds = 2 * len(STOPS)
    with trial(nursery, tmp_path, database_url, seed=3, sends=400, batch=4) as under_fire:
        for spot in islice(stop_spots(3), rounds):
            under_fire.stop(spot)
        tally = under_fire.finish()
    assert tally.stops == rounds
    assert (tally.duplicates, tally.lost) == (0, 0)
    assert tally.resolved > 0, "nobody who woke could say what had become of a message"


def test_without_faults_of_the_providers_nothing_stays_in_doubt_for_who_slept(
    nursery: Nursery, tmp_path: Path, database_url: str
) -> None:
    """A worker that was only slow knows what became of its messages, and says so in the end."""
    with trial(nursery, tmp_path, database_url, seed=4, sends=200, batch=4, faults=()) as slow:
        for spot in islice(stop_spots(4), len(STOPS)):
            slow.stop(spot)
        tally = slow.finish()
    assert tally.in_doubt == 0
    assert tally.accepted == 200 - 3  # three have opted out at the provider


def test_a_worker_that_slept_beyond_its_lease_gives_back_unsent(
    nursery: Nursery, tmp_path: Path, database_url: str
) -> None:
    """Between intent and call it looks at the clock once more: too late is too late."""
    with trial(nursery, tmp_path, database_url, seed=6, sends=40, batch=4, faults=()) as late:
        slept = late.stop(Spot.INTENDED, batches=1)
        seen = look(late.sandbox.log, late.app.database)
        assert len(slept) == 4
        assert not slept & seen.accepted.keys()
        assert slept <= seen.ids(DeliveryState.PENDING)
