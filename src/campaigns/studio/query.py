"""What a page's address asks for, and addresses that ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from campaigns.bootstrap.preview import Choices, Previewer

TRAIT: Final = "trait."
LOOKS: Final = ("light", "dark")
WIDTHS: Final = ("both", "desktop", "phone")
THEMES: Final = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Query:
    """The whole state of a page: it is all in its address.

    Attributes:
        look: colour scheme of the devices shown.
        width: of the mail client: desktop, phone or both.
        theme: of the studio itself.
    """

    campaign: str
    choices: Choices
    look: str
    width: str
    theme: str

    def settled(self, choices: Choices) -> Query:
        """The same with the choices that a preview has made of them."""
        return replace(self, choices=choices)

    def address(self, campaign: str) -> str:
        """The address of a campaign, or of all (""), that keeps how things look."""
        asked = {"campaign": campaign, "look": self.look, "width": self.width, "theme": self.theme}
        defaults = {"campaign": "", "look": LOOKS[0], "width": WIDTHS[0], "theme": THEMES[0]}
        kept = {name: value for name, value in asked.items() if value != defaults[name]}
        return "/?" + urlencode(kept) if kept else "/"

    def thumbnail(self, campaign: str, previewer: Previewer) -> str:
        """The address of a campaign's mail in its first locale."""
        locale, key = previewer.release.policy.locales[0], previewer.release.hash
        return replace(self, campaign=campaign).mail_address(locale, key)

    def mail_address(self, locale: str, key: str) -> str:
        """The address of one mail as a page. `key` changes with what it shows."""
        asked = {
            "campaign": self.campaign,
            "locale": locale,
            "reader": self.choices.reader,
            "customer": self.choices.customer,
            "variant": self.choices.variant,
            "step": self.choices.step,
            **{TRAIT + name: value for name, value in self.choices.traits.items()},
            "look": self.look,
            "key": key,
        }
        return "/mail?" + urlencode(asked)


def read_query(parameters: Mapping[str, str]) -> Query:
    """Read an address; what makes no sense is what it would be without."""
    traits = {
        name.removeprefix(TRAIT): value
        for name, value in parameters.items()
        if name.startswith(TRAIT)
    }
    choices = Choices(
        locale=parameters.get("locale", ""),
        channel=parameters.get("channel", ""),
        reader=parameters.get("reader", ""),
        customer=parameters.get("customer", "").strip(),
        variant=parameters.get("variant", ""),
        step=parameters.get("step", ""),
        traits=traits,
    )
    return Query(
        campaign=parameters.get("campaign", ""),
        choices=choices,
        look=_one(parameters.get("look"), LOOKS),
        width=_one(parameters.get("width"), WIDTHS),
        theme=_one(parameters.get("theme"), THEMES),
    )


def _one(value: str | None, allowed: tuple[str, ...]) -> str:
    return value if value in allowed else allowed[0]
