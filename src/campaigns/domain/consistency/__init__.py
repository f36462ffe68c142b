"""The consistency engine: read the facts back out of a rendered text, and hold them against the
campaign's.

It works on text alone, and knows nothing of templates, files or how facts are written:

    asked = asking(declared, allowed)
    mentions = extract(text, "es_ES", asked)
    verdict = compare(mentions, declared, required=must_say, allowed=brand_values)

or `examine`, which does the three, and takes the targets of links as well. Offsets are those of
the text given. What counts as a mention is decided, and said, at the top of each module.
"""

from campaigns.domain.consistency.comparing import Place, Remark, Valued, Verdict, compare
from campaigns.domain.consistency.examining import asking, examine
from campaigns.domain.consistency.extracting import extract
from campaigns.domain.consistency.links import extract_url
from campaigns.domain.consistency.matching import Declared
from campaigns.domain.consistency.mentions import (
    Asked,
    Clock,
    Day,
    InWords,
    Kind,
    Mention,
    Money,
    Span,
)

__all__ = [
    "Asked",
    "Clock",
    "Day",
    "Declared",
    "InWords",
    "Kind",
    "Mention",
    "Money",
    "Place",
    "Remark",
    "Span",
    "Valued",
    "Verdict",
    "asking",
    "compare",
    "examine",
    "extract",
    "extract_url",
]
