"""Plans that were decided on, the plan of each run, and what messages there are to pay for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    except_,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
)

from campaigns.domain.allotment import Allotment
from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.journey import MAX_STEPS
from campaigns.domain.prices import PRICED_BY_COUNTRY
from campaigns.domain.reason import SkipReason
from campaigns.domain.release import Release
from campaigns.domain.run import ACTIVE_RUN_STATES, Run, RunState
from campaigns.store import bulk
from campaigns.store.candidates import counts
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database
from campaigns.store.intending import KEPT_BACK
from campaigns.store.releases import load_skeleton_ids
from campaigns.store.runs import find_campaign
from campaigns.store.schema import customers, deliveries, plans, run_plans, runs, skips

#: (skeleton's id, the customer's country where the price depends on it) → messages.
Rows: TypeAlias = Counter[tuple[int, str | None]]

#: What surely left nobody's hands, and is not paid for. What was rejected costs little or nothing.
_FREE = (
    DeliveryState.CANCELLED,
    DeliveryState.SUPPRESSED,
    DeliveryState.EXPIRED,
    DeliveryState.REJECTED,
)
#: Skips that time ends: as `intending.KEPT_BACK` of what was planned.
_WAITING = (SkipReason.CAPPED, SkipReason.PAUSED)
#: Rows read at a time.
_PAGE = 50_000


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The plan that a run carries out.

    Attributes:
        people: who were planned when it was made.
        approval_id: of the yes that it runs by; None where none was needed.
        changed: how it differs from the approved plan, in words; None where none was.
    """

    run_id: int
    plan: str
    people: int
    at: datetime
    approval_id: int | None = None
    changed: str | None = None


class SqlPlans:
    """Plans and their costs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, plan: str, release: Release, allotment: Allotment, now: datetime) -> None:
        """Keep a plan; the same again changes nothing."""
        row = {
            "hash": plan,
            "release_hash": release.hash,
            "at": to_ms(now),
            "allotment": allotment.packed(),
        }
        with self._database.write() as connection:
            connection.execute(bulk.upsert(connection, plans).values(row).on_conflict_do_nothing())

    def load(self, plan: str, release: Release) -> Allotment | None:
        """A kept plan of this release; None where there is none."""
        query = select(plans.c.allotment).where(
            plans.c.hash == plan, plans.c.release_hash == release.hash
        )
        with self._database.read() as connection:
            packed = connection.execute(query).scalar()
        return None if packed is None else Allotment.unpacked(release, packed)

    def starting_with(self, beginning: str, release_hash: str) -> list[str]:
        """Kept plans of a release whose hash begins so, two at the most."""
        column = plans.c.hash
        query = select(column).where(
            column.startswith(beginning, autoescape=True), plans.c.release_hash == release_hash
        )
        with self._database.read() as connection:
            return list(connection.execute(query.limit(2)).scalars())

    # Runs -----------------------------------------------------------------------------------

    def allotted(self, run: Run, release: Release) -> Allotment:
        """Who gets which message by the run's own rows, in one pass."""
        found = Allotment.of(release)
        d, last = deliveries.c, 0
        with self._database.read() as connection:
            ids = load_skeleton_ids(connection, release.hash)
            hashes = {number: skeleton for skeleton, number in ids.items()}
            while True:
                query = (
                    select(d.id, d.customer_id, d.skeleton_id)
                    .where(d.run_id == run.id, d.id > last, d.customer_id != PUBLIC, ~d.replaced)
                    .order_by(d.id)
                    .limit(_PAGE)
                )
                page = bulk.tuples(connection.execute(query))
                for _, customer_id, skeleton_id in page:
                    found.give(customer_id, hashes[skeleton_id])
                if len(page) < _PAGE:
                    return found
                last = page[-1][0]

    def record(self, made: RunPlan) -> None:
        """Note the plan of a run; it never changes: of two who note it, the first counts."""
        row = {
            "run_id": made.run_id,
            "plan": made.plan,
            "people": made.people,
            "at": to_ms(made.at),
            "approval_id": made.approval_id,
            "changed": made.changed,
        }
        with self._database.write() as connection:
            connection.execute(
                bulk.upsert(connection, run_plans).values(row).on_conflict_do_nothing()
            )

    def of_run(self, run_id: int) -> RunPlan | None:
        """The plan of a run; None until it has been made."""
        query = select(run_plans).where(run_plans.c.run_id == run_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        at = from_ms(row.at)
        return RunPlan(row.run_id, row.plan, row.people, at, row.approval_id, row.changed)

    def used(self, approval_id: int) -> bool:
        """Whether a run that has ended was carried out by this yes."""
        query = select(
            exists().where(
                run_plans.c.approval_id == approval_id,
                runs.c.id == run_plans.c.run_id,
                runs.c.state.not_in(ACTIVE_RUN_STATES),
            )
        )
        with self._database.read() as connection:
            return bool(connection.execute(query).scalar())

    def told(self, approval_id: int, *, but: int | None = None) -> Counter[Channel]:
        """How many have their message by runs of this yes (all `but` one), by the channel that was
        planned: a fallback may have followed."""
        d = deliveries.c
        query = (
            select(d.channel, func.count())
            .where(*_told(_by_yes(approval_id, but)))
            .group_by(d.channel)
        )
        with self._database.read() as connection:
            return Counter({Channel(c): n for c, n in connection.execute(query)})

    def kept_back(self, approval_id: int, *, but: int | None = None) -> set[int]:
        """Whom a cap or their own pause kept back in runs of this yes (all `but` one, and those
        that were cancelled: somebody may have done so for just that), but those `told` since."""
        d, by_yes = deliveries.c, _by_yes(approval_id, but)
        of_yes = by_yes.join(runs, runs.c.id == run_plans.c.run_id).where(
            runs.c.state != RunState.CANCELLED
        )
        skipped = select(skips.c.customer_id).where(
            skips.c.run_id.in_(of_yes), or_(*(skips.c.reason.startswith(r) for r in _WAITING))
        )
        suppressed = select(d.customer_id).where(
            d.run_id.in_(of_yes), d.state == DeliveryState.SUPPRESSED, d.outcome.in_(KEPT_BACK)
        )
        waited = union_all(skipped, suppressed).subquery()
        query = except_(select(waited.c.customer_id), select(d.customer_id).where(*_told(by_yes)))
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    # Costs ----------------------------------------------------------------------------------

    def messages(self, run_id: int) -> Rows:
        """The run's messages by skeleton and, where the price depends on it, country, the public
        post included; without those that surely cost nothing."""
        return self._count(deliveries.c.run_id == run_id)

    def earlier(self, campaign: str, edition: str, *, before: int | None = None) -> Rows:
        """The same of every other run of the campaign and edition (`before`: but this one)."""
        of_campaign = select(runs.c.id).where(
            runs.c.campaign_id == find_campaign(campaign, edition).scalar_subquery()
        )
        if before is not None:
            of_campaign = of_campaign.where(runs.c.id != before)
        return self._count(deliveries.c.run_id.in_(of_campaign))

    def posted(self, campaign: str, edition: str) -> bool:
        """Whether the campaign has its public post."""
        d = deliveries.c
        query = select(
            exists().where(
                d.campaign_id == find_campaign(campaign, edition).scalar_subquery(),
                d.step.in_(range(MAX_STEPS)),  # as the unique index begins: one look per step
                d.customer_id == PUBLIC,
                text("NOT deliveries.replaced"),
                d.state != DeliveryState.CANCELLED,
            )
        )
        with self._database.read() as connection:
            return bool(connection.execute(query).scalar())

    def _count(self, which: ColumnElement[bool]) -> Rows:
        d = deliveries.c
        priced = case((d.channel.in_(PRICED_BY_COUNTRY), d.customer_id))
        query = (
            select(d.skeleton_id, customers.c.country, func.count())
            .select_from(deliveries.outerjoin(customers, customers.c.id == priced))
            .where(which, d.state.not_in(_FREE))
            .group_by(d.skeleton_id, customers.c.country)
        )
        with self._database.read() as connection:
            return Rows({(s, country): n for s, country, n in connection.execute(query)})


def _by_yes(approval_id: int, but: int | None) -> Select[tuple[int]]:
    """The runs of a yes, all but one."""
    query = select(run_plans.c.run_id).where(run_plans.c.approval_id == approval_id)
    return query if but is None else query.where(run_plans.c.run_id != but)


def _told(of_runs: Select[tuple[int]]) -> list[ColumnElement[bool]]:
    """Deliveries of these runs to people who have what was planned for them, or its fallback."""
    d = deliveries.c
    return [
        d.run_id.in_(of_runs),
        d.customer_id != PUBLIC,
        d.step == 0,
        d.hop == 0,
        or_(d.replaced, counts()),
    ]
