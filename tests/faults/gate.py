"""The mutation gate: `python -m tests.faults.gate`.

What protects a customer from a second message is taken out of the real source, one thing at a
time, in a copy of the tree. Tests must fail each time, or they prove nothing. A mutation whose
place is not found any more fails too, and loudly: the gate must follow the code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_COPIED = ("src", "tests", "templates", "flows", "pyproject.toml")
_STORE, _SERVICES = "src/campaigns/store", "src/campaigns/services"

MACHINE = "tests/faults/test_outbox_machine.py::test_the_outbox_on_sqlite_does_what_the_model_does"
KILLS = (
    "tests/faults/test_kills.py::"
    "test_a_worker_killed_here_sends_nothing_twice_and_loses_nothing[sqlite-during the call]"
)
STOPS = "tests/faults/test_stops.py::test_a_worker_that_slept_beyond_its_lease_gives_back_unsent"
PLANS = "tests/contract/test_store_many_workers.py::"


@dataclass(frozen=True)
class Edit:
    """One place: this text, so often in this file, becomes that."""

    file: str
    old: str
    new: str
    times: int = 1


@dataclass(frozen=True)
class Mutation:
    """What is taken out, and the tests that must notice: each alone."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "the intent's commit",
        (
            Edit(
                f"{_STORE}/outbox.py",
                "            return self._intending.intend(\n"
                "                connection, batch, written, now=now, margin=margin, caps=caps\n"
                "            )\n",
                "            granted = self._intending.intend(\n"
                "                connection, batch, written, now=now, margin=margin, caps=caps\n"
                "            )\n"
                "            connection.rollback()\n"
                "            return granted\n",
            ),
        ),
        (KILLS, MACHINE),
    ),
    Mutation(
        "the fence of what is settled",
        (Edit(f"{_STORE}/settling.py", "deliveries.batch_id = :batch AND ", "", times=2),),
        (MACHINE,),
    ),
    Mutation(
        "the fence of the intent",
        (
            Edit(f"{_STORE}/intending.py", "d.batch_id = :batch AND ", ""),
            Edit(f"{_STORE}/intending.py", "deliveries.batch_id = :batch AND ", ""),
        ),
        (MACHINE,),
    ),
    Mutation(
        "the suppression clause",
        (
            Edit(
                f"{_STORE}/intending.py",
                "    WHEN s.purpose = 'all' OR s.purpose = r.purpose THEN 'suppressed'\n",
                "",
            ),
        ),
        (MACHINE,),
    ),
    Mutation(
        "the consent clause",
        (Edit(f"{_STORE}/intending.py", " THEN 'opted_out'\n", " THEN 'send'\n"),),
        (KILLS, MACHINE),
    ),
    Mutation(
        "the lease's margin",
        (Edit(f"{_STORE}/intending.py", "    WHEN b.lease_until <= :until THEN 'late'\n", ""),),
        (MACHINE,),
    ),
    Mutation(
        "the look at the clock before the call",
        (
            Edit(
                f"{_SERVICES}/dispatch.py",
                "lease_ends = self._lease_left(claimed_at) < deadline",
                "lease_ends = False",
            ),
        ),
        (STOPS,),
    ),
    Mutation(
        "the unique key",
        (
            Edit(
                f"{_STORE}/migrations/versions/0003_delivery.py",
                '        "uq_deliveries_standing",\n        "deliveries",\n'
                '        ["campaign_id", "step", "customer_id"],\n        unique=True,',
                '        "uq_deliveries_standing",\n        "deliveries",\n'
                '        ["campaign_id", "step", "customer_id"],\n        unique=False,',
            ),
            Edit(f"{_STORE}/planning.py", "on_conflict=_UNLESS_IT_HAS_ONE", 'on_conflict=""'),
        ),
        (
            MACHINE,
            f"{PLANS}test_the_database_itself_refuses_a_second_row_for_a_customer[sqlite]",
        ),
    ),
    Mutation(
        "in doubt is never sent again",
        (
            Edit(
                f"{_STORE}/sweeping.py",
                "state = CASE state WHEN 'claimed' THEN 'pending' ELSE 'in_doubt' END",
                "state = 'pending'",
            ),
        ),
        (KILLS, MACHINE),
    ),
)


class GateError(Exception):
    """The gate itself is wrong: a place that is gone, or tests that fail before anything is."""


def applied(edit: Edit, root: Path) -> str:
    """The file's text with the edit made. Raises GateError where it does not fit."""
    text = (root / edit.file).read_text(encoding="utf-8")
    if text.count(edit.old) != edit.times:
        raise GateError(
            f"{edit.file} has {text.count(edit.old)} times what is to be taken out, not "
            f"{edit.times}. Bring tests/faults/gate.py up to the code:\n{edit.old}"
        )
    return text.replace(edit.old, edit.new)


def run(tests: tuple[str, ...], root: Path) -> tuple[bool, list[str]]:
    """Whether the tests pass in this tree; and what failed, in pytest's words. Raises GateError
    when they could not be run."""
    paths = f"{root / 'src'}{os.pathsep}{root}"
    ours = {**os.environ, "PYTHONPATH": paths, "CAMPAIGNS_GATE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=root,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or "Timeout (>" in done.stdout:
        raise GateError(f"the tests could not be run:\n{done.stdout}{done.stderr}")
    return done.returncode == 0, re.findall(r"^E   +(\S.*)$", done.stdout, re.MULTILINE)


def survivors(mutations: tuple[Mutation, ...] = MUTATIONS) -> list[str]:
    """The mutations that a test did not notice. Raises GateError."""
    alive = []
    with tempfile.TemporaryDirectory(prefix="campaigns-gate-") as folder:
        root = Path(folder)
        for name in _COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, root / name)
        every = tuple(dict.fromkeys(test for m in mutations for test in m.tests))
        passed, words = run(every, root)
        if not passed:
            raise GateError("\n".join(["the tests fail before anything is taken out:", *words]))
        for mutation in mutations:
            alive += _without(mutation, root)
    return alive


def _without(mutation: Mutation, root: Path) -> list[str]:
    before = {e.file: (root / e.file).read_text(encoding="utf-8") for e in mutation.edits}
    try:
        for edit in mutation.edits:
            (root / edit.file).write_text(applied(edit, root), encoding="utf-8")
        return [found for test in mutation.tests for found in _unnoticed(mutation, test, root)]
    finally:
        for file, text in before.items():
            (root / file).write_text(text, encoding="utf-8")


def _unnoticed(mutation: Mutation, test: str, root: Path) -> list[str]:
    began = time.monotonic()
    passed, words = run((test,), root)
    short = test.rpartition("::")[2]
    told = "SURVIVES" if passed else f"fails: {words[0][:100] if words else '?'}"
    print(f"without {mutation.name:40} {time.monotonic() - began:5.1f} s  {short}\n    {told}")
    return [f"without {mutation.name}, {short} passes"] if passed else []


def main() -> int:
    """Print what failed without what; 1 if something was not noticed."""
    try:
        alive = survivors()
    except GateError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(alive) or f"All {len(MUTATIONS)} were noticed.")
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main())
