"""Which profiles are probably one person, by names and attributes: Splink's model, trained on the
profiles themselves, without examples (Fellegi and Sunter 1969; EM).

Splink is an optional extra (`pip install -e '.[match]'`), read only here and only when used.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

from campaigns.domain.identity import Comparison
from campaigns.errors import UserError

#: Below this a pair is not worth reporting to whoever asks.
LEAST = 0.01
_PAIRS = 1_000_000  # of the sample that tells how often strangers agree
_FEWEST = 100  # profiles; with fewer there is nothing to train on
#: Pairs that agree on three fields. With fewer there are hardly two of anybody, and a model that
#: learns from them takes strangers for the same.
_EXAMPLES = 50

Pair = tuple[int, int, float]


def probable_pairs(
    rows: Sequence[Mapping[str, Any]], compare: Mapping[str, Comparison], *, seed: int
) -> list[Pair]:
    """Pairs of `id`s with the probability that they are one person, the likeliest first.

    `rows` have `id` (a whole number) and texts or None in each column of `compare`. Repeatable by
    `seed`. None where so few resemble each other that there is nothing to learn from. Raises
    UserError where Splink is missing, or where there are too few profiles or fields.
    """
    splink = _splink()
    usable = {
        n: c for n, c in compare.items() if sum(r.get(n) is not None for r in rows) >= _FEWEST
    }
    if len(rows) < _FEWEST or len(usable) < 3:
        raise UserError(
            f"probable matching needs {_FEWEST} profiles or more, and three fields that as many of "
            f"them have; found {len(rows)} profiles with {len(usable)} such fields."
        )
    if _examples(rows, list(usable)) < _EXAMPLES:
        return []
    linker = _linker(splink, rows, usable)
    _train(splink, linker, usable, seed)
    found = linker.inference.predict(threshold_match_probability=LEAST).as_dict()
    columns = ("unique_id_l", "unique_id_r", "match_probability")
    pairs = list(zip(*(found[name] for name in columns), strict=True))
    return sorted(pairs, key=lambda p: (-p[2], p[0], p[1]))


def _examples(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> int:
    """How many pairs agree on three fields, counted up to what is enough."""
    sure: set[tuple[int, int]] = set()
    for three in combinations(names, 3):
        alike: dict[tuple[Any, ...], list[int]] = {}
        for row in rows:
            key = tuple(row.get(name) for name in three)
            if None not in key:
                alike.setdefault(key, []).append(row["id"])
        for ids in alike.values():
            sure.update(pairwise(ids))
        if len(sure) >= _EXAMPLES:
            break
    return len(sure)


def _splink() -> Any:
    try:
        import splink
    except ImportError as error:
        raise UserError(
            "probable matching needs Splink: pip install -e '.[match]' in the checkout, or take "
            "`probable:` out of identities.yaml."
        ) from error
    return splink


def _linker(
    splink: Any, rows: Sequence[Mapping[str, Any]], compare: Mapping[str, Comparison]
) -> Any:
    import pyarrow as pa

    columns: dict[str, Any] = {"unique_id": pa.array([r["id"] for r in rows], pa.int64())}
    for name in compare:
        columns[name] = pa.array([r.get(name) for r in rows], pa.string())
    settings = splink.SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(name, how) for name, how in compare.items()],
        blocking_rules_to_generate_predictions=_blocks(splink, compare),
    )
    api = splink.DuckDBAPI()
    return splink.Linker(api.register(pa.table(columns)), settings, log_level=logging.ERROR)


def _comparison(name: str, how: Comparison) -> Any:
    import splink.comparison_library as library

    match how:
        case "name":
            compared = library.JaroWinklerAtThresholds(name, [0.92, 0.8])
            return compared.configure(term_frequency_adjustments=True)
        case "text":
            return library.JaroWinklerAtThresholds(name, [0.9, 0.8])
        case "code":
            return library.DamerauLevenshteinAtThresholds(name, [1, 2])
        case "exact":
            return library.ExactMatch(name)


def _blocks(splink: Any, compare: Mapping[str, Comparison]) -> list[Any]:
    """Only pairs that agree on two fields are looked at: all with all would never end."""
    return [splink.block_on(*pair) for pair in combinations(compare, 2)]


def _train(splink: Any, linker: Any, compare: Mapping[str, Comparison], seed: int) -> None:
    """How often people agree on each field, learnt twice over different blocks, since a field that
    blocks cannot be learnt from its own agreement."""
    training, names = linker.training, list(compare)
    sure = [splink.block_on(*three) for three in combinations(names, 3)]
    training.estimate_probability_two_random_records_match(sure, recall=0.9)
    training.estimate_u_using_random_sampling(max_pairs=_PAIRS, seed=seed)
    for pair in (names[:2], names[2:4] if len(names) > 3 else names[1:]):
        training.estimate_parameters_using_expectation_maximisation(splink.block_on(*pair))
