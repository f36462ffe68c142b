"""Verbs about experiments: analyse a table of outcomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from campaigns.domain.experiment import ExperimentResult
from campaigns.errors import FileError, UserError

#: What people call the arm that the others are held against.
_CONTROL = re.compile(r"(control|holdout|hold-out|baseline|nothing|none|no\b.*)", re.IGNORECASE)
#: More arms than this, and the column is no arm: a customer's number, an amount.
MOST_ARMS = 20


def analyse_outcomes(
    path: Path,
    *,
    arm: str,
    goals: Sequence[str],
    control: str | None = None,
    shares: Mapping[str, float] | None = None,
    confidence: float = 0.95,
    planned: Mapping[str, float] | None = None,
    encoding: str | None = None,
) -> ExperimentResult:
    """Analyse an outside table: one row per person, their arm and what came of it.

    `shares` are the arms' sizes as they were meant; equal ones when not given. Raises FileError
    and UserError naming the column, line or option to mend.
    """
    from campaigns.analysis.compare import analyse
    from campaigns.analysis.outcomes import OutcomeError, Outcomes
    from campaigns.sources.outcome_table import outcome_rows

    outcomes = Outcomes(goals)
    for line, name, cells in outcome_rows(path, arm, goals, encoding):
        try:
            outcomes.add(name, cells)
        except OutcomeError as error:
            raise FileError(f"{error}.", path=path, line=line) from None
        if len(outcomes.arms) > MOST_ARMS:
            raise FileError(
                f"`{arm}` has more than {MOST_ARMS} values: it is no column of arms.", path=path
            )
    held = _control(outcomes.arms, control, arm, path)
    try:
        return analyse(
            outcomes.goals(),
            control=held,
            shares=_shares(outcomes.arms, shares),
            confidence=confidence,
            planned=planned,
        )
    except ValueError as error:
        raise FileError(f"{error}.", path=path) from None


def _control(arms: Sequence[str], asked: str | None, column: str, path: Path) -> str:
    listed = ", ".join(arms)
    if len(arms) < 2:
        found = f"only one arm, {listed}" if arms else "nobody"
        raise FileError(f"`{column}` holds {found}: there is nothing to compare.", path=path)
    if asked is not None:
        if asked not in arms:
            raise UserError(f"--control {asked} is no arm. `{column}` has: {listed}.")
        return asked
    called = [a for a in arms if _CONTROL.fullmatch(a)]
    if len(called) != 1:
        raise UserError(f"say which arm the others are held against: --control, one of {listed}.")
    return called[0]


def _shares(arms: Sequence[str], asked: Mapping[str, float] | None) -> dict[str, float]:
    if asked is None:
        return dict.fromkeys(arms, 1.0)
    if set(asked) != set(arms):
        raise UserError(
            f"--share must name every arm once: {', '.join(arms)}; given: {', '.join(asked)}."
        )
    return dict(asked)
