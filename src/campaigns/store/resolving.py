"""A person's decision about a message in doubt, with who and why, in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.exc import IntegrityError

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.evidence import Verdict
from campaigns.domain.moments import dated
from campaigns.domain.run import RunState
from campaigns.errors import NotFoundError, UserError
from campaigns.store import audit, bulk, contacts
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database, hold_intent
from campaigns.store.schema import campaigns, deliveries, doubts, runs
from campaigns.store.settling import Settling

_REMEMBER = (
    "ON CONFLICT (delivery_id) DO UPDATE SET "
    "resolved = excluded.resolved, next_look_at = excluded.next_look_at"
)


class SqlResolving:
    """Where a person's decision is written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settling = Settling(database.dialect)

    def resolve(
        self, delivery_id: int, verdict: Verdict, *, by: str, why: str, now: datetime
    ) -> str:
        """Settle one message in doubt as a person says. Returns the campaign's name.

        Sent: accepted, with its `sent` interaction. Resend: pending again, under its own run, which
        is opened again if it has finished; the intent checks permission again. A cancelled or
        stopped run sends nothing: the campaign's next run then plans the customer again. Raises
        NotFoundError, or UserError when it is not in doubt or can no longer be sent.
        """
        try:
            with self._database.write() as connection:
                hold_intent(connection)  # the run may be ending at this moment
                row = _in_doubt(connection, delivery_id)
                if verdict is Verdict.SENT:
                    self._settling.accept(connection, {delivery_id: None}, now=now)
                else:
                    _send_again(connection, row, now)
                _remember(connection, row, verdict, by=by, why=why, now=now)
        except IntegrityError as error:  # the unique index of active runs
            raise UserError(
                f"delivery {delivery_id} cannot be sent again now: another run of its campaign is "
                "under way. Let that finish, or cancel it, and decide again."
            ) from error
        name: str = row.name
        return name


def _in_doubt(connection: Connection, delivery_id: int) -> Row[tuple[object, ...]]:
    d = deliveries.c
    row = connection.execute(
        select(
            d.id,
            d.customer_id,
            d.run_id,
            d.state,
            d.outcome,
            campaigns.c.name,
            runs.c.state.label("run_state"),
            runs.c.expires_at,
        )
        .join(campaigns, campaigns.c.id == d.campaign_id)
        .join(runs, runs.c.id == d.run_id)
        .where(d.id == delivery_id)
        .with_for_update(of=deliveries)
    ).one_or_none()
    if row is None:
        told = f"there is no delivery {delivery_id}; `campaigns show customer WHO` lists theirs."
        raise NotFoundError(told)
    if row.state != DeliveryState.IN_DOUBT:
        state = str(row.state).replace("_", " ")
        raise UserError(
            f"delivery {delivery_id} is {state}: only a message in doubt has to be decided. "
            "`campaigns reconcile` lists them."
        )
    return row


def _send_again(connection: Connection, row: Row[tuple[object, ...]], now: datetime) -> None:
    if row.expires_at is not None and row.expires_at <= to_ms(now):
        raise UserError(
            f"delivery {row.id} cannot be sent again: its offer ended on "
            f"{dated(from_ms(row.expires_at).astimezone(now.tzinfo))}."
        )
    reopen(connection, row.run_id)
    # A person says that it did not leave: it must not fill the cap of its own second try.
    contacts.forget(connection, [(row.customer_id, row.id)])
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == row.id)
        .values(
            state=DeliveryState.PENDING,
            batch_id=None,
            not_before=0,
            settled_at=None,
            outcome="to be sent again: a person decided so",
        )
    )


def reopen(connection: Connection, run_id: object) -> bool:
    """Let a finished run send again; one that is active is left as it is. `finished_at` stays: it
    tells a run that was opened again. Raises IntegrityError where another run of the campaign is
    active."""
    opened = connection.execute(
        update(runs)
        .where(runs.c.id == run_id, runs.c.state == RunState.FINISHED)
        .values(state=RunState.RUNNING)
    )
    return opened.rowcount == 1


def _remember(
    connection: Connection,
    row: Row[tuple[object, ...]],
    verdict: Verdict,
    *,
    by: str,
    why: str,
    now: datetime,
) -> None:
    bulk.insert(
        connection,
        doubts,
        ("delivery_id", "resolved", "next_look_at"),
        [(row.id, str(verdict), to_ms(now))],
        on_conflict=_REMEMBER,
    )
    audit.append(
        connection,
        AuditEntry(
            at=now,
            actor=by,
            action=Action.RESOLVED,
            subject=f"delivery:{row.id}",
            why=why,
            data={"as": str(verdict), "before": str(row.outcome or "")},
        ),
    )
