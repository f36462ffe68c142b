"""A WhatsApp skeleton as a content template: slots become {{1}}, {{2}}, … Pure.

Outside the 24-hour window WhatsApp takes only templates it has approved, so what a campaign says
there must be fixed before it starts: exactly what a skeleton is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from campaigns.domain.message import Hole, Skeleton, SlotType, escape
from campaigns.errors import ConfigurationError

#: WhatsApp's limit of a template's body, in characters, numbered slots included.
LONGEST_TEMPLATE = 1024

#: Meta's reviewers want to see what a value may look like.
_SAMPLES = {
    SlotType.TEXT: "Mar",
    SlotType.INTEGER: "120",
    SlotType.NUMBER: "12.5",
    SlotType.DATE: "31 March 2027",
    SlotType.CODE: "CODE20",
    SlotType.URL: "https://www.example.com/page",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A content template.

    Attributes:
        name: the same for the same words in the same language, whatever the campaign is called:
            a template that Meta has approved once serves again.
        language: as WhatsApp names it: `es`, `en_GB`.
        body: with {{1}}, {{2}}, … where `holes` go, in that order.
        samples: number → what a value may look like.
    """

    name: str
    language: str
    body: str
    holes: tuple[Hole, ...]
    samples: Mapping[str, str]

    def values(self, values: Mapping[str, str]) -> dict[str, str]:
        """Number → one customer's value."""
        return {
            str(n): escape(values[hole.slot], hole.escape)
            for n, hole in enumerate(self.holes, start=1)
        }


def template_of(skeleton: Skeleton) -> Template:
    """The skeleton as a template. Raises ConfigurationError naming the text WhatsApp would not
    take (Meta's template rules, November 2026)."""
    part = skeleton.parts["body"]
    holes = tuple(dict.fromkeys(part.holes))
    numbers = {hole: f"{{{{{n}}}}}" for n, hole in enumerate(holes, start=1)}
    body = part.literals[0] + "".join(
        numbers[hole] + literal for hole, literal in zip(part.holes, part.literals[1:], strict=True)
    )
    _check(skeleton, body)
    language = _language(skeleton.locale)
    words = blake2b(f"{language}\n{body}".encode(), digest_size=16)
    return Template(
        name=f"campaigns_{words.hexdigest()}",
        language=language,
        body=body,
        holes=holes,
        samples={
            str(n): skeleton.slots[hole.slot].fallback or _SAMPLES[skeleton.slots[hole.slot].type]
            for n, hole in enumerate(holes, start=1)
        },
    )


def _check(skeleton: Skeleton, body: str) -> None:
    literals = skeleton.parts["body"].literals
    where = f"the WhatsApp text in {skeleton.locale}"
    if any("{{" in literal or "}}" in literal for literal in literals):
        raise ConfigurationError(
            f"{where} contains '{{{{' or '}}}}'. WhatsApp reads them as slots."
        )
    if len(literals) > 1 and not (literals[0].strip() and literals[-1].strip()):
        raise ConfigurationError(
            f"{where} starts or ends with a customer's value. WhatsApp approves no such template: "
            "put words of the brand around it."
        )
    if any(not literal.strip() for literal in literals[1:-1]):
        raise ConfigurationError(
            f"{where} has two customer's values side by side. WhatsApp approves no such template: "
            "put words between them."
        )
    if len(body) > LONGEST_TEMPLATE:
        raise ConfigurationError(
            f"{where} has {len(body):,} characters; WhatsApp takes {LONGEST_TEMPLATE:,} in a "
            "template. Shorten the copy."
        )


def _language(locale: str) -> str:
    """WhatsApp has these with a region (its list of template languages); others go without."""
    return locale if locale in _REGIONAL else locale.partition("_")[0]


_REGIONAL = frozenset(
    {"en_GB", "en_US", "es_AR", "es_ES", "es_MX", "pt_BR", "pt_PT", "zh_CN", "zh_HK", "zh_TW"}
)
