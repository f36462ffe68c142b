"""The flow `answers`: help, confirmations of opt-outs, and answers that had to wait."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.replies import Replies
from campaigns.domain.counting import counted
from campaigns.errors import CampaignsError
from flows.reporting import listed
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="answers", flow_run_name="answers", persist_result=False)
def answers() -> Any:
    """Send what customers are owed: help to HELP, the one confirmation of an opt-out (within five
    minutes or never), a person's answer that could not leave. Each once, however often this runs.
    """
    try:
        sent, waiting = outcome(send(return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    told = f"Answers{listed(sent)}" if sent else "Nothing was due"
    return Completed(
        message=f"{told}; {counted(waiting, 'reply waits', 'replies wait')} for a person.",
        data={"sent": sent, "waiting": waiting},
    )


@step("send answers", repeatable=False)
def send() -> tuple[dict[str, int], int]:
    """State → answers, and how many replies wait for a person."""
    with connect() as app:
        replies = Replies(app)
        sent = replies.send()
        return {str(state): n for state, n in sent.counts.items()}, replies.inbox.waiting()
