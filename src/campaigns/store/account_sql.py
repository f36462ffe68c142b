# ruff: noqa: S608 - what is written into the text comes from this file and from numbers
"""The questions of a run's report, in SQL that a person can paste at a database prompt.

Numbers and words of the vocabulary are written into the text: nothing here comes from outside.
What belongs to a message: an event that names its delivery belongs to that one; any other belongs
to the last message that the customer was sent before it (last touch), whatever campaign that was
of, if it is not too long ago.
"""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.domain.account import Asked, Query
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
WITH mine AS (
    SELECT customer_id, channel, state, provider_state FROM deliveries
     WHERE run_id = {run} AND customer_id <> 0 AND NOT replaced
), told AS (
    SELECT channel, customer_id, state, provider_state FROM mine
     UNION ALL SELECT 'all', customer_id, state, provider_state FROM mine
)
SELECT channel, count(*) AS messages, count(DISTINCT customer_id) AS planned,
       count(DISTINCT CASE WHEN state = 'accepted' THEN customer_id END) AS sent,
       count(DISTINCT CASE WHEN state = 'accepted' AND provider_state IN ('delivered', 'complained')
                           THEN customer_id END) AS delivered,
       count(DISTINCT CASE WHEN provider_state IN ('bounced', 'failed')
                           THEN customer_id END) AS returned
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
_PAID = """
SELECT d.channel, COALESCE(c.country, '') AS country, count(*) AS messages
  FROM deliveries d LEFT JOIN customers c ON c.id = d.customer_id
 WHERE d.run_id = {run} AND d.state = 'accepted'
 GROUP BY d.channel, COALESCE(c.country, '') ORDER BY d.channel, country
"""
_PEOPLE = """people AS (
    SELECT DISTINCT customer_id FROM deliveries WHERE run_id = {run} AND customer_id <> 0
)"""
# `+ 0`: SQLite then finds the message by its number, not among all of the run's for each event.
_OF_THE_RUN = "JOIN deliveries m ON m.id = r.delivery_id AND m.run_id + 0 = {run}"
_LAST_SENT = """(
           SELECT s.delivery_id FROM interactions s
            WHERE s.customer_id = i.customer_id AND s.kind = 'sent'
              AND s.at <= i.at AND s.at >= i.at - {within}
            ORDER BY s.at DESC, s.id DESC LIMIT 1)"""
_REACTED = f"""reacted AS (
    SELECT i.customer_id, i.kind, i.at, COALESCE(i.agent, 'human') AS agent,
           COALESCE(i.delivery_id, {_LAST_SENT}) AS delivery_id
      FROM people p JOIN interactions i ON i.customer_id = p.customer_id
     WHERE i.at >= {{since}}
       AND i.kind IN ('clicked', 'opened', 'replied', 'unsubscribed', 'complained')
)"""
_REACTIONS = f"""
WITH {_PEOPLE}, {_REACTED}, told AS (
    SELECT m.channel, r.kind, r.agent, r.customer_id
      FROM reacted r {_OF_THE_RUN}
)
SELECT channel, kind, agent, count(*) AS times, count(DISTINCT customer_id) AS people
  FROM (SELECT channel, kind, agent, customer_id FROM told
         UNION ALL SELECT 'all', kind, agent, customer_id FROM told) AS both_ways
 GROUP BY channel, kind, agent ORDER BY channel, kind, agent
"""
_LEFT = f"""
WITH {_PEOPLE}, {_REACTED}
SELECT count(DISTINCT r.customer_id) AS people
  FROM reacted r {_OF_THE_RUN}
 WHERE r.kind IN ('unsubscribed', 'complained')
"""
# An event that names its delivery counts for that one only.
_REACHED = """reached AS (
    SELECT i.customer_id, i.at, {amount} AS amount, (
           SELECT s.delivery_id FROM interactions s
            WHERE s.customer_id = i.customer_id AND s.kind = 'sent'
              AND s.at <= i.at AND s.at >= i.at - {within}
              AND (i.delivery_id IS NULL OR s.delivery_id = i.delivery_id)
            ORDER BY s.at DESC, s.id DESC LIMIT 1) AS delivery_id
      FROM people p JOIN interactions i ON i.customer_id = p.customer_id
     WHERE i.at >= {since} AND i.kind = '{goal}' AND (i.agent IS NULL OR i.agent = 'human')
)"""
_CONVERSIONS = f"""
WITH {_PEOPLE}, {_REACHED}, told AS (
    SELECT m.channel, r.customer_id, r.amount FROM reached r {_OF_THE_RUN}
)
SELECT channel, count(DISTINCT customer_id) AS people, count(*) AS times, sum(amount) AS amount
  FROM (SELECT channel, customer_id, amount FROM told
         UNION ALL SELECT 'all', customer_id, amount FROM told) AS both_ways
 GROUP BY channel ORDER BY channel
"""
_HAPPENED = f"""happened AS (
    SELECT 'sent' AS what, settled_at AS at FROM deliveries
     WHERE run_id = {{run}} AND customer_id <> 0 AND NOT replaced AND state = 'accepted'
     UNION ALL
    SELECT CASE r.kind WHEN 'clicked' THEN 'clicked' ELSE 'left' END, r.at
      FROM reacted r {_OF_THE_RUN}
     WHERE (r.kind = 'clicked' AND r.agent = 'human') OR r.kind IN ('unsubscribed', 'complained')"""
_HAPPENED_GOAL = f"""
     UNION ALL SELECT 'goal', r.at FROM reached r {_OF_THE_RUN}"""
_TIMELINE = """
)
SELECT what, (at - {since}) / {step} AS place, count(*) AS times
  FROM happened GROUP BY what, (at - {since}) / {step} ORDER BY what, place
"""


def queries(asked: Asked, dialect: Dialect) -> Iterator[Query]:
    """All of them, in the order of the page. Those about the goal only where there is one."""
    values = {
        **_FRAGMENTS[dialect],
        "run": asked.run,
        "since": to_ms(asked.since),
        "within": round(asked.within.total_seconds() * 1000),
        "goal": asked.goal,
    }
    for name, sql, keys, numbers, meaning in _LIST:
        if asked.goal or name != "conversions":
            yield Query(name, meaning, sql.format(**values).strip(), keys, numbers)
    yield _timeline(asked, values)
    if asked.goal:
        cells = cells_sql(dialect, asked.run, asked.goal, asked.since, asked.within)
        yield Query("arms", _ARMS_MEAN, cells, ("skeleton", "arm"), ("people", "reached", "amount"))


def brief_queries(asked: Asked, dialect: Dialect) -> Iterator[Query]:
    """Those that a later run is compared by, each named with the run's number."""
    for query in queries(asked, dialect):
        if query.name in {"audience", "funnel", "reactions", "conversions", "left"}:
            name = f"{query.name}@{asked.run}"
            yield Query(name, query.meaning, query.sql, query.keys, query.numbers)


def _timeline(asked: Asked, values: dict[str, object]) -> Query:
    if asked.goal:
        sql = f"WITH {_PEOPLE}, {_REACTED}, {_REACHED}, {_HAPPENED}{_HAPPENED_GOAL}{_TIMELINE}"
    else:
        sql = f"WITH {_PEOPLE}, {_REACTED}, {_HAPPENED}{_TIMELINE}"
    step = round(asked.step.total_seconds() * 1000)
    told = sql.format(**values, step=step).strip()
    return Query("timeline", _TIMELINE_MEAN, told, ("what", "place"), ("times",))


_TIMELINE_MEAN = (
    "What happened when: messages sent, clicks, opt-outs and goals in each step of time."
)
_ARMS_MEAN = (
    "Everyone planned or held out, by words, channel arm and holdout: how many reached the goal in "
    "the days after the run's start, whatever reached them."
)
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
        "another channel is not counted. `all` is everyone once, whatever the channel.",
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
        "reactions",
        _REACTIONS,
        ("channel", "kind", "agent"),
        ("times", "people"),
        "What people and programs did with the run's messages.",
    ),
    (
        "left",
        _LEFT,
        (),
        ("people",),
        "People who opted out of or complained about a message of this run, each once.",
    ),
    (
        "conversions",
        _CONVERSIONS,
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
)
