"""`make profile`: where the time of the whole path goes.

Runs the end-to-end benchmark under py-spy twice: once for a flame graph
(.campaigns/profile.svg, every process), once for the raw stacks, of which the largest costs are
told: each sample counts for the innermost function of the product that `COSTS` names, within the
stage that called it. Importing modules is told as one; the sandbox and the making of the customers
are left out. py-spy counts who runs, and who would run if a core were free, not who waits.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tests.bench.tables import write_between

FOLDER = Path(".campaigns")
LARGEST = 5
_OURS = re.compile(r"(?P<what>\S+) \((?:.*/)?campaigns/(?P<file>[\w/]+\.py)")
_NOT_THE_PRODUCT = ("sandbox/", "sample/")
_IMPORTING = "_find_and_load"
START = "start-up: importing modules"


class Cost(NamedTuple):
    """What readers know a cost by; whose it is (starts of files, or `file: function`); and what was
    done about it."""

    name: str
    places: tuple[str, ...]
    done: str


_STAGES = {
    "services/import_customers.py": "import",
    "bootstrap/importing.py: _read_ahead": "import",
    "services/plan_run.py": "plan",
    "services/dispatch.py": "send",
    "bootstrap/lanes.py": "send",
    "services/report.py": "report",
    "services/learn": "learn",
    "content/": "compile",
}
#: The first that names the innermost function has it.
COSTS = (
    Cost(
        "commits, and the turn to write",
        ("store/engine.py",),
        "one a batch of rows, three a batch of messages, however many it has; SQLite has one "
        "writer at a time",
    ),
    Cost(
        "the profile's rows into SQLite",
        (
            "store/changes.py",
            "store/customers.py",
            "store/consents.py",
            "store/interactions.py",
            "store/newcomers.py: write",
        ),
        "one statement per table and batch of 2,000 rows; on PostgreSQL by COPY",
    ),
    Cost(
        "rows of the file: read, checked, compared with what is known",
        (
            "sources/",
            "domain/address.py",
            "domain/merging.py",
            "store/upserting.py",
            "store/hashing.py",
            "store/known.py",
            "services/import_customers.py",
            "store/newcomers.py",
            "bootstrap/importing.py",
        ),
        "what many rows share is worked out once; of a large file in a process beside",
    ),
    Cost(
        "how people used their channels, counted anew",
        ("store/learning.py", "services/learn"),
        "once a night; one pass of the database over the interactions",
    ),
    Cost(
        "the provider: the SDK, JSON, HTTP and waiting for its answer",
        ("channels/",),
        "the text travels once per thousand people, each carries only their values; an answer in "
        "the plainest shape is read by one pattern",
    ),
    Cost(
        "the intent: consent, suppression, address and lease checked again, the values stored",
        ("store/intending.py", "store/contacts.py", "store/pressing.py"),
        "one statement per batch, a verdict per row; hours judged once per permit",
    ),
    Cost(
        "claiming a batch with its profiles",
        ("store/claiming.py", "store/carrying.py"),
        "the driver's own tuples instead of SQLAlchemy's rows",
    ),
    Cost(
        "settling, with the interactions",
        ("store/settling.py", "store/joined_deliveries.py"),
        "one statement per outcome, not per message",
    ),
    Cost(
        "the words: values, numbers, links",
        (
            "services/composing.py",
            "services/links.py",
            "domain/slots.py",
            "domain/message.py",
            "content/",
            "domain/brand.py",
        ),
        "texts are compiled once and filled; a link is signed once, its key derived once",
    ),
    Cost(
        "profiles read for the plan",
        (
            "store/candidates.py",
            "store/used.py",
            "store/standing_skips.py",
            "store/barring.py",
            "store/having.py",
            "store/hours.py",
        ),
        "texts that people share are taken apart once",
    ),
    Cost(
        "the choice of channel, moment and variant",
        ("services/plan_run.py", "services/choosing.py", "domain/"),
        "decided in processes beside from ten shards on",
    ),
    Cost("the plan's rows", ("store/planning.py",), "one statement per shard"),
)


def costs(lines: Iterable[str]) -> Counter[str]:
    """Samples by `stage: name`, from py-spy's raw format: `frame;frame;… count`."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        ours = [m for frame in stack.split(";") if (m := _OURS.search(frame))]
        if ours and not any(m["file"].startswith(_NOT_THE_PRODUCT) for m in ours):
            places = [f"{m['file']}: {m['what']}" for m in ours]
            found[START if _IMPORTING in stack else _named(places)] += int(count)
    return found


def _named(places: Sequence[str]) -> str:
    """Of a stack's functions, the outermost first."""
    stages = (s for place in places for start, s in _STAGES.items() if place.startswith(start))
    stage = next(stages, "else")
    for place in reversed(places):
        for cost in COSTS:
            if place.startswith(cost.places):
                return f"{stage}: {cost.name}"
    return f"{stage}: {places[-1]}"


def table(found: Counter[str], most: int = LARGEST) -> str:
    """The largest, with their share of all but start-up, which is told apart."""
    start = found[START] / max(1, found.total())
    path = Counter({name: count for name, count in found.items() if name != START})
    done = {cost.name: cost.done for cost in COSTS}
    rows = [
        f"| {count / path.total():.0%} | {name} | {done.get(name.partition(': ')[2], '')} |"
        for name, count in path.most_common(most)
    ]
    head = ["| share | what | what was done about it |", "|---:|---|---|"]
    sampled = f"{found.total():,} samples, {start:.0%} of them importing modules: told apart."
    return "\n".join([*head, *rows, "", sampled])


def _record(customers: str, kind: str, file: Path) -> None:
    bench = [sys.executable, "-m", "tests.bench.end_to_end", "--customers", customers]
    spy = ["record", "--subprocesses", "--function", "--rate", "50", "--format", kind]
    py_spy = Path(sys.executable).with_name("py-spy")
    subprocess.run([str(py_spy), *spy, "-o", str(file), "--", *bench], check=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", default="50000")
    parser.add_argument("--most", type=int, default=LARGEST)
    parser.add_argument("--raw", type=Path, help="only tell the costs of a file made before")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    raw = args.raw
    if raw is None:
        FOLDER.mkdir(exist_ok=True)
        raw = FOLDER / "profile.raw"
        _record(args.customers, "raw", raw)
        _record(args.customers, "flamegraph", FOLDER / "profile.svg")
        print(f"Flame graph: {FOLDER / 'profile.svg'}")
    told = table(costs(raw.read_text(encoding="utf-8").splitlines()), args.most)
    print(told)
    if args.write:
        command = f"`python -m tests.bench.profile --customers {args.customers}`"
        load = f"{date.today()}, load average after it {os.getloadavg()[0]:.0f}"
        write_between("profile", f"{command}, {load}\n\n{told}")


if __name__ == "__main__":
    main()
