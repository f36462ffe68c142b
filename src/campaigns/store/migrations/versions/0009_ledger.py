"""The ledger of consents only grows; the erased are found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SAYS = "channel, purpose, topic, granted, at, source, proof, actor"
_REFUSAL = "the ledger of consents only grows"
# Erasure names the customer in `meta` for as long as its transaction lasts (store/erasing.py).
_ERASED = "(SELECT 1 FROM meta WHERE key = 'erasing:' || OLD.customer_id)"
_SQLITE = (
    f"CREATE TRIGGER consents_never_change BEFORE UPDATE OF {_SAYS} ON consents "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    "CREATE TRIGGER consents_never_go BEFORE DELETE ON consents "
    f"WHEN NOT EXISTS {_ERASED} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
)
_POSTGRESQL = (
    "CREATE FUNCTION consents_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP = 'DELETE' AND EXISTS {_ERASED} THEN RETURN OLD; END IF; "
    f"RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    f"CREATE TRIGGER consents_never_change BEFORE UPDATE OF {_SAYS} ON consents "
    "FOR EACH ROW EXECUTE FUNCTION consents_only_grow()",
    "CREATE TRIGGER consents_never_go BEFORE DELETE ON consents "
    "FOR EACH ROW EXECUTE FUNCTION consents_only_grow()",
)


def upgrade() -> None:
    """The database itself refuses to change or delete an entry. Whose an entry is may be
    corrected, when two profiles of one person become one; what it says may not."""
    erased = sa.text("reason = 'erased'")
    op.create_index(
        "ix_suppressions_erased",
        "suppressions",
        ["address_key"],
        sqlite_where=erased,
        postgresql_where=erased,
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
