"""Verbs of customers' own pages: by the token of a link, which is all that is needed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from campaigns.bootstrap.app import App
from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.preferences import Choices, Subject, Wording
from campaigns.services import change_preferences as change

#: Who acts on these pages, in the ledger and in the audit trail.
CUSTOMER = "customer"


def unsubscribe_subject(app: App, token: str) -> Subject | None:
    """Whom an unsubscribe link leads to; None for nobody. Changes nothing."""
    delivery_id = app.links.unsubscribed_delivery(token)
    return None if delivery_id is None else app.preferences.subject(delivery_id)


def preferences_subject(app: App, token: str) -> Subject | None:
    """Whom a preference link leads to; None for nobody. Changes nothing."""
    delivery_id = app.links.preferences_delivery(token)
    return None if delivery_id is None else app.preferences.subject(delivery_id)


def unsubscribe(app: App, subject: Subject, wording: Wording | None) -> Subject | None:
    """See services.change_preferences.unsubscribe."""
    return change.unsubscribe(
        app.preferences, subject.delivery_id, wording, now=app.clock.now(), request=_request()
    )


def stop_all(app: App, subject: Subject, wording: Wording) -> Subject | None:
    """See services.change_preferences.stop_all."""
    return change.stop_all(
        app.preferences, subject.delivery_id, wording, now=app.clock.now(), request=_request()
    )


def pause(app: App, subject: Subject) -> Subject | None:
    """See services.change_preferences.pause."""
    return change.pause(
        app.preferences, subject.delivery_id, now=app.clock.now(), request=_request()
    )


def resume(app: App, subject: Subject) -> Subject | None:
    """See services.change_preferences.resume."""
    return change.resume(
        app.preferences, subject.delivery_id, now=app.clock.now(), request=_request()
    )


def save(
    app: App,
    subject: Subject,
    choices: Choices,
    wordings: Mapping[tuple[Channel, str], Wording],
) -> Subject | None:
    """See services.change_preferences.save."""
    return change.save(
        app.preferences,
        subject.delivery_id,
        choices,
        wordings,
        now=app.clock.now(),
        request=_request(),
    )


def known(app: App, subject: Subject) -> dict[str, Any]:
    """Everything known of the customer, as `campaigns export` writes it; the trail tells that it
    was given out. Raises NotFoundError when the customer is erased meanwhile."""
    document = app.profiles.export(subject.customer_id)
    app.audit.append(
        AuditEntry(
            at=app.clock.now(),
            actor=CUSTOMER,
            action=Action.EXPORTED,
            subject=f"customer:{subject.customer_id}",
            why="asked for on their page",
        )
    )
    return document


def _request() -> str:
    return secrets.token_hex(8)
