"""A public app, and a program that has a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import select, update

from campaigns.bootstrap.app import App
from campaigns.domain.delivery import Accepted
from campaigns.domain.message import message_hash
from campaigns.store import schema
from tests.contract.store_world import NOW, World


@dataclass
class Shop:
    """A public app, its database, and a program with a key."""

    app: App
    world: World
    http: httpx.Client

    def tell(self, *events: Any) -> Any:
        answer = self.http.post("/v1/events", json=list(events))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def results(self, *events: Any) -> list[str]:
        return [r["result"] for r in self.tell(*events)["results"]]

    def reason(self, event: Any) -> str:
        """Why the one event was refused."""
        (result,) = self.tell(event)["results"]
        assert result["result"] == "refused"
        return str(result["reason"])

    def kept(self) -> list[Any]:
        i = schema.interactions.c
        return self.world.rows(
            select(i.customer_id, i.kind, i.at, i.data)
            .where(i.source_key.startswith("event:"))
            .order_by(i.id)
        )

    def told(self, customer: int, **more: Any) -> int:
        """A customer who has been sent a message; the delivery's number."""
        run, batch = self.world.sending([customer], **more)
        (item,) = batch.items
        self.world.settle(batch, Accepted("provider-1"))
        skeleton = self.app.releases.load(run.release_hash).skeleton(batch.channel, "en_GB")
        hashed = message_hash(skeleton.hash, {"name": item.ref})
        self.world.execute(update(schema.messages).values(hash=hashed))
        return item.delivery_id

    def messages(self, customer: int) -> list[dict[str, Any]]:
        answer = self.http.get(f"/v1/customers/{self.ref(customer)}/messages")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def ref(self, customer: int) -> str:
        return str(self.app.profiles.show(customer).ref)


class Clock:
    """The app's time, moved by hand."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time
