"""The flow answers: what customers are owed for what they wrote, each once."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from campaigns.bootstrap import connect
from campaigns.bootstrap.app import CLOCK
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.services.record_events import record_events
from flows.answers import answers
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import newest_run

pytestmark = pytest.mark.prefect


def test_help_is_sent_once_and_nothing_personal_reaches_prefect(
    prefect: Prefect, shop: Shop
) -> None:
    now = CLOCK.now()
    with connect() as app:
        with app.database.read() as connection:
            query = "SELECT address FROM addresses WHERE channel = 'sms' ORDER BY customer_id"
            asks, writes = list(connection.execute(text(query)).scalars())[:2]
        said = {asks: "HELP", writes: "canary-words: do you open on Sunday?"}
        events = [
            ProviderEvent(
                f"told:{address}", InteractionKind.REPLIED, now, Channel.SMS,
                address=address, data={"text": words},
            )
            for address, words in said.items()
        ]  # fmt: skip
        record_events(events, app.evidence, now=now)
    before = shop.sent()
    assert answers() == {"sent": {"accepted": 1}, "waiting": 1}
    assert shop.sent() == before + 1
    assert answers() == {"sent": {}, "waiting": 1}
    told = newest_run().state.message
    assert "1 reply waits" in told
    assert "canary" not in told
