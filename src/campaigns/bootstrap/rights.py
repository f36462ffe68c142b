"""Verbs about customers' rights: erase one, and keep the past no longer than the brand says."""

from __future__ import annotations

from campaigns.bootstrap.app import App
from campaigns.services import erase as erasing
from campaigns.services.retain import Deleted, retain
from campaigns.sources.refusal_file import ReportFolder


def erase(app: App, customer_id: int, *, by: str, why: str) -> int:
    """Erase a customer; how many lines of import reports went with them. Raises NotFoundError."""
    return erasing.erase(
        app.erasure, _reports(app), customer_id, by=by, why=why, now=app.clock.now()
    )


def delete_the_past(app: App) -> Deleted:
    """What `retention` in brand.yaml keeps no longer."""
    rule = app.catalog.brand().retention
    return retain(app.retention, _reports(app), rule, now=app.clock.now())


def _reports(app: App) -> ReportFolder:
    return ReportFolder(app.settings.home / "reports")
