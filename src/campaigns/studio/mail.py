"""A mail as its own page: as a client would show it, with nothing that runs or loads."""

from __future__ import annotations

import re
from typing import Final

#: Styles as a mail brings them, pictures only when they are in the mail itself, and nothing else:
#: no script, no request, no form. The frame's sandbox says the same a second time.
MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
)
#: What a frame shows whose mail is gone: its campaign or language went while the page was open.
GONE: Final = "<p>This mail is no longer there.</p>"

_SCHEME: Final = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
#: Hints such as preconnect open connections that no policy forbids.
_LINK: Final = re.compile(r"<link\b[^>]*>?", re.IGNORECASE)
_HEAD_END: Final = re.compile(r"</head\s*>", re.IGNORECASE)


def mail_page(html: str, *, dark: bool) -> str:
    """The mail in a client with this colour scheme, whatever the browser's own is."""
    shown = "dark" if dark else "light"

    def condition(found: re.Match[str]) -> str:
        return "(min-width: 0)" if found[1].lower() == shown else "(max-width: 0)"

    html = _SCHEME.sub(condition, _LINK.sub("", html))
    style = f"<style>:root {{ color-scheme: {shown} !important; }}</style>"
    found = _HEAD_END.search(html)
    at = found.start() if found else len(html)
    return html[:at] + style + html[at:]


def shown_sender(address: str) -> str:
    """A sender as a phone or app shows it: numbers in groups, handles with their @."""
    if address.startswith("+"):
        import phonenumbers

        parsed = phonenumbers.parse(address)
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return address if "@" in address else f"@{address}"
