"""`python -m tests.unit.content.mutation [--all | --seed N] [--misses]`: what is caught."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.unit.content.mutation.harness import (
    SEED,
    Harness,
    drawn,
    every_fault,
    missed,
    report,
)
from tests.unit.content.mutation.remembering import remembering


def main() -> None:
    """Run the faults and print what was caught, per kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every fault, not only those drawn")
    parser.add_argument("--seed", type=int, default=SEED, help="draw others than the tests do")
    parser.add_argument("--kind", help="one kind only")
    parser.add_argument("--misses", action="store_true", help="list each miss")
    asked = parser.parse_args()
    some = [fault for kind in drawn(asked.seed).values() for fault in kind]
    faults = every_fault() if asked.all else some
    faults = [f for f in faults if asked.kind in (None, f.kind)]
    with tempfile.TemporaryDirectory() as folder, remembering():
        started = time.process_time()
        results = Harness(Path(folder)).run_all(faults)
        took = time.process_time() - started
    print(report(results))
    print(f"{took:.1f} s of processor, {1000 * took / max(1, len(faults)):.0f} ms per fault")
    if asked.misses:
        print(missed(results))


if __name__ == "__main__":
    main()
