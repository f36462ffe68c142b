"""How well the probable match does on labelled people: `python -m tests.bench.matching`.

Every set of tests.febrl with every choice of columns, at the thresholds of docs/identities.md.
"""

from __future__ import annotations

import time

from campaigns.analysis.resemblance import probable_pairs
from tests.febrl import COMPARE, FILES, joined, people, quality

NAMES = {"given_name": "name", "surname": "name"}
VARIANTS = {
    "names, date of birth, address": {**NAMES, **COMPARE},
    "names, address": {**NAMES, **{k: v for k, v in COMPARE.items() if k != "date_of_birth"}},
    "names, date of birth, postcode": {
        **NAMES, "date_of_birth": "code", "postcode": "code"
    },
}  # fmt: skip


def main() -> None:
    """One line per set, variant and threshold."""
    print("| set | compared | from | merged pairs | precision | recall | s |")
    print("|---|---|---|---|---|---|---|")
    for variant, compare in VARIANTS.items():
        for number in FILES:
            rows, truth = people(number)
            began = time.monotonic()
            numbered = [{"id": i, **row} for i, row in enumerate(rows)]
            found = probable_pairs(numbered, compare, seed=1)  # type: ignore[arg-type]
            took = time.monotonic() - began
            for least in (0.9, 0.99, 0.999):
                groups = joined([(a, b) for a, b, p in found if p >= least], len(rows))
                precision, recall, pairs = quality(groups, truth)
                print(
                    f"| {number} | {variant} | {least} | {pairs:,} | {precision:.4f} "
                    f"| {recall:.3f} | {took:.1f} |"
                )


if __name__ == "__main__":
    main()
