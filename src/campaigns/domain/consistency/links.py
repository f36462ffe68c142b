"""Links, and what looks like them: addresses of mail, handles and hashtags.

Decisions:
- A link is compared by host, path, query and fragment. The scheme, the case of the host, a closing
  slash, a default port and utm_ parameters say nothing about where it leads and are left out.
- Without a scheme it is a link when it starts with www., has a path, or ends in a well-known
  top-level domain: `shop.example.com/spring` and `example.com` are, `archivo.pdf` and `fin.Hasta`
  are not.
- Punctuation after a link belongs to the sentence, and so does a bracket that it did not open.
- Mail addresses, @handles and #hashtags are no mention, nor is anything inside them or a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from campaigns.domain.consistency.mentions import Kind, Mention
from campaigns.domain.consistency.phones import e164

_SCHEME: Final = re.compile(r"https?://[^\s<>\"“”«»‹›\x00-\x20]+", re.IGNORECASE)
_HOST_END: Final = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}(?::\d{1,5})?")
_HOST_START: Final = re.compile(r"(?:[^\W_][\w-]*\.)*[^\W_][\w-]*$")
_PATH: Final = re.compile(r"[/?#][^\s<>\"“”«»‹›\x00-\x20]*")
_MAIL: Final = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_TAG: Final = re.compile(r"(?<![\w&/])(?:#\w*[^\W\d]\w*|@\w+)")
_POINT: Final = re.compile(r"\.(?=[^\W\d_]{2})")
_DOMAINS_TEXT: Final = (
    "com org net edu gov int info biz io co app dev shop store online site web me tv ly eu es "
    "cat ad uk us ca fr de it pt nl be ch at ie gal eus barcelona madrid example test club "
    "news blog"
)
_DOMAINS: Final = frozenset(_DOMAINS_TEXT.split())
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}
_LONGEST_HOST: Final = 120


def extract_url(url: str, territory: str = "") -> Mention | None:
    """The target of a link: a URL, or a phone number for `tel:`, `sms:`.

    None for what leads to no page and no phone: `mailto:`, `#part`, `cid:`, an empty one.
    """
    scheme, _, rest = url.strip().partition(":")
    if scheme.lower() in ("tel", "sms"):
        digits = unquote(re.split(r"[?;]", rest)[0])
        value = e164(digits, territory, lenient=True) or digits
        return Mention(Kind.PHONE, value, url, 0, len(url), link=True)
    if scheme.lower() not in ("http", "https") and not url.startswith("//"):
        return None
    return Mention(Kind.URL, link_value(url.strip()), url, 0, len(url), link=True)


def link_value(url: str) -> str:
    """What is compared of a link: `Shop.Example.com/spring/?utm_source=x` is
    `shop.example.com/spring`."""
    whole = url if re.match(r"(?i)https?://", url) else "https://" + url.lstrip("/")
    try:
        parts = urlsplit(whole)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").rstrip(".")
    at = f":{port}" if port not in (None, 80, 443) else ""
    kept = [
        (k, v)
        for k, v in parse_qsl(parts.query, keep_blank_values=True)
        if not k.lower().startswith("utm_")
    ]
    query = f"?{urlencode(kept)}" if kept else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{host}{at}{unquote(parts.path).rstrip('/')}{query}{fragment}"


def links_in(text: str) -> Iterator[Mention]:
    """The links of a text, in no order; one with a scheme before one without."""
    taken: list[tuple[int, int]] = []
    if "://" in text:
        for match in _SCHEME.finditer(text):
            end = _trimmed(text, match.start(), match.end())
            taken.append((match.start(), end))
            yield _link(text, match.start(), end)
    seen = 0
    for point in _POINT.finditer(text):
        if point.start() < seen:
            continue  # in a host that was looked at from an earlier point
        host = _host(text, point.start())
        seen = host.end() if host else seen
        place = _bare(text, host) if host else None
        if place and not any(s < place[1] and place[0] < e for s, e in taken):
            taken.append(place)
            yield _link(text, *place)


def masked(text: str) -> Iterator[tuple[int, int]]:
    """The places of mail addresses, handles and hashtags."""
    if "@" in text:
        for match in _MAIL.finditer(text):
            yield match.span()
    if "@" in text or "#" in text:
        for match in _TAG.finditer(text):
            yield match.span()


def _link(text: str, start: int, end: int) -> Mention:
    return Mention(Kind.URL, link_value(text[start:end]), "", start, end)


def _host(text: str, point: int) -> re.Match[str] | None:
    """The name with points in it around a point, if it is the whole of a word."""
    before = _HOST_START.search(text, max(0, point - _LONGEST_HOST), point)
    if before is None or (before.start() and text[before.start() - 1] in "@/"):
        return None
    host = _HOST_END.match(text, before.start())
    if host is None or host.end() <= point or text[host.end() : host.end() + 1] in ("@", "_"):
        return None
    return host


def _bare(text: str, host: re.Match[str]) -> tuple[int, int] | None:
    """The place of a link without a scheme, if that is what the name is."""
    path = _PATH.match(text, host.end())
    start, end = host.start(), path.end() if path else host.end()
    top = host[0].split(":")[0].rsplit(".", 1)[1]
    known = top.lower() in _DOMAINS and (top.islower() or host[0].isupper())
    if not (known or host[0].lower().startswith("www.") or (path and path[0][0] == "/")):
        return None
    return start, _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> int:
    """Without the punctuation of the sentence around."""
    while end > start:
        last = text[end - 1]
        opening = _CLOSING.get(last)
        if opening and text.count(opening, start, end) >= text.count(last, start, end):
            break
        if not opening and last not in ".,;:!?…'*_~|":
            break
        end -= 1
    return end
