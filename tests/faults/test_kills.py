"""Workers killed at every failpoint (scenario 1): nobody twice, nobody lost, the right in doubt.

The providers misbehave meanwhile. What each round found is in `invariants.broken`; the seed in a
failure's words repeats it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.nursery import Nursery
from tests.faults.points import FAILPOINTS
from tests.faults.trial import trial

KILLS, SENDS, BATCH = 25, 400, 4


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_worker_killed_here_sends_nothing_twice_and_loses_nothing(
    failpoint: str, nursery: Nursery, tmp_path: Path, database_url: str
) -> None:
    seed = 1 + list(FAILPOINTS).index(failpoint)
    with trial(nursery, tmp_path, database_url, seed=seed, sends=SENDS, batch=BATCH) as under_fire:
        for number in range(KILLS):
            under_fire.kill(failpoint)
            if number == 8:
                under_fire.opt_out(5)
        tally = under_fire.finish()
    assert tally.kills >= KILLS
    assert (tally.duplicates, tally.lost) == (0, 0)
    assert tally.accepted > 0
    assert tally.in_doubt > 0
