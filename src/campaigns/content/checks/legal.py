"""What law and mailbox providers ask each message to hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.page import is_hidden
from campaigns.content.checks.view import OBJECT, View, readable
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.facts import in_locale
from campaigns.domain.findings import Finding
from campaigns.domain.message import fill_part

_UNSUBSCRIBE: Final = "unsubscribe_url"
#: The words that are understood in every language (CTIA), and those of Spanish and Catalan.
_STOP: Final = re.compile(
    r"\b(?:STOP|END|CANCEL|UNSUBSCRIBE|QUIT|BAJA|BAIXA|ALTO|PARAR|ATURA)\b", re.IGNORECASE
)
_TARGET: Final = "https://unsubscribe.invalid/"
_OPT_OUT_BY_REPLY: Final = (Channel.SMS, Channel.WHATSAPP, Channel.X_DM)


def check(checked: Checked) -> Iterator[Finding]:
    """`unsubscribe-missing`, `address-missing`, `legal-missing`, `topic-unknown`."""
    marketing = checked.sources.campaign.purpose is Purpose.MARKETING
    yield from _topic(checked)
    for view in checked.views:
        if view.channel is Channel.EMAIL:
            yield from _address(checked, view)
            if marketing:
                yield from _unsubscribe(checked, view)
        yield from _legal(checked, view)
        if marketing and view.channel in _OPT_OUT_BY_REPLY:
            yield from _opt_out(checked, view)


def _topic(checked: Checked) -> Iterator[Finding]:
    """The topic of a campaign is one that customers see on their page and can say no to."""
    topic, topics = checked.sources.campaign.topic, checked.sources.brand.topics
    if topic and topics and topic not in topics:
        listed = ", ".join(topics)
        yield checked.in_campaign(
            "topic-unknown",
            f"the topic `{topic}` is none of the brand's ({listed}): nobody can choose it.",
            "Take one of these, or add it to `topics` in brand.yaml, named in each language.",
            ("topic",),
        )


def _unsubscribe(checked: Checked, view: View) -> Iterator[Finding]:
    """CAN-SPAM, LSSI art. 22, GDPR art. 7.3: a free way out in every message, to be seen."""
    for part in view.bodies:
        told = "a marketing e-mail needs an unsubscribe link."
        mend = "Put {{ links.unsubscribe }} into the layout."
        if any(h.slot == _UNSUBSCRIBE for h in view.skeleton.parts[part].holes):
            if part != "html" or _is_seen(view):
                continue
            told = "the unsubscribe link cannot be seen, or is no link with words."
            mend = 'Write <a href="{{ links.unsubscribe }}">…</a> where it shows.'
        yield checked.in_layout("unsubscribe-missing", told, mend, view, part)


def _is_seen(view: View) -> bool:
    values = dict.fromkeys(view.skeleton.slots, OBJECT) | {_UNSUBSCRIBE: _TARGET}
    page = LexborHTMLParser(fill_part(view.skeleton.parts["html"], values))
    links = page.css(f'a[href="{_TARGET}"]')
    return any(link.text(strip=True) and not _in_hidden(link) for link in links)


def _in_hidden(node: LexborNode | None) -> bool:
    while node is not None:
        if is_hidden(node):
            return True
        node = node.parent
    return False


def _address(checked: Checked, view: View) -> Iterator[Finding]:
    """CAN-SPAM: the sender's postal address in every e-mail."""
    address = checked.sources.brand.address_in(view.locale)
    if address is None:
        mend = "Add `postal_address: …`."
        yield checked.in_brand(
            "address-missing", "e-mail needs the brand's postal address.", mend, view=view
        )
        return
    for part, text in view.bodies.items():
        if readable(address) not in text:
            yield checked.in_layout(
                "address-missing",
                "this e-mail does not show the postal address.",
                "Put {{ brand.postal_address }} into the layout.",
                view,
                part,
            )


def _line(checked: Checked, view: View) -> str | None:
    return in_locale(checked.sources.brand.legal.get(view.channel, {}), view.locale)


def _legal(checked: Checked, view: View) -> Iterator[Finding]:
    """The line that the brand gives for the channel stands in each of its messages."""
    channel, brand = view.channel, checked.sources.brand
    line = _line(checked, view)
    if line:
        for part, text in view.bodies.items():
            if readable(line) not in text:
                told, mend = (
                    "this message does not hold the legal line.",
                    "Put {{ legal }} into the layout.",
                )
                yield checked.in_layout("legal-missing", told, mend, view, part)
    elif brand.legal.get(channel):
        told = f"the legal line of {channel} has no words in {view.locale}; other languages do."
        mend = f"Add `{view.locale[:2]}: …`."
        yield checked.in_brand("legal-missing", told, mend, "legal", channel, view=view)


def _opt_out(checked: Checked, view: View) -> Iterator[Finding]:
    """CTIA, LSSI art. 21: how to stop the messages, in each of them."""
    line, channel = _line(checked, view), view.channel
    if line and not _STOP.search(line):
        told = f"the legal line of {channel} does not say how to stop the messages: {line}"
        mend = "Name the word to answer with, such as STOP."
        yield checked.in_brand("legal-missing", told, mend, "legal", channel, view=view)
    if not line and not checked.sources.brand.legal.get(channel):
        told = f"marketing on {channel} needs words that say how to opt out."
        mend = f"Add `{view.locale[:2]}: …` under `legal: {{{channel}: …}}`."
        yield checked.in_brand("legal-missing", told, mend, "legal", channel, view=view)
