"""A customer's value while a campaign is compiled: known by name only.

Templates may print one and give it a fallback. Whatever needs the value itself (a condition, a
filter, arithmetic, str()) raises `SlotLogicError`, so that no customer can get a message that was
decided by the placeholder. Printing goes through `SlotMarks`, and through nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from campaigns.domain.message import Slot

#: Marks are single characters of a private-use plane: input cannot hold them, HTML and CSS tools
#: let them pass, and no case change, trim or escape alters one.
_FIRST: Final = 0xF0000
MARK: Final = re.compile(r"[\U000f0000-\U000ffffd]")


class SlotLogicError(Exception):
    """A template tried to decide or compute with a customer's value."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"`{name}` differs per customer, so a template cannot use it {what}: it can only be "
            f"printed, with or without `| or_else('…')`. To branch, declare a trait in "
            f"campaign.yaml and use `traits.…`"
        )


@dataclass(frozen=True, eq=False, repr=False)
class SlotValue:
    """The stand-in for one customer value. `fallback` is as the template gave it."""

    slot: Slot
    name: str
    fallback: str | int | float | None = None

    def or_else(self, fallback: str | int | float) -> SlotValue:
        """The same value with what stands there when the customer has none."""
        return replace(self, fallback=fallback)

    def refuse(self, what: str) -> NoReturn:
        """Say that a template cannot do this with it."""
        raise SlotLogicError(self.name, what)


def _refusing(what: str) -> Any:
    def method(self: SlotValue, *_args: object, **_kwargs: object) -> NoReturn:
        self.refuse(what)

    return method


_REFUSED: Final = {
    "in a text expression": ("str", "repr", "format", "html", "bytes", "mod", "rmod"),
    "in a condition": ("bool", "eq", "ne", "lt", "le", "gt", "ge", "hash", "contains"),
    "in a loop": ("iter", "len", "getitem", "reversed", "next"),
    "in arithmetic": (
        *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv"),
        *("rfloordiv", "pow", "rpow", "neg", "pos", "abs", "int", "float", "index", "round"),
    ),
    "as a function": ("call",),
}
for _what, _names in _REFUSED.items():
    for _name in _names:
        setattr(SlotValue, f"__{_name}__", _refusing(_what))


class SlotMarks:
    """The marks of one skeleton: which slot, with which fallback, each stands for."""

    def __init__(self) -> None:
        self._uses: list[tuple[str, str | int | float | None]] = []
        self._slots: dict[str, Slot] = {}

    def print(self, value: SlotValue) -> str:
        """The mark that stands for the value in rendered text."""
        use = (value.slot.name, value.fallback)
        if use not in self._uses:
            self._uses.append(use)
        self._slots[value.slot.name] = value.slot
        return chr(_FIRST + self._uses.index(use))

    def name(self, mark: str) -> str | None:
        """The slot of a mark; None for a mark that no printing made."""
        index = ord(mark) - _FIRST
        return self._uses[index][0] if index < len(self._uses) else None

    def slot(self, name: str) -> Slot:
        """The slot as declared."""
        return self._slots[name]

    def fallbacks(self, marks: set[str]) -> Mapping[str, set[str | int | float | None]]:
        """Slot name → the fallbacks it was printed with, of the marks that were used."""
        found: dict[str, set[str | int | float | None]] = {}
        for mark in marks:
            name, fallback = self._uses[ord(mark) - _FIRST]
            found.setdefault(name, set()).add(fallback)
        return found
