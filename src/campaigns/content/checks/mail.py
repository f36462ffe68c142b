"""What an e-mail needs to be read by everyone, everywhere: by screen readers, in the inbox list,
with pictures off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from campaigns.content.checks.checked import Checked
from campaigns.content.checks.page import is_hidden
from campaigns.content.checks.view import View
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.findings import Finding
from campaigns.domain.locales import language

_ACTIVE: Final = (
    "script, noscript, iframe, frame, form, input, textarea, select, button, object, embed, "
    "link[rel=stylesheet], base, meta[http-equiv=refresh]"
)
_FILE_NAME: Final = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|bmp)$", re.IGNORECASE)
_REMOTE: Final = re.compile(r"@import|@font-face|url\(\s*[\"']?https?:", re.IGNORECASE)


def check(checked: Checked) -> Iterator[Finding]:
    """`mail-lang`, `mail-title`, `mail-alt`, `mail-active`, `preheader-missing`,
    `sender-domain`."""
    for view in checked.views:
        if view.page is not None:
            yield from _head(checked, view)
            yield from _images(checked, view)
            yield from _active(checked, view)
            yield from _preheader(checked, view)
    if Channel.EMAIL in checked.sources.campaign.channels:
        yield from _sender(checked)


def _head(checked: Checked, view: View) -> Iterator[Finding]:
    assert view.page is not None
    root = view.page.css_first("html")
    given = (root.attributes.get("lang") or "") if root is not None else ""
    own = language(view.locale)
    if given.replace("_", "-").split("-")[0].lower() != own:
        says = f"says it is in `{given}`" if given else "does not say which language it is in"
        told = f"the HTML {says}; screen readers would read it with a foreign voice."
        mend = f'Write <html lang="{{{{ language }}}}">; here that is {own}.'
        yield checked.in_layout("mail-lang", told, mend, view, "html")
    if view.reading is not None and not view.reading.title:
        told = "the HTML has no title."
        mend = "Write <title>{{ copy.subject }}</title> into its head."
        yield checked.in_layout("mail-title", told, mend, view, "html")


def _images(checked: Checked, view: View) -> Iterator[Finding]:
    """A picture that says nothing has an empty alt; one that is a link says where it leads."""
    assert view.page is not None
    for node in view.page.css("img, area, input[type=image]"):
        alt = node.attributes.get("alt")
        source = node.attributes.get("src") or node.attributes.get("href") or ""
        if "alt" not in node.attributes:
            told = f"the image `{source}` has no alt; with pictures off nothing stands there."
            mend = 'Write alt="…", or alt="" for decoration.'
        elif not alt and node.parent is not None and node.parent.tag == "a":
            told = f"the image `{source}` is a link without words."
            mend = 'Write alt="…": where the link leads.'
        elif _FILE_NAME.search(alt or ""):
            told = f"the alt of `{source}` is a file name: {alt}."
            mend = 'Write what is to be seen, or alt="" for decoration.'
        else:
            continue
        yield checked.in_layout("mail-alt", told, mend, view, "html")


def _active(checked: Checked, view: View) -> Iterator[Finding]:
    assert view.page is not None
    html = view.parts["html"]
    names = [f"<{node.tag}>" for node in view.page.css(_ACTIVE)]
    names += [
        name
        for node in view.page.css("*")
        for name in node.attributes
        if name.startswith("on") and len(name) > 2
    ]
    names += [found[0] for found in _REMOTE.finditer(html)]
    for name in dict.fromkeys(names):
        told = f"`{name}` does not work in an e-mail: mail programs remove or block it."
        mend = "Remove it; link to a page instead."
        file, line = checked.place_of(view, "html", name.strip("<>"))
        yield checked.finding("mail-active", told, mend, file, line, view, "html")


def _preheader(checked: Checked, view: View) -> Iterator[Finding]:
    """Without one, inboxes show the logo's alt or the address after the subject."""
    assert view.page is not None
    if checked.sources.campaign.purpose is not Purpose.MARKETING:
        needed = "preheader" in checked.wording(view)
    else:
        needed = True
    hidden = [n for n in view.page.css("body [style], body [hidden]") if is_hidden(n)]
    if needed and not any(node.text(strip=True).strip("\u034f\u200c\xa0 ") for node in hidden):
        has = checked.wording(view).get("preheader")
        told = "no preheader: inboxes show something else after the subject."
        if has is None:
            mend = "Write `preheader: …`."
            yield checked.in_copy("preheader-missing", told, mend, view, "html", "subject")
        else:
            mend = "Put {{ copy.preheader }} into a hidden element at the start of the body."
            yield checked.in_layout("preheader-missing", told, mend, view, "html")


def _sender(checked: Checked) -> Iterator[Finding]:
    """DMARC, and readers, look whether mail and links come from the same house."""
    brand = checked.sources.brand
    if brand.senders.email is None:
        return
    for field in ("address", "reply_to"):
        address = getattr(brand.senders.email, field)
        domain = address.rpartition("@")[2].lower() if address else ""
        if not domain or any(_house(domain) == _house(own) for own in brand.link_domains):
            continue
        yield checked.in_brand(
            "sender-domain",
            f"mail comes from {domain}, and no link domain belongs to it.",
            f"Send from a domain of {', '.join(brand.link_domains)}, or add it to link_domains.",
            "senders",
            "email",
            field,
        )


def _house(domain: str) -> str:
    """The last two labels; three where the first of them is short, as in example.co.uk."""
    labels = domain.split(".")
    is_second_level = len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2
    return ".".join(labels[-3:] if is_second_level else labels[-2:])
