"""The tables. Used by `store` only.

Instants are integers: milliseconds since 1970-01-01 UTC (columns end in `_at`, `_until`,
`not_before`). Words of the vocabulary are stored as text, so that a person at a database prompt
can read them. The rows that exist once per message are narrow and their indexes partial.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite counts rows up only for INTEGER primary keys; PostgreSQL wants BIGINT.
BigKey = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

#: One row per fact about the database itself (the key of the address hash, …).
meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("ref", String(80), nullable=False, unique=True),  # the user's own customer id
    Column("first_name", String(80)),
    Column("last_name", String(80)),
    Column("locale", String(20), nullable=False),
    Column("country", String(2)),
    Column("time_zone", String(40)),
    Column("preferred_channel", String(10)),  # stated by the customer
    Column("attributes", Json, nullable=False, server_default=text("'{}'")),
    Column("last_purchase_at", BigInteger),  # kept by record_interactions
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

addresses = Table(
    "addresses",
    metadata,
    Column("customer_id", BigKey, ForeignKey("customers.id"), primary_key=True),
    Column("channel", String(10), primary_key=True),
    Column("address", String(254), nullable=False),
    Column("address_key", String(32), nullable=False),  # keyed hash of kind + normalised address
    Column("status", String(10), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_addresses_address_key", "address_key"),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: What a customer asked for beyond the preferred channel; most customers have no row. Minutes are
#: of the local day; NULL is the brand's or the law's own.
preferences = Table(
    "preferences",
    metadata,
    Column("customer_id", BigKey, ForeignKey("customers.id"), primary_key=True),
    Column("channels", String(60)),  # in the customer's order, separated by commas
    Column("quiet_from", SmallInteger),
    Column("quiet_until", SmallInteger),
    Column("paused_until", BigInteger),  # no marketing before this moment
    Column("weekly_most", SmallInteger),  # at most so many marketing messages in seven days
    Column("updated_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: The ledger: rows are added, never changed; only erasure removes them.
consents = Table(
    "consents",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_id", BigKey, ForeignKey("customers.id"), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("topic", String(40), nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("source", String(10), nullable=False),
    Column("proof", Text, nullable=False),
    Column("actor", String(80), nullable=False),
    Index("ix_consents_customer_id", "customer_id"),
)

#: What the ledger says now: its newest entry per customer, channel, purpose and topic. Written in
#: the transaction that appends to the ledger; a contract test rebuilds it and compares.
standings = Table(
    "standings",
    metadata,
    Column("customer_id", BigKey, ForeignKey("customers.id"), primary_key=True),
    Column("channel", String(10), primary_key=True),
    Column("purpose", String(10), primary_key=True),
    Column("topic", String(40), primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: Addresses that must not be contacted, by keyed hash: they outlive the customer's erasure. Of an
#: erased customer there are also hashes of the mailbox and the ref, to know them again by.
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", String(32), primary_key=True),
    # marketing: offers only. all: nothing at all (bounced, erased).
    Column("purpose", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("purpose IN ('marketing', 'all')", name="purpose"),
    Index(
        "ix_suppressions_erased",
        "address_key",
        sqlite_where=text("reason = 'erased'"),
        postgresql_where=text("reason = 'erased'"),
    ),
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_id", BigKey, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("channel", String(10)),
    Column("delivery_id", BigInteger),
    Column("source_key", String(80)),  # dedupes events told twice; NULL for our own `sent`
    # Who clicked or opened, as far as can be told: human, suspect or machine. Else NULL.
    Column("agent", String(8)),
    Column("data", Json),
    Index("ix_interactions_customer_id_at", "customer_id", "at"),
    # One `sent` per delivery, however often and however late its evidence comes.
    Index(
        "uq_interactions_sent",
        "delivery_id",
        unique=True,
        sqlite_where=text("kind = 'sent'"),
        postgresql_where=text("kind = 'sent'"),
    ),
    Index(
        "uq_interactions_source_key",
        "source_key",
        unique=True,
        sqlite_where=text("source_key IS NOT NULL"),
        postgresql_where=text("source_key IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # learning goes on from an id: never use one twice
)

#: What a provider told of messages and people we do not know: kept and counted, never an error.
unmatched_events = Table(
    "unmatched_events",
    metadata,
    Column("key", String(80), primary_key=True),  # as in interactions.source_key
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("why", String(20), nullable=False),  # evidence.Why
    Column("address_key", String(32)),  # whom it concerns: the address itself is not kept
    Column("data", Json),
    Column("received_at", BigInteger, nullable=False),
    Index("ix_unmatched_events_received_at", "received_at"),
    Index("ix_unmatched_events_address_key", "address_key", "at"),
)

#: Where a release's click links lead: the mail carries the id, never an address of the link's own.
links = Table(
    "links",
    metadata,
    Column("release_hash", String(32), ForeignKey("releases.hash"), primary_key=True),
    Column("id", String(16), primary_key=True),
    Column("url", Text, nullable=False),
)

#: Every request on a click link, for telling people from programs (domain.agent): erasure deletes
#: a customer's.
clicks = Table(
    "clicks",
    metadata,
    Column("source_key", String(80), primary_key=True),  # of its interaction
    Column("at", BigInteger, nullable=False),
    Column("customer_id", BigKey, nullable=False),
    Column("delivery_id", BigKey, nullable=False),
    Column("link", String(16), nullable=False),
    Column("origin", String(32), nullable=False),  # keyed hash of the day and the IP address
    Column("machine", Boolean, nullable=False),  # the request said so itself
    Index("ix_clicks_delivery_id", "delivery_id", "at"),
    Index("ix_clicks_origin", "origin", "customer_id"),
    Index("ix_clicks_customer_id", "customer_id"),
)

#: How a customer uses each channel: learnt from interactions (store.learning), but for the last
#: reply, which is kept as it is recorded. What `messages` counts is whose sending is known.
channel_uses = Table(
    "channel_uses",
    metadata,
    Column("customer_id", BigKey, ForeignKey("customers.id"), primary_key=True),
    Column("channel", String(10), primary_key=True),
    Column("last_inbound_at", BigInteger),  # last message the customer wrote to us there
    Column("messages", Integer, nullable=False, server_default="0"),
    Column("answers", Integer, nullable=False, server_default="0"),
    Column("kind", String(20)),  # of the answers, where all are of one kind
    # The same, older ones weighing less, in tenths of a message; never fewer messages than answers.
    Column("recent_messages", Integer, nullable=False, server_default="0"),
    Column("recent_answers", Integer, nullable=False, server_default="0"),
    Column("learned_at", BigInteger),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: The hour of their own day at which a customer answers, where it was learnt.
best_hours = Table(
    "best_hours",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("hour", SmallInteger, nullable=False),
    Column("near", Integer, nullable=False),  # answers within an hour of it
    Column("answers", Integer, nullable=False),
    Column("learned_at", BigInteger, nullable=False),
)

#: Customers of whom something known was changed, and not only added to, since it was learnt.
unlearned = Table(
    "unlearned",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
)

#: When something was learnt, and from which interactions. The newest row holds now.
learnings = Table(
    "learnings",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("until_id", BigInteger, nullable=False),  # interactions up to this one are learnt
    Column("all_at", BigInteger, nullable=False),  # when everybody was last learnt anew
    Column("customers", BigInteger, nullable=False),
    Column("priors", Json, nullable=False),  # channel → [mean, strength]: engagement.Prior
)

#: Marketing messages that left or may have left, for frequency caps across campaigns. Written with
#: the intent, taken back with a message that surely was not sent, pruned beyond the longest cap.
contacts = Table(
    "contacts",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("delivery_id", BigKey, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)

releases = Table(
    "releases",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("campaign", String(80), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),  # canonical JSON without the skeletons
)

skeletons = Table(
    "skeletons",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("hash", String(32), nullable=False, unique=True),
    Column("document", LargeBinary, nullable=False),  # Skeleton.to_json
)

release_skeletons = Table(
    "release_skeletons",
    metadata,
    Column("release_hash", String(32), ForeignKey("releases.hash"), primary_key=True),
    Column("skeleton_id", BigKey, ForeignKey("skeletons.id"), primary_key=True),
)

#: Somebody's yes or no to one exact release and plan: rows are added, never changed.
approvals = Table(
    "approvals",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("release_hash", String(32), ForeignKey("releases.hash"), nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("verdict", String(10), nullable=False, server_default="approved"),
    Column("plan", String(32)),  # the hash in `plans`
    Column("first", Integer),  # so many people and no more; NULL: everybody
    Index("ix_approvals_release_hash", "release_hash"),
)

#: Plans that somebody decided on: who would have got which message (domain.allotment).
plans = Table(
    "plans",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("release_hash", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("allotment", LargeBinary, nullable=False),
)

#: The plan that a run carries out, and how it differs from the one that was approved.
run_plans = Table(
    "run_plans",
    metadata,
    Column("run_id", BigKey, ForeignKey("runs.id"), primary_key=True),
    Column("plan", String(32), nullable=False),
    Column("people", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("approval_id", BigInteger),
    Column("changed", Text),  # in words; NULL where there was no plan to compare with
    Index("ix_run_plans_approval_id", "approval_id"),
)

#: The first part of a run, watched before the rest is sent, and what came of it.
canaries = Table(
    "canaries",
    metadata,
    Column("run_id", BigKey, ForeignKey("runs.id"), primary_key=True),
    Column("state", String(10), nullable=False),  # canary.CanaryState
    Column("began_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("because", Text),
)
canary_deliveries = Table(
    "canary_deliveries",
    metadata,
    Column("run_id", BigKey, primary_key=True),
    Column("delivery_id", BigKey, primary_key=True),
    sqlite_with_rowid=False,
)

#: What may be told once: a campaign (and edition, for those that recur).
campaigns = Table(
    "campaigns",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False),
    Column("edition", String(40), nullable=False),
    UniqueConstraint("name", "edition"),
)

ACTIVE_RUN = "state IN ('planning', 'running', 'paused')"

runs = Table(
    "runs",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("campaign_id", BigKey, ForeignKey("campaigns.id"), nullable=False),
    Column("release_hash", String(32), ForeignKey("releases.hash"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("purpose", String(10), nullable=False),  # copied from the policy for the intent check
    Column("topic", String(40), nullable=False),
    Column("expires_at", BigInteger),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("planned_until", BigInteger, nullable=False),  # last customer id of the audience's range
    Column("row_limit", Integer),  # at most so many messages, for a first careful send
    Column("portion", Text),  # Portion.encode; null is the whole
    # Plans later steps of a journey only: nobody enters it by this run.
    Column("continues", Boolean, nullable=False, server_default=false()),
    Column("stopped_because", Text),
    Index(
        "uq_runs_one_active",
        "campaign_id",
        unique=True,
        sqlite_where=text(ACTIVE_RUN),
        postgresql_where=text(ACTIVE_RUN),
    ),
)

#: A run's audience cut by customer id: what one worker plans and dispatches at a time.
shards = Table(
    "shards",
    metadata,
    Column("run_id", BigKey, ForeignKey("runs.id"), primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("first_customer", BigInteger, nullable=False),
    Column("last_customer", BigInteger, nullable=False),
    Column("planned_at", BigInteger),
    Column("already", Integer, nullable=False, server_default="0"),  # had this campaign before
)

#: Written out alike in the statements that use the partial index: the databases compare the words.
#: (No NOT IN: SQLite would look the state up in a list with every update of a delivery.)
SETTLED = "state <> 'pending' AND state <> 'claimed' AND state <> 'sending' AND NOT replaced"
#: What surely did not reach the customer and has not been looked at for a fallback.
FAILED = (
    "NOT replaced AND no_fallback IS NULL "
    "AND (state = 'rejected' OR provider_state IN ('bounced', 'failed'))"
)

#: The outbox: one row per customer and step of a campaign. The unique key is the promise. A message
#: that surely failed (rejected, bounced) may be `replaced` by one on another channel: a row of its
#: own, one `hop` further, so that what was said and its evidence stay with the channel it was on.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("campaign_id", BigKey, nullable=False),
    Column("step", SmallInteger, nullable=False, server_default="0"),
    Column("hop", SmallInteger, nullable=False, server_default="0"),  # 1 and more: a fallback
    Column("replaced", Boolean, nullable=False, server_default=false()),  # by the next hop
    Column("customer_id", BigKey, nullable=False),  # 0 is the public: the X post
    Column("run_id", BigKey, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("skeleton_id", BigKey, nullable=False),
    Column("reason", String(200), nullable=False),  # why this channel: routing.Reason.encode
    Column("state", String(10), nullable=False),
    Column("batch_id", BigKey),  # the fence: only the batch that claimed it last may settle it
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("settled_at", BigInteger),  # when it ended, or fell in doubt
    Column("provider_id", String(120)),
    Column("provider_state", String(10)),
    Column("outcome", String(300)),  # code and sentence for anything but accepted
    # Of a message that failed and has no next hop: why not (routing.Skip.encode).
    Column("no_fallback", String(200)),
    Index(
        "uq_deliveries_standing",
        "campaign_id",
        "step",
        "customer_id",
        unique=True,
        sqlite_where=text("NOT replaced"),
        postgresql_where=text("NOT replaced"),
    ),
    Index(
        "ix_deliveries_in_doubt",
        "run_id",
        "settled_at",
        sqlite_where=text("state = 'in_doubt'"),
        postgresql_where=text("state = 'in_doubt'"),
    ),
    Index(
        "ix_deliveries_due",
        "run_id",
        "shard",
        "channel",
        "skeleton_id",
        "id",
        "not_before",
        "state",  # of the condition, yet SQLite before 3.42 reads the row for it otherwise
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    # How a run stands, and how quickly it goes on, without reading its rows (store.figures).
    Index(
        "ix_deliveries_settled",
        "run_id",
        "channel",
        "state",
        "settled_at",
        "replaced",  # as `state` above
        sqlite_where=text(SETTLED),
        postgresql_where=text(SETTLED),
    ),
    Index(
        "ix_deliveries_batch_id",
        "batch_id",
        sqlite_where=text("state IN ('claimed', 'sending')"),
        postgresql_where=text("state IN ('claimed', 'sending')"),
    ),
    Index(
        "ix_deliveries_failed",
        "run_id",
        "settled_at",
        sqlite_where=text(FAILED),
        postgresql_where=text(FAILED),
    ),
    # The unique index does not hold these.
    Index(
        "ix_deliveries_replaced",
        "customer_id",
        sqlite_where=text("replaced"),
        postgresql_where=text("replaced"),
    ),
    Index("ix_deliveries_run_id", "run_id"),
    sqlite_autoincrement=True,  # providers quote our ids back for years: never use one twice
)

#: One claim of up to a request's worth of deliveries. Its id is the fence number, it carries the
#: owner and the lease once for all its rows, and they share the provider request's fate.
batches = Table(
    "batches",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("run_id", BigKey, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("skeleton_id", BigKey, nullable=False),
    Column("owner", String(80), nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),  # false once every row has left claimed and sending
    Column("request_id", String(120)),  # the provider's name for the request, to ask it about
    Index(
        "ix_batches_open",
        "lease_until",
        sqlite_where=text("open"),
        postgresql_where=text("open"),
    ),
    sqlite_autoincrement=True,
)

#: What is known of a delivery that is, or was, in doubt: what the provider's own list said when it
#: was asked, and what a person decided.
doubts = Table(
    "doubts",
    metadata,
    Column("delivery_id", BigKey, primary_key=True, autoincrement=False),
    Column("looks", SmallInteger, nullable=False, server_default="0"),
    Column("looked_at", BigInteger),
    Column("next_look_at", BigInteger),  # NULL: not by itself any more
    Column("finding", String(10)),  # evidence.Finding
    Column("told", String(300)),
    Column("resolved", String(10)),  # evidence.Verdict of a person
)

#: What was said, exactly: written before the message leaves. Erasure deletes it.
messages = Table(
    "messages",
    metadata,
    Column("delivery_id", BigKey, primary_key=True, autoincrement=False),
    Column("address", String(254), nullable=False),
    Column("slot_values", Text, nullable=False),  # JSON of written values
    Column("hash", String(32), nullable=False),  # message.message_hash
)

#: Who of the audience got no delivery in this run, and why.
skips = Table(
    "skips",
    metadata,
    Column("run_id", BigKey, primary_key=True),
    Column("customer_id", BigKey, primary_key=True),
    Column("reason", String(200), nullable=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: What customers wrote and a person has to see: one waiting row per customer and channel. What was
#: written is on the timeline.
inbox = Table(
    "inbox",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_id", BigKey, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("state", String(10), nullable=False),  # answer.InboxState
    Column("because", String(10), nullable=False),  # answer.Because
    Column("opened_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),  # of the newest reply
    Column("closed_at", BigInteger),
    Column("closed_by", String(80)),
    Index(
        "uq_inbox_waiting",
        "customer_id",
        "channel",
        unique=True,
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_inbox_state", "state", "last_at"),
    sqlite_autoincrement=True,
)

#: The outbox of answers: a person's, and the few that are sent by themselves (help, the one
#: confirmation of an opt-out). On disk before they leave, as deliveries are.
answers = Table(
    "answers",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("key", String(100), nullable=False, unique=True),  # one form, one event: one answer
    Column("customer_id", BigKey, nullable=False),
    Column("inbox_id", BigKey),
    Column("channel", String(10), nullable=False),
    Column("kind", String(12), nullable=False),  # answer.AnswerKind
    Column("subject", String(300)),
    Column("text", Text),  # NULL until an automatic one is written
    Column("campaign", String(80)),  # which campaign the customer was told of
    Column("by", String(80), nullable=False),
    Column("state", String(10), nullable=False),  # delivery.DeliveryState
    Column("created_at", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger),
    Column("lease_until", BigInteger),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),  # the fence
    Column("settled_at", BigInteger),
    Column("provider_id", String(120)),
    Column("outcome", String(300)),
    Index(
        "ix_answers_open",
        "not_before",
        sqlite_where=text("state IN ('pending', 'sending')"),
        postgresql_where=text("state IN ('pending', 'sending')"),
    ),
    Index("ix_answers_customer_id", "customer_id", "created_at"),
    sqlite_autoincrement=True,
)

#: The pace of one channel and sender, shared by all workers: a rate's next free moment, and the
#: circuit breaker that leaves a channel alone after repeated errors.
paces = Table(
    "paces",
    metadata,
    Column("key", String(120), primary_key=True),  # channel and sender
    Column("free_at_us", BigInteger, nullable=False, server_default="0"),  # microseconds: rates
    Column("failures", Integer, nullable=False, server_default="0"),  # requests in a row
    Column("trips", Integer, nullable=False, server_default="0"),  # breaks since the last success
    Column("closed_until", BigInteger),  # nothing is claimed before; then one request tries
    Column("because", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("learned_at", BigInteger),  # when the breaker last learned something
)

#: A journey's steps by name: inserting or reordering steps shifts nobody. The numbers are those of
#: deliveries.step and are never used again; 0 is the first step that the campaign ever had.
steps = Table(
    "steps",
    metadata,
    Column("campaign_id", BigKey, ForeignKey("campaigns.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("number", SmallInteger, nullable=False),
    UniqueConstraint("campaign_id", "number"),
)

#: Who was skipped at a later step of a journey, for good, and why: with `deliveries` it tells where
#: everyone is.
journey_skips = Table(
    "journey_skips",
    metadata,
    Column("campaign_id", BigKey, primary_key=True, autoincrement=False),
    Column("step", SmallInteger, primary_key=True, autoincrement=False),
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("ends", Boolean, nullable=False),  # the journey, not just this step
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: Who did what: rows are added, never changed. Erasure leaves them: they name no customer.
audit = Table(
    "audit",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(40), nullable=False),  # audit.Action
    Column("subject", String(80), nullable=False),  # run:12, delivery:345, release:ab12…
    Column("why", Text, nullable=False),
    Column("data", Json),
    Index("ix_audit_subject", "subject"),
)

#: What else finds a customer, beside the present ref and addresses: of a merged person every ref,
#: address and number of both; devices; refs of other systems.
identities = Table(
    "identities",
    metadata,
    Column("kind", String(8), primary_key=True),  # identity.IdentityKind
    Column("key", String(80), primary_key=True),  # refs and numbers plain, all others hashed
    Column("customer_id", BigKey, ForeignKey("customers.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("source", String(80)),  # who told it
    Column("was", BigInteger),  # the number of the merged profile that it came with
    Index("ix_identities_customer_id", "customer_id"),
    sqlite_with_rowid=False,
)

#: What the business told of devices that nobody is known to use: joined to the customer who turns
#: out to, or deleted after a while.
device_events = Table(
    "device_events",
    metadata,
    Column("source_key", String(80), primary_key=True),
    Column("device_key", String(32), nullable=False),  # keyed hash
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("channel", String(10)),
    Column("data", Json),
    Column("told_at", BigInteger, nullable=False),
    Index("ix_device_events_device_key", "device_key"),
    Index("ix_device_events_told_at", "told_at"),
)

#: Two profiles that became one, with all it takes to part them again. Erasure empties `before`.
merges = Table(
    "merges",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("winner_id", BigKey, nullable=False),
    Column("loser_id", BigKey, nullable=False),  # has no row in customers while merged
    Column("winner_ref", String(80)),
    Column("loser_ref", String(80)),
    Column("at", BigInteger, nullable=False),
    Column("by", String(80), nullable=False),
    Column("why", Text, nullable=False),
    Column("before", Json),  # joining.Before: personal data
    Column("undone_at", BigInteger),
    Index("ix_merges_winner_id", "winner_id"),
    Index("ix_merges_loser_id", "loser_id"),
    sqlite_autoincrement=True,
)

#: Pairs that may be one person, and what somebody said of them. A refused pair stays two people.
matches = Table(
    "matches",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_a", BigKey, nullable=False),  # the smaller number
    Column("customer_b", BigKey, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("evidence", String(200), nullable=False),  # in words, without personal data
    Column("state", String(10), nullable=False),  # identity.MatchState
    Column("decided_at", BigInteger),
    Column("decided_by", String(80)),
    UniqueConstraint("customer_a", "customer_b"),
    Index("ix_matches_customer_b", "customer_b"),
)

#: Keys of the programs that use the APIs; revoked ones stay, so that the trail can name them.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("source", String(20), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # api_key.hash_of
    Column("scopes", String(80), nullable=False),  # separated by spaces
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", String(80)),
    sqlite_autoincrement=True,
)

#: Who wrote to us and is not known here. Where replies and answers name a customer by number, such
#: a person is called by this one below zero (decision 31). Goes with what they wrote.
strangers = Table(
    "strangers",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("channel", String(10), nullable=False),
    Column("address_key", String(32), nullable=False),
    Column("address", String(254), nullable=False),
    Column("last_at", BigInteger, nullable=False),  # when they last wrote
    UniqueConstraint("channel", "address_key"),
    sqlite_autoincrement=True,
)
