"""Content templates at Twilio: found by name, made when absent, submitted to WhatsApp."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from campaigns.channels.answers import not_connected
from campaigns.channels.config import Clock
from campaigns.channels.deadline import Deadline
from campaigns.channels.twilio.answers import outcome_of
from campaigns.channels.twilio.http import WireHttpClient
from campaigns.channels.twilio.template import Template
from campaigns.channels.wire import Interrupted, NotConnected
from campaigns.domain.delivery import Holds, NotSent, Refused
from campaigns.errors import ConfigurationError

_T = TypeVar("_T")
_PAUSE = timedelta(seconds=5)
_UNSUBMITTED = "unsubmitted"


class ContentUnavailableError(Exception):
    """The Content API gave no answer to build on. No message has left: `outcome` says so."""

    def __init__(self, outcome: NotSent | Refused) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class ContentTemplates:
    """The account's templates, through the SDK's `client.content.v1`."""

    def __init__(self, client: Any, http: WireHttpClient, *, category: str, clock: Clock) -> None:
        self._contents = client.content.v1.contents
        self._http = http
        self._category = category
        self._clock = clock
        self._sids: dict[str, str] = {}

    def sid(self, template: Template, deadline: Deadline) -> str:
        """The SID of the approved template, asked for at most once.

        Raises ConfigurationError when WhatsApp has not approved it (yet), and
        ContentUnavailableError when Twilio cannot be asked.
        """
        if template.name not in self._sids:
            self._http.deadline = deadline
            sid = self._find(template) or self._create(template)
            self._require_approval(template, sid)
            self._sids[template.name] = sid
        return self._sids[template.name]

    def _find(self, template: Template) -> str | None:
        """The oldest of that name: two workers may each have made one at the same moment."""
        found = self._ask(
            lambda: [
                content
                for content in self._contents.stream(page_size=100)
                if content.friendly_name == template.name
            ]
        )
        return min(found, key=lambda c: (str(c.date_created), c.sid)).sid if found else None

    def _create(self, template: Template) -> str:
        from twilio.rest.content.v1.content import ContentList

        request = ContentList.ContentCreateRequest(
            {
                "friendly_name": template.name,
                "language": template.language,
                "variables": dict(template.samples),
                "types": {"twilio/text": {"body": template.body}},
            }
        )
        made = self._ask(lambda: self._contents.create(request))
        return self._find(template) or str(made.sid)

    def _require_approval(self, template: Template, sid: str) -> None:
        status, why = self._approval(sid)
        if status == _UNSUBMITTED:
            self._submit(template, sid)
            status, why = self._approval(sid)
        if status == "approved":
            return
        way_out = (
            "change the copy and run again"
            if status == "rejected"
            else "wait for WhatsApp's approval (minutes to a day), then run again"
        )
        raise ConfigurationError(
            f"WhatsApp template {template.name} ({template.language}, {sid}) is {status}"
            f"{f': {why}' if why else ''}. Nothing was sent: {way_out}, or take whatsapp out of "
            "the campaign's channels."
        )

    def _approval(self, sid: str) -> tuple[str, str]:
        """WhatsApp's word on the template, and its reason for a rejection."""

        def fetch() -> dict[str, Any]:
            fetched = self._contents(sid).approval_fetch().fetch()
            return fetched.whatsapp or {}

        whatsapp = self._ask(fetch)
        return whatsapp.get("status") or _UNSUBMITTED, whatsapp.get("rejection_reason") or ""

    def _submit(self, template: Template, sid: str) -> None:
        from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

        request = ApprovalCreateList.ContentApprovalRequest(
            {"name": template.name, "category": self._category}
        )
        try:
            self._ask(lambda: self._contents(sid).approval_create.create(request))
        except ContentUnavailableError:
            # Another worker may have submitted it just now: its status tells.
            if self._approval(sid)[0] == _UNSUBMITTED:
                raise

    def _ask(self, call: Callable[[], _T]) -> _T:
        """One call of the SDK, its failures translated: whatever happened, no message left."""
        try:
            return call()
        except NotConnected as error:
            raise ContentUnavailableError(not_connected("twilio", error, self._clock())) from error
        except Interrupted as error:
            raise ContentUnavailableError(self._later("interrupted", str(error))) from error
        except Exception as error:
            answer = self._http.answer
            if answer is None:
                raise
            outcome = outcome_of(answer, self._clock())
            if not isinstance(outcome, NotSent | Refused):
                outcome = self._later(str(answer.status), f"Twilio answered {answer.status}")
            raise ContentUnavailableError(outcome) from error

    def _later(self, code: str, reason: str) -> NotSent:
        then = self._clock() + _PAUSE
        return NotSent(f"twilio:content:{code}", reason, then, Holds.CONNECTION)
