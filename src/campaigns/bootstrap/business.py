"""Verbs for the rest of the business: its events, its keys, and what its web site may say."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import structlog

from campaigns.bootstrap.app import App
from campaigns.domain.api_key import PREFIX, ApiKey, Scope, hash_of
from campaigns.domain.business_event import MOST_EVENTS, EventResult, Result, is_source
from campaigns.domain.facts import Fact
from campaigns.domain.intake import RefusedRow
from campaigns.domain.message import fill, message_hash
from campaigns.domain.onsite import Told, may_still_be_told
from campaigns.domain.release import Release
from campaigns.errors import NotFoundError, UserError
from campaigns.services.record_business_events import record_business_events

_log = structlog.get_logger("campaigns.business")

#: Field → its value as JSON.
Said: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What became of a file's rows; `report` is the file of the refused ones."""

    accepted: int
    duplicate: int
    waiting: int
    refused: int
    report: Path | None


def record_events(app: App, source: str, told: Sequence[object]) -> list[EventResult]:
    """What became of each event; what is accepted is on disk. Raises DatabaseError."""
    return record_business_events(told, source, app.business_events, now=app.clock.now())


def import_events(
    app: App,
    path: Path,
    source: str,
    *,
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> EventsReport:
    """Bring a CSV or Parquet file of events in. Raises FileError for a file that is none, and
    UserError for a source that is none."""
    from campaigns.sources.event_table import open_events
    from campaigns.sources.refusal_file import RefusalFile

    _require_source(source)
    counts: Counter[Result] = Counter()
    now = app.clock.now()
    refusals = app.settings.home / "reports" / f"{path.stem}-{now:%Y%m%d-%H%M%S}-refused.csv"
    with RefusalFile(refusals) as file:
        for unreadable, rows in open_events(path, encoding).batches(MOST_EVENTS):
            for row in unreadable:
                file.refused(row)
            results = record_events(app, source, [raw for _, raw in rows])
            for (line, _), result in zip(rows, results, strict=True):
                if result.reason is not None:
                    file.refused(RefusedRow(line, result.reason, "id", result.id or ""))
            counts.update(r.result for r in results)
            counts[Result.REFUSED] += len(unreadable)
            if progress:
                progress(counts.total())
        written = file.path
    return EventsReport(
        counts[Result.ACCEPTED],
        counts[Result.DUPLICATE],
        counts[Result.WAITING],
        counts[Result.REFUSED],
        written,
    )


def create_key(app: App, source: str, scopes: Collection[Scope], *, by: str) -> tuple[int, str]:
    """A new key: its number and its secret, which is told this once. Raises UserError."""
    _require_source(source)
    if not by.strip():
        raise UserError("say who makes the key: --by NAME.")
    secret = PREFIX + secrets.token_urlsafe(32)
    now = app.clock.now()
    return app.api_keys.create(hash_of(secret), source, scopes, by=by, now=now), secret


def find_key(app: App, secret: str) -> ApiKey | None:
    """The key with this secret, unless it is revoked or none of ours."""
    return app.api_keys.find(hash_of(secret)) if secret.startswith(PREFIX) else None


def _require_source(source: str) -> None:
    if not is_source(source):
        raise UserError(
            f"`{source}` cannot name a source: small letters, digits, - and _, 20 at the most, a "
            "letter first, such as `till` or `web-shop`."
        )


def customer_messages(app: App, ref: str) -> list[Said]:
    """What this customer was told by campaigns that are still on, and may still be told.

    Raises NotFoundError.
    """
    now = app.clock.now()
    customer_id = app.onsite.customer(ref)
    said = []
    for told in app.onsite.told(customer_id, now=now):
        release = app.releases.load(told.release_hash)
        profile = app.onsite.profile(customer_id, release, now=now)
        if profile is None or not may_still_be_told(profile, told.channel, release.policy):
            continue
        if (message := _said(app, told, release)) is not None:
            said.append(message)
    return said


def see_message(app: App, ref: str, delivery_id: int, source: str) -> bool:
    """Note that a source showed this customer a message; False when it had said so before.

    Raises NotFoundError for a message that is not theirs or no longer current.
    """
    now = app.clock.now()
    customer_id = app.onsite.customer(ref)
    if all(told.delivery_id != delivery_id for told in app.onsite.told(customer_id, now=now)):
        raise NotFoundError("this customer has no such current message.")
    return app.onsite.see(customer_id, delivery_id, source, now=now)


def _said(app: App, told: Told, release: Release) -> Said | None:
    """The message, word for word; None where the stored hash does not prove it."""
    skeleton = app.releases.skeleton(told.skeleton_id)
    if message_hash(skeleton.hash, told.values) != told.message_hash:
        _log.error("message_unproven", delivery=told.delivery_id)
        return None
    return {
        "id": told.delivery_id,
        "campaign": told.campaign,
        "edition": told.edition,
        "title": release.title,
        "release": told.release_hash,
        "channel": told.channel,
        "locale": skeleton.locale,
        "told_at": told.at,
        "expires_at": told.expires_at,
        "seen_at": told.seen_at,
        "parts": fill(skeleton, told.values),
        "facts": _facts(release, skeleton.locale),
    }


def _facts(release: Release, locale: str) -> dict[str, Said]:
    """Each fact as a value for programs, and as the message writes it."""
    given = release.source(release.campaign_file).get("facts", {})
    facts: dict[str, Said] = {}
    for name, written in release.facts.items():
        fact = Fact.model_validate(given[name]) if name in given else None
        typed = fact.model_dump(mode="json", by_alias=True, exclude_unset=True) if fact else {}
        kind = fact.kind if fact else "text"
        text = written.get(locale, "")
        value = text if kind == "text" else typed[kind]
        facts[name] = {"kind": kind, "value": value, "written": text}
    return facts
