"""Verb: the calendar of all campaigns, with who would get several of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.bootstrap.app import App
from campaigns.bootstrap.costs import breaks_budget
from campaigns.content.schedule_file import read_schedules, schedules_in
from campaigns.domain.calendar import Calendar, Occasion
from campaigns.domain.consent import Purpose
from campaigns.domain.occurrences import CampaignSchedule, moments
from campaigns.domain.recurring import in_its_edition
from campaigns.domain.release import Release
from campaigns.errors import CampaignsError, UserError
from campaigns.services.calendar import Coming, forecast
from campaigns.store.calendar import SqlCalendar

__all__ = ["SCHEDULES", "calendar", "schedules_in", "write_page"]

#: Where the schedules are, seen from the checkout.
SCHEDULES = Path("prefect.yaml")


def calendar(
    app: App,
    *,
    weeks: int,
    schedules: Path | Sequence[CampaignSchedule] = SCHEDULES,
) -> Calendar:
    """What goes out in the coming weeks: runs under way, and what is scheduled, by the file with
    the schedules or as it stands on a server. Writes nothing.

    A campaign that cannot be compiled, or a schedule that cannot be read, is told in the notes.
    Raises FileError when the brand or the schedules are no YAML.
    """
    now, brand = app.clock.now(), app.catalog.brand()
    until = now + timedelta(weeks=weeks)
    notes: list[str] = []
    due = read_schedules(schedules) if isinstance(schedules, Path) else schedules
    coming = sorted(
        [*_under_way(app, now), *_scheduled(app, due, now, until, notes)],
        key=lambda c: (c.occasion.at, c.occasion.campaign),
    )
    made = forecast(
        app.planning,
        SqlCalendar(app.database),
        coming,
        pressure=brand.pressure,
        zone=brand.time_zone,
        now=now,
        until=until,
    )
    for crowd, one in zip(made.crowds, coming, strict=True):
        if crowd.messages and one.release is not None:
            crowd.over_budget = breaks_budget(app, one.release, crowd.messages) or ""
    if isinstance(schedules, Path):
        notes.append(
            f"By the schedules in {schedules.name}. What was changed or started for later on "
            "Prefect's pages is in the calendar of the flow `calendar` there."
        )
    made.notes += notes
    return made


def _under_way(app: App, now: datetime) -> Iterator[Coming]:
    for run in app.runs.active():
        release = app.releases.load(run.release_hash)
        occasion = _occasion(release, now, f"run {run.id}, {run.state}", active=True)
        yield Coming(occasion, run_id=run.id)


def _scheduled(
    app: App,
    schedules: Sequence[CampaignSchedule],
    now: datetime,
    until: datetime,
    notes: list[str],
) -> Iterator[Coming]:
    names, releases = app.campaign_names(), dict[str, Release]()
    for schedule in schedules:
        name = schedule.campaign
        if name not in names:
            notes.append(
                f"The schedule {schedule.name} is of {name}, and there is no such campaign."
            )
            continue
        try:
            if not (due := moments(schedule, now, until)):
                continue
            if name not in releases:
                releases[name] = app.compile(name)
        except ValueError as error:
            notes.append(f"The schedule {schedule.name} of {name} cannot be read: {error}.")
        except CampaignsError as error:
            notes.append(f"{name} cannot run: {str(error).splitlines()[0]}")
        else:
            yield from _each(schedule, due, releases[name], notes)
    if idle := sorted(set(names) - {s.campaign for s in schedules}):
        notes.append(f"Without a schedule: {', '.join(idle)}.")


def _each(
    schedule: CampaignSchedule, due: Sequence[datetime], compiled: Release, notes: list[str]
) -> Iterator[Coming]:
    """One for each moment of a schedule before the offer ends."""
    written = compiled.source(compiled.campaign_file)
    if len(due) > 1 and not written.get("recurs") and not written.get("steps"):
        notes.append(
            f"{schedule.campaign} is scheduled {len(due)} times and does not recur: whoever has it "
            "gets nothing on the later days. `recurs` in campaign.yaml makes it new each time."
        )
    for moment in due:
        release = in_its_edition(compiled, moment)
        ends = release.policy.expires_at
        if ends is not None and ends <= moment:
            notes.append(
                f"{schedule.campaign} is scheduled for {moment:%Y-%m-%d}; its offer ends before."
            )
            continue
        by = schedule.name if schedule.active else f"{schedule.name}, switched off"
        budgeted = schedule.whole and bool(written.get("budget"))
        occasion = _occasion(release, moment, by, active=schedule.active)
        yield Coming(occasion, release, budgeted=budgeted)


def _occasion(release: Release, at: datetime, by: str, *, active: bool) -> Occasion:
    written = release.source(release.campaign_file)
    return Occasion(
        campaign=release.campaign,
        title=release.title,
        team=str(written.get("team") or ""),
        edition=release.edition,
        at=at,
        by=by,
        active=active,
        counted=release.policy.purpose is Purpose.MARKETING,
    )


def write_page(made: Calendar, path: Path) -> None:
    """Write the calendar as one HTML file that opens anywhere. Raises UserError."""
    from campaigns.bootstrap.calendar.page import page

    try:
        path.write_text(page(made), "utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error
