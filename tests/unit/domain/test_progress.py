"""What a run's figures say, and do not say, at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.cli.progress import print_progress
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.progress import Closed, Held, Progress, Worker
from campaigns.domain.run import Run, RunState

AT = datetime(2027, 3, 10, 9, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)
SMS = Closed("sms +447700900123", LATER, "Twilio answered 500, 5 times in a row")


def progress(
    states: dict[tuple[Channel, DeliveryState], int],
    *,
    state: RunState = RunState.RUNNING,
    closed: Sequence[Closed] = (),
    workers: Sequence[Worker] = (),
    canary: str | None = None,
    settled_lately: int = 100,
) -> Progress:
    """A run that has settled 100 messages in the last ten seconds."""
    run = Run(1, "sale", "", "hash", state, Purpose.MARKETING, "offers", AT, None, None, None, None)
    return Progress(
        run=run,
        at=AT,
        states=states,
        oldest_in_doubt=None,
        settled_lately=settled_lately,
        first_lately=AT - timedelta(seconds=10) if settled_lately else None,
        last_settled=AT,
        held=(),
        workers=workers,
        closed=closed,
        shards=1,
        unplanned=0,
        hold=None,
        unarmed=None,
        canary=canary,
    )


def test_no_time_is_promised_while_a_provider_that_has_messages_to_take_is_left_alone() -> None:
    waiting = {(Channel.SMS, DeliveryState.PENDING): 50}
    assert progress(waiting).left == timedelta(seconds=5)
    assert progress(waiting, closed=[SMS]).left is None
    by_mail = {(Channel.EMAIL, DeliveryState.PENDING): 50}
    assert progress(by_mail, closed=[SMS]).left == timedelta(seconds=5)


def test_no_time_is_promised_for_the_rest_while_the_first_few_are_watched() -> None:
    rest = {(Channel.EMAIL, DeliveryState.ACCEPTED): 100, (Channel.EMAIL, DeliveryState.PENDING): 9}
    watching = "watching the first 100 until 2027-03-10 11:00 UTC"
    assert progress(rest).left == timedelta(seconds=1)
    assert progress(rest, canary=watching).left is None
    still = progress(rest, canary=watching, settled_lately=0).stuck
    assert still == (
        f"{watching}. The rest waits for that; if nobody stays with it, `campaigns run sale` goes "
        "on with it then."
    )


def test_a_run_in_which_nothing_moves_claims_nothing_of_workers_that_it_cannot_see() -> None:
    due = progress({(Channel.EMAIL, DeliveryState.PENDING): 1200}, settled_lately=0)
    assert due.stuck == (
        "1,200 may go now, and nothing has moved since 10 Mar 09:00 UTC. If nobody is "
        "sending it, `campaigns run sale` goes on with it, as Prefect's `go-on` does every ten "
        "minutes."
    )
    lost = progress({(Channel.EMAIL, DeliveryState.SENDING): 3}, settled_lately=0).stuck
    assert lost is not None
    assert lost.startswith("nothing has moved since 10 Mar 09:00 UTC. If nobody")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (RunState.PLANNING, "It begins: 1 of 3 shards planned."),
        (RunState.RUNNING, "It begins to send."),
    ],
)
def test_a_run_says_that_it_begins_until_a_minute_went_by_without_a_sign_of_life(
    state: RunState, told: str
) -> None:
    due = progress({(Channel.SMS, DeliveryState.PENDING): 9}, state=state, settled_lately=0)
    new = replace(due, last_settled=None, shards=3, unplanned=2)
    later = new.at + timedelta(minutes=1)
    assert (new.begins, new.stuck) == (told, None)
    assert replace(new, at=later).begins is None
    assert "If nobody is" in (replace(new, at=later).stuck or "")
    planned = replace(new, at=later, last_planned=later - timedelta(seconds=9))
    assert (planned.begins, planned.stuck) == (told, None)


def test_a_run_that_waits_from_the_first_second_says_for_what() -> None:
    pending = {(Channel.SMS, DeliveryState.PENDING): 9}
    new = replace(progress(pending, settled_lately=0), last_settled=None)
    assert "left alone until" in (replace(new, closed=[SMS]).stuck or "")
    held = replace(new, held=[Held(Channel.SMS, "quiet hours", 9, LATER)])
    assert (held.begins, "quiet hours" in (held.stuck or "")) == (None, True)
    assert replace(new, unarmed="it was copied").begins is None


@pytest.mark.parametrize(
    ("lease", "told"),
    [(LATER, "in doubt if one is gone"), (AT, "`campaigns reconcile` takes them up")],
    ids=["alive", "gone"],
)
def test_a_cancelled_run_tells_in_whose_hands_messages_still_are(
    lease: datetime, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sending = {(Channel.SMS, DeliveryState.SENDING): 97}
    worker = Worker("host:1:2", Channel.SMS, 4, lease)
    print_progress(progress(sending, state=RunState.CANCELLED, workers=[worker]))
    out = " ".join(capsys.readouterr().out.split())
    assert "97 on their way" in out
    assert told in out
    print_progress(progress({}, state=RunState.CANCELLED))
    assert capsys.readouterr().out == ""
