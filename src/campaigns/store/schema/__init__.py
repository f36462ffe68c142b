"""The tables. Used by `store` only.

Instants are integers: milliseconds since 1970-01-01 UTC (columns end in `_at`, `_until`,
`not_before`). Words of the vocabulary are stored as text, so that a person at a database prompt
can read them. The rows that exist once per message are narrow and their indexes partial.
"""

from __future__ import annotations

from campaigns.store.schema.base import meta, metadata
from campaigns.store.schema.consent import consents, standings, suppressions
from campaigns.store.schema.customer import addresses, customers, preferences, stamps
from campaigns.store.schema.identity import device_events, identities, matches, merges
from campaigns.store.schema.interaction import clicks, interactions, links, unmatched_events
from campaigns.store.schema.journey import journey_skips, steps
from campaigns.store.schema.learning import best_hours, channel_uses, learnings, unlearned
from campaigns.store.schema.outbox import (
    FAILED,
    SETTLED,
    batches,
    deliveries,
    doubts,
    messages,
    skips,
)
from campaigns.store.schema.pressure import contacts, paces
from campaigns.store.schema.release import approvals, plans, release_skeletons, releases, skeletons
from campaigns.store.schema.replies import answers, inbox, strangers
from campaigns.store.schema.run import (
    ACTIVE_RUN,
    campaigns,
    canaries,
    canary_deliveries,
    run_plans,
    runs,
    shards,
)
from campaigns.store.schema.trail import api_keys, audit

__all__ = [
    "ACTIVE_RUN",
    "FAILED",
    "SETTLED",
    "addresses",
    "answers",
    "api_keys",
    "approvals",
    "audit",
    "batches",
    "best_hours",
    "campaigns",
    "canaries",
    "canary_deliveries",
    "channel_uses",
    "clicks",
    "consents",
    "contacts",
    "customers",
    "deliveries",
    "device_events",
    "doubts",
    "identities",
    "inbox",
    "interactions",
    "journey_skips",
    "learnings",
    "links",
    "matches",
    "merges",
    "messages",
    "meta",
    "metadata",
    "paces",
    "plans",
    "preferences",
    "release_skeletons",
    "releases",
    "run_plans",
    "runs",
    "shards",
    "skeletons",
    "skips",
    "stamps",
    "standings",
    "steps",
    "strangers",
    "suppressions",
    "unlearned",
    "unmatched_events",
]
