"""X's own lists: the account's timeline for the post, a conversation's events for direct messages.

X takes no key of ours, so the words are compared. It shows links shortened to t.co with what they
stand for beside them, and `&`, `<`, `>` as HTML writes them (API v2, November 2026).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any, ClassVar
from unicodedata import normalize

import orjson

from campaigns.channels.base import Limits
from campaigns.channels.deadline import Deadline
from campaigns.channels.lookup import CannotAskError, one_after_another, unreadable
from campaigns.channels.wire import Answer as HttpAnswer
from campaigns.channels.x.answers import user_id_in
from campaigns.channels.x.channel import XSender
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import NotSent
from campaigns.domain.evidence import Answer, Authority, Listed, NoAnswer, Sought

_MOST_PAGES = 5
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


class XLookup(XSender, ABC):
    """What both lists share."""

    limits: ClassVar[Limits] = Limits(batch=1, deadline=timedelta(seconds=20))
    #: Questions in one call of `look`; None is as many as there is time for.
    most: ClassVar[int | None] = None
    _me: str | None = None

    def look(self, sought: Sequence[Sought]) -> Mapping[int, Answer]:
        """One list each."""
        self._client  # noqa: B018 - load the SDK before the clock of a deadline starts
        return one_after_another(sought, self._ask, most=self.most)

    @abstractmethod
    def _ask(self, sought: Sought, deadline: Deadline) -> Answer:
        """What the list says of one message."""

    def _my_id(self, deadline: Deadline) -> str:
        if self._me is None:
            answer = self._get(lambda: self._client.get_me(user_auth=True), deadline)
            self._me = user_id_in(answer)
            if self._me is None:
                raise CannotAskError("X did not say which account these keys are of")
        return self._me

    def _get(self, call: Callable[[], object], deadline: Deadline) -> HttpAnswer:
        """One answer of status 200. Raises CannotAskError."""
        ending = self._call(call, deadline)
        if not isinstance(ending, HttpAnswer):
            how = (
                "could not be reached" if isinstance(ending, NotSent) else "did not answer in time"
            )
            raise CannotAskError(f"X {how}: {ending.reason}")
        if not ending.ok:
            raise unreadable("X", ending, keys="CAMPAIGNS_X_…")
        return ending

    def _pages(
        self, get: Callable[[dict[str, str]], object], deadline: Deadline
    ) -> Iterator[dict[str, Any]]:
        """The entries of a list, the newest first. Raises CannotAskError also where it is longer
        than is read: what is not in a part of it may be in the rest."""
        more: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._get(lambda: get(more), deadline)  # noqa: B023 - called at once
            try:
                document = orjson.loads(answer.body)
            except orjson.JSONDecodeError as error:
                raise CannotAskError("X's answer broke off") from error
            yield from document.get("data", ())
            token = document.get("meta", {}).get("next_token")
            if not token:
                return
            more = {"pagination_token": token}
        raise CannotAskError("X's list is longer than is read at once")


class PostLookup(XLookup):
    """The public post, in the account's own timeline."""

    channel: ClassVar[Channel] = Channel.X_POST
    authority: ClassVar[Authority] = Authority(
        "the account's timeline on X",
        timedelta(hours=1),
        "X shows a post there within seconds, unless somebody deleted it",
    )

    def _ask(self, sought: Sought, deadline: Deadline) -> Answer:
        wanted = plain(sought.body)
        me, since = self._my_id(deadline), f"{sought.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

        def page(more: dict[str, str]) -> object:
            return self._client.get_users_tweets(
                me,
                user_auth=True,
                max_results=100,
                start_time=since,
                tweet_fields=["created_at", "entities"],
                **more,
            )

        posts = self._pages(page, deadline)
        return Listed(tuple(str(p["id"]) for p in posts if plain(shown(p)) == wanted))


class DirectMessageLookup(XLookup):
    """Direct messages, in the conversation with that person."""

    channel: ClassVar[Channel] = Channel.X_DM
    #: X lets a conversation's events be read 15 times in 15 minutes; a message asks for two pages
    #: at most where it is recent.
    most: ClassVar[int | None] = 7
    authority: ClassVar[Authority] = Authority(
        "the conversation on X",
        timedelta(hours=1),
        "X shows a message there within seconds, for 30 days, unless somebody deleted it",
    )

    def _ask(self, sought: Sought, deadline: Deadline) -> Answer:
        if sought.address is None or sought.values is None:
            return NoAnswer("the customer was erased: there is no conversation to look at")
        wanted, me = plain(sought.body), self._my_id(deadline)
        handle = sought.address.lstrip("@").lower()
        person = user_id_in(
            self._get(lambda: self._client.get_user(username=handle, user_auth=True), deadline)
        )
        if person is None:
            return NoAnswer("X knows nobody by this handle any more")

        def page(more: dict[str, str]) -> object:
            return self._client.get_direct_message_events(
                participant_id=person,
                event_types="MessageCreate",
                max_results=100,
                dm_event_fields=["created_at", "sender_id", "text", "entities"],
                **more,
            )

        found = []
        for event in self._pages(page, deadline):
            if _moment(event) < sought.since - timedelta(seconds=1):
                break
            if event.get("sender_id") == me and plain(shown(event)) == wanted:
                found.append(str(event["id"]))
        return Listed(tuple(found))


def shown(entry: Mapping[str, Any]) -> str:
    """A post's or message's text with its links as they were written."""
    text = unescape(str(entry.get("text", "")))  # before the links, whose & is their own
    for link in (entry.get("entities") or {}).get("urls", ()):
        text = text.replace(str(link["url"]), str(link.get("expanded_url") or link["url"]))
    return text


def plain(text: str) -> str:
    """A text without what X writes its own way: the scheme of a link, its last slash, spaces."""
    words = _SPACE.split(normalize("NFC", _SCHEME.sub("", text)).strip())
    return " ".join(word.rstrip("/") for word in words)


def _moment(event: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(event["created_at"]))
    except (KeyError, ValueError) as error:
        raise CannotAskError("X's answer lacks the time of a message") from error
