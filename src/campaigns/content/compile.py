"""Compile: a campaign's files into a release, and everything that is wrong with them.

Pure but for reading the files; `child.run` wraps it in a process with limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.every import run_checks
from campaigns.content.checks.over import later
from campaigns.content.compiled import Compiled
from campaigns.content.context import Contexts, Key
from campaigns.content.names import name_errors
from campaigns.content.reading import read_sources
from campaigns.content.render import Renderer
from campaigns.content.sources import Sources
from campaigns.content.templates import Progress, Stopped
from campaigns.domain.channel import Channel
from campaigns.domain.click_links import with_click_links
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import AttributeValue
from campaigns.domain.experiment import Experiment
from campaigns.domain.findings import Finding, Level
from campaigns.domain.journey import ANY, NO_JOURNEY, Happened, Journey, Kind
from campaigns.domain.message import Skeleton
from campaigns.domain.release import Policy, Release, stated_digest
from campaigns.domain.schedule import Schedule
from campaigns.errors import FileError, FilesError

#: The topic of service messages: all of them.
_ANY_TOPIC = "*"


def compile_campaign(
    root: Path, name: str, edition: str = "", progress: Progress = lambda _path: None
) -> Compiled:
    """Compile and check one campaign. Raises NotFoundError for a name that is none."""
    try:
        sources = read_sources(root, name)
        contexts = Contexts(sources)
        skeletons = _skeletons(sources, contexts, progress)
    except (FileError, FilesError) as error:
        errors = error.errors if isinstance(error, FilesError) else (error,)
        return Compiled(None, tuple(_finding(e) for e in errors))
    except Stopped as stopped:
        return Compiled(None, (_finding(stopped.error),))
    release = _release(sources, contexts, skeletons, edition)
    checked = Checked(sources, release)
    findings, found_later = run_checks(checked), tuple(later(checked))
    made = _clickable(release) if sources.brand.clicks else release
    return Compiled(made, findings, found_later)


def _clickable(release: Release) -> Release:
    """With click links, after the checks: they prove the message as it is written."""
    changed = [with_click_links(s) for s in release.skeletons]
    links = {link: url for _, own in changed for link, url in own.items()}
    return replace(release, skeletons=tuple(s for s, _ in changed), links=links)


def _finding(error: FileError) -> Finding:
    return Finding("file", Level.ERROR, error.message, "", str(error.path), error.line)


def _skeletons(sources: Sources, contexts: Contexts, progress: Progress) -> tuple[Skeleton, ...]:
    """Every skeleton. Raises FilesError with the errors of all of them, each once."""
    renderer = Renderer(sources, contexts, progress)
    if errors := list(name_errors(sources, renderer.templates.plain, contexts.names())):
        raise FilesError(errors)
    skeletons: list[Skeleton] = []
    found: dict[str, FileError] = {}
    for key in keys(sources):
        try:
            skeletons.append(renderer.skeleton(key))
        except FilesError as several:
            found |= {str(e): e for e in several.errors}
    if found:
        raise FilesError(list(found.values()))
    return tuple(skeletons)


def keys(sources: Sources) -> Iterator[Key]:
    """Every skeleton of a campaign. The public post is one for all, in one locale each."""
    combinations = list(_trait_values(sources))
    for channel in sources.campaign.channels:
        for locale in sources.locales:
            for variant, step in product(sources.variants, _steps(sources, channel)):
                for traits in combinations[:1] if channel is Channel.X_POST else combinations:
                    yield Key(channel, locale, variant, traits, step)


def _steps(sources: Sources, channel: Channel) -> tuple[str, ...]:
    """The public cannot be followed along a journey: the post belongs to its first step."""
    return sources.steps[:1] if channel is Channel.X_POST else sources.steps


def _trait_values(sources: Sources) -> Iterator[tuple[tuple[str, AttributeValue], ...]]:
    """All combinations; the first is that of customers without values."""
    names = sources.campaign.traits
    specs = [sources.attributes[name] for name in names]
    choices: list[tuple[AttributeValue, ...]] = [s.choices or (False, True) for s in specs]
    for values in product(*choices):
        yield tuple(zip(names, values, strict=True))


def _fallback_within(sources: Sources) -> timedelta | None:
    """The campaign's word, else the brand's."""
    own = sources.campaign.fallback
    rule = sources.brand.fallback if own is None else own
    return timedelta(hours=rule.within) if rule else None


def _release(
    sources: Sources, contexts: Contexts, skeletons: tuple[Skeleton, ...], edition: str
) -> Release:
    campaign = sources.campaign
    facts = {
        name: {locale: written[name] for locale, written in contexts.written.items()}
        for name in campaign.facts
    }
    senders = {c: sources.brand.senders.of(c) or {} for c in campaign.channels}
    stated = stated_digest(campaign.title, facts, senders)
    return Release(
        campaign=sources.name,
        title=campaign.title,
        edition=edition or campaign.edition,
        policy=_policy(sources),
        facts=facts,
        senders=senders,
        skeletons=skeletons,
        manifest=sources.manifest() | {"stated": stated},
    )


def _policy(sources: Sources) -> Policy:
    campaign, brand = sources.campaign, sources.brand
    return Policy(
        channels=campaign.channels,
        purpose=campaign.purpose,
        topic=campaign.topic or _ANY_TOPIC,
        audience=campaign.audience,
        locales=sources.locales,
        traits=campaign.traits,
        post_locale=campaign.post_locale or sources.locales[0],
        expires_at=campaign.expires_at(brand.time_zone),
        fallback_within=_fallback_within(sources),
        expires_on=campaign.expires_on,
        pressure=brand.pressure,
        home_zone=brand.time_zone,
        start_tolerance=campaign.start_tolerance,
        experiment=_experiment(sources),
        explore=_explore(sources),
        journey=_journey(sources),
        schedule=_schedule(sources),
    )


def _explore(sources: Sources) -> float:
    """Nobody explores with what must arrive, nor where a channel experiment compares channels."""
    campaign = sources.campaign
    if campaign.purpose is not Purpose.MARKETING or campaign.experiment.channels:
        return 0.0
    return sources.brand.learning.explore / 100


def _journey(sources: Sources) -> Journey:
    """Who has done what the campaign is for hears no more of it, unless it says otherwise."""
    campaign = sources.campaign
    if not campaign.steps:
        return NO_JOURNEY
    stop = campaign.stop_when
    if stop is None and campaign.goal is not None:
        stop = Happened({Kind(campaign.goal.kind): ANY})
    return Journey(campaign.steps, stop)


def _schedule(sources: Sources) -> Schedule:
    """The campaign's hour, and the brand's days that hold for what it is for."""
    brand, purpose = sources.brand, sources.campaign.purpose
    holidays = brand.holidays
    return Schedule(
        send_at=sources.campaign.send_at,
        blackouts=tuple(b for b in brand.blackouts if purpose in b.purposes),
        holidays=holidays if holidays and purpose in holidays.purposes else None,
    )


def _experiment(sources: Sources) -> Experiment:
    spec, held = sources.campaign.experiment, sources.brand.holdout
    marketing = sources.campaign.purpose is Purpose.MARKETING
    return Experiment(
        variants=tuple(spec.variants.items()),
        channels=tuple(spec.channels.items()),
        holdout=spec.holdout / 100,
        brand_holdout=held.percent / 100 if held and marketing else 0.0,
        brand_period=held.period if held and marketing else "",
    )
