"""What a request on a customer's own page changes: decided here, written by the store.

Rule sources: GDPR art. 7 (proof; as easy to withdraw as to give) and 21 (objection to marketing),
LSSI art. 22, RFC 8058. Only the customer's own word lifts the customer's own no (consent.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import ALL_TOPICS, Consent, ConsentSource, Purpose, Standing
from campaigns.domain.customer import AttributeValue
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.preferences import PAUSE, Changes, Choices, Event, Preferences, Reach, Subject

_TICK = timedelta(milliseconds=1)  # the ledger's own
_SAME_PAUSE = timedelta(days=1)

# A no to everything --------------------------------------------------------------------------


def stop(subject: Subject, channels: Sequence[Channel], proof: str, *, now: datetime) -> Changes:
    """No marketing on these channels any more. Asking again changes nothing."""
    shut = [r for r in subject.reaches if r.channel in channels and not r.said_no]
    missing = [c for c in channels if c is subject.via and c not in _channels(subject.reaches)]
    keys = {r.address_key for r in subject.reaches if r.channel in channels and not r.suppressed}
    keys.discard("")
    if subject.via in channels and subject.sent_to_key is not None:
        keys.add(subject.sent_to_key)
    entries = [_no(r.channel, ALL_TOPICS, proof, _after(r.standings, now)) for r in shut]
    entries += [_no(c, ALL_TOPICS, proof, now) for c in missing]
    events = [Event(InteractionKind.UNSUBSCRIBED, e.channel, {}) for e in entries]
    return Changes(consents=tuple(entries), suppress=frozenset(keys), events=tuple(events))


def one_click_channels(via: Channel) -> tuple[Channel, ...]:
    """What an unsubscribe link ends: all marketing e-mail; in a text, SMS and WhatsApp of that
    number, as STOP does (rules.md, scope of an opt-out)."""
    return tuple(c for c in PERSONAL_CHANNELS if c.address_kind is via.address_kind)


# Pause ---------------------------------------------------------------------------------------


def pause(subject: Subject, *, now: datetime) -> Changes:
    """No marketing for 30 days from now. Asking twice the same day changes nothing."""
    until, before = now + PAUSE, subject.preferences.paused_until
    if before is not None and until - before < _SAME_PAUSE:
        return Changes()
    event = Event(InteractionKind.PREFERENCE_CHANGED, None, {"paused_until": until.isoformat()})
    return Changes(preferences=replace(subject.preferences, paused_until=until), events=(event,))


def resume(subject: Subject) -> Changes:
    """The pause ends now."""
    if subject.preferences.paused_until is None:
        return Changes()
    event = Event(InteractionKind.PREFERENCE_CHANGED, None, {"paused_until": None})
    return Changes(preferences=replace(subject.preferences, paused_until=None), events=(event,))


# The form ------------------------------------------------------------------------------------


def save(
    subject: Subject,
    choices: Choices,
    proofs: Mapping[tuple[Channel, str], str],
    *,
    now: datetime,
) -> Changes:
    """What a submitted form changes. `proofs`: the words beside each box.

    A box that stays as it was writes nothing, and topics that the form did not show stay as they
    are: nobody's consent grows by saving.
    """
    lift = _lifted(subject, choices)
    entries: list[Consent] = []
    events: list[Event] = []
    for reach in subject.reaches:
        said = _consents(reach, choices, proofs, now, lifted=reach.address_key in lift)
        if said:
            entries += said
            events.append(_consent_event(reach, said, choices))
    wanted = _asked(subject, choices)
    changed = wanted != subject.preferences
    locale = choices.locale if choices.locale != subject.locale else None
    events += _other_events(subject, choices, wanted, locale)
    return Changes(
        consents=tuple(entries),
        lift=frozenset(lift),
        locale=locale,
        order=None if choices.order == subject.order else choices.order,
        preferences=wanted if changed else None,
        events=tuple(events),
    )


def _lifted(subject: Subject, choices: Choices) -> set[str]:
    """Barred addresses on which the customer now asks for something in person."""
    asked = {channel for channel, _ in choices.wanted & choices.offered}
    return {
        r.address_key for r in subject.reaches if r.suppressed and r.usable and r.channel in asked
    }


def _consents(
    reach: Reach,
    choices: Choices,
    proofs: Mapping[tuple[Channel, str], str],
    now: datetime,
    *,
    lifted: bool,
) -> list[Consent]:
    """Entries for one channel, each later than what it has to stand over."""
    boxes = sorted(topic for channel, topic in choices.offered if channel is reach.channel)
    ticked = {t for t in boxes if (reach.channel, t) in choices.wanted}
    at = _after(reach.standings, now)
    if lifted:
        # What the suppression held back must not come back with it: all is a no but the ticked.
        shut = [_no(reach.channel, ALL_TOPICS, _any(proofs, reach.channel), at)]
        at += _TICK
        return shut + [_yes(reach.channel, t, proofs[reach.channel, t], at) for t in sorted(ticked)]
    entries = []
    for topic in boxes:
        proof = proofs[reach.channel, topic]
        if topic in ticked and not reach.gets(topic) and reach.usable:
            entries.append(_yes(reach.channel, topic, proof, at))
        elif topic not in ticked and reach.gets(topic):
            entries.append(_no(reach.channel, topic, proof, at))
    return entries


def _any(proofs: Mapping[tuple[Channel, str], str], channel: Channel) -> str:
    return next(proof for (c, _), proof in sorted(proofs.items()) if c is channel)


def _consent_event(reach: Reach, said: Sequence[Consent], choices: Choices) -> Event:
    """Gone quiet, come back, or something in between."""
    before = any(reach.gets(t) for c, t in choices.offered if c is reach.channel)
    after = any(c is reach.channel for c, _ in choices.wanted & choices.offered)
    kind = InteractionKind.PREFERENCE_CHANGED
    if before and not after:
        kind = InteractionKind.UNSUBSCRIBED
    elif after and not before and (reach.suppressed or not all(s.granted for s in reach.standings)):
        kind = InteractionKind.RESUBSCRIBED
    return Event(kind, reach.channel, {c.topic: c.granted for c in said})


def _asked(subject: Subject, choices: Choices) -> Preferences:
    known = subject.preferences
    return replace(
        known,
        channels=known.channels if choices.order == subject.order else choices.order,
        quiet_from=choices.quiet_from,
        quiet_until=choices.quiet_until,
        weekly_most=choices.weekly_most,
    )


def _other_events(
    subject: Subject, choices: Choices, wanted: Preferences, locale: str | None
) -> Iterable[Event]:
    known = subject.preferences
    told: list[dict[str, AttributeValue]] = []
    if locale is not None:
        told.append({"locale": locale})
    if choices.order != subject.order:
        told.append({"channels": ",".join(choices.order)})
    if (wanted.quiet_from, wanted.quiet_until) != (known.quiet_from, known.quiet_until):
        told.append({"quiet_from": wanted.quiet_from, "quiet_until": wanted.quiet_until})
    if wanted.weekly_most != known.weekly_most:
        told.append({"weekly_most": wanted.weekly_most})
    return [Event(InteractionKind.PREFERENCE_CHANGED, None, data) for data in told]


def _after(standings: Sequence[Standing], now: datetime) -> datetime:
    """Now, or just after the newest entry where that is dated later: a later word counts later."""
    return max([now, *(s.at + _TICK for s in standings)])


def _yes(channel: Channel, topic: str, proof: str, at: datetime) -> Consent:
    return _entry(channel, topic, proof, at, granted=True)


def _no(channel: Channel, topic: str, proof: str, at: datetime) -> Consent:
    return _entry(channel, topic, proof, at, granted=False)


def _entry(channel: Channel, topic: str, proof: str, at: datetime, *, granted: bool) -> Consent:
    return Consent(
        channel=channel,
        purpose=Purpose.MARKETING,
        topic=topic,
        granted=granted,
        at=at,
        source=ConsentSource.CUSTOMER,
        proof=proof,
        actor="customer",
    )


def _channels(reaches: Sequence[Reach]) -> set[Channel]:
    return {r.channel for r in reaches}
