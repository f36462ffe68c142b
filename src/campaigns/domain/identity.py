"""Who is one person: what two profiles share, and what follows from it.

The rules are data (`templates/identities.yaml`); without the file the ones here hold. An address
alone proves little: families share mailboxes, shops write down their own. So what is shared must
come with a name that does not speak against it, and everything less goes to a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from unicodedata import combining, normalize

from pydantic import Field

from campaigns.domain.channel import AddressKind
from campaigns.domain.customer import AttributeValue
from campaigns.domain.written import Frozen


class IdentityKind(StrEnum):
    """What finds a customer."""

    REF = "ref"  # a customer id of any system
    EMAIL = AddressKind.EMAIL.value
    PHONE = AddressKind.PHONE.value
    HANDLE = AddressKind.HANDLE.value
    DEVICE = "device"  # an app's, a browser's or a till's own id
    NUMBER = "number"  # the number that a merged profile had before


class MatchState(StrEnum):
    """What became of a pair that may be one person."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Verdict(StrEnum):
    """What is done with two profiles."""

    JOIN = "join"  # at once
    REVIEW = "review"  # a person looks
    NOTHING = "nothing"


#: What two profiles may have in common. `names agree`: the same, or one of them is not known.
Shared = Literal["email", "phone", "handle", "same name", "names agree"]
#: How a field is compared by the probable match.
Comparison = Literal["name", "text", "code", "exact"]


class Probable(Frozen):
    """Finding people who are probably one, by names and attributes. Needs the extra `match`."""

    compare: dict[str, Comparison] = Field(
        min_length=1,
        description="attributes beside first_name and last_name. name: spelling may differ, rare "
        "ones say more; text: spelling may differ; code: dates, postcodes, a digit or two may be "
        "wrong; exact",
    )
    review: float = Field(0.9, gt=0, le=1, description="from this probability a person looks")
    join: float | None = Field(
        None, gt=0, le=1, description="from this probability at once; left out: never"
    )


class IdentityRules(Frozen):
    """When two profiles are one person. Each line of `join` and `review` is enough by itself."""

    join: tuple[tuple[Shared, ...], ...] = Field(
        (("email", "names agree"), ("handle", "names agree"), ("phone", "same name")),
        description="merged at once",
    )
    review: tuple[tuple[Shared, ...], ...] = Field(
        (("email",), ("phone",), ("handle",)), description="a person looks"
    )
    contradict: tuple[str, ...] = Field(
        (), description="attributes, such as a date of birth: where both are known and differ, two"
    )
    shared_mailboxes: tuple[str, ...] = Field(
        ("admin", "contact", "hello", "hola", "info", "mail", "office", "sales", "shop", "team"),
        description="what stands before the @ of a mailbox that several people read",
    )
    most: int = Field(
        3, ge=2, le=20, description="an address that more profiles have says nothing of any"
    )
    nightly: bool = Field(False, description="look every night: the flow `find-matches`")
    probable: Probable | None = Field(None, description="off, unless you turn it on")


@dataclass(frozen=True, slots=True)
class Person:
    """A profile as matching sees it.

    Attributes:
        keys: (kind, keyed hash) of every address, present and past.
        mailboxes: keyed hashes of e-mail addresses → what stands before the @.
    """

    customer_id: int
    ref: str
    first_name: str | None
    last_name: str | None
    created_at: datetime
    attributes: Mapping[str, AttributeValue]
    keys: frozenset[tuple[str, str]]
    mailboxes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is done with a pair, and why, in words without personal data."""

    verdict: Verdict
    evidence: str


@dataclass(frozen=True, slots=True)
class MatchLine:
    """A pair that may be one person; `decided_by`: who said whether it is, empty while it waits."""

    match_id: int
    at: datetime
    evidence: str
    state: MatchState
    refs: tuple[str, str]
    customer_ids: tuple[int, int]
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """One thing that finds a customer.

    Attributes:
        value: of a ref, a number or an address as it is; of a device the end of its keyed hash,
            since nothing else of it is kept. None where only a hash is left.
        source: who told it, in words: `profile`, `merge 3`, `crm.csv`, `events of till`.
        present: it is on the profile now; else it is of before, and finds the customer still.
    """

    kind: IdentityKind
    value: str | None
    since: datetime
    source: str
    present: bool


@dataclass(frozen=True, slots=True)
class Identified:
    """What finds a customer, who was merged into them, and who else they may be."""

    identities: tuple[IdentityLine, ...]
    merged: tuple[MergeLine, ...]
    matches: tuple[MatchLine, ...]


@dataclass(frozen=True, slots=True)
class MergeLine:
    """Two profiles that became one. The refs are None once the person was erased."""

    merge_id: int
    at: datetime
    by: str
    why: str
    kept: str | None
    merged: str | None
    customer_ids: tuple[int, int]
    undone_at: datetime | None


def compare(a: Person, b: Person, rules: IdentityRules) -> Finding:
    """What the rules say of two profiles."""
    shared = _shared(a, b, rules)
    for verdict, lines in ((Verdict.JOIN, rules.join), (Verdict.REVIEW, rules.review)):
        for line in lines:
            if set(line) <= shared:
                return _unless_contradicted(Finding(verdict, _words(line)), a, b, rules)
    return Finding(Verdict.NOTHING, "nothing that is enough")


def compare_probably(a: Person, b: Person, rules: IdentityRules, probability: float) -> Finding:
    """What follows from a probability (0 to 1) that the two are one person."""
    evidence = f"probably the same: {probability:.2%}"
    probable = rules.probable
    if probable is None or probability < probable.review:
        return Finding(Verdict.NOTHING, evidence)
    join = probable.join is not None and probability >= probable.join
    verdict = Verdict.JOIN if join else Verdict.REVIEW
    return _unless_contradicted(Finding(verdict, evidence), a, b, rules)


def _words(line: Sequence[str]) -> str:
    return " and ".join(word if " " in word else f"same {word}" for word in line)


def _unless_contradicted(found: Finding, a: Person, b: Person, rules: IdentityRules) -> Finding:
    for name in rules.contradict:
        mine, other = a.attributes.get(name), b.attributes.get(name)
        if mine is not None and other is not None and mine != other:
            if found.verdict is Verdict.REVIEW:
                return Finding(Verdict.NOTHING, f"{name} differs")
            return Finding(Verdict.REVIEW, f"{found.evidence}, but {name} differs")
    return found


def _shared(a: Person, b: Person, rules: IdentityRules) -> set[str]:
    shared: set[str] = set()
    for kind, key in a.keys & b.keys:
        if kind == IdentityKind.EMAIL and a.mailboxes.get(key) in rules.shared_mailboxes:
            continue
        shared.add(kind)
    names = [plain_name(p.first_name, p.last_name) for p in (a, b)]
    if all(names) and names[0] == names[1]:
        shared.add("same name")
    if _agree(a.first_name, b.first_name) and _agree(a.last_name, b.last_name):
        shared.add("names agree")
    return shared


def _agree(mine: str | None, other: str | None) -> bool:
    return not mine or not other or plain_name(mine) == plain_name(other)


def plain_name(*parts: str | None) -> str:
    """A name as it is compared: without capitals, accents, hyphens and double spaces."""
    text = normalize("NFKD", " ".join(p for p in parts if p).casefold())
    bare = "".join(c for c in text if not combining(c))
    return " ".join(re.findall(r"\w+", bare))


def senior(a: Person, b: Person) -> tuple[Person, Person]:
    """Who stays and who joins: a ref of the user's own stays over one made from an address, then
    the older profile."""

    def rank(person: Person) -> tuple[bool, datetime, int]:
        made = any(person.ref.startswith(f"{kind}:") for kind in AddressKind)
        return made, person.created_at, person.customer_id

    first, second = sorted((a, b), key=rank)
    return first, second
