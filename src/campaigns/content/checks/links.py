"""Links lead over https to the brand's own domains, and are not empty."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from campaigns.content.checks.view import OBJECT, Checked, View
from campaigns.domain.findings import Finding

_IN_TEXT: Final = re.compile(
    r"\b(?:https?|ftp|javascript|data|file)://?[^\s<>\"']+|\bwww\.\S+", re.I
)
_END: Final = ".,;:!?)]}»”’…"
_SCHEMES: Final = ("https", "mailto", "tel")


def check(checked: Checked) -> Iterator[Finding]:
    """`link-domain`, `link-scheme`, `link-empty`."""
    for view in checked.views:
        for part, address in _addresses(view):
            yield from _judge(checked, view, part, address)
        yield from _empty(checked, view)


def _addresses(view: View) -> Iterator[tuple[str, str]]:
    """Part and address of every link, a customer's own pages apart."""
    for part, text in view.texts.items():
        for found in _IN_TEXT.finditer(text):
            yield part, found[0].rstrip(_END)
    if view.page is not None:
        for node in view.page.css("[href], [src]"):
            address = node.attributes.get("href") or node.attributes.get("src") or ""
            if address and address != OBJECT:
                yield "html", address


def _judge(checked: Checked, view: View, part: str, address: str) -> Iterator[Finding]:
    link = urlsplit(address)
    if link.scheme not in _SCHEMES:
        yield _found(
            checked, view, part, address, "link-scheme",
            f"`{address}` does not start with https://, mailto: or tel:.",
            "Write the full https:// address.",
        )  # fmt: skip
        return
    domains = checked.sources.brand.link_domains
    if link.scheme == "https" and link.hostname not in domains:
        yield _found(
            checked, view, part, address, "link-domain",
            f"`{address}` leads to {link.hostname}, which is none of the brand's domains.",
            f"Allowed: {', '.join(domains)}; add it to link_domains in brand.yaml if it is yours.",
        )  # fmt: skip


def _found(
    checked: Checked, view: View, part: str, address: str, rule: str, message: str, mend: str
) -> Finding:
    """The finding at the fact or copy text that holds the address, else at the layout."""
    document = checked.sources.campaign_document
    for name, fact in checked.sources.campaign.facts.items():
        if fact.value == address:
            error = document.error("", ("facts", name))
            found = checked.in_copy(rule, message, mend, view, part)
            return _at(found, str(error.path), error.line)
    for _, file, line, words in checked.words_of(view):
        if address in words:
            return _at(checked.in_copy(rule, message, mend, view, part), file, line)
    return checked.in_layout(rule, message, mend, view, part)


def _at(finding: Finding, file: str, line: int | None) -> Finding:
    from dataclasses import replace

    return replace(finding, file=file, line=line)


def _empty(checked: Checked, view: View) -> Iterator[Finding]:
    if view.page is None:
        return
    for node in view.page.css("a"):
        if not node.attributes.get("href"):
            told = "a link leads nowhere."
            yield checked.in_layout("link-empty", told, "Give it an address.", view, "html")
        elif not node.text(strip=True) and node.css_first("img[alt]") is None:
            told = "a link has no words."
            mend = "Write `call_to_action` in the copy, or words in the layout."
            yield checked.in_copy("link-empty", told, mend, view, "html", "call_to_action")
