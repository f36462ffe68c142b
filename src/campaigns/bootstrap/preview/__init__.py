"""Previews: campaigns as they will arrive, read from the marketer's files.

Read-only, and apart from the application that sends: nothing here knows a channel or the outbox.
"""

from __future__ import annotations

from campaigns.bootstrap.preview.build import Previewer, channel_label, locale_label
from campaigns.bootstrap.preview.customers import Customers, Known
from campaigns.bootstrap.preview.drafts import Drafts, State, open_drafts
from campaigns.bootstrap.preview.model import (
    Cell,
    Choices,
    Column,
    FactRow,
    FactTable,
    Offer,
    Option,
    Preview,
    Reading,
    Row,
    Sighting,
    Stranger,
    Trait,
)

__all__ = [
    "Cell",
    "Choices",
    "Column",
    "Customers",
    "Drafts",
    "FactRow",
    "FactTable",
    "Known",
    "Offer",
    "Option",
    "Preview",
    "Previewer",
    "Reading",
    "Row",
    "Sighting",
    "State",
    "Stranger",
    "Trait",
    "channel_label",
    "locale_label",
    "open_drafts",
]
