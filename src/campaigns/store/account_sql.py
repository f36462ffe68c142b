"""The questions of a run's report, in SQL that a person can paste at a database prompt.

Numbers and words of the vocabulary are written into the text: nothing here comes from outside.
What belongs to a message: an event that names its delivery belongs to that one; any other belongs
to the last message that the customer was sent before it (last touch), whatever campaign that was
of, if it is not too long ago.
"""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.domain.figures import Asked, Query
from campaigns.store.account_people_sql import (
    BODIES,
    CONVERSIONS,
    GOALS,
    LEFT,
    REACTIONS,
    TIMELINE,
    alone,
)
from campaigns.store.bulk import Dialect
from campaigns.store.clock import to_ms
from campaigns.store.outcomes import cells_sql

_FRAGMENTS: dict[Dialect, dict[str, str]] = {
    "sqlite": {
        "amount": "COALESCE(CAST(json_extract(i.data, '$.amount') AS REAL), 0)",
        "head": "substr(reason, 1, instr(reason || '|', '|') - 1)",
    },
    "postgresql": {
        "amount": "COALESCE(CAST(i.data ->> 'amount' AS double precision), 0)",
        "head": "split_part(reason, '|', 1)",
    },
}

_AUDIENCE = """
SELECT (SELECT count(*) FROM deliveries
         WHERE run_id = {run} AND customer_id <> 0 AND NOT replaced)
     + (SELECT count(*) FROM skips WHERE run_id = {run})
     + (SELECT COALESCE(sum(already), 0) FROM shards WHERE run_id = {run}) AS people,
       (SELECT COALESCE(sum(already), 0) FROM shards WHERE run_id = {run}) AS already,
       (SELECT count(*) FROM skips WHERE run_id = {run}) AS skipped,
       (SELECT count(*) FROM deliveries
         WHERE run_id = {run} AND customer_id <> 0 AND NOT replaced)
     + (SELECT count(*) FROM skips WHERE run_id = {run}
           AND reason IN ('holdout', 'brand_holdout', 'over_limit', 'not_in_this_run')) AS eligible
"""
_SKIPS = """
SELECT {head} AS why, count(*) AS people
  FROM skips WHERE run_id = {run} GROUP BY {head} ORDER BY people DESC, why
"""
_FUNNEL = """
WITH each AS (
    SELECT customer_id, channel, count(*) AS messages,
           max(CASE WHEN state = 'accepted' THEN 1 ELSE 0 END) AS sent,
           max(CASE WHEN state = 'accepted' AND provider_state IN ('delivered', 'complained')
                    THEN 1 ELSE 0 END) AS delivered,
           max(CASE WHEN provider_state IN ('bounced', 'failed') THEN 1 ELSE 0 END) AS returned
      FROM deliveries WHERE run_id = {run} AND customer_id <> 0 AND NOT replaced
     GROUP BY customer_id, channel
), told AS (
    SELECT channel, messages, sent, delivered, returned FROM each
     UNION ALL
    SELECT 'all', sum(messages), max(sent), max(delivered), max(returned)
      FROM each GROUP BY customer_id
)
SELECT channel, sum(messages) AS messages, count(*) AS planned, sum(sent) AS sent,
       sum(delivered) AS delivered, sum(returned) AS returned
  FROM told GROUP BY channel ORDER BY channel
"""
_STATES = """
SELECT state, count(*) AS messages FROM deliveries
 WHERE run_id = {run} AND customer_id <> 0 AND NOT replaced GROUP BY state ORDER BY state
"""
_POST = """
SELECT state, count(*) AS posts FROM deliveries
 WHERE run_id = {run} AND customer_id = 0 GROUP BY state ORDER BY state
"""
_RECORDED = """
SELECT count(*) AS messages FROM deliveries d
 WHERE d.run_id = {run} AND d.customer_id <> 0 AND NOT d.replaced
   AND (EXISTS (SELECT 1 FROM interactions i WHERE i.delivery_id = d.id AND i.kind = 'sent')
     OR (d.state = 'accepted'
         AND NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = d.customer_id)))
"""
_FAILURES = """
SELECT outcome AS why, count(*) AS messages FROM deliveries
 WHERE run_id = {run} AND customer_id <> 0 AND NOT replaced AND outcome IS NOT NULL
   AND state NOT IN ('pending', 'claimed', 'sending', 'accepted')
 GROUP BY outcome ORDER BY messages DESC, why
"""
_FALLBACKS = """
SELECT channel, reason, count(*) AS messages FROM deliveries
 WHERE run_id = {run} AND NOT replaced AND hop > 0
 GROUP BY channel, reason ORDER BY messages DESC, channel, reason
"""
_EXPLORING = """
SELECT count(*) AS messages FROM deliveries
 WHERE run_id = {run} AND NOT replaced AND reason LIKE 'exploring%'
"""
_REACHED_TWICE = """
SELECT count(*) AS messages FROM deliveries
 WHERE run_id = {run} AND replaced AND state = 'accepted'
   AND (provider_state IS NULL OR provider_state NOT IN ('bounced', 'failed'))
"""
_PAID = """
SELECT d.channel, COALESCE(c.country, '') AS country, count(*) AS messages
  FROM deliveries d LEFT JOIN customers c ON c.id = d.customer_id
 WHERE d.run_id = {run} AND d.state = 'accepted'
 GROUP BY d.channel, COALESCE(c.country, '') ORDER BY d.channel, country
"""

_LIST: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        "audience",
        _AUDIENCE,
        (),
        ("people", "already", "skipped", "eligible"),
        "Everyone the campaign is for: who has a message of this run, who was skipped, who had it "
        "from an earlier run. Eligible: may and can be reached, and had it not before.",
    ),
    ("skips", _SKIPS, ("why",), ("people",), "Who got nothing, by the reason stored for each."),
    (
        "funnel",
        _FUNNEL,
        ("channel",),
        ("messages", "planned", "sent", "delivered", "returned"),
        "People by the channel of their message, each once: what was replaced by a message on "
        "another channel is not counted. `all` is everyone, each once, whatever the channel.",
    ),
    ("states", _STATES, ("state",), ("messages",), "Messages to customers by their state."),
    ("post", _POST, ("state",), ("posts",), "The public post."),
    (
        "recorded",
        _RECORDED,
        (),
        ("messages",),
        "Messages whose `sent` stands on the customer's profile (or went with an erased customer).",
    ),
    ("failures", _FAILURES, ("why",), ("messages",), "What was not accepted, and why."),
    (
        "fallbacks",
        _FALLBACKS,
        ("channel", "reason"),
        ("messages",),
        "Messages that replaced one which failed on another channel.",
    ),
    (
        "exploring",
        _EXPLORING,
        (),
        ("messages",),
        "Messages on another channel than the customer's best known, to learn.",
    ),
    (
        "reached_twice",
        _REACHED_TWICE,
        (),
        ("messages",),
        "Messages that were replaced by one on another channel, and arrived after all.",
    ),
    (
        "reactions",
        REACTIONS,
        ("channel", "kind", "agent"),
        ("times", "people"),
        "What people and programs did with the run's messages.",
    ),
    (
        "left",
        LEFT,
        (),
        ("people",),
        "People who opted out of or complained about a message of this run, each once.",
    ),
    (
        "conversions",
        CONVERSIONS,
        ("channel",),
        ("people", "times", "amount"),
        "Goals by last touch: this run's was the last message sent to the customer before, within "
        "the goal's days.",
    ),
    (
        "paid",
        _PAID,
        ("channel", "country"),
        ("messages",),
        "Messages that left and are paid for, the public post and those that were replaced with "
        "them, by the customer's country.",
    ),
    (
        "timeline",
        TIMELINE,
        ("what", "place"),
        ("times",),
        "What happened when: messages sent, clicks, opt-outs and goals in each step of time.",
    ),
    (
        "arms",
        "{arms}",
        ("skeleton", "arm"),
        ("people", "reached", "amount"),
        "Everyone planned or held out, by words, channel arm and holdout: how many reached the "
        "goal in the days after the run's start, whatever reached them.",
    ),
)


def queries(asked: Asked, dialect: Dialect) -> Iterator[Query]:
    """All of them, in the order of the page. Those about the goal only where there is one."""
    values = values_of(asked, dialect)
    for name, body, keys, numbers, meaning in _LIST:
        if asked.goal or name not in ("conversions", "arms"):
            sql = alone(name, keys, values) if name in BODIES else body.format(**values)
            yield Query(name, meaning, sql.strip(), keys, numbers)


def brief_queries(asked: Asked, dialect: Dialect) -> Iterator[Query]:
    """Those that a later run is compared by, each named with the run's number."""
    for query in queries(asked, dialect):
        if query.name in {"audience", "funnel", "reactions", "conversions", "left"}:
            name = f"{query.name}@{asked.run}"
            yield Query(name, query.meaning, query.sql, query.keys, query.numbers)


def values_of(asked: Asked, dialect: Dialect) -> dict[str, object]:
    """What is written into the text."""
    return {
        **_FRAGMENTS[dialect],
        "run": asked.run,
        "since": to_ms(asked.since),
        "within": round(asked.within.total_seconds() * 1000),
        "goal": asked.goal,
        "goals": GOALS if asked.goal else "",
        "step": round(asked.step.total_seconds() * 1000),
        "arms": cells_sql(dialect, asked.run, asked.goal, asked.since, asked.within),
    }
