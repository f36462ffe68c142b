"""Verbs about customers' rights: erase one, and keep the past no longer than the brand says."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.bootstrap.app import App
from campaigns.errors import UserError
from campaigns.services import erase as erasing
from campaigns.services.retain import Deleted, retain
from campaigns.sources.refusal_file import ReportFolder
from campaigns.store.readmitting import SqlReadmission


def erase(app: App, customer_id: int, *, by: str, why: str) -> int:
    """Erase a customer; how many lines of import reports went with them. Raises NotFoundError."""
    return erasing.erase(
        app.erasure, _reports(app), customer_id, by=by, why=why, now=app.clock.now()
    )


def readmit(app: App, names: Sequence[str], *, proof: str, by: str, why: str) -> int:
    """Let somebody who was erased back in; how many hashes were lifted. Raises UserError without
    a name and a reason, NotFoundError when nobody erased has these."""
    who, said = " ".join(by.split()), why.strip()
    if not who or not said:
        raise UserError("say who decides, and why.")
    found = SqlReadmission(app.database)
    return found.readmit(names, proof=proof.strip(), by=who, why=said, now=app.clock.now())


def delete_the_past(app: App) -> Deleted:
    """What `retention` in brand.yaml keeps no longer."""
    rule = app.catalog.brand().retention
    return retain(app.retention, _reports(app), rule, now=app.clock.now())


def _reports(app: App) -> ReportFolder:
    return ReportFolder(app.settings.home / "reports")
