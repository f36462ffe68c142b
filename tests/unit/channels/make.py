"""Skeletons and envelopes for tests of the channels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope
from campaigns.domain.message import Escape, Hole, Part, Skeleton, Slot, SlotType

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
FIRST_NAME = Slot("first_name", SlotType.TEXT, 40)
PAGE = Slot("page", SlotType.URL, 200)

ADDRESSES = {
    Channel.EMAIL: "person{}@customers.example.com",
    Channel.SMS: "+447700900{:03d}",
    Channel.WHATSAPP: "+447700900{:03d}",
    Channel.X_DM: "@demo_{}",
    Channel.X_POST: "",
}


def skeleton(channel: Channel, parts: Mapping[str, Part], *slots: Slot) -> Skeleton:
    """A skeleton of these parts."""
    return Skeleton(channel, "en_GB", "a", (), parts, {s.name: s for s in slots})


def mail() -> Skeleton:
    """An e-mail with a name in each part and a link in an attribute."""
    name, page = "first_name", "page"
    return skeleton(
        Channel.EMAIL,
        {
            "subject": Part(("A sale, ", ""), (Hole(name, Escape.HEADER),)),
            "html": Part(
                ("<p>Hello ", '</p><a href="', '">', " again</a>"),
                (Hole(name, Escape.HTML), Hole(page, Escape.HTML), Hole(name, Escape.HTML)),
            ),
            "text": Part(
                ("Hello ", ": ", ""), (Hole(name, Escape.PLAIN), Hole(page, Escape.PLAIN))
            ),
        },
        FIRST_NAME,
        PAGE,
    )


def text(channel: Channel) -> Skeleton:
    """A text, message or post; a post says nothing of one customer."""
    if channel is Channel.X_POST:
        return skeleton(channel, {"body": Part(("Spring sale: https://shop.example.com",), ())})
    body = Part(
        ("Hello ", ", the sale is on. Reply STOP to opt out."), (Hole("first_name", Escape.PLAIN),)
    )
    return skeleton(channel, {"body": body}, FIRST_NAME)


def skeleton_for(channel: Channel) -> Skeleton:
    """A small message for the channel."""
    return mail() if channel is Channel.EMAIL else text(channel)


def envelopes(channel: Channel, count: int, first: int = 1) -> list[Envelope]:
    """Envelopes to as many people; their delivery ids count from `first`."""
    return [
        Envelope(
            delivery_id=n,
            address=ADDRESSES[channel].format(n),
            values={"first_name": f"Ana {n}", "page": f"https://news.example.com/p/{n}?a=1&b=2"},
            headers={"List-Unsubscribe": f"<https://news.example.com/u/{n}>"}
            if channel is Channel.EMAIL
            else {},
        )
        for n in range(first, first + count)
    ]
