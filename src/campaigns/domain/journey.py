"""Journeys: a campaign in several steps, and what decides about the next one.

At each step a customer is decided once: a message, or a skip with its reason. So nobody gets a
step twice, and where somebody stands is read off what was decided. Steps are known by name.
docs/journeys.md tells the rules in whole sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StringConstraints,
    Tag,
    model_validator,
)

from campaigns.domain.channel import Channel
from campaigns.domain.written import Frozen

MAX_DEPTH = 6
#: A campaign's steps, all names that it ever had together. A profile's pages read a customer's
#: deliveries by campaign and step, so there must be few.
MAX_STEPS = 10
#: Instead of a step's name: any step of the campaign.
ANY = "any"

StepName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Kind(StrEnum):
    """What a condition may ask about; the words of interaction.InteractionKind."""

    SENT = "sent"
    DELIVERED = "delivered"
    CLICKED = "clicked"
    REPLIED = "replied"
    PURCHASED = "purchased"
    VISITED = "visited"
    CALLED = "called"


#: Told of one message. The others happen anywhere, and count from when the step was sent.
OF_A_MESSAGE = frozenset({Kind.SENT, Kind.DELIVERED, Kind.CLICKED})


class Within(Frozen):
    """In the last so many days, whether or not a step was sent before."""

    within_days: Annotated[int, Field(ge=1, le=3650)]


class Happened(RootModel[dict[Kind, StepName | Within]]):
    """`{clicked: announce}`: exactly one kind, and the step it is about, `any`, or a time."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _one_kind(self) -> Happened:
        if len(self.root) != 1:
            raise ValueError("name one thing that happened per condition; put several under `all:`")
        return self

    @property
    def kind(self) -> Kind:
        """What happened."""
        return next(iter(self.root))

    @property
    def about(self) -> str | Within:
        """The step's name, `any`, or a time."""
        return next(iter(self.root.values()))


class EveryOf(Frozen):
    """All of these."""

    all: Annotated[tuple[Condition, ...], Field(min_length=1)]


class SomeOf(Frozen):
    """At least one of these."""

    any: Annotated[tuple[Condition, ...], Field(min_length=1)]


class NoneOf(Frozen):
    """Not this."""

    not_: Annotated[Condition, Field(alias="not")]


_KINDS: dict[type[BaseModel], str] = {
    EveryOf: "all",
    SomeOf: "any",
    NoneOf: "not",
    Happened: "happened",
}


def _node_kind(value: Any) -> str:
    """Which kind of node was meant, so that an error speaks of that kind alone."""
    if isinstance(value, BaseModel):
        return _KINDS[type(value)]
    if isinstance(value, Mapping):
        return next((key for key in ("all", "any", "not") if key in value), "happened")
    return "happened"


Condition = Annotated[
    Annotated[EveryOf, Tag("all")]
    | Annotated[SomeOf, Tag("any")]
    | Annotated[NoneOf, Tag("not")]
    | Annotated[Happened, Tag("happened")],
    Discriminator(_node_kind),
]

for _model in (EveryOf, SomeOf, NoneOf):
    _model.model_rebuild()


def depth(node: Condition) -> int:
    """How deep the tree is; loading refuses more than `MAX_DEPTH`."""
    match node:
        case EveryOf():
            return 1 + max(map(depth, node.all))
        case SomeOf():
            return 1 + max(map(depth, node.any))
        case NoneOf():
            return 1 + depth(node.not_)
        case _:
            return 1


def leaves(node: Condition) -> Iterator[Happened]:
    """Everything that a condition asks about."""
    match node:
        case EveryOf():
            for inner in node.all:
                yield from leaves(inner)
        case SomeOf():
            for inner in node.any:
                yield from leaves(inner)
        case NoneOf():
            yield from leaves(node.not_)
        case Happened():
            yield node


class Wait(Frozen):
    """How long after the step before, in hours of the clock: a day is 24 of them."""

    days: Annotated[int, Field(ge=0, le=365)] = 0
    hours: Annotated[int, Field(ge=0, le=24 * 30)] = 0

    @property
    def length(self) -> timedelta:
        """The whole."""
        return timedelta(days=self.days, hours=self.hours)


class Step(Frozen):
    """One step of a journey: what it waits for, and for whom it is."""

    name: StepName
    wait: Wait = Field(Wait(), description="after the step before: {days: 3}")
    if_: Condition | None = Field(
        None,
        alias="if",
        description="asked once, when the step is due; who does not fulfil it is skipped",
    )

    @model_validator(mode="after")
    def _is_sound(self) -> Step:
        if self.name == ANY:
            raise ValueError("`any` means any step; give this one a name of its own")
        if self.if_ is not None and depth(self.if_) > MAX_DEPTH:
            raise ValueError(f"`if` is nested deeper than {MAX_DEPTH}; flatten it")
        return self


@dataclass(frozen=True, slots=True)
class Journey:
    """The steps of a release, in order, and what ends a customer's journey.

    Attributes:
        stop: reached: no step follows, whatever was to come. None: nothing stops.
    """

    steps: tuple[Step, ...] = ()
    stop: Condition | None = None

    @property
    def goes_on(self) -> bool:
        """Whether anything follows the first message."""
        return len(self.steps) > 1

    @property
    def entry(self) -> str:
        """The first step's name; empty where the campaign has no steps."""
        return self.steps[0].name if self.steps else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The steps' names in order."""
        return tuple(s.name for s in self.steps)


NO_JOURNEY = Journey()


def step_errors(
    steps: tuple[Step, ...], stop: Condition | None
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a campaign's steps as a whole: where, and a sentence."""
    names = [s.name for s in steps]
    for index, step in enumerate(steps):
        if step.name in names[:index]:
            yield ("steps", index, "name"), f"two steps are called `{step.name}`"
        conditions = list(leaves(step.if_)) if step.if_ is not None else []
        if index == 0 and (conditions or step.wait.length):
            told = "the first step goes to the audience at once: it takes no `wait` and no `if`"
            yield ("steps", index), told
        for leaf in conditions:
            yield from _known(leaf, names, ("steps", index, "if"))
    for leaf in leaves(stop) if stop is not None else ():
        yield from _known(leaf, names, ("stop_when",))


def _known(
    leaf: Happened, names: list[str], loc: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(leaf.about, str) and leaf.about not in (ANY, *names):
        listed = ", ".join(names) or "none"
        yield loc, f"there is no step `{leaf.about}`; the campaign's steps are {listed}"


@dataclass(frozen=True, slots=True)
class Due:
    """A customer whose time for a step has come, and what is known that decides.

    Attributes:
        acted: the journey's goal is reached.
        told: a person of the brand told them about this campaign.
        fits: the step's condition holds.
        answered_on: where they last answered since the journey began, unless they stated
            preferences after that.
        in_audience: whether the campaign's audience still holds them; the journey goes on anyway.
    """

    customer_id: int
    acted: bool
    told: bool
    fits: bool
    answered_on: Channel | None
    in_audience: bool
