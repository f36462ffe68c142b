"""`make profile`: where the time of the whole path goes.

Runs the end-to-end benchmark under py-spy twice: once for a flame graph
(.campaigns/profile.svg, every process), once for the raw stacks, of which the largest costs are
told: each sample counts for the innermost function of the product in its stack, with what it calls
outside; importing modules is told as one. The sandbox and the making of the customers are left out.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(".campaigns")
LARGEST = 5
_OURS = re.compile(r"(?P<what>\S+) \((?:.*/)?campaigns/(?P<file>[\w/]+\.py)")
_NOT_THE_PRODUCT = ("sandbox/", "sample/")
_IMPORTING = "_find_and_load"
START = "start-up: importing modules"


def costs(lines: Iterable[str]) -> Counter[str]:
    """Samples by function, from py-spy's raw format: `frame;frame;… count`."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        ours = [m for frame in stack.split(";") if (m := _OURS.search(frame))]
        if ours and not any(m["file"].startswith(_NOT_THE_PRODUCT) for m in ours):
            told = f"{ours[-1]['file']}: {ours[-1]['what']}"
            found[START if _IMPORTING in stack else told] += int(count)
    return found


def table(found: Counter[str], most: int = LARGEST) -> str:
    """The largest, with their share of all."""
    total = found.total()
    rows = [f"| {count / total:.0%} | `{name}` |" for name, count in found.most_common(most)]
    return "\n".join(["| share | what |", "|---:|---|", *rows])


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
    args = parser.parse_args()
    raw = args.raw
    if raw is None:
        FOLDER.mkdir(exist_ok=True)
        raw = FOLDER / "profile.raw"
        _record(args.customers, "raw", raw)
        _record(args.customers, "flamegraph", FOLDER / "profile.svg")
        print(f"Flame graph: {FOLDER / 'profile.svg'}")
    print(table(costs(raw.read_text(encoding="utf-8").splitlines()), args.most))


if __name__ == "__main__":
    main()
