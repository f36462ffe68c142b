"""The whole history of one customer: what happened on every channel, in which words, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from campaigns.bootstrap.app import App
from campaigns.bootstrap.proof import made_again
from campaigns.domain.answer import Answer
from campaigns.domain.audit import Action
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.history import Entry, History, Offer, side_of
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.message import Skeleton
from campaigns.domain.release import Release
from campaigns.domain.views import CustomerView, InteractionView
from campaigns.services.links import without_keys
from campaigns.store.answers import SqlAnswers
from campaigns.store.hours import SqlHours
from campaigns.store.identified import read_identified
from campaigns.store.inbox import subject_of
from campaigns.store.preferences import read_preferences

#: Messages made again for one look; older ones are told without their words (`campaigns
#: reproduce` has them).
MOST_WORDS = 100


def history(app: App, customer_id: int) -> History:
    """Everything about one customer. Raises NotFoundError.

    For staff: the links of messages do not open, and who else looked is in the audit trail alone.
    """
    customer = app.profiles.show(customer_id)
    answers = SqlAnswers(app.database).of(customer_id)
    with app.database.read() as connection:
        preferences = read_preferences(connection, customer_id)
        identified = read_identified(connection, [customer_id])[customer_id]
    reader = _Reader(app, {d.delivery_id: d.why for d in customer.deliveries}, answers)
    return History(
        customer=customer,
        preferences=preferences,
        timeline=tuple(reader.entry(event) for event in customer.interactions),
        offers=_offers(reader, customer),
        answers=tuple(answers),
        audit=tuple(app.audit.entries(subject_of(customer_id), but=(Action.LOOKED,))),
        best_hour=SqlHours(app.database).of(customer_id),
        identified=identified,
    )


def look(app: App, customer_id: int, *, by: str) -> History:
    """The same, and that this person looked goes into the audit trail. Raises NotFoundError."""
    told = history(app, customer_id)
    app.audit.look(subject_of(customer_id), by=by, now=app.clock.now())
    return told


def look_at_message(app: App, delivery_id: int, *, by: str) -> dict[str, str]:
    """One message as its customer has it, but its links; and that this person looked. Raises
    NotFoundError."""
    customer_id = app.profiles.delivery(delivery_id).customer_id
    if customer_id:  # not the public post
        app.audit.look(subject_of(customer_id), by=by, now=app.clock.now())
    return {name: without_keys(part) for name, part in app.message(delivery_id).items()}


@dataclass
class _Reader:
    """Makes messages again; each release and skeleton is loaded once."""

    app: App
    why: Mapping[int, str]
    answers: Sequence[Answer]
    releases: dict[str, Release] = field(default_factory=dict)
    skeletons: dict[int, Skeleton] = field(default_factory=dict)
    made: int = 0

    def release(self, hash_: str) -> Release:
        """A release, loaded once."""
        if hash_ not in self.releases:
            self.releases[hash_] = self.app.releases.load(hash_)
        return self.releases[hash_]

    def entry(self, event: InteractionView) -> Entry:
        """One moment with its words."""
        words, proven = self._words(event)
        sent = event.kind is InteractionKind.SENT and event.delivery_id is not None
        return Entry(
            at=event.at,
            kind=event.kind,
            side=side_of(event.kind),
            channel=event.channel,
            campaign=event.campaign,
            delivery_id=event.delivery_id,
            words=words,
            proven=proven,
            why=self.why.get(event.delivery_id) if sent and event.delivery_id else None,
            by=self._by(event),
            agent=event.agent,
            data={k: v for k, v in event.data.items() if k not in ("text", "subject")},
        )

    def _words(self, event: InteractionView) -> tuple[Mapping[str, str], bool | None]:
        if event.kind is not InteractionKind.SENT or event.delivery_id is None:
            said = {name: event.data.get(name) for name in ("subject", "text")}
            return {name: text for name, text in said.items() if isinstance(text, str)}, None
        if self.made >= MOST_WORDS:
            return {}, None
        self.made += 1
        view = self.app.profiles.delivery(event.delivery_id)
        if view.values is None or view.message_hash is None:
            return {}, None
        if view.skeleton_id not in self.skeletons:
            self.skeletons[view.skeleton_id] = self.app.releases.skeleton(view.skeleton_id)
        made = made_again(view, self.skeletons[view.skeleton_id], self.release(view.release_hash))
        return {name: without_keys(part) for name, part in made.parts.items()}, made.proven

    def _by(self, event: InteractionView) -> str | None:
        """Who answered: told by the audit trail's own table, never by the customer's data."""
        if event.kind is not InteractionKind.ANSWERED:
            return None
        found = [a for a in self.answers if a.settled_at == event.at and a.channel == event.channel]
        return found[0].by if found else None


def _offers(reader: _Reader, customer: CustomerView) -> tuple[Offer, ...]:
    """Live campaigns that the customer was told of, with their facts in their language."""
    now = reader.app.clock.now()
    offers: dict[str, Offer] = {}
    for delivery in customer.deliveries:
        if delivery.state is not DeliveryState.ACCEPTED or delivery.campaign in offers:
            continue
        release = reader.release(reader.app.runs.get(delivery.run_id).release_hash)
        ends = release.policy.expires_at
        if release.policy.purpose is not Purpose.MARKETING or (ends is not None and ends <= now):
            continue
        offers[delivery.campaign] = Offer(
            delivery.campaign, release.title, ends, _facts(release, customer.locale)
        )
    return tuple(offers.values())


def _facts(release: Release, locale: str) -> tuple[tuple[str, str], ...]:
    """As written in the customer's language, else in the one that the post has."""
    rows = []
    for name, written in release.facts.items():
        language = locale.partition("_")[0]
        near = next((w for known, w in written.items() if known.startswith(language)), None)
        text = written.get(locale) or near or written.get(release.policy.post_locale)
        if text is not None:
            rows.append((name, text))
    return tuple(rows)
