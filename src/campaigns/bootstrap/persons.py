"""Verbs about who is one person: merging, parting, finding pairs, deciding on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.bootstrap.app import App
from campaigns.domain.identity import IdentityRules, MatchLine, MergeLine, Verdict

#: Who merges where no person did.
ENGINE = "campaigns"
#: Of the sampling in the probable match: the same profiles, the same probabilities.
_SEED = 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for pairs came to: merged at once, put before a person, left alone."""

    merged: int = 0
    to_review: int = 0
    left: int = 0

    def __add__(self, other: Found) -> Found:
        return Found(
            self.merged + other.merged, self.to_review + other.to_review, self.left + other.left
        )


def merge(app: App, kept: str, merged: str, *, by: str, why: str) -> int:
    """Make one person of two customers, named by anything that finds them; the first stays.

    Returns the merge's number. Raises UserError, NotFoundError.
    """
    ids = (app.profiles.find(who) for who in (kept, merged))
    return app.persons.merge(*ids, by=by, why=why, now=app.clock.now())


def unmerge(app: App, merge_id: int, *, by: str, why: str) -> tuple[int, int]:
    """Make two of one again; nothing merges them by itself from then on."""
    return app.persons.unmerge(merge_id, by=by, why=why, now=app.clock.now())


def list_merges(app: App) -> list[MergeLine]:
    """The newest merges first."""
    return app.persons.merges()


def find_matches(app: App) -> Found:
    """Look for profiles that are one person: by what they share, then, where identities.yaml turns
    it on, by resemblance. Safe to repeat: a pair that was decided on is left.

    Raises UserError for a wrong file, or where the probable match cannot run.
    """
    rules = app.catalog.identity_rules()
    pairs = ((a, b, None) for a, b in app.persons.sharing(rules.most))
    found = _consider(app, rules, pairs)
    return found + _consider(app, rules, _probable(app, rules))


def list_matches(app: App) -> list[MatchLine]:
    """The pairs that wait for a person, the oldest first."""
    return app.persons.matches()


def accept_match(app: App, match_id: int, *, by: str, why: str) -> int:
    """It is one person. Returns the merge's number."""
    return app.persons.accept(match_id, by=by, why=why, now=app.clock.now())


def refuse_match(app: App, match_id: int, *, by: str, why: str) -> None:
    """They are two people."""
    app.persons.refuse(match_id, by=by, why=why, now=app.clock.now())


def _probable(app: App, rules: IdentityRules) -> list[tuple[int, int, float | None]]:
    if rules.probable is None:
        return []
    from campaigns.analysis.resemblance import probable_pairs

    compare = {"first_name": "name", "last_name": "name", **rules.probable.compare}
    rows = app.persons.rows(rules.probable.compare)
    least = rules.probable.review
    return [p for p in probable_pairs(rows, compare, seed=_SEED) if p[2] >= least]


def _consider(
    app: App, rules: IdentityRules, pairs: Iterable[tuple[int, int, float | None]]
) -> Found:
    counts = dict.fromkeys(Verdict, 0)
    now = app.clock.now()
    for a, b, probability in pairs:
        verdict = app.persons.consider((a, b), rules, by=ENGINE, now=now, probability=probability)
        counts[verdict] += 1
    return Found(counts[Verdict.JOIN], counts[Verdict.REVIEW], counts[Verdict.NOTHING])
