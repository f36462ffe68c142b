"""The audit trail of a campaign, on both databases."""

from __future__ import annotations

from sqlalchemy import select

from campaigns.domain.audit import Action, AuditEntry
from campaigns.store import schema
from campaigns.store.audit import SqlAudit
from campaigns.store.engine import Database
from tests.contract.store_world import NOW, World, release


def test_a_campaigns_trail_is_that_of_its_runs_deliveries_and_releases(database: Database) -> None:
    world, audit = World(database), SqlAudit(database)
    own, _ = world.sending(world.customers(1))
    (delivery,) = (row.id for row in world.rows(select(schema.deliveries.c.id)))
    other = world.started(release("welcome"))
    of_own = [f"run:{own.id}", f"delivery:{delivery}", f"release:{own.release_hash}"]
    of_others = [
        f"run:{other.id}",
        f"delivery:{delivery + 1}",
        f"release:{other.release_hash}",
        f"customer:{own.id}",
        "flow-run:0f1e",
        "database",
        "run:",
    ]
    for subject in (*of_own, *of_others):
        audit.append(AuditEntry(NOW, "ana", Action.LOOKED, subject))
    found = [e.subject for e in audit.of_campaign(own.campaign)]
    assert found == of_own[::-1], "the newest first, and nobody else's"
    assert audit.of_campaign(own.campaign, most=1)[0].subject == of_own[-1]
    assert audit.of_campaign("sprong_sale") == []
