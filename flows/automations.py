"""Alerts as code: what is told, to which notification block of Prefect's, made by `campaigns
deploy`.

The block holds the address or the webhook and is made once on Prefect's pages (Blocks → +), as
e-mail, Slack, Teams or any other; secrets are in it and nowhere here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound

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
_FLOW_RUN = (
    "{{ flow_run.name }} ({{ flow.name }}) ended {{ flow_run.state.name }}: "
    "{{ flow_run.state.message }}\n{{ flow_run|ui_url }}"
)


def put_automations(client: SyncPrefectClient, notify: str) -> str:
    """Create the alerts, or bring them up to date; what was done, in a sentence.

    `notify` names the block as `type/name`. Alerts that somebody switched off stay off. Raises
    ConfigurationError when there is no such block.
    """
    if not notify:
        return "Nobody is alerted: name a notification block (--notify TYPE/NAME) to change that."
    block = _block(client, notify)
    for automation in _automations(block):
        known = client.read_automations_by_name(automation.name)
        if known:
            kept = automation.model_copy(update={"enabled": known[0].enabled})
            client.update_automation(known[0].id, kept)
        else:
            client.create_automation(automation)
    return f"Alerts go to {notify}."


def _block(client: SyncPrefectClient, notify: str) -> SendNotification:
    kind, _, name = notify.partition("/")
    try:
        found = client.read_block_document_by_name(name, kind)
    except ObjectNotFound:
        raise ConfigurationError(
            f"there is no notification block `{notify}` on the server. Make one on its pages "
            "(Blocks → +), such as slack-webhook/marketing or name "
            "one that `prefect block ls` shows."
        ) from None
    return SendNotification(block_document_id=found.id, subject="", body="")


def _automations(block: SendNotification) -> Iterator[AutomationCore]:
    for kind, subject in _SUBJECTS.items():
        trigger = EventTrigger(expect={kind.value}, posture=Posture.Reactive, threshold=1)
        yield _automation(block, subject, trigger, "{{ event.payload.says }}")
    ours = {"prefect.resource.role": "work-pool", "prefect.resource.name": "campaigns"}
    failed = EventTrigger(
        expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
        match_related=ResourceSpecification(ours),
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
    )
    yield _automation(block, "a flow run failed", failed, _FLOW_RUN)
    # Its worker died with it: Prefect itself would call it running for ever.
    silent = EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.heartbeat", *_ENDS},
        match_related=ResourceSpecification(ours),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(minutes=5),
    )
    yield _automation(block, "a flow run gives no sign of life", silent, _FLOW_RUN)


def _automation(
    block: SendNotification, subject: str, trigger: EventTrigger, body: str
) -> AutomationCore:
    told = block.model_copy(update={"subject": f"{_OURS}{subject}", "body": body})
    return AutomationCore(
        name=f"{_OURS}{subject}",
        description="Made by `campaigns deploy`; switch it off here if you do not want it.",
        trigger=trigger,
        actions=[told],
    )
