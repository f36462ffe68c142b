"""A few customers to show: what they received according to the provider's log, and why there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from campaigns.bootstrap import App
from campaigns.domain.channel import Channel
from campaigns.errors import NotFoundError
from campaigns.sandbox.log import Entry, SandboxLog

#: The channels in the order they are shown, the one that everybody knows last.
ORDER = (Channel.X_DM, Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)
#: So many messages of a channel are looked at for one that shows something new.
LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Example:
    """One customer's message. `arrived` is the provider's log, `stored` what the outbox keeps."""

    name: str
    about: str
    locale: str
    rule: str
    why: str
    subject: str | None
    arrived: str
    stored: str


def examples(app: App, log: SandboxLog, count: int) -> list[Example]:
    """Customers on different channels, in different languages and for different reasons if any
    such were sent to."""
    chosen: list[Example] = []
    for channel in ORDER:
        if len(chosen) == count:
            break
        found = list(_of_channel(app, log, channel))
        found.sort(key=lambda e: _news(e, chosen))
        chosen += found[:1]
    return chosen


def _news(example: Example, chosen: list[Example]) -> tuple[bool, bool]:
    """What shows something new sorts first."""
    return (
        example.rule in {c.rule for c in chosen},
        example.locale in {c.locale for c in chosen},
    )


def _of_channel(app: App, log: SandboxLog, channel: Channel) -> Iterator[Example]:
    for entry in islice(log.entries(channel=channel), LOOKED_AT):
        with suppress(NotFoundError):  # a phone that two customers share names neither
            yield _example(app, log, entry)


def _example(app: App, log: SandboxLog, entry: Entry) -> Example:
    """The log knows an address; the profile behind it knows which delivery it got and why."""
    customer = app.profiles.show(app.profiles.find(entry.recipient or ""))
    delivery = next(d for d in customer.deliveries if d.channel == entry.channel)
    seen = log.seen(entry)
    parts = app.message(delivery.delivery_id)
    name = " ".join(part for part in (customer.first_name, customer.last_name) if part)
    return Example(
        name=name or customer.ref,
        about=f"{customer.ref}, {customer.locale}, {customer.country}",
        locale=customer.locale,
        rule=re.split("[:|]", delivery.reason)[0],
        why=delivery.why,
        subject=seen.subject,
        arrived=seen.text,
        stored=parts.get("body") or parts["text"],
    )
