"""`campaigns inbox`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from campaigns.cli.output import console, json_option, looking, print_json, table
from campaigns.domain.answer import Answer, Because, InboxLine, InboxState, Said
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.moments import by_clock
from campaigns.domain.outcome_words import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

_NUMBER = click.argument("number", type=int, metavar="NUMBER")
_BY = click.option("--by", required=True, metavar="NAME", help="Who does it, for the audit trail.")
_BECAUSE = {
    Because.REPLY: "wrote",
    Because.UNCLEAR: "may want no more messages (suppressed)",
    Because.ERASURE: "asks to be erased (suppressed everywhere); `campaigns erase`",
    Because.FAILED: "an answer did not arrive",
    Because.IN_DOUBT: "an answer may have left",
}


@click.group("inbox")
def inbox_command() -> None:
    """Read and answer what customers wrote, on the channel they wrote on.

    Opt-outs and HELP are acted on by themselves; all other replies wait here for a person.
    """


@inbox_command.command("list")
@click.option("--state", type=click.Choice([str(s) for s in InboxState]), default="waiting")
@json_option
def list_command(state: str, as_json: bool) -> None:
    """What waits, the longest first."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.replies import Replies

    with connect() as app:
        lines, home = Replies(app).waiting(InboxState(state)), app.home
    if as_json:
        print_json({"replies": [_plain(asdict(line)) for line in lines]})
        return
    rows = [
        [
            str(line.inbox_id),
            f"{line.last_at:%Y-%m-%d %H:%M}",
            f"{line.address}, not known here"
            if line.stranger
            else f"{line.name} ({line.ref})".strip(),
            line.channel.label,
            _BECAUSE[line.because],
            line.words.replace("\n", " ")[:80],
        ]
        for line in by_clock(lines, home)
    ]
    columns = ["", "when", "customer", "channel", "why", "words"]
    if rows:
        console().print(table(f"Inbox, by the clock of {home}", columns, rows))
    else:
        click.echo("Nobody waits.")


@inbox_command.command("show")
@_NUMBER
@looking
@json_option
def show_command(number: int, by: str, as_json: bool) -> None:
    """One of them, with the whole history of that customer."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.history import look
    from campaigns.bootstrap.replies import Replies
    from campaigns.cli.views import print_history

    with connect() as app:
        inbox, home = Replies(app).inbox, app.home
        line = inbox.line(number)
        if line.stranger:
            _show_stranger(line, inbox.talk(line), home, as_json=as_json)
            return
        told = look(app, line.customer_id, by=by)
        now = app.clock.now()
    if as_json:
        print_json({"reply": _plain(asdict(line)), "history": told.as_json()})
        return
    console().print(f"[bold]{line.inbox_id}[/]  {line.channel.label}, {line.state}")
    print_history(told, now, home)


def _show_stranger(line: InboxLine, talk: list[Said], home: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print_json({"reply": _plain(asdict(line)), "talk": [_plain(asdict(s)) for s in talk]})
        return
    console().print(f"[bold]{line.inbox_id}[/]  {line.channel.label}, {line.state}")
    click.echo(f"{line.address}: nobody known here has this address.\n")
    rows = [
        [f"{s.at:%Y-%m-%d %H:%M}", f"{s.by}, {s.state}" if s.by else "they", s.text]
        for s in by_clock(talk, home)
    ]
    console().print(
        table(
            f"What was said, newest first, by the clock of {home}", ["when", "who", "words"], rows
        )
    )


@inbox_command.command("answer")
@_NUMBER
@click.argument("text")
@_BY
@click.option("--campaign", metavar="NAME", help="The customer was told of this campaign.")
@click.option("--subject", help="Of an e-mail; else that of the question.")
@click.option("--key", hidden=True, help="The same key is one answer, however often it is given.")
@json_option
def answer_command(
    number: int,
    text: str,
    by: str,
    campaign: str | None,
    subject: str | None,
    key: str | None,
    as_json: bool,
) -> int:
    """Answer with TEXT on the same channel, within its rules.

    Exits 1 when the answer did not leave.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.replies import Replies

    with connect() as app:
        answer = Replies(app).answer(
            number, text, by=by, subject=subject, campaign=campaign, key=key
        )
    if as_json:
        print_json(_plain(asdict(answer)))
    else:
        click.echo(_became(answer))
    return 0 if answer.state in (DeliveryState.ACCEPTED, DeliveryState.PENDING) else 1


@inbox_command.command("close")
@_NUMBER
@_BY
@click.option("--why", default="", help="In your words.")
@json_option
def close_command(number: int, by: str, why: str, as_json: bool) -> None:
    """Take it off without an answer."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.replies import Replies

    with connect() as app:
        replies = Replies(app)
        replies.close(number, by=by, why=why)
        line = replies.inbox.line(number)
    if as_json:
        print_json(_plain(asdict(line)))
    else:
        click.echo(f"Number {number} is closed.")


@inbox_command.command("no-opt-out", short_help="Take back what was read as perhaps an opt-out.")
@_NUMBER
@_BY
@click.option("--why", required=True, metavar="TEXT", help="Why it was none, in your words.")
@json_option
def no_opt_out_command(number: int, by: str, why: str, as_json: bool) -> None:
    """Say that a reply which was read as perhaps an opt-out was none.

    What stood before it stands again, and who said so is in the audit trail. The reply, the opt-out
    and its taking back stay in the history. The reply waits to be answered or closed, as any does.
    A clear opt-out cannot be taken back.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.replies import Replies

    with connect() as app:
        replies = Replies(app)
        replies.not_an_opt_out(number, by=by, why=why)
        line = replies.inbox.line(number)
    if as_json:
        print_json(_plain(asdict(line)))
    else:
        click.echo(f"Number {number} was no opt-out: what stood before stands again.")
        if line.state is InboxState.WAITING:
            click.echo("It waits: `campaigns inbox answer` or `close`.")


@inbox_command.command("send", short_help="Send what is due: help, confirmations, answers.")
@json_option
def send_command(as_json: bool) -> None:
    """Send what is due: help, confirmations of opt-outs, answers that had to wait.

    Run it every minute (the flow `answers` does): a confirmation comes within five minutes or
    never.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.replies import Replies

    with connect() as app:
        sent = Replies(app).send()
    counts = {str(state): number for state, number in sent.counts.items()}
    if as_json:
        print_json(counts)
    else:
        told = ", ".join(f"{number} {state}" for state, number in counts.items())
        click.echo(told or "Nothing was due.")


def _became(answer: Answer) -> str:
    why = in_words(answer.outcome or "")
    match answer.state:
        case DeliveryState.ACCEPTED:
            return f"Answered by {answer.channel.label}."
        case DeliveryState.PENDING:
            return f"Kept, and sent when {answer.channel.label} can be reached: {why}."
        case DeliveryState.IN_DOUBT:
            return (
                f"In doubt, it may have left: {why}. It is not sent again by itself; "
                "the reply is back in the inbox."
            )
        case _:
            return f"Not sent ({answer.state}): {why}. The reply is back in the inbox."


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in document.items()}
