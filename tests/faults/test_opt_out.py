"""Opt-outs during a blast: no intent after the opt-out has committed (scenario 5)."""

from __future__ import annotations

import random
from pathlib import Path

from sqlalchemy import select

from campaigns.bootstrap.app import App
from campaigns.domain.delivery import DeliveryState
from campaigns.store.schema import deliveries
from tests.faults.campaign import opt_out
from tests.faults.invariants import look
from tests.faults.nursery import Nursery
from tests.faults.trial import trial

SENDS = 10_000
S = DeliveryState


def _waiting(app: App) -> list[int]:
    """Customers whose delivery is pending, of those that go last."""
    d = deliveries.c
    query = select(d.customer_id).where(d.state == "pending").order_by(d.id.desc()).limit(3000)
    with app.database.read() as connection:
        return list(connection.execute(query).scalars())


def test_who_opts_out_during_a_blast_of_ten_thousand_gets_nothing_after_it_is_on_record(
    nursery: Nursery, tmp_path: Path, database_url: str
) -> None:
    """Two workers send while people say no, a few at a time."""
    chance, barred = random.Random(5), set[int]()
    with trial(
        nursery, tmp_path, database_url, seed=5, sends=SENDS, batch=200, faults=(), rejecting=0
    ) as blast:
        workers = [blast.start(), blast.start()]
        while len(barred) < 300 and (waiting := _waiting(blast.app)):
            barred |= opt_out(blast.app, chance.sample(waiting, min(20, len(waiting))))
        for worker in workers:
            blast.ends(worker)
        seen = look(blast.sandbox.log, blast.app.database)
    assert len(barred) > 20, "the blast was over before anybody could say no"
    assert barred <= seen.ids(S.SUPPRESSED)
    assert not barred & seen.accepted.keys()
    assert seen.accepted.total() == SENDS - len(seen.ids(S.SUPPRESSED))
