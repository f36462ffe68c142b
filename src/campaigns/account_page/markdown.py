"""The account in short, for the command line and for Prefect's pages.

No person's name and no address: counts and sentences only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from campaigns.account_page.pictures import Stage, stages
from campaigns.account_page.words import (
    APART,
    MISMATCH,
    QUESTIONS,
    channel_word,
    day,
    extra_words,
    fallback_words,
    goal_words,
    in_words,
    nobody,
    percent,
    proof_words,
    reached,
    skip_word,
    standing,
    unheard,
    verdict,
)
from campaigns.domain import outcome_words
from campaigns.domain.account import Account, Costs, Question
from campaigns.domain.counting import counted, people
from campaigns.domain.figures import ALL, Answers, Number
from campaigns.domain.mode import PRACTISED, Mode
from campaigns.domain.plan import ALREADY, NOT_AGAIN
from campaigns.domain.prices import money

Row = tuple[str, str, int]
#: Letters of a bar that stands for everyone.
BAR = 16


def rows(account: Account) -> list[Row]:
    """(section, line, people or messages), in the page's order."""
    return [*_stage_rows(account), *_other_rows(account)]


def _stage_rows(account: Account) -> list[Row]:
    """The funnel, line by line."""
    found: list[Row] = []
    for stage in stages(account):
        found.append((stage.label.lower(), "everyone", int(stage.whole.value)))
        found += [
            (stage.label.lower(), channel_word(c), int(f.value))
            for c, f in stage.by_channel.items()
            if f.value
        ]
    return found


def _other_rows(account: Account) -> list[Row]:
    """Who got none and why, what became of the messages, and what people did."""
    told = account.answers

    def listed(section: str, query: str, words: Callable[..., str], column: str) -> list[Row]:
        """A line for each row of the query; `words` says its key."""
        return [
            (section, words(*key), int(told.number(query, *key, column=column)))
            for key in told.keys(query)
        ]

    return [
        *listed("skipped", "skips", skip_word, "people"),
        *_if_any(NOT_AGAIN, ALREADY, told.number("audience", column="already")),
        *listed("outcome", "states", in_words, "messages"),
        *[
            row
            for query, words in APART.items()
            for row in _if_any("of these", words, told.number(query, column="messages"))
        ],
        *listed("public X post", "post", in_words, "posts"),
        *listed("by fallback", "fallbacks", fallback_words, "messages"),
        *listed("not accepted, why", "failures", outcome_words.in_words, "messages"),
        *_reaction_rows(told),
        ("opted out or complained", "everyone", int(told.number("left", column="people"))),
        ("recorded", "on profiles", int(told.number("recorded", column="messages"))),
    ]


def _if_any(section: str, line: str, number: Number) -> list[Row]:
    return [(section, line, int(number))] if number else []


def _reaction_rows(told: Answers) -> list[Row]:
    return [
        (kind, agent, int(told.number("reactions", ALL, kind, agent, column="times")))
        for channel, kind, agent in told.keys("reactions")
        if channel == ALL
    ]


def answer_sentences(account: Account) -> list[str]:
    """The goal first, then what it is worth, what was tried out, what it cost, the proof."""
    found = [s for s in (standing(account),) if s]
    found += _goal_sentences(account)
    found += [s for s in (unheard(account),) if s]
    for question in account.questions:
        found += _found_out(account, question)
    if account.costs:
        found.append(_cost_sentence(account, account.costs))
    proof = account.proof
    if proof.asked:
        found.append(
            f"{proof_words(proof)}, with the very words; release {account.run.release_hash}."
        )
    return found


def _found_out(account: Account, question: Question) -> Iterator[str]:
    """What the campaign tried out, and what came of it so far."""
    asked, result = QUESTIONS[question.name], question.result
    if result is None:
        yield f"{asked} No answer yet: {question.because}."
        return
    if result.mismatch.broken:
        yield MISMATCH
    goal, goals = goal_words(account), reached(result.goals)
    if not goals:
        yield f"{asked} No answer yet: nobody has {goal.did if goal else 'reached the goal'}."
    for g in goals:
        for d in g.differences:
            yield f"{asked} {verdict(g, d, result.confidence)}"


def _goal_sentences(account: Account) -> list[str]:
    goal = goal_words(account)
    if goal is None:
        return ["No goal is stated in its campaign.yaml."]
    if nobody(account):
        return [f"{nobody(account)}."]
    share = f" ({percent(goal.people.value / goal.sent.value)})" if goal.sent.value else ""
    found = [
        f"{goal.people.value:,} of {people(int(goal.sent.value))} who got it {goal.did} within "
        f"{counted(goal.days, 'day')}{share}; it was the last message sent to them before."
    ]
    if account.early:
        found.append(f"More may come until {day(account.here(account.ends_at))}.")
    if account.incremental and reached(account.goals_of("holdout")):
        i = account.incremental
        bounds = f"{i.low:+,.0f} to {i.high:+,.0f}"
        found.append(f"{extra_words(i, goal.did)} ({i.confidence * 100:g}% interval {bounds}).")
    return found


def _cost_sentence(account: Account, costs: Costs) -> str:
    told = f"It cost {money(costs.total, costs.currency)}"
    if costs.budget is not None:
        told += f" of a budget of {money(costs.budget, costs.currency)}"
        if costs.others:
            told += f", of which its other runs took {money(costs.others, costs.currency)}"
    goal = goal_words(account)
    if goal is not None and goal.people.value:
        each = costs.total / int(goal.people.value)
        told += f", {money(each, costs.currency)} for each who {goal.did}"
    return f"{told}."


def account_markdown(account: Account) -> str:
    """For a Prefect artifact: the answer, the funnel by channel, then all the rest."""
    first, *others = answer_sentences(account)
    return "\n".join(
        [
            f"**{first}**",
            "",
            *([f"- {PRACTISED}"] if account.mode is Mode.SANDBOX else []),
            *(f"- {sentence}" for sentence in (*others, *account.course)),
            "",
            *_funnel(stages(account)),
            "",
            *["| | | people or messages |", "|---|---|---:|"],
            *(f"| {a} | {b.replace('|', '/')} | {n:,} |" for a, b, n in _other_rows(account)),
        ]
    )


def _funnel(told: list[Stage]) -> list[str]:
    """A row per stage, a column per channel, and a bar: the stage's share of the audience."""
    channels = list(dict.fromkeys(c for stage in told for c in stage.by_channel))
    head = ["people", "everyone", *map(channel_word, channels), "of the audience"]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 2)}---|"]
    most = max(1.0, told[0].whole.value)
    for stage in told:
        each = [f"{int(f.value):,}" if (f := stage.by_channel.get(c)) else "" for c in channels]
        share = stage.whole.value / most
        bar = f"{'━' * round(BAR * share)} {percent(share)}".strip()
        cells = [stage.label.lower(), f"{int(stage.whole.value):,}", *each, bar]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
