"""Forms of the customers' pages, as browsers and mail programs send them."""

from __future__ import annotations

import re

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def filled(page: str, **changes: str | None) -> dict[str, str]:
    """The page's form as a browser would send it, with some fields changed; None unticks."""
    form = page[page.index("<form") : page.index("</form>")]
    fields = dict(re.findall(r'<input type="hidden" name="(\S+)" value="([^"]*)"', form))
    fields |= dict.fromkeys(
        re.findall(r'type="checkbox" name="([^"]+)" value="1" checked', form), "1"
    )
    fields |= dict(re.findall(r'<input type="time" id="\S+" name="(\S+)" value="([^"]*)"', form))
    for chosen in re.findall(r"<select.*?</select>", form, re.DOTALL):
        (name,) = re.findall(r'<select id="\S+" name="([^"]+)"', chosen)
        fields[name] = next(iter(re.findall(r'value="([^"]*)"[^>]* selected', chosen)), "")
    for name, value in changes.items():
        fields.pop(name, None)
        if value is not None:
            fields[name] = value
    return fields
