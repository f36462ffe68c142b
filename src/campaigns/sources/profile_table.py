"""Profiles as a CSV for spreadsheets, and the mapping file that imports it again.

One row per customer: what stands now. The whole history is in the JSON export; a table has
attributes, addresses, what the consents say now and whether an address is suppressed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.intake import SuppressionPurpose
from campaigns.errors import FileError
from campaigns.sources.formulas import harmless

_FIELDS = (
    "ref", "first_name", "last_name", "locale", "country", "time_zone", "preferred_channel",
)  # fmt: skip
_ADDRESSES = {
    Channel.EMAIL: "email",
    Channel.SMS: "sms",
    Channel.WHATSAPP: "whatsapp",
    Channel.X_DM: "x_handle",
}


def write_table(
    documents: Iterable[Mapping[str, Any]],
    path: Path,
    *,
    attributes: Sequence[str],
    topics: Sequence[str],
) -> Path:
    """Write exported documents (`SqlProfiles.export_all`) as rows, streamed, and a mapping.

    `attributes` and `topics` are the columns: those the brand declares and its campaigns ask for,
    `*` for consents to everything. Cells that a spreadsheet would run are made harmless; the
    mapping takes that back. Returns the mapping's path. Raises FileError.
    """
    mapping = path.with_suffix(".mapping.yaml")
    matters = [(c, p, t) for c in PERSONAL_CHANNELS for p in Purpose for t in topics]
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_header(attributes, matters))
            writer.writerows(_row(d["profile"], attributes, matters) for d in documents)
        with mapping.open("w", encoding="utf-8") as text:
            YAML().dump(_mapping(attributes, matters), text)
    except OSError as error:
        raise FileError(f"it cannot be written: {error.strerror}.", path=path) from error
    return mapping


def _matter_column(matter: tuple[Channel, Purpose, str]) -> str:
    channel, purpose, topic = matter
    return f"{channel} {purpose} {'everything' if topic == '*' else topic}"


def _header(
    attributes: Sequence[str], matters: Sequence[tuple[Channel, Purpose, str]]
) -> list[str]:
    header = [*_FIELDS, *_ADDRESSES.values(), *(f"{a} suppressed" for a in _ADDRESSES.values())]
    header += [f"attribute {name}" for name in attributes]
    for matter in matters:
        header += [_matter_column(matter), f"{_matter_column(matter)} at"]
    return header


def _row(
    profile: Mapping[str, Any],
    attributes: Sequence[str],
    matters: Sequence[tuple[Channel, Purpose, str]],
) -> list[str]:
    by_channel = {a["channel"]: a for a in profile["addresses"]}
    cells = [profile[name] for name in _FIELDS]
    cells += [by_channel.get(c, {}).get("address") for c in _ADDRESSES]
    cells += [by_channel.get(c, {}).get("suppressed", {}).get("purpose") for c in _ADDRESSES]
    cells += [_text(profile["attributes"].get(name)) for name in attributes]
    standing = _standing(profile["consents"])
    for matter in matters:
        said = standing.get(matter)
        cells += ["", ""] if said is None else ["yes" if said["granted"] else "no", said["at"]]
    return [harmless(cell or "") for cell in cells]


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _standing(
    ledger: Iterable[Mapping[str, Any]],
) -> dict[tuple[Channel, Purpose, str], Mapping[str, Any]]:
    """The newest entry on each matter; of two of one moment the no."""
    newest: dict[tuple[Channel, Purpose, str], Mapping[str, Any]] = {}
    for entry in ledger:
        matter = (Channel(entry["channel"]), Purpose(entry["purpose"]), entry["topic"])
        before = newest.get(matter)
        if before is None or _weight(entry) > _weight(before):
            newest[matter] = entry
    return newest


def _weight(entry: Mapping[str, Any]) -> tuple[str, bool]:
    return entry["at"], not entry["granted"]


def _mapping(
    attributes: Sequence[str], matters: Sequence[tuple[Channel, Purpose, str]]
) -> dict[str, Any]:
    def plain(column: str) -> dict[str, Any]:
        return {"column": column, "strip_apostrophe": True}

    return {
        "name": "campaigns",
        "title": "customers exported by campaigns",
        "ref": plain("ref"),
        "fields": {n: plain(n) for n in (*_FIELDS[1:], *_ADDRESSES.values())},
        "attributes": {name: plain(f"attribute {name}") for name in attributes},
        "consents": [
            {
                "channel": str(c),
                "purpose": str(p),
                "topic": t,
                "granted": plain(_matter_column((c, p, t))),
                "at": plain(f"{_matter_column((c, p, t))} at"),
            }
            for c, p, t in matters
        ],
        "suppressions": [
            {
                "channel": str(channel),
                "column": f"{name} suppressed",
                "contains": [str(purpose)],
                "purpose": str(purpose),
                "reason": "exported",
            }
            for channel, name in _ADDRESSES.items()
            for purpose in SuppressionPurpose
        ],
    }
