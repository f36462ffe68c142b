"""prefect.yaml: a block for each campaign, and what a server already has kept as people left it."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import LiteralScalarString

from campaigns.bootstrap.offering import Offered

FILE = Path("prefect.yaml")
POOL = "campaigns"
ENTRYPOINT = "flows/send_campaign.py:send_campaign"


@dataclass(frozen=True, slots=True)
class Blocks:
    """What `campaigns deploy` did to prefect.yaml: campaigns by name."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    #: Blocks whose campaign is not in the templates any more.
    left_over: list[str] = field(default_factory=list)


def read(path: Path = FILE) -> CommentedMap:
    """The file, with its comments."""
    document: CommentedMap = _yaml().load(path)
    return document


def written(document: CommentedMap) -> str:
    """The file's text."""
    text = io.StringIO()
    _yaml().dump(document, text)
    # An empty line before each block, also before those that were added.
    return re.sub(r"(?<=[^\n:])\n(?=  - name: )", "\n\n", text.getvalue())


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def deployment_name(campaign: str) -> str:
    """`spring_sale` → `spring-sale`, as it stands on Prefect's pages."""
    return campaign.replace("_", "-")


def put_campaigns(document: CommentedMap, campaigns: Sequence[Offered]) -> Blocks:
    """Give each campaign its block. What the templates say (description, tags) is written anew;
    schedules, parameters and the rest are people's."""
    blocks = {campaign_of(b): b for b in document["deployments"] if campaign_of(b)}
    done = Blocks(left_over=sorted(blocks.keys() - {c.name for c in campaigns}))
    for campaign in campaigns:
        block = blocks.get(campaign.name)
        if block is None:
            document["deployments"].append(_block(campaign, document))
            done.added.append(campaign.name)
        elif _told(block) != (_description(campaign), _tags(campaign)):
            block["description"] = LiteralScalarString(_description(campaign))
            block["tags"] = _flow_style(_tags(campaign))
            done.changed.append(campaign.name)
    return done


def campaign_of(block: Mapping[str, Any]) -> str:
    """The campaign that a block sends; empty for the other flows."""
    if block.get("entrypoint") != ENTRYPOINT:
        return ""
    return str((block.get("parameters") or {}).get("campaign", ""))


def _told(block: Mapping[str, Any]) -> tuple[str, list[str]]:
    return str(block.get("description", "")), list(block.get("tags") or [])


def _block(campaign: Offered, document: CommentedMap) -> CommentedMap:
    return CommentedMap(
        name=deployment_name(campaign.name),
        entrypoint=ENTRYPOINT,
        description=LiteralScalarString(_description(campaign)),
        tags=_flow_style(_tags(campaign)),
        parameters=CommentedMap(campaign=campaign.name),
        enforce_parameter_schema=True,
        concurrency_limit=CommentedMap(limit=1, collision_strategy="CANCEL_NEW"),
        work_pool=document["definitions"]["work_pools"]["ours"],
        schedules=[],
    )


def _flow_style(values: Iterable[str]) -> CommentedSeq:
    made = CommentedSeq(values)
    made.fa.set_flow_style()
    return made


def _tags(campaign: Offered) -> list[str]:
    """The team's own name among them: Prefect's lists of deployments and runs filter by tag."""
    journey = ["journey"] if campaign.journey else []
    return ["campaign", *journey, *([campaign.team] if campaign.team else [])]


def _description(campaign: Offered) -> str:
    """What the deployment's page says, from the campaign's own files."""
    channels = ", ".join(c.label for c in campaign.channels)
    about = f"{campaign.description.strip()}\n\n" if campaign.description.strip() else ""
    asks = (
        "It waits for somebody's yes before it sends: *Resume* on the run's page shows the plan "
        "and asks.\n\n"
        if campaign.needs_approval
        else ""
    )
    told = (
        f"**{campaign.title}**: once to each customer of its audience, on the channel each prefers "
        f"({channels}), in {', '.join(campaign.locales)}. Nobody gets it twice, however often it "
        f"runs.\n\n{about}{asks}"
        "1. *Run → Custom run*, switch **Dry run** on: the run's *Artifacts* show who would get "
        "what, and who not, and why.\n"
        "2. Give **At most** a number such as 10 for a first careful look.\n"
        "3. Run it with neither. *Artifacts* has the progress while it sends and the report "
        "after.\n\n"
        "*Suspend* stops before the next message, *Resume* goes on, *Cancel* ends the run."
    )
    return "\n".join(map(_folded, told.splitlines())) + "\n"


def _folded(line: str) -> str:
    """A line of markdown, folded as a person would in the file."""
    hang = "   " if line[:2] in {"1.", "2.", "3."} else ""
    return textwrap.fill(line, 92, subsequent_indent=hang, break_on_hyphens=False)


def as_left(document: CommentedMap, standing: Mapping[str, DeploymentResponse]) -> CommentedMap:
    """The file with what people did on the server's pages: schedules that they switched on or off
    or made there, deployments that they paused. Deploying would undo it otherwise."""
    for block in document["deployments"]:
        there = standing.get(block["name"])
        if there is None:
            continue
        block["paused"] = there.paused
        known = {s.slug: s for s in there.schedules if s.slug}
        for schedule in block.get("schedules") or []:
            if schedule["slug"] in known:
                schedule["active"] = known[schedule["slug"]].active
        listed = {s["slug"] for s in block.get("schedules") or []}
        made = [s for s in there.schedules if s.slug not in listed]
        block["schedules"] = [*(block.get("schedules") or []), *map(schedule_block, made)]
    return document


def changed_back(document: CommentedMap, standing: Mapping[str, DeploymentResponse]) -> list[str]:
    """Schedules of the file whose times were changed on the pages: deploying undoes that, since it
    cannot be told from a change of the file."""
    told = []
    for block in document["deployments"]:
        there = standing.get(block["name"])
        known = {s.slug: s for s in there.schedules if s.slug} if there else {}
        for schedule in block.get("schedules") or []:
            now = schedule_block(known[schedule["slug"]]) if schedule["slug"] in known else schedule
            was, holds = _when(now), _when(schedule)
            if was != holds:
                told.append(
                    f"{block['name']}: schedule {schedule['slug']} was {was} on the server; {FILE} "
                    f"says {holds}, which holds now. To keep the other, write it there."
                )
    return told


def _when(schedule: Mapping[str, Any]) -> str:
    """`0 10 * * 1 (Europe/Madrid)`."""
    rule = next(schedule[k] for k in ("cron", "rrule", "interval") if schedule.get(k) is not None)
    told = f"every {float(rule):g} s" if isinstance(rule, int | float) else str(rule)
    return f"{told} ({schedule.get('timezone') or 'UTC'})"


def schedule_block(made: DeploymentSchedule) -> dict[str, Any]:
    """A schedule that was made on the pages, as the file would say it."""
    told: dict[str, Any] = {"active": made.active, "slug": made.slug or f"page-{str(made.id)[:8]}"}
    if made.parameters:
        told["parameters"] = dict(made.parameters)
    match made.schedule:
        case CronSchedule() as by:
            return told | {"cron": by.cron, "timezone": by.timezone, "day_or": by.day_or}
        case RRuleSchedule() as by:
            return told | {"rrule": by.rrule, "timezone": by.timezone}
        case IntervalSchedule() as by:
            seconds = by.interval.total_seconds()
            anchor = by.anchor_date.isoformat()
            return told | {"interval": seconds, "anchor_date": anchor, "timezone": by.timezone}
    raise AssertionError(made.schedule)
