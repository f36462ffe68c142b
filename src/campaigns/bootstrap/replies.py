"""Verbs about replies: what waits for a person, answering it, and what is due by itself."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from functools import cached_property

from campaigns.bootstrap.app import App
from campaigns.bootstrap.naming import no_campaign
from campaigns.bootstrap.probes import require_sandbox
from campaigns.bootstrap.wiring import sending_as, way
from campaigns.domain.answer import (
    LEASE,
    Answer,
    AnswerKind,
    Because,
    Draft,
    InboxLine,
    InboxState,
    Sent,
)
from campaigns.domain.answer_words import said
from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.errors import UserError
from campaigns.services.answer import Sender, send_answers, write_answer
from campaigns.services.pace_answers import Paced
from campaigns.services.pacing import Pacer
from campaigns.store.answers import SqlAnswers
from campaigns.store.inbox import SqlInbox


class Replies:
    """The inbox and the outbox of answers of one application."""

    def __init__(self, app: App) -> None:
        self._app = app

    @cached_property
    def inbox(self) -> SqlInbox:
        """Replies that a person has to see."""
        return SqlInbox(self._app.database)

    @cached_property
    def answers(self) -> SqlAnswers:
        """Answers and what became of them."""
        return SqlAnswers(self._app.database)

    def waiting(self, state: InboxState | None = None) -> list[InboxLine]:
        """What waits, the longest first."""
        return self.inbox.lines(state)

    def answer(
        self,
        inbox_id: int,
        text: str,
        *,
        by: str,
        subject: str | None = None,
        campaign: str | None = None,
        key: str | None = None,
    ) -> Answer:
        """Answer on the channel the customer wrote on, and send it now.

        `key` is of the form it was written in, so that a form sent twice answers once. Raises
        UserError when the channel's rules or the customer's opt-out forbid it, NotFoundError.
        """
        self._app.mode.require()
        line = self.inbox.line(inbox_id)
        if campaign is not None and campaign not in self._app.campaign_names():
            raise no_campaign(self._app, campaign)
        draft = Draft(
            key=key or secrets.token_hex(16),
            inbox_id=inbox_id,
            text=text,
            by=by,
            subject=subject,
            campaign=campaign,
        )
        now = self._app.clock.now()
        answer_id = write_answer(self.answers, line, draft, now=now)
        if answer_id is None:
            raise UserError("this form has been sent already: it answers once.")
        self.send(only=answer_id)
        found = self.answers.get(answer_id)
        assert found is not None
        return found

    def close(self, inbox_id: int, *, by: str, why: str = "") -> None:
        """Take it off the inbox without an answer. Raises UserError when it waits no longer."""
        who = " ".join(by.split())
        if not who:
            raise UserError("say who closes it.")
        line = self.inbox.line(inbox_id)
        if not self.inbox.close(inbox_id, by=who, why=why, now=self._app.clock.now()):
            raise UserError(f"number {inbox_id} waits no longer: it is {line.state}.")

    def not_an_opt_out(self, inbox_id: int, *, by: str, why: str) -> None:
        """Take back an unclear opt-out: its words asked for nothing of the kind. What stood before
        stands again; who says so, and why, is in the audit trail.

        Raises UserError where the reply was no unclear opt-out, or it is in force no more.
        """
        who, because = " ".join(by.split()), why.strip()
        if not who or not because:
            raise UserError("say who takes it back, and why.")
        line = self.inbox.line(inbox_id)
        if line.because is not Because.UNCLEAR or line.stranger:
            raise UserError(
                f"number {inbox_id} was not read as perhaps an opt-out of a customer: there is "
                "nothing to take back. A clear opt-out ends with the customer's own word alone."
            )
        if not self.inbox.take_back(line, by=who, why=because, now=self._app.clock.now()):
            raise UserError(
                f"nothing of number {inbox_id} is in force any more, or another opt-out stands."
            )

    def send(self, only: int | None = None) -> Sent:
        """Send answers that are due: a person's, help, confirmations of opt-outs."""
        due = self.answers.due(now=self._app.clock.now())
        if not due:
            self.answers.sweep(now=self._app.clock.now())
            return Sent()
        self._app.require_may_send()
        require_sandbox(self._app.settings)
        with ExitStack() as stack:
            opened: dict[Channel, Sender] = {}

            def channel(which: Channel) -> Sender:
                if which not in opened:
                    opened[which] = self._open(which, stack)
                return opened[which]

            return send_answers(self.answers, channel, self._words, self._app.clock.now, only)

    def _open(self, which: Channel, stack: ExitStack) -> Sender:
        from campaigns.channels.registry import open_senders

        senders = self._app.catalog.brand().senders
        given = {c: dict(senders.of(c) or {}) for c in PERSONAL_CHANNELS}
        configuration = sending_as(self._app.settings, given, self._app.clock.now)
        sender = open_senders(configuration, [which])[which]
        stack.callback(sender.close)
        clock = self._app.clock
        pacer = Pacer(self._app.paces, {which: way(which, sender, given[which])}, clock.now, LEASE)
        return Paced(which, sender, pacer, clock.now, clock.sleep)

    def _words(self, kind: AnswerKind, locale: str) -> str:
        brand = self._app.catalog.brand()
        email = brand.senders.of(Channel.EMAIL) or {}
        contact = email.get("reply_to") or email.get("address") or next(iter(brand.phones), "")
        return said(kind, locale, brand=brand.name, contact=contact)
