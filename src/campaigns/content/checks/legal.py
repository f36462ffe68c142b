"""What law and mailbox providers ask each message to hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.view import View, readable
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.facts import in_locale
from campaigns.domain.findings import Finding

_OPT_OUT_BY_REPLY: Final = (Channel.SMS, Channel.WHATSAPP, Channel.X_DM)


def check(checked: Checked) -> Iterator[Finding]:
    """`unsubscribe-missing`, `address-missing`, `legal-missing`."""
    marketing = checked.sources.campaign.purpose is Purpose.MARKETING
    for view in checked.views:
        if view.channel is Channel.EMAIL:
            yield from _address(checked, view)
            if marketing:
                yield from _unsubscribe(checked, view)
        if marketing and view.channel in _OPT_OUT_BY_REPLY:
            yield from _opt_out(checked, view)


def _unsubscribe(checked: Checked, view: View) -> Iterator[Finding]:
    """CAN-SPAM, LSSI art. 22, GDPR art. 7.3: a free way out in every message."""
    for part in view.bodies:
        if not any(h.slot == "unsubscribe_url" for h in view.skeleton.parts[part].holes):
            yield checked.in_layout(
                "unsubscribe-missing",
                "a marketing e-mail needs an unsubscribe link.",
                "Put {{ links.unsubscribe }} into the layout.",
                view,
                part,
            )


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


def _opt_out(checked: Checked, view: View) -> Iterator[Finding]:
    """CTIA, LSSI art. 21: how to stop the messages, in each of them."""
    line = in_locale(checked.sources.brand.legal.get(view.channel, {}), view.locale)
    if not line:
        yield checked.in_brand(
            "legal-missing",
            f"marketing on {view.channel} needs words that say how to opt out.",
            f"Add `{view.locale[:2]}: …` under `legal: {{{view.channel}: …}}`.",
            "legal",
            view.channel,
            view=view,
        )
    elif readable(line) not in view.texts["body"]:
        yield checked.in_layout(
            "legal-missing",
            "this message does not hold the legal line.",
            "Put {{ legal }} into the layout.",
            view,
            "body",
        )
