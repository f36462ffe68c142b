"""The schedules of campaigns, read from prefect.yaml: the one place that knows its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from campaigns.domain.occurrences import CampaignSchedule
from campaigns.errors import FileError


def read_schedules(path: Path) -> list[CampaignSchedule]:
    """The schedules of deployments that send one campaign; none where there is no such file.

    Raises FileError when it is no YAML.
    """
    if not path.is_file():
        return []
    try:
        document = YAML(typ="safe").load(path.read_text("utf-8"))
    except YAMLError as error:
        raise FileError(f"this is no YAML: {error}", path=path) from None
    return schedules_in((document or {}).get("deployments") or [])


def schedules_in(deployments: Iterable[Mapping[str, Any]]) -> list[CampaignSchedule]:
    """Those of deployments that send one campaign, written as in prefect.yaml."""
    return [found for deployment in deployments for found in _of(deployment)]


def _of(deployment: Mapping[str, Any]) -> Iterator[CampaignSchedule]:
    common = deployment.get("parameters") or {}
    for number, schedule in enumerate(deployment.get("schedules") or [], start=1):
        parameters = {**common, **(schedule.get("parameters") or {})}
        campaign = parameters.get("campaign")
        if not isinstance(campaign, str) or parameters.get("dry_run"):
            continue
        yield CampaignSchedule(
            campaign=campaign,
            name=schedule.get("slug") or f"{deployment.get('name')} {number}",
            zone=schedule.get("timezone") or "UTC",
            active=schedule.get("active", True) is not False,
            cron=schedule.get("cron"),
            rrule=schedule.get("rrule"),
            every=_seconds(schedule.get("interval")),
            anchor=_moment(schedule.get("anchor_date")),
        )


def _seconds(value: object) -> timedelta | None:
    return timedelta(seconds=float(value)) if isinstance(value, int | float) else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value) if isinstance(value, str) else None
