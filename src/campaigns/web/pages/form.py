"""Reading the form of the preference page, and what it shows: pure, and strict about what comes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.preferences import MOST_WEEKLY, Choices, Reach, Subject

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::00)?")
_MOST_FIELDS = 200
_CHANNELS = {str(c): c for c in PERSONAL_CHANNELS}

Box = tuple[Channel, str]


class BadFormError(ValueError):
    """This is no form of ours: nothing is changed by it."""


@dataclass(frozen=True, slots=True)
class Form:
    """A submitted form: what it says, and the quiet hours as they were written."""

    choices: Choices
    quiet: tuple[str, str]
    quiet_is_wrong: bool = False


def boxes(subject: Subject, topics: Sequence[str]) -> list[tuple[Reach, list[Box]]]:
    """Each channel that has an address, with a box for each topic."""
    shown = [r for r in subject.reaches if r.address]
    return [(r, [(r.channel, t) for t in topics] if r.usable else []) for r in shown]


def current(subject: Subject, topics: Sequence[str], locale: str) -> Form:
    """The form as it stands for a customer."""
    offered = [box for _, of_channel in boxes(subject, topics) for box in of_channel]
    by_channel = {r.channel: r for r in subject.reaches}
    asked = subject.preferences
    choices = Choices(
        locale=locale,
        order=subject.order,
        offered=frozenset(offered),
        wanted=frozenset(b for b in offered if by_channel[b[0]].gets(b[1])),
        quiet_from=asked.quiet_from,
        quiet_until=asked.quiet_until,
        weekly_most=asked.weekly_most,
    )
    return Form(choices, (clock(asked.quiet_from), clock(asked.quiet_until)))


def read(
    body: bytes, subject: Subject, topics: Sequence[str], locales: Sequence[str], shown: str
) -> Form:
    """A submitted form. `shown` is the locale that the page was offered in: to send it back is to
    leave the language as it is. Raises BadFormError."""
    fields = _fields(body)
    known = {box for _, of_channel in boxes(subject, topics) for box in of_channel}
    offered = known & {box for text in fields.get("shown", "").split() if (box := _box(text))}
    if "shown" not in fields or "locale" not in fields:
        raise BadFormError("no form of ours")
    locale = fields["locale"]
    if locale not in locales:
        raise BadFormError("no language of ours")
    quiet = (fields.get("quiet_from", "").strip(), fields.get("quiet_until", "").strip())
    minutes = [_minutes(text) for text in quiet]
    wrong = quiet != ("", "") and (None in minutes or minutes[0] == minutes[1])
    choices = Choices(
        locale=subject.locale if locale == shown else locale,
        order=_order(fields, subject),
        offered=frozenset(offered),
        wanted=frozenset(b for b in offered if f"to:{b[0]}:{b[1]}" in fields),
        quiet_from=minutes[0],
        quiet_until=minutes[1],
        weekly_most=_number(fields.get("weekly", ""), MOST_WEEKLY),
    )
    return Form(choices, quiet, wrong)


def _fields(body: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=False,
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise BadFormError("no form of ours") from error
    return dict(pairs)


def _box(text: str) -> Box | None:
    channel, _, topic = text.partition(":")
    return (_CHANNELS[channel], topic) if channel in _CHANNELS else None


def _order(fields: Mapping[str, str], subject: Subject) -> tuple[Channel, ...]:
    """Channels by the number each was given; of two with the same, the one that came first
    before. A channel that the form did not ask about keeps its place behind them."""
    names = [c for c in PERSONAL_CHANNELS if f"order:{c}" in fields]
    if not names:
        return subject.order
    before = {c: n for n, c in enumerate(subject.order)}
    given = [(n, c) for c in names if (n := _number(fields[f"order:{c}"], len(_CHANNELS)))]
    ranked = sorted(given, key=lambda item: (item[0], before.get(item[1], len(before))))
    rest = [c for c in subject.order if c not in names] if ranked else []
    return (*(c for _, c in ranked), *rest)


def _number(text: str, most: int) -> int | None:
    return int(text) if text in map(str, range(1, most + 1)) else None


def _minutes(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    return int(found[1]) * 60 + int(found[2]) if found else None


def clock(minutes: int | None) -> str:
    """`21:30`, as the form's time fields have it; empty for none."""
    return "" if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"
