"""What changed between two releases, by fact, copy, layout, brand and campaign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Literal

from campaigns.domain.release import Release

Group = Literal["fact", "copy", "layout", "brand", "campaign", "attribute"]
_ORDER: tuple[Group, ...] = ("fact", "copy", "layout", "brand", "campaign", "attribute")
_GROUPS: dict[str, Group] = {"brand.yaml": "brand", "campaign.yaml": "campaign"}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs.

    Attributes:
        where: the fact and locale, or the file and key.
        before, after: as written; None is not there. Of a layout `after` holds the changed lines.
    """

    group: Group
    where: str
    before: str | None
    after: str | None


def diff(old: Release, new: Release) -> list[Change]:
    """Every change, facts first. Two releases of the same hash have none."""
    changes = [*_facts(old, new), *_files(old, new)]
    return sorted(changes, key=lambda c: (_ORDER.index(c.group), c.where))


def facts_changed(old: Release, new: Release) -> list[Change]:
    """What differs of the facts, each in one of the locales that write it otherwise."""
    first = {change.where.split(".")[0]: change for change in reversed([*_facts(old, new)])}
    return [first[name] for name in sorted(first)]


def _facts(old: Release, new: Release) -> Iterator[Change]:
    """Facts as they are written in each locale."""
    before, after = _flat(old.facts), _flat(new.facts)
    yield from _changes("fact", "", before, after)


def _files(old: Release, new: Release) -> Iterator[Change]:
    before, after = _documents(old), _documents(new)
    for file in sorted(before.keys() | after.keys()):
        group = _group(file)
        one, other = before.get(file), after.get(file)
        if group == "layout":
            yield from _layout(file, str(one or ""), str(other or ""))
        else:
            prefix = f"{file}: "
            skip = "facts." if group == "campaign" else None
            yield from _changes(group, prefix, _flat(one or {}), _flat(other or {}), skip)


def _documents(release: Release) -> Mapping[str, Any]:
    """Source documents by a name that does not hold the campaign's, so that two can be compared."""
    own = f"campaigns/{release.campaign}/"
    return {name.removeprefix(own): document for name, document in release.documents.items()}


def _group(file: str) -> Group:
    if file.startswith("layouts/"):
        return "layout"
    if file.startswith("copy."):
        return "copy"
    return _GROUPS.get(file, "attribute")


def _layout(file: str, before: str, after: str) -> Iterator[Change]:
    if before == after:
        return
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    yield Change("layout", file, None, "\n".join(changed))


def _changes(
    group: Group,
    prefix: str,
    before: Mapping[str, str],
    after: Mapping[str, str],
    skip: str | None = None,
) -> Iterator[Change]:
    for key in sorted(before.keys() | after.keys()):
        if skip and key.startswith(skip):
            continue
        if before.get(key) != after.get(key):
            yield Change(group, prefix + key, before.get(key), after.get(key))


def _flat(value: Any, key: str = "") -> dict[str, str]:
    """Leaves by dotted key: `ends_on.ca_ES`, `body.2`."""
    if isinstance(value, Mapping):
        items = [(str(k), v) for k, v in value.items()]
    elif isinstance(value, list | tuple):
        items = [(str(n), v) for n, v in enumerate(value, start=1)]
    else:
        return {key: str(value)}
    flat: dict[str, str] = {}
    for name, item in items:
        flat |= _flat(item, f"{key}.{name}" if key else name)
    return flat
