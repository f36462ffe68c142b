"""The verb `report`: what a run did, told by the database and proved where it can be."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.bootstrap.app import App
from campaigns.bootstrap.costs import earlier_costs
from campaigns.bootstrap.course import course
from campaigns.bootstrap.naming import never_ran
from campaigns.bootstrap.trials import Trial, analyse_run
from campaigns.domain.account import (
    Account,
    Cost,
    Costs,
    Incremental,
    Proof,
    Question,
    Sampled,
    timeline_step,
)
from campaigns.domain.audit import run_subject
from campaigns.domain.campaign import Campaign, GoalSpec
from campaigns.domain.channel import Channel
from campaigns.domain.experiment import MESSAGE
from campaigns.domain.figures import Answers, Asked
from campaigns.domain.message import Skeleton, fill, message_hash
from campaigns.domain.prices import Prices
from campaigns.domain.release import Release
from campaigns.domain.run import Run
from campaigns.errors import UserError
from campaigns.services.report import stands
from campaigns.store.accounts import SqlAccounts

#: How long an event counts as a message's doing where the campaign states no goal.
WITHIN = timedelta(days=14)
#: Messages made again for the proof; so many prove with 95% certainty that fewer than 1.5 in a
#: hundred differ (the rule of three).
SAMPLE = 200
#: Earlier runs that a run is compared with.
EARLIER = 5


def account_of(app: App, which: str, *, seed: int = 1, sample: int = SAMPLE) -> Account:
    """The account of a run by its number, or of a campaign's newest run. Reads only.

    Raises NotFoundError.
    """
    run = _find(app, which)
    release = app.releases.load(run.release_hash)
    goal = _spec(release).goal
    now = app.now_at_home()
    accounts = SqlAccounts(app.database)
    asked = _asked(run, goal, now)
    told, cells = accounts.answers(run, asked)
    standing = stands(app.runs, app.outbox, app.paces, run.id, now=now)
    trials = analyse_run(app, run, cells)
    return Account(
        title=release.title,
        at=now,
        run=run,
        answers=told,
        goal=(goal.kind, goal.within_days) if goal else None,
        ends_at=run.started_at + asked.within,
        step=asked.step,
        facts=release.facts,
        findings=_findings(app, release),
        proof=_proof(app, run, release, accounts.sample(run.id, sample, seed), seed),
        questions=tuple(
            Question(t.question, t.ends_at, t.result, t.because, t.made_of) for t in trials
        ),
        incremental=_incremental(trials),
        earlier=_earlier(app, accounts, run, goal, now),
        costs=_costs(app, run, release, told),
        trail=tuple(reversed(app.audit.entries(run_subject(run.id)))),
        zone=release.policy.home_zone,
        paused=tuple(standing.paused),
        because=standing.because,
        waits=tuple(standing.waits),
        course=tuple(course(app, run.id)),
        mode=app.mode.belongs(),
    )


def _find(app: App, which: str) -> Run:
    if which.isdecimal():
        return app.runs.get(int(which))
    run = app.runs.latest(which)
    if run is None:
        raise never_ran(app, which)
    return run


def _spec(release: Release) -> Campaign:
    return Campaign.model_validate(release.source(release.campaign_file))


def _asked(run: Run, goal: GoalSpec | None, now: datetime) -> Asked:
    within = timedelta(days=goal.within_days) if goal else WITHIN
    return Asked(
        run=run.id,
        since=run.started_at,
        goal=goal.kind if goal else "",
        within=within,
        step=timeline_step(min(now - run.started_at, within)),
    )


def _earlier(
    app: App, accounts: SqlAccounts, run: Run, goal: GoalSpec | None, now: datetime
) -> tuple[Answers, ...]:
    """Earlier runs by this run's goal, so that the same is compared."""
    runs = [app.runs.get(number) for number in accounts.before(run, EARLIER)]
    return tuple(accounts.brief(r, _asked(r, goal, now)) for r in runs)


def _findings(app: App, release: Release) -> tuple[str, ...] | None:
    """Of the files as they are, if they still make this release. A run begins with none of level
    error, whatever became of the files since."""
    if release.campaign not in app.campaign_names():
        return None
    examined = app.catalog.examine(release.campaign)
    if examined.release is None or examined.release.hash != release.hash:
        return None
    return tuple(str(f) for f in examined.findings)


def _proof(app: App, run: Run, release: Release, sample: list[Sampled], seed: int) -> Proof:
    """Each message's hash from what is stored now, against the hash stored before it left. None is
    proven by a release that is not stored as it was frozen."""
    skeletons: dict[int, Skeleton] = {}
    whole = release.is_whole(run.release_hash)
    hashes = {s.hash for s in release.skeletons} if whole else set[str]()
    differing = []
    for message in sample:
        number = message.skeleton_id
        skeleton = skeletons.get(number) or app.releases.skeleton(number)
        skeletons[number] = skeleton
        same = message_hash(skeleton.hash, message.values) == message.hash
        if same and skeleton.hash in hashes:
            fill(skeleton, message.values)
        else:
            differing.append(message.delivery_id)
    return Proof(seed, len(sample), len(sample) - len(differing), tuple(differing))


def _incremental(trials: list[Trial]) -> Incremental | None:
    """What the holdout says of everyone who got the message."""
    result = next((t.result for t in trials if t.question == "holdout" and t.result), None)
    if result is None:
        return None
    goal = result.goals[0]
    people = next(s.people for s in goal.samples if s.arm == MESSAGE)
    (d,) = goal.differences
    return Incremental(
        extra=d.value * people,
        low=d.low * people,
        high=d.high * people,
        confidence=result.confidence,
        p_value=d.adjusted,
        early=result.early,
    )


def _costs(app: App, run: Run, release: Release, told: Answers) -> Costs | None:
    """At the prices of the brand as it was frozen; None where it states none."""
    prices = Prices.of(release.source("brand.yaml"))
    if prices is None:
        return None
    segments = _segments(app, run)
    budget = _spec(release).budget
    lines = []
    for key in told.keys("paid"):
        channel, country = Channel(key[0]), key[1]
        messages = told.figure("paid", *key, column="messages")
        units = segments.get(country, 0) if channel is Channel.SMS else int(messages.value)
        each = prices.cost(channel, purpose=run.purpose, country=country or None)
        total = None if each is None else each * units
        lines.append(Cost(channel, country, messages, units, total))
    others = earlier_costs(app, release, prices, but=run.id)
    return Costs(prices.currency, tuple(lines), budget.amount if budget else None, others)


def _segments(app: App, run: Run) -> dict[str, int]:
    """Country → segments of the SMS that left, counted on the very texts."""
    from campaigns.content.measure import measure_sms

    skeletons: dict[int, Skeleton] = {}
    found: dict[str, int] = defaultdict(int)
    for country, number, values, messages in SqlAccounts(app.database).texts(run.id):
        skeleton = skeletons.get(number) or app.releases.skeleton(number)
        skeletons[number] = skeleton
        found[country] += messages * measure_sms(fill(skeleton, values)["body"]).segments
    return found


def report_markdown(app: App, which: str) -> str:
    """The account in short, for Prefect: counts and sentences only. Raises NotFoundError."""
    from campaigns.account_page.markdown import account_markdown

    return account_markdown(account_of(app, which))


def write_report(account: Account, file: Path) -> None:
    """Write the account to a file: its ending says what (.html, .csv, .parquet).

    Raises UserError for another ending.
    """
    from campaigns.account_page import files, page

    ending = file.suffix.lower()
    if ending not in {".html", ".csv", ".parquet"}:
        raise UserError(f"{file}: a report is written as .html, .csv or .parquet.")
    file.parent.mkdir(parents=True, exist_ok=True)
    if ending == ".html":
        file.write_text(page.render(account), encoding="utf-8")
    elif ending == ".csv":
        files.write_csv(account, file)
    else:
        files.write_parquet(account, file)
