"""Change preferences: what customers ask for on the pages that links in messages lead to.

The link is the key: whoever has it may do what its page offers, and needs no account or cookie.
Every verb answers with the customer as they are afterwards, or None when the link leads to nobody
(forged, or the customer is erased).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from campaigns.domain import preference_changes as decide
from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.preferences import Changes, Choices, Subject, Wording

#: What the ledger keeps of a mail program's own unsubscribe button: no words of ours were shown.
ONE_CLICK = "one-click unsubscribe (RFC 8058)"


class PreferenceStore(Protocol):
    """Where preferences are kept."""

    def subject(self, delivery_id: int) -> Subject | None:
        """The customer of a delivery; None when there is no such delivery, or nobody any more."""

    def change(
        self,
        delivery_id: int,
        decide: Callable[[Subject], Changes],
        *,
        now: datetime,
        request: str,
    ) -> Subject | None:
        """Write, in one transaction and before any later intent, what `decide` makes of the
        customer as they are now. `request` is unique to this one: two requests are two events."""


def unsubscribe(
    store: PreferenceStore,
    delivery_id: int,
    wording: Wording | None,
    *,
    now: datetime,
    request: str,
) -> Subject | None:
    """End marketing as the message's unsubscribe link promises (preference_changes). `wording`:
    what was shown beside the button; None: the mail program's own (RFC 8058)."""

    def changes(subject: Subject) -> Changes:
        own = f"{ONE_CLICK}, delivery {delivery_id}"
        proof = own if wording is None else wording.proof(delivery_id)
        channels = decide.one_click_channels(subject.via)
        return decide.stop(subject, channels, proof, now=now)

    return store.change(delivery_id, changes, now=now, request=request)


def stop_all(
    store: PreferenceStore, delivery_id: int, wording: Wording, *, now: datetime, request: str
) -> Subject | None:
    """End marketing on every channel."""

    def changes(subject: Subject) -> Changes:
        return decide.stop(subject, PERSONAL_CHANNELS, wording.proof(delivery_id), now=now)

    return store.change(delivery_id, changes, now=now, request=request)


def pause(
    store: PreferenceStore, delivery_id: int, *, now: datetime, request: str
) -> Subject | None:
    """No marketing for 30 days."""
    return store.change(delivery_id, partial(decide.pause, now=now), now=now, request=request)


def resume(
    store: PreferenceStore, delivery_id: int, *, now: datetime, request: str
) -> Subject | None:
    """End the pause."""
    return store.change(delivery_id, decide.resume, now=now, request=request)


def save(
    store: PreferenceStore,
    delivery_id: int,
    choices: Choices,
    wordings: Mapping[tuple[Channel, str], Wording],
    *,
    now: datetime,
    request: str,
) -> Subject | None:
    """Write a submitted form. `wordings`: the words beside each box it offered."""
    proofs = {box: wording.proof(delivery_id) for box, wording in wordings.items()}

    def changes(subject: Subject) -> Changes:
        return decide.save(subject, choices, proofs, now=now)

    return store.change(delivery_id, changes, now=now, request=request)
