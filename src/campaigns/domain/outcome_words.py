"""What became of a message, for people: the stored line is a code and a reason. Pure.

The code is for logs, for JSON and for asking the provider; who reads a report wants the reason, who
said it, and the provider's number where there is one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

_VENDORS = {"sendgrid": "SendGrid", "twilio": "Twilio", "smtp": "mail server", "x": "X"}
#: Codes of our own: what stands behind them says it all.
_OURS = r"slot:\w+|late|pace|time|failing|waits|settings"
_CODED = re.compile(
    rf"(?:(?P<vendor>{'|'.join(_VENDORS)}):(?P<what>[\w.-]+)|{_OURS}): (?P<said>.+)", re.S
)


def in_words(outcome: str) -> str:
    """`twilio:21610: opted out` → `opted out (Twilio 21610)`. Anything else is left as it is."""
    found = _CODED.fullmatch(outcome)
    if found is None:
        return outcome
    said, vendor, what = found["said"], found["vendor"], found["what"]
    if vendor is None:
        return said
    name = _VENDORS[vendor]
    if what.isdecimal() and what not in said:
        return f"{said} ({name} {what})"
    return said if re.search(rf"\b{name}\b", said) else f"{said} ({name})"


def all_in_words(outcomes: Mapping[str, int]) -> dict[str, int]:
    """Counts by outcome, those of the same words together, in their order."""
    words: Counter[str] = Counter()
    for outcome, count in outcomes.items():
        words[in_words(outcome)] += count
    return dict(words)
