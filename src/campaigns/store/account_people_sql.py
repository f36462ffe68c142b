# ruff: noqa: S608 - what is written into the text comes from this file and from numbers
"""The questions of a run's report that are about what people did: one by one, and all at once.

Each is told with the common tables that it reads. They are asked together, so that each table is
made once: finding whose message a customer's visit belongs to is most of what a report costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from campaigns.domain.figures import Query

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
    SELECT m.channel, r.kind, r.agent, r.customer_id, r.at FROM (
    SELECT i.customer_id, i.kind, i.at, COALESCE(i.agent, 'human') AS agent,
           COALESCE(i.delivery_id, {_LAST_SENT}) AS delivery_id
      FROM people p JOIN interactions i ON i.customer_id = p.customer_id
     WHERE i.at >= {{since}}
       AND i.kind IN ('clicked', 'opened', 'replied', 'unsubscribed', 'complained')
    ) AS r {_OF_THE_RUN}
)"""
# An event that names its delivery counts for that one only.
_REACHED = f"""reached AS (
    SELECT m.channel, r.customer_id, r.at, r.amount FROM (
    SELECT i.customer_id, i.at, {{amount}} AS amount, (
           SELECT s.delivery_id FROM interactions s
            WHERE s.customer_id = i.customer_id AND s.kind = 'sent'
              AND s.at <= i.at AND s.at >= i.at - {{within}}
              AND (i.delivery_id IS NULL OR s.delivery_id = i.delivery_id)
            ORDER BY s.at DESC, s.id DESC LIMIT 1) AS delivery_id
      FROM people p JOIN interactions i ON i.customer_id = p.customer_id
     WHERE i.at >= {{since}} AND i.kind = '{{goal}}' AND (i.agent IS NULL OR i.agent = 'human')
    ) AS r {_OF_THE_RUN}
)"""
REACTIONS = """
SELECT channel, kind, agent, count(*) AS times, count(DISTINCT customer_id) AS people
  FROM (SELECT channel, kind, agent, customer_id FROM reacted
         UNION ALL SELECT 'all', kind, agent, customer_id FROM reacted) AS both_ways
 GROUP BY channel, kind, agent"""
LEFT = """
SELECT count(DISTINCT customer_id) AS people
  FROM reacted WHERE kind IN ('unsubscribed', 'complained')"""
CONVERSIONS = """
SELECT channel, count(DISTINCT customer_id) AS people, count(*) AS times, sum(amount) AS amount
  FROM (SELECT channel, customer_id, amount FROM reached
         UNION ALL SELECT 'all', customer_id, amount FROM reached) AS both_ways
 GROUP BY channel"""
TIMELINE = """
SELECT what, (at - {since}) / {step} AS place, count(*) AS times FROM (
    SELECT 'sent' AS what, settled_at AS at FROM deliveries
     WHERE run_id = {run} AND customer_id <> 0 AND NOT replaced AND state = 'accepted'
     UNION ALL
    SELECT CASE kind WHEN 'clicked' THEN 'clicked' ELSE 'left' END, at FROM reacted
     WHERE (kind = 'clicked' AND agent = 'human') OR kind IN ('unsubscribed', 'complained'){goals}
) AS happened GROUP BY what, (at - {since}) / {step}"""
GOALS = """
     UNION ALL SELECT 'goal', at FROM reached"""
#: Question → its body, and the common tables that it reads.
BODIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "reactions": (REACTIONS, (_REACTED,)),
    "left": (LEFT, (_REACTED,)),
    "conversions": (CONVERSIONS, (_REACHED,)),
    "timeline": (TIMELINE, (_REACTED, _REACHED)),
}


def alone(name: str, keys: Sequence[str], values: Mapping[str, object]) -> str:
    """One question, as a person may ask it."""
    order = f"\n ORDER BY {', '.join(keys)}" if keys else ""
    return f"{_made(values, name)}{BODIES[name][0].format(**values)}{order}"


def together(questions: Sequence[Query], values: Mapping[str, object]) -> str:
    """All of them as one. Rows are the question's name, their place in its answer, three keys and
    three numbers."""
    made = _made(values, *map(base_name, questions))
    told = "\n UNION ALL\n".join(_one_of(query, values) for query in questions)
    return f"{made}\n{told}\n ORDER BY 1, 2"


def base_name(query: Query) -> str:
    """Without the number of an earlier run."""
    return query.name.partition("@")[0]


def _one_of(query: Query, values: Mapping[str, object]) -> str:
    name = base_name(query)
    order = f"ORDER BY {', '.join(query.keys)}" if query.keys else ""
    keys = [*(f"CAST({key} AS TEXT)" for key in query.keys), *["CAST(NULL AS TEXT)"] * 3][:3]
    # An amount is the third number; the others are whole.
    numbers = [*query.numbers, *["CAST(NULL AS BIGINT)"] * 2][: max(2, len(query.numbers))]
    numbers += ["CAST(NULL AS DOUBLE PRECISION)"] * (3 - len(numbers))
    return (
        f"SELECT '{query.name}', row_number() OVER ({order}), {', '.join([*keys, *numbers])}\n"
        f"  FROM ({BODIES[name][0].format(**values)}) AS the_{name}"
    )


def _made(values: Mapping[str, object], *names: str) -> str:
    """The common tables that these read; without a goal there is none of what was reached."""
    read = {table for name in names for table in BODIES[name][1]}
    wanted = [_REACTED, _REACHED] if values["goal"] else [_REACTED]
    made = [_PEOPLE, *(table for table in wanted if table in read)]
    return "WITH " + ", ".join(made).format(**values)
