"""The schedules of campaigns, read from prefect.yaml: the one place that knows its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from campaigns.domain.occurrences import CampaignSchedule, leaves_nobody_out
from campaigns.errors import WHAT_TO_WRITE, FileError

_WHAT_TO_WRITE: Final = WHAT_TO_WRITE | {
    "model_type": "write `key: value` lines",
    "dict_type": "write `key: value` lines",
    "time_delta_parsing": "write seconds, such as 3600",
    "datetime_from_date_parsing": "write a moment, such as 2027-03-10T09:00",
}


class _Schedule(BaseModel):
    """What the calendar reads of a schedule; the rest is Prefect's alone."""

    slug: str | None = None
    timezone: str | None = None
    active: bool = True
    cron: str | None = None
    rrule: str | None = None
    interval: Annotated[timedelta, Field(gt=timedelta(0))] | None = None
    anchor_date: datetime | None = None
    parameters: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if (self.cron, self.rrule, self.interval) == (None, None, None):
            raise ValueError("say when, by `cron`, `rrule` or `interval`")
        return self


class _Deployment(BaseModel):
    name: str | None = None
    parameters: dict[str, Any] | None = None
    schedules: list[_Schedule] | None = None


class _File(BaseModel):
    deployments: list[_Deployment] | None = None


def read_schedules(path: Path) -> list[CampaignSchedule]:
    """The schedules of deployments that send one campaign; none where there is no such file.

    Raises FileError when it is no YAML, or is not written as Prefect reads it.
    """
    if not path.is_file():
        return []
    try:
        document = YAML(typ="safe").load(path.read_text("utf-8"))
        file = _File.model_validate({} if document is None else document)
    except YAMLError as error:
        raise FileError(f"this is no YAML: {error}", path=path) from None
    except ValidationError as error:
        raise FileError(_told(error), path=path) from None
    except UnicodeDecodeError:
        raise FileError("it is not in UTF-8; save it as UTF-8.", path=path) from None
    return [found for deployment in file.deployments or [] for found in _of(deployment)]


def schedules_in(deployments: Iterable[Mapping[str, Any]]) -> list[CampaignSchedule]:
    """Those of deployments that send one campaign, written as in prefect.yaml."""
    read = map(_Deployment.model_validate, deployments)
    return [found for deployment in read for found in _of(deployment)]


def _of(deployment: _Deployment) -> Iterator[CampaignSchedule]:
    for number, schedule in enumerate(deployment.schedules or [], start=1):
        parameters = {**(deployment.parameters or {}), **(schedule.parameters or {})}
        campaign = parameters.get("campaign")
        if not isinstance(campaign, str) or parameters.get("dry_run"):
            continue
        yield CampaignSchedule(
            campaign=campaign,
            name=schedule.slug or f"{deployment.name} {number}",
            zone=schedule.timezone or "UTC",
            active=schedule.active,
            cron=schedule.cron,
            rrule=schedule.rrule,
            every=schedule.interval,
            anchor=schedule.anchor_date,
            whole=leaves_nobody_out(parameters),
        )


def _told(error: ValidationError) -> str:
    """The first mistake; others are told once it is mended."""
    found = error.errors(include_url=False)[0]
    place = "".join(f"[{x + 1}]" if isinstance(x, int) else f".{x}" for x in found["loc"])
    message = found["msg"].removeprefix("Value error, ")
    told = _WHAT_TO_WRITE.get(found["type"]) or message[:1].lower() + message[1:]
    return f"`{place.removeprefix('.') or 'the file'}`: {told}."
