"""The account as one HTML file: nothing in it comes from anywhere else, and no script runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from campaigns.account_page import pictures
from campaigns.account_page.words import (
    APART,
    MISMATCH,
    QUESTIONS,
    agent_word,
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
    why_no_lift,
)
from campaigns.domain import outcome_words
from campaigns.domain.account import Account
from campaigns.domain.channel import PERSONAL_CHANNELS
from campaigns.domain.counting import counted, people
from campaigns.domain.figures import ALL, Answers, Figure
from campaigns.domain.mode import PRACTISED
from campaigns.domain.prices import money
from campaigns.page_templates import page_templates

_HERE = Path(__file__).parent


def render(account: Account) -> str:
    """The page."""
    template = _environment().get_template("page.html")
    return template.render(
        unheard=unheard(account),
        standing=standing(account),
        nobody=nobody(account),
        why_no_lift=why_no_lift(account),
        a=account,
        told=account.answers,
        css=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own
        channels=_channels(account.answers),
        stages=pictures.stages(account),
        charts=pictures.drawn(account),
        moments=pictures.moments(account),
        goal=goal_words(account),
        practised=PRACTISED,
        moment=lambda at: moment(account.here(at)),
        day=lambda at: day(account.here(at)),
    )


def number(figure: Figure, *, cents: bool = False) -> Markup:
    """A figure, with the address of what tells it."""
    said = f"{figure.value:,.2f}" if cents else f"{figure.value:,}"
    return Markup('<data value="{}" data-figure="{}">{}</data>').format(
        figure.value, json.dumps(figure.address, ensure_ascii=False), said
    )


def summed(figures: tuple[Figure, ...], *, cents: bool = False) -> Markup:
    """The sum of several figures, with all their addresses."""
    value = round(sum(f.value for f in figures), 2)
    addresses = json.dumps([f.address for f in figures], ensure_ascii=False)
    said = f"{value:,.2f}" if cents else f"{value:,.0f}"
    return Markup('<data value="{}" data-sum="{}">{}</data>').format(value, addresses, said)


def ratio(over: Figure, under: Figure) -> Markup:
    """One figure over another, as percent; a dash over nought."""
    if not under.value:
        return Markup('<span class="none">–</span>')
    value = over.value / under.value
    addresses = json.dumps([over.address, under.address], ensure_ascii=False)
    said = percent(value)
    return Markup('<data value="{:.6g}" data-ratio="{}">{}</data>').format(value, addresses, said)


def _channels(answers: Answers) -> list[str]:
    """Those with a message of the run, in the vocabulary's order."""
    known = {key[0] for key in answers.keys("funnel")}
    return [c.value for c in PERSONAL_CHANNELS if c.value in known]


def figures(answers: Answers, query: str) -> list[tuple[tuple[str, ...], Mapping[str, Figure]]]:
    """The rows of an answer with the address of each number."""
    answer = answers.by_name.get(query)
    if answer is None:
        return []
    return [
        (key, {column: answer.figure(*key, column=column) for column in numbers})
        for key, numbers in answer.rows.items()
    ]


def brief(answers: Answers, query: str, *key: str, column: str) -> Figure:
    """A figure of an earlier run."""
    return answers.figure(f"{query}@{answers.run.id}", *key, column=column)


def moment(at: datetime) -> str:
    """`1 Mar 2027, 09:30 CET`."""
    return f"{at.day} {at:%b %Y, %H:%M %Z}"


@cache
def _environment() -> Environment:
    env = page_templates(_HERE)
    tools: dict[str, Any] = {
        "number": number,
        "ratio": ratio,
        "summed": summed,
        "figures": figures,
        "brief": brief,
        "percent": percent,
        "skip_word": skip_word,
        "reached": reached,
        "agent_word": agent_word,
        "channel_word": channel_word,
        "outcome_in_words": outcome_words.in_words,
        "fallback_words": fallback_words,
        "in_words": in_words,
        "extra_words": extra_words,
        "verdict": verdict,
        "apart": APART,
        "counted": counted,
        "people": people,
        "proof_words": proof_words,
        "MISMATCH": MISMATCH,
        "QUESTIONS": QUESTIONS,
        "ALL": ALL,
        "money": money,
        "each": lambda amount, people: amount / Decimal(people),
    }
    env.globals.update(tools)
    return env
