"""A customer and a delivery, laid out for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from campaigns.cli.output import console, table
from campaigns.domain.channel import Channel
from campaigns.domain.history import Entry, History, asked_for, data_in_words
from campaigns.domain.identity import Identified
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.moments import by_clock, dated, until
from campaigns.domain.outcome_words import in_words
from campaigns.domain.views import (
    AddressView,
    CustomerView,
    DeliveryLine,
    DeliveryView,
    InteractionView,
)

#: The timeline shows the newest so many; `--json` has all.
NEWEST = 20
_CLOCK = "Times are by the clock of {}."


def _print_customer(view: CustomerView) -> None:
    """Who it is, where they can be reached, what they permit, what they got and why."""
    out = console()
    name = " ".join(p for p in (view.first_name, view.last_name) if p) or "no name"
    out.print(f"[bold]{view.ref}[/]  {name}")
    out.print(_about(view), style="dim")
    out.print(table("Addresses", ["channel", "address", ""], map(_address, view.addresses)))
    consents = [
        [s.channel.label, f"{s.purpose}: {_topic(s.topic)}", "yes" if s.granted else "no",
         _day(s.at)]
        for s in view.in_force
    ]  # fmt: skip
    out.print(table("Consents, as they stand", ["channel", "to", "", "since"], consents))
    messages = [
        [str(d.delivery_id), _campaign(d.campaign, d.edition, d.step), _became(d), d.why]
        for d in view.deliveries
    ]
    messages += [
        ["", _campaign(s.campaign, s.edition), f"skipped by run {s.run_id}", s.why]
        for s in view.skips
    ]
    if messages:
        out.print(table("Messages, and why", ["delivery", "campaign", "", "why"], messages))
    else:
        out.print("No message yet: in no run's audience so far.\n")
    proofs = [
        [_day(c.at), c.channel.label, "yes" if c.granted else "no", f"{c.proof} ({c.source})"]
        for c in view.consents
    ]
    if proofs:
        out.print(table("Proof of consents", ["when", "channel", "", "proof"], proofs))


def print_history(told: History, now: datetime, home: ZoneInfo) -> None:
    """The customer, what they were promised and still hold, and what was said, in which words;
    moments by the clock of `home`."""
    told = by_clock(told, home)
    _print_customer(told.customer)
    out = console()
    if asked := asked_for(told.preferences, now):
        out.print(table("Asked for", [""], ([line] for line in asked)))
    _print_identified(told.identified)
    if told.best_hour:
        out.print(f"Answers at: {told.best_hour.in_words}, by their own clock.\n")
    for offer in told.offers:
        ends = f"until {until(offer.ends_at)}" if offer.ends_at else "without an end"
        out.print(table(f"Open offer: {offer.title}, {ends}", ["", ""], map(list, offer.facts)))
    out.print("[bold]History, newest first[/]")
    for entry in told.timeline[:NEWEST]:
        out.print(_moment(entry), markup=False)
        for name, text in entry.words.items():
            if name != "html":
                out.print(_indented(text), style="dim", markup=False)
        if entry.proven is False:
            out.print("    Not what was said: its hash differs.", style="red")
    if len(told.timeline) > NEWEST:
        out.print(f"… and {len(told.timeline) - NEWEST} older; --json has all.", style="dim")
    if told.audit:
        done = [[_minute(e.at), e.actor, str(e.action), e.why] for e in told.audit]
        out.print(table("Who did what", ["when", "who", "", "why"], done))
    out.print(_CLOCK.format(home), style="dim")


def _print_identified(told: Identified) -> None:
    """What finds the customer beside what is on the profile, and who else they may be."""
    out = console()
    rows = [
        [str(i.kind), i.value or "kept as a hash", _day(i.since), "now" if i.present else i.source]
        for i in told.identities
    ]
    out.print(table("Found by", ["", "", "since", "from"], rows))
    for merge in told.merged:
        was = f"{merge.merged or 'erased'} (number {merge.customer_ids[1]})"
        why = f": {merge.why}" if merge.why else ""
        out.print(f"Merge {merge.merge_id}, {_day(merge.at)}, by {merge.by}: was {was}{why}")
    for match in told.matches:
        pair = " and ".join(match.refs)
        out.print(f"Match {match.match_id} waits for a person: {pair}, {match.evidence}")


def _moment(entry: Entry) -> str:
    kind = str(entry.kind).replace("_", " ")
    if entry.agent in (Agent.MACHINE, Agent.SUSPECT):  # no person's, as far as can be told
        kind = f"{kind} ({entry.agent})"
    where = f" on {entry.channel.label}" if entry.channel else ""
    campaign = entry.campaign or entry.data.get("campaign")
    about = f", {campaign}" if campaign else ""
    flags = [name for name in ("unclear", "everywhere", "automatic") if entry.data.get(name)]
    if wish := entry.data.get("wish"):
        flags.append(f"reads as: {wish}")
    said = [f"{name}: {value}" for name, value in data_in_words(entry.data)]
    data = "".join(f", {text}" for text in [*flags, *said])
    by = f", by {entry.by}" if entry.by else ""
    why = f": {entry.why}" if entry.why else ""
    return f"{_minute(entry.at)}  {kind}{where}{about}{by}{data}{why}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines())


def print_delivery(view: DeliveryView, parts: Mapping[str, str], home: ZoneInfo) -> None:
    """One message: the facts of its way, then its words; moments by the clock of `home`."""
    view = by_clock(view, home)
    out = console()
    rows = [
        ["customer", view.ref or "the public"],
        ["campaign", f"{_campaign(view.campaign, view.edition)}, run {view.run_id}"],
        ["channel, and why", view.why],
        ["state", _state(view)],
        ["address", view.address or "not written yet"],
        ["provider's id", _provider_id(view)],
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
    if view.audit or view.interactions:
        out.print(_CLOCK.format(home), style="dim")


def _about(view: CustomerView) -> str:
    prefers = ", then ".join(c.label for c in view.stated) or "no channel"
    facts = [view.locale, view.country or "no country", view.time_zone or "no time zone"]
    yes_or_no = {True: "yes", False: "no"}
    attributes = [
        f"{k} {yes_or_no[v] if isinstance(v, bool) else v}"
        for k, v in view.attributes.items()
        if v is not None
    ]
    lines = [" · ".join(facts), f"asked for {prefers}; learnt: {learnt(view)}"]
    return "\n".join([*lines, " · ".join(attributes)]).rstrip()


def learnt(view: CustomerView) -> str:
    """`SMS: 3 replies in 5 messages; e-mail: 0 of 9`, the best first, or that it is nothing yet."""
    known = sorted((u for u in view.uses if u.messages or u.answers), key=lambda u: -u.expected)
    return "; ".join(u.in_words for u in known) or "nothing yet"


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


def _provider_id(view: DeliveryView) -> str:
    """The message's own; else, of one that was told none, that of the request it was in."""
    if view.provider_id or not view.request_id:
        return view.provider_id or "none"
    return f"none; its request's: {view.request_id}"


def _state(view: DeliveryView) -> str:
    words = [view.state.replace("_", " ")]
    if view.settled_at:
        words[0] += f" on {dated(view.settled_at)}"
    if view.provider_state:
        words.append(f"then {view.provider_state}")
    if view.outcome:
        words.append(in_words(view.outcome))
    return ", ".join(words)


def _event(event: InteractionView) -> list[str]:
    data = ", ".join(f"{k} {v}" for k, v in event.data.items())
    kind = str(InteractionKind(event.kind)).replace("_", " ")
    if event.agent in (Agent.MACHINE, Agent.SUSPECT):  # no person's, as far as can be told
        kind = f"{kind} ({event.agent})"
    told = data or (event.campaign or "")
    return [_minute(event.at), kind, _channel(event.channel), told]


def _campaign(name: str, edition: str, step: str | None = None) -> str:
    named = f"{name} ({edition})" if edition else name
    return f"{named}, step {step}" if step else named


def _topic(topic: str) -> str:
    return "all topics" if topic == "*" else topic


def _channel(channel: Channel | None) -> str:
    return channel.label if channel else ""


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
