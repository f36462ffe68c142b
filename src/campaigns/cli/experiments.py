"""`campaigns experiment`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from campaigns.account_page.words import QUESTIONS, p_words, verdict
from campaigns.cli.output import console, json_option, print_json, table
from campaigns.cli.tables import encoding_option

if TYPE_CHECKING:
    from campaigns.bootstrap.trials import Trial
    from campaigns.domain.experiment import ExperimentResult, GoalResult, Sample


class _Named(click.ParamType[tuple[str, float]]):
    """NAME=NUMBER."""

    name = "NAME=NUMBER"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """`visit=0.01` → ("visit", 0.01)."""
        name, _, number = str(value).rpartition("=")
        try:
            amount = float(number)
        except ValueError:
            amount = 0.0
        if not name or not 0 < amount < float("inf"):
            self.fail(f"`{value}` is not NAME=NUMBER with a number above 0.", param, ctx)
        return name, amount


@click.command("experiment")
@click.argument("campaign", required=False)
@click.option(
    "--outcomes",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="CSV or Parquet, one row per person, everyone who was assigned; may be gzipped.",
)
@click.option("--arm", metavar="COLUMN", help="Which arm the person was in.")
@click.option(
    "--goal",
    "goals",
    multiple=True,
    metavar="COLUMN",
    help="What came of it: yes or no (1/0), or an amount. Repeat for more.",
)
@click.option("--control", metavar="ARM", help="The arm that the others are held against.")
@click.option(
    "--share",
    "shares",
    multiple=True,
    type=_Named(),
    metavar="ARM=SHARE",
    help="The arms' sizes as they were meant, if they were not equal.",
)
@click.option(
    "--confidence",
    metavar="SHARE",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
)
@click.option(
    "--early",
    "planned",
    multiple=True,
    type=_Named(),
    metavar="GOAL=DIFFERENCE",
    help="The experiment is still running: intervals that stay valid however often you look, "
    "narrowest near the difference it was sized for (0.01 is one point).",
)
@encoding_option
@json_option
def experiment_command(
    campaign: str | None,
    outcomes: Path | None,
    arm: str | None,
    goals: tuple[str, ...],
    control: str | None,
    shares: tuple[tuple[str, float], ...],
    confidence: float,
    planned: tuple[tuple[str, float], ...],
    encoding: str | None,
    as_json: bool,
) -> int:
    """Analyse what CAMPAIGN tries out, or another system's randomised test by --outcomes.

    Each arm is held against the control, with interval and p-value. Everyone assigned to an arm
    counts, whether or not a message reached them. Exits 1 when the arms' sizes show that
    assignment or recording went wrong.
    """
    from campaigns.bootstrap.experiments import analyse_outcomes

    if campaign is not None and outcomes is None:
        return _campaign(campaign, as_json=as_json)
    if campaign is not None or outcomes is None or arm is None or not goals:
        raise click.UsageError("give a CAMPAIGN, or --outcomes with --arm and --goal.")
    _refuse_unknown(planned, goals)
    result = analyse_outcomes(
        outcomes,
        arm=arm,
        goals=goals,
        control=control,
        shares=dict(shares) or None,
        confidence=confidence,
        planned=dict(planned) or None,
        encoding=encoding,
    )
    if as_json:
        print_json(result_json(result))
    else:
        print_result(result)
    return 1 if result.mismatch.broken else 0


def _campaign(campaign: str, *, as_json: bool) -> int:
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.trials import analyse_campaign

    with connect() as app:
        trials = analyse_campaign(app, campaign)
    if as_json:
        print_json([_trial_json(t) for t in trials])
    else:
        for trial in trials:
            _print_trial(trial)
    return 1 if any(t.result and t.result.mismatch.broken for t in trials) else 0


def _trial_json(trial: Trial) -> dict[str, object]:
    return {
        "question": trial.question,
        "ends_at": trial.ends_at.isoformat(),
        "because": trial.because,
        "result": result_json(trial.result) if trial.result else None,
    }


def _print_trial(trial: Trial) -> None:
    out = console()
    out.print(QUESTIONS[trial.question], style="bold")
    if trial.result is None:
        out.print(f"No answer yet: {trial.because}. It ends on {trial.ends_at:%d %B %Y}.")
        out.print()
        return
    print_result(trial.result)
    out.print()


def _refuse_unknown(planned: tuple[tuple[str, float], ...], goals: tuple[str, ...]) -> None:
    if planned and {name for name, _ in planned} != set(goals):
        raise click.UsageError("--early must be given once for every --goal.")


def result_json(result: ExperimentResult) -> dict[str, object]:
    """An experiment's result for programs; rates and differences as shares of 1."""
    return {
        "control": result.control,
        "people": result.people,
        "confidence": result.confidence,
        "early": result.early,
        "sample_ratio": {
            "found": dict(result.mismatch.found),
            "expected": dict(result.mismatch.expected),
            "p_value": result.mismatch.p_value,
            "broken": result.mismatch.broken,
        },
        "goals": [_goal_json(goal) for goal in result.goals],
    }


def _goal_json(goal: GoalResult) -> dict[str, object]:
    return {
        "goal": goal.goal,
        "kind": goal.kind,
        "arms": [
            {"arm": s.arm, "people": s.people, "total": s.total, "mean": s.mean}
            for s in goal.samples
        ],
        "differences": [
            {
                "arm": d.arm,
                "control": d.control,
                "difference": d.value,
                "low": d.low,
                "high": d.high,
                "relative": d.relative,
                "p_value": d.p_value,
                "adjusted_p_value": d.adjusted,
                "method": d.method,
                "caution": d.caution,
            }
            for d in goal.differences
        ],
    }


def print_result(result: ExperimentResult) -> None:
    """An experiment's result for people."""
    out = console()
    if result.mismatch.broken:
        out.print(_mismatch_words(result), style="bold red")
    for goal in result.goals:
        rows = [_arm_row(goal, s) for s in goal.samples]
        out.print(table(goal.goal, ["arm", "people", *_columns(goal)], rows))
        for difference in goal.differences:
            out.print(verdict(goal, difference, result.confidence))
        out.print()
    methods = dict.fromkeys(d.method for g in result.goals for d in g.differences)
    looks = " An early look: the intervals stay valid however often you look." * result.early
    adjusted = "p-values are adjusted for all comparisons (Holm). " * _several(result)
    out.print(f"{adjusted}Tests: {', '.join(methods)}.{looks}", style="dim")


def _several(result: ExperimentResult) -> bool:
    return sum(len(g.differences) for g in result.goals) > 1


def _columns(goal: GoalResult) -> tuple[str, str]:
    return ("did it", "rate") if goal.kind == "yes_no" else ("in all", "per person")


def _arm_row(goal: GoalResult, sample: Sample) -> list[str]:
    if goal.kind == "yes_no":
        return [sample.arm, f"{sample.people:,}", f"{sample.total:,.0f}", f"{sample.mean:.2%}"]
    return [sample.arm, f"{sample.people:,}", f"{sample.total:,.2f}", f"{sample.mean:,.2f}"]


def _mismatch_words(result: ExperimentResult) -> str:
    sizes = ", ".join(
        f"{arm} {found:,} instead of {result.mismatch.expected[arm]:,.0f}"
        for arm, found in result.mismatch.found.items()
    )
    return (
        f"The arms do not have the sizes they were meant to have ({sizes}; "
        f"{p_words(result.mismatch.p_value)}). Assignment or recording went wrong: do not trust "
        "what follows until you know why. If they were not meant to be equal, say so by --share."
    )
