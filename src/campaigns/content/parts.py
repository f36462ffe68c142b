"""The parts of each channel's message and the layouts that make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from campaigns.domain.campaign import Layouts
from campaigns.domain.channel import Channel

#: Channel → part → layout in templates/layouts.
LAYOUTS: Final[Mapping[Channel, Mapping[str, str]]] = {
    Channel.EMAIL: {
        "subject": "email.subject.j2",
        "html": "email.html.j2",
        "text": "email.txt.j2",
    },
    Channel.SMS: {"body": "sms.txt.j2"},
    Channel.WHATSAPP: {"body": "whatsapp.txt.j2"},
    Channel.X_DM: {"body": "x_dm.txt.j2"},
    Channel.X_POST: {"body": "x_post.txt.j2"},
}


def layout_names(own: Layouts, channel: Channel) -> dict[str, str]:
    """Part → layout file of a channel, the campaign's own before the shared."""
    chosen = own.model_dump(by_alias=True, exclude_none=True)
    return {
        part: chosen.get(shared.removesuffix(".j2"), shared)
        for part, shared in LAYOUTS[channel].items()
    }
