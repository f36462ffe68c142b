"""What Prefect's forms offer to choose from, read from the templates when a flow is loaded.

That a choice still exists is checked again when the flow runs: people can skip the form's checks.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, TypedDict

from campaigns.bootstrap import connect
from campaigns.bootstrap.offering import Offered, offered
from campaigns.errors import CampaignsError
from flows.forms import labelled


class Only(NamedTuple):
    """What a form restricts a run to; empty is no restriction."""

    channels: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()

    def asked(self) -> Asked:
        """As the verbs take it."""
        return {"channels": self.channels, "locales": self.locales}


class Asked(TypedDict):
    """The names of the verbs' parameters."""

    channels: tuple[str, ...]
    locales: tuple[str, ...]


ALL = Only()


def _offered() -> list[Offered]:
    """The campaigns; none when the templates cannot be read: the flow itself tells why."""
    try:
        with connect() as app:
            return offered(app)
    except (CampaignsError, OSError):
        return []


OFFERED = _offered()


def title(campaign: str) -> str:
    """A campaign as people call it: its title, else its name."""
    return next((o.title for o in OFFERED if o.name == campaign), campaign)


_NAMES = [o.name for o in OFFERED]
_CHANNELS = [c.value for c in dict.fromkeys(c for o in OFFERED for c in o.channels)]
_LOCALES = sorted({locale for o in OFFERED for locale in o.locales})

Campaign = Annotated[str, labelled("Campaign", choices=_NAMES)]
# A choice that may be left empty.
AnyCampaign = Annotated[str | None, labelled("Campaign", choices=_NAMES)]
Channels = Annotated[
    list[Annotated[str, labelled("", choices=_CHANNELS)]] | None, labelled("Channels")
]
Locales = Annotated[
    list[Annotated[str, labelled("", choices=_LOCALES)]] | None, labelled("Languages")
]
