"""Telling Prefect what somebody should know of, as events that the alerts listen to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from uuid import UUID, uuid5

from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.settings import PREFECT_UI_URL

from campaigns.domain.alert import Alert

#: No run is carried by a flow run.
NOBODY: Mapping[int, str] = MappingProxyType({})
#: A namespace of our own: the same alert of the same day has the same id.
_OURS = UUID("7d1c5cf6-6a55-4c0c-9f0b-3f2f4d8f9b11")


def tell(alerts: Sequence[Alert], today: date, carriers: Mapping[int, str] = NOBODY) -> list[Alert]:
    """Emit what has not been told today; what was emitted. Each of a run once a day: a run that is
    stuck over the weekend should not ring every five minutes. `carriers`: run → flow run."""
    ids = {_id(alert, today): alert for alert in alerts}
    fresh = {key: alert for key, alert in ids.items() if key not in _told(list(ids))}
    for key, alert in fresh.items():
        emit_event(
            event=alert.kind.value,
            resource={
                "prefect.resource.id": f"campaigns.run.{alert.run_id}",
                "prefect.resource.name": f"run {alert.run_id} of {alert.campaign}",
            },
            payload={"says": alert.says, "see": _see(alert, carriers)},
            id=key,
        )
    return list(fresh.values())


def _see(alert: Alert, carriers: Mapping[int, str]) -> str:
    """Where the run is to be seen: its page, or the command where nobody runs it in Prefect."""
    pages, carrier = PREFECT_UI_URL.value(), carriers.get(alert.run_id)
    if pages and carrier:
        return f"{pages}/runs/flow-run/{carrier}"
    return f"See it: campaigns show run {alert.run_id}"


def _id(alert: Alert, today: date) -> UUID:
    return uuid5(_OURS, f"{alert.kind}:{alert.run_id}:{today}")


def _told(ids: list[UUID]) -> set[UUID]:
    """Those of the events that the server has already."""
    if not ids:
        return set()
    wanted = {"filter": {"id": {"id": [str(key) for key in ids]}}, "limit": len(ids[:50])}
    with get_client(sync_client=True) as client:
        answer = client.request("POST", "/events/filter", json=wanted)
    answer.raise_for_status()
    return {UUID(event["id"]) for event in answer.json()["events"]}
