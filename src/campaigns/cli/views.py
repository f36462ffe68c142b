"""A customer and a delivery, laid out for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import click

from campaigns.cli.output import console, table
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.views import (
    AddressView,
    CustomerView,
    DeliveryLine,
    DeliveryView,
    InteractionView,
)

#: The timeline shows the newest so many; `--json` has all.
NEWEST = 20


def print_customer(view: CustomerView) -> None:
    """Who it is, where they can be reached, what they permit, what they got and why."""
    out = console()
    name = " ".join(p for p in (view.first_name, view.last_name) if p) or "no name"
    out.print(f"[bold]{view.ref}[/]  {name}")
    out.print(_about(view), style="dim")
    out.print(table("Addresses", ["channel", "address", ""], map(_address, view.addresses)))
    consents = [
        [s.channel.label, f"{s.purpose}: {_topic(s.topic)}", "yes" if s.granted else "no",
         _day(s.at)]
        for s in view.standings
    ]  # fmt: skip
    out.print(table("Consents, as they stand", ["channel", "to", "", "since"], consents))
    messages = [
        [str(d.delivery_id), _campaign(d.campaign, d.edition), _became(d), d.why]
        for d in view.deliveries
    ]
    messages += [["", _campaign(s.campaign, s.edition), "skipped", s.why] for s in view.skips]
    if messages:
        out.print(table("Messages, and why", ["delivery", "campaign", "", "why"], messages))
    else:
        out.print("No message yet: in no run's audience so far.\n")
    shown = view.interactions[:NEWEST]
    out.print(table("History, newest first", ["when", "", "channel", ""], map(_event, shown)))
    if len(view.interactions) > NEWEST:
        out.print(f"… and {len(view.interactions) - NEWEST} older; --json has all.", style="dim")


def print_delivery(view: DeliveryView, parts: Mapping[str, str]) -> None:
    """One message: the facts of its way, then its words."""
    out = console()
    rows = [
        ["customer", view.ref or "the public"],
        ["campaign", f"{_campaign(view.campaign, view.edition)}, run {view.run_id}"],
        ["channel, and why", view.why],
        ["state", _state(view)],
        ["address", view.address or "not written yet"],
        ["provider's id", view.provider_id or view.request_id or "none"],
        ["release", view.release_hash],
        ["message hash", view.message_hash or "not written yet"],
    ]
    if view.doubt is not None and view.doubt.told:
        rows.append(["looked for", f"{view.doubt.told} ({view.doubt.looks}×)"])
    out.print(table(f"Delivery {view.delivery_id}", ["", ""], rows))
    for name, text in parts.items():
        if name != "html":
            out.rule(name, style="dim")
            click.echo(text)
    if "html" in parts:
        out.print("The HTML part is in --json.", style="dim")
    if len(view.chain) > 1:
        hops = [[str(d.delivery_id), d.channel.label, _became(d), d.why] for d in view.chain]
        out.print(table("Channel after channel", ["delivery", "channel", "", "why"], hops))
    if view.audit:
        done = [[_minute(e.at), e.actor, e.did, e.why] for e in view.audit]
        out.print(table("Decided", ["when", "who", "did", "why"], done))
    if view.interactions:
        out.print(table("What happened", ["when", "", "", ""], map(_event, view.interactions)))


def _about(view: CustomerView) -> str:
    prefers = view.preferred_channel.label if view.preferred_channel else "nothing"
    facts = [view.locale, view.country or "no country", view.time_zone or "no time zone"]
    attributes = [f"{k} {v}" for k, v in view.attributes.items() if v is not None]
    uses = [f"{u.channel.label} {u.uses}×" for u in view.uses if u.uses]
    lines = [" · ".join(facts), f"prefers {prefers}; used: {', '.join(uses) or 'nothing yet'}"]
    return "\n".join([*lines, " · ".join(attributes)]).rstrip()


def _address(address: AddressView) -> list[str]:
    note = "" if address.status == "active" else str(address.status)
    if address.suppression:
        note = f"suppressed ({address.suppression.purpose}): {address.suppression.reason}"
    return [address.channel.label, address.address, note]


def _became(line: DeliveryLine) -> str:
    words = [line.state.replace("_", " ")]
    if line.provider_state:
        words.append(str(line.provider_state))
    if line.replaced:
        words.append("replaced")
    if line.no_fallback:
        words.append(f"no other channel: {line.no_fallback}")
    return ", ".join(words)


def _state(view: DeliveryView) -> str:
    words = [view.state.replace("_", " ")]
    if view.provider_state:
        words.append(f"then {view.provider_state}")
    if view.outcome:
        words.append(view.outcome)
    return ", ".join(words)


def _event(event: InteractionView) -> list[str]:
    data = ", ".join(f"{k} {v}" for k, v in event.data.items())
    kind = str(InteractionKind(event.kind)).replace("_", " ")
    if event.agent in (Agent.MACHINE, Agent.SUSPECT):  # no person's, as far as can be told
        kind = f"{kind} ({event.agent})"
    told = data or (event.campaign or "")
    return [_minute(event.at), kind, _channel(event.channel), told]


def _campaign(name: str, edition: str) -> str:
    return f"{name} ({edition})" if edition else name


def _topic(topic: str) -> str:
    return "all topics" if topic == "*" else topic


def _channel(channel: Channel | None) -> str:
    return channel.label if channel else ""


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
