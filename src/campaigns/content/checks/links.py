"""Links lead over https to the brand's own domains, and are not empty."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.page import is_hidden
from campaigns.content.checks.view import OBJECT, View, fixed_address, readable
from campaigns.domain.consistency import Kind, Verdict
from campaigns.domain.consistency.links import link_value
from campaigns.domain.consistency.matching import normal
from campaigns.domain.findings import Finding

_IN_TEXT: Final = re.compile(
    r"\b(?:(?:https?|ftp|javascript|data|file)://?|[a-z][a-z0-9+]{2,11}://)[^\s<>\"']+|\bwww\.\S+",
    re.IGNORECASE,
)
_MAIL: Final = re.compile(r"(?<![\w.+%-])[\w.+%-]+@(?P<domain>[\w-]+(?:\.[\w-]+)+)")
_END: Final = ".,;:!?)]}»”’…*_"
_SCHEMES: Final = ("https", "mailto", "tel")


def check(checked: Checked) -> Iterator[Finding]:
    """`link-domain`, `link-scheme`, `link-empty`; `stranger` for a button that leads elsewhere."""
    for view in checked.views:
        for part, address in dict.fromkeys(_addresses(checked, view)):
            yield from _judge(checked, view, part, address)
        for part, address in dict.fromkeys(_mail_addresses(view)):
            yield from _judge_mail(checked, view, part, address)
        yield from _empty(checked, view)
        yield from _button(checked, view)


def _button(checked: Checked, view: View) -> Iterator[Finding]:
    """The link under the call to action leads to a fact of the campaign, not to some page."""
    facts = checked.known[view.locale].declared
    targets = {str(normal(f.kind, f.value)) for f in facts if f.kind is Kind.URL}
    words = [p.whole for p in checked.words_of(view) if p.key == "call_to_action"]
    if view.page is None or not targets or not any(words):
        return
    for node in view.page.css("a[href]"):
        address = fixed_address((node.attributes.get("href") or "").strip())
        shown = readable(node.text())
        if shown not in words or not address or link_value(address) in targets:
            continue
        told = f"`{shown}` leads to {address}, which is no fact of the campaign."
        mend = "Link to the fact that the message is about."
        file, line = checked.place_of(view, "html", address)
        yield checked.finding("stranger", told, mend, file, line, view, "html")


def is_foreign(checked: Checked, host: str | None) -> bool:
    """Whether a host is none of the brand's."""
    return (host or "").lower() not in checked.sources.brand.link_domains


def _addresses(checked: Checked, view: View) -> Iterator[tuple[str, str]]:
    """Part and address of every link, a customer's own pages apart."""
    known = checked.known[view.locale]
    for part, text in view.said.items():
        for found in _IN_TEXT.finditer(text):
            yield part, found[0].rstrip(_END)
        yield from ((part, link) for link in _bare(known.verdict(view, part)))
    for fallback in filter(None, (slot.fallback for slot in view.skeleton.slots.values())):
        whole = (found[0].rstrip(_END) for found in _IN_TEXT.finditer(fallback))
        for link in (*whole, *_bare(known.of(fallback))):
            yield next(iter(view.bodies)), link
    if view.page is not None:
        for node in view.page.css("[href], [src], [background]"):
            given = node.attributes
            address = given.get("href") or given.get("src") or given.get("background") or ""
            if address and address != OBJECT:
                yield "html", address.strip()
        for link in view.links:
            yield "html", link


def _bare(verdict: Verdict) -> Iterator[str]:
    """The links without a scheme that a text states and the campaign does not."""
    for mention in (remark.mention for remark in verdict.strangers):
        if mention.kind is Kind.URL and "://" not in mention.text and not mention.link:
            yield f"https://{mention.text}"


def _judge(checked: Checked, view: View, part: str, address: str) -> Iterator[Finding]:
    try:
        link = urlsplit(address)
        host = link.hostname
    except ValueError:
        link, host = urlsplit(""), None
    if link.scheme.lower() not in _SCHEMES:
        yield _found(
            checked, view, part, address, "link-scheme",
            f"`{address}` does not start with https://, mailto: or tel:.",
            "Write the full https:// address.",
        )  # fmt: skip
        return
    if link.scheme == "https" and is_foreign(checked, host):
        yield _found(
            checked, view, part, address, "link-domain",
            f"`{address}` leads to {host}, which is none of the brand's domains.",
            f"Allowed: {', '.join(checked.sources.brand.link_domains)}; add it to link_domains in "
            f"brand.yaml if it is yours.",
        )  # fmt: skip


def _mail_addresses(view: View) -> Iterator[tuple[str, str]]:
    for part, text in view.said.items():
        for found in _MAIL.finditer(text):
            yield part, found[0]
    for link in view.links:
        if link.lower().startswith("mailto:"):
            yield "html", link[len("mailto:") :].split("?")[0]


def _judge_mail(checked: Checked, view: View, part: str, address: str) -> Iterator[Finding]:
    """A mail address is the brand's when its domain is, or lies above or below one that is."""
    brand = checked.sources.brand
    domain = address.rpartition("@")[2].lower().rstrip(".")
    senders = [brand.senders.email.address.rpartition("@")[2]] if brand.senders.email else []
    known = (*brand.link_domains, *senders)
    if "." in domain and any(_related(domain, own) for own in known):
        return
    yield _found(
        checked, view, part, address, "link-domain",
        f"mail to `{address}` goes to {domain}, which is none of the brand's domains.",
        f"Write an address of {', '.join(known)}.",
    )  # fmt: skip


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _found(
    checked: Checked, view: View, part: str, address: str, rule: str, message: str, mend: str
) -> Finding:
    """The finding at the fact that holds the address, else at the text or layout that does."""
    for name, fact in checked.sources.campaign.facts.items():
        if fact.value == address:
            found = checked.in_campaign(rule, message, mend, ("facts", name), view)
            return replace(found, part=part)
    file, line = checked.place_of(view, part, address)
    if line is None:
        file, line = checked.place_of(view, part, address.removeprefix("https://"))
    return checked.finding(rule, message, mend, file, line, view, part)


def _empty(checked: Checked, view: View) -> Iterator[Finding]:
    if view.page is None:
        return
    for node in view.page.css("a"):
        if is_hidden(node):
            continue
        if (node.attributes.get("href") or "").strip() in ("", "#"):
            told = "a link leads nowhere."
            yield checked.in_layout("link-empty", told, "Give it an address.", view, "html")
        elif not node.text(strip=True) and node.css_first("img[alt]") is None:
            told = "a link has no words."
            mend = "Write `call_to_action` in the copy, or words in the layout."
            yield checked.in_copy("link-empty", told, mend, view, "html", "call_to_action")
