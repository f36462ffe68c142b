"""Alembic's entry: migrates over the connection that `store.engine` opened and locked."""

from __future__ import annotations

from alembic import context

from campaigns.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller holds the transaction and the lock
)
context.run_migrations()
