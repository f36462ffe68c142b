"""A customer's message as an event: what it asks for becomes the event's kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.opt_out import Reading, Wish, read_reply
from campaigns.domain.provider_event import ProviderEvent

_K = InteractionKind
_SAID = frozenset({_K.REPLIED, _K.UNSUBSCRIBED, _K.RESUBSCRIBED})
_LONGEST_KEY = 80


def read_event(event: ProviderEvent) -> list[ProviderEvent]:
    """The event as read (domain.opt_out), for whatever channel it came by.

    An opt-out is `unsubscribed` and an opt-in `resubscribed`, each with its words. An unclear one
    and one that asks to be erased stay replies, which go to a person, and suppress by an
    `unsubscribed` beside them. `data` gets `wish` (help, unclear, erasure), and `everywhere` where
    the customer said 'all' or asks to be erased.
    """
    text = event.data.get("text")
    if event.kind not in _SAID or not isinstance(text, str):
        return [event]
    subject = event.data.get("subject")
    reading = read_reply(
        text,
        subject=subject if isinstance(subject, str) else "",
        automatic=event.agent is Agent.MACHINE,
    )
    if event.kind is not _K.REPLIED:  # the provider has read it
        return [_everywhere(event, reading)]
    return _AS[reading.wish](event, reading)


def _everywhere(event: ProviderEvent, reading: Reading) -> ProviderEvent:
    if not reading.everywhere:
        return event
    return replace(event, data={**event.data, "everywhere": True})


def _for_a_person(event: ProviderEvent, reading: Reading) -> list[ProviderEvent]:
    reply = replace(event, data={**event.data, "wish": str(reading.wish)})
    ending = ":optout"
    no = ProviderEvent(
        key=event.key[: _LONGEST_KEY - len(ending)] + ending,
        kind=_K.UNSUBSCRIBED,
        at=event.at,
        channel=event.channel,
        provider_id=event.provider_id,
        address=event.address,
        data={"unclear": True} if reading.wish is Wish.UNCLEAR else {},
    )
    return [reply, _everywhere(no, reading)]


_AS: dict[Wish, Callable[[ProviderEvent, Reading], list[ProviderEvent]]] = {
    Wish.OPT_OUT: lambda e, reading: [_everywhere(replace(e, kind=_K.UNSUBSCRIBED), reading)],
    Wish.OPT_IN: lambda e, _: [replace(e, kind=_K.RESUBSCRIBED)],
    Wish.UNCLEAR: _for_a_person,
    Wish.ERASURE: _for_a_person,
    Wish.HELP: lambda e, _: [replace(e, data={**e.data, "wish": "help"})],
    Wish.AUTOMATIC: lambda e, _: [replace(e, agent=Agent.MACHINE)],
    Wish.OTHER: lambda e, _: [e],
}
