"""What may be said about deliveries in logs and spans: ids, counts and codes, nobody's data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from campaigns.domain.delivery import Accepted, NotSent, Outcome, Refused, Rejected, Unknown

#: A provider's sentence may quote an address or a text; its code may not, and is held to a code's
#: letters all the same.
_CODE = re.compile(r"[a-z][a-z_.-]{0,30}(:[a-z0-9_.-]{1,30})?", re.IGNORECASE)

WORDS: dict[type[Outcome], str] = {
    Accepted: "accepted",
    Rejected: "rejected",
    NotSent: "not_sent",
    Unknown: "in_doubt",
    Refused: "refused",
}


def numbers(outcomes: Mapping[int, Outcome]) -> dict[str, int]:
    """Outcome → how many, of one batch."""
    return dict(Counter(WORDS[type(o)] for o in outcomes.values()))


def code(outcome: Outcome) -> str:
    """The outcome's code, or `other` where it is none."""
    said = "" if isinstance(outcome, Accepted) else outcome.code
    return said if _CODE.fullmatch(said) else "other"
