"""The registry of rules: every id that a finding can bear, how serious it is, and what it means.

docs/checks.md explains each with an example; a test holds the page against this list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from campaigns.domain.findings import Level


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `level` is what its findings have unless the brand's own rule says otherwise."""

    id: str
    level: Level
    meaning: str


def _rules(level: Level, **meanings: str) -> Iterator[Rule]:
    return (Rule(name.replace("_", "-"), level, told) for name, told in meanings.items())


_ERRORS: Final = _rules(
    Level.ERROR,
    file="a file cannot be read or compiled",
    # Facts
    fact_missing="a message does not state a must-say fact",
    stranger="a message states a value that the campaign does not declare",
    wrong_format="a fact is written as another locale writes it",
    in_words="an amount is spelled out, so that it cannot be compared",
    ambiguous="a value can be read as two different ones",
    label_empty="the name of a fact stands there without the fact",
    twin_differs="the text part of an e-mail states other facts than its HTML",
    # Locales
    locale_facts="a text states a fact in one language and not in another",
    locale_texts="a text is missing in one language",
    label_missing="a fact has a label in other languages and not in this one",
    language="a text is not in the language of its file",
    untranslated="a text is the same, word for word, in two languages",
    # Fit
    too_long="a message can be longer than its channel, or the brand, allows",
    # Law
    unsubscribe_missing="a marketing e-mail has no unsubscribe link",
    address_missing="an e-mail does not show the postal address",
    legal_missing="a message lacks the line that the law asks for",
    # Links
    link_domain="a link or address leads to a domain that is not the brand's",
    link_scheme="a link does not start with https://, mailto: or tel:",
    link_empty="a link leads nowhere or has no words",
    # The brand's own rules
    term="a term that the brand avoids",
    name="a name that is written another way",
    voice="louder than the brand speaks",
    pattern="a rule of the brand's own, from `patterns`",
    contrast="text that is hard to read on its ground",
    topic_unknown="a topic that customers cannot choose, since the brand does not list it",
    sender_domain="mail comes from a domain that is not the brand's",
    # E-mail
    mail_lang="the HTML does not say which language it is in, or says another",
    mail_title="the HTML has no title",
    mail_alt="an image has no alternative text",
    mail_active="scripts, forms, frames or remote fonts, which mail programs remove or block",
    preheader_missing="nothing stands after the subject in the inbox",
    # Sanity
    copy_missing="a text that a channel needs is absent",
    variant_missing="a variant is absent in one language",
    step_missing="a step of the journey has no words in one language",
    step_repeats="a step of the journey says what an earlier one said",
    odd_letters="a letter that is not what it seems, or cannot be seen",
    budget_unpriced="a budget that the brand's prices cannot be held against",
    left_over="words that were meant to be replaced",
    post_personal="a public post holds a customer's value",
)
_WARNINGS: Final = _rules(
    Level.WARNING,
    typed_fact="a fact is typed where it should be named",
    over="the last day of the campaign has passed",
    expires_late="the campaign goes on after the last day it states",
    implausible="a fact that is hardly meant, such as 200 percent off",
    vague_date="a day that depends on when the message is read",
    file_unread="a file beside the campaign's that it does not read",
    copy_unused="a text that stands in no message",
    locale_slots="a text holds a customer's value in one language and not in another",
    mail_support="HTML or CSS that many mail programs do not show",
    no_fallback="a customer's value without words for those who lack it",
    reading_level="a body that is harder to read than the brand asks for",
    doubled_word="the same word twice in a row",
    spacing="spaces or marks that look like a slip",
)

#: Every rule by its id.
RULES: Final[dict[str, Rule]] = {rule.id: rule for rule in (*_ERRORS, *_WARNINGS)}
