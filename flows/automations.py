"""Alerts as code: what is told, to which notification block of Prefect's, made by `campaigns
deploy`.

The block holds the address or the webhook and is made once on Prefect's pages (Blocks → +), as
e-mail, Slack, Teams or any other; secrets are in it and nowhere here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_UI_URL

from campaigns.domain.alert import AlertKind
from campaigns.errors import ConfigurationError

_OURS = "campaigns: "
_SUBJECTS = {
    AlertKind.STUCK: "a run does not go on",
    AlertKind.OLD_DOUBT: "messages have been in doubt for too long",
    AlertKind.OPT_OUTS: "unusually many opt out",
}
#: What a flow run does last before it is silent for good reason.
_ENDS = [
    f"prefect.flow-run.{state}"
    for state in ("Completed", "Failed", "Cancelled", "Crashed", "Suspended", "Paused", "Rejected")
]
_OURS_SAY = "{{ event.payload.says }}\n{{ event.payload.see }}"
_FAILED = (
    "{{ flow_run.name }} ended {{ flow_run.state.name }}: {{ flow_run.state.message }}\n"
    "What was sent stays sent. Mend the cause and run it again: it goes on where it stopped, and "
    "nobody gets anything twice."
)
_SILENT = (
    "{{ flow_run.name }} gives no sign of life any more: the worker that ran it is gone, and what "
    "it had not sent yet waits. Start a worker (`prefect worker start --pool campaigns`), cancel "
    "this run and run it again: it goes on where it stopped, and nobody gets anything twice."
)
#: Several heartbeats long: prefect.toml has one a minute. No sign of life for so long is told.
SILENCE = timedelta(minutes=5)


def put_automations(
    client: SyncPrefectClient,
    notify: Sequence[str],
    deployments: Collection[UUID],
    silence: timedelta = SILENCE,
) -> str:
    """Create the alerts, or bring them up to date; what was done, in a sentence.

    `notify` names blocks as `type/name`; each gets every alert. Alerts that somebody switched off
    stay off. Flow runs of other deployments are none of ours. Raises ConfigurationError when there
    is no such block.
    """
    if not notify:
        return "Nobody is alerted: name a notification block (--notify TYPE/NAME) to change that."
    blocks = [_block(client, name) for name in notify]
    for automation in _automations(blocks, deployments, silence):
        known = client.read_automations_by_name(automation.name)
        if known:
            kept = automation.model_copy(update={"enabled": known[0].enabled})
            client.update_automation(known[0].id, kept)
        else:
            client.create_automation(automation)
    return f"Alerts go to {', '.join(notify)}."


def _block(client: SyncPrefectClient, name: str) -> UUID:
    kind, _, called = name.partition("/")
    try:
        return client.read_block_document_by_name(called, kind).id
    except ObjectNotFound:
        raise ConfigurationError(
            f"there is no notification block `{name}` on the server. Make one on its pages "
            "(Blocks → +), such as slack-webhook/marketing, or name one that `prefect block ls` "
            "shows."
        ) from None


def _automations(
    blocks: Sequence[UUID], deployments: Collection[UUID], silence: timedelta
) -> Iterator[AutomationCore]:
    for kind, subject in _SUBJECTS.items():
        trigger = EventTrigger(expect={kind.value}, posture=Posture.Reactive, threshold=1)
        yield _automation(blocks, subject, trigger, _OURS_SAY)
    # By deployment: of a heartbeat Prefect (3.8.8) tells flow and deployment, but no work pool.
    ours = ResourceSpecification(
        {"prefect.resource.id": [f"prefect.deployment.{number}" for number in deployments]}
    )
    failed = EventTrigger(
        expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
        match_related=ours,
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
    )
    yield _automation(blocks, "a flow run failed", failed, _FAILED + _page())
    # Its worker died with it: Prefect itself would call it running for ever.
    silent = EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.heartbeat", *_ENDS},
        match_related=ours,
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=silence,
    )
    yield _automation(blocks, "a flow run gives no sign of life", silent, _SILENT + _page())


def _page() -> str:
    """The run's page, as whoever deploys finds it. The server knows its own address only where it
    is told: its filter `ui_url` says None (3.8.8)."""
    pages = PREFECT_UI_URL.value()
    return f"\n{pages}/runs/flow-run/{{{{ flow_run.id }}}}" if pages else ""


def _automation(
    blocks: Sequence[UUID], subject: str, trigger: EventTrigger, body: str
) -> AutomationCore:
    return AutomationCore(
        name=f"{_OURS}{subject}",
        description="Made by `campaigns deploy`; switch it off here if you do not want it.",
        trigger=trigger,
        actions=[
            SendNotification(block_document_id=block, subject=f"{_OURS}{subject}", body=body)
            for block in blocks
        ],
    )
