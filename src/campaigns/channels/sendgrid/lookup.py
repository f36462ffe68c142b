"""SendGrid's activity feed: by our delivery id, which every message carries as a unique argument.

The feed is a paid addition to an account and takes six requests a minute, so one question asks for
several messages; its answer names recipients, not our ids, so nobody is asked for twice in one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

import orjson

from campaigns.channels.base import Rate
from campaigns.channels.config import ChannelConfiguration, require
from campaigns.channels.lookup import QUESTION, CannotAskError, broken_off
from campaigns.channels.wire import Interrupted, NotConnected, Wire
from campaigns.domain.channel import Channel
from campaigns.domain.evidence import Answer, Authority, Listed, NoAnswer, Sought

#: SendGrid's limit of the feed (its API reference, November 2026).
RATE = Rate(6, timedelta(minutes=1))
#: Messages in one question: a URL of about a thousand characters.
GROUP = 20
_MOST = 1_000

_NO_FEED = (
    "this SendGrid account has no activity feed, or the key may not read it (Email Activity, a "
    "paid addition); the event webhook is the other evidence"
)


class _NoFeedError(Exception):
    """The account or the key has no feed."""


class _QueryRefusedError(Exception):
    """SendGrid does not take the question as it was put."""


class ActivityLookup:
    """E-mail messages."""

    channel: ClassVar[Channel] = Channel.EMAIL
    authority: ClassVar[Authority] = Authority(
        "SendGrid's activity feed",
        None,
        "SendGrid queues mail before it lists it and promises no time",
    )

    def __init__(self, configuration: ChannelConfiguration) -> None:
        key = configuration.credentials.sendgrid_api_key
        self._key = require(key, "CAMPAIGNS_SENDGRID_API_KEY")
        self._wire = Wire(configuration.endpoints.base_url)

    def look(self, sought: Sequence[Sought]) -> Mapping[int, Answer]:
        """At most a minute's worth of questions; the rest is asked about another time."""
        answers: dict[int, Answer] = {}
        groups = list(_groups(sought))
        for _ in range(RATE.messages):
            if not groups:
                break
            group = groups.pop(0)
            try:
                answers |= self._ask(group)
            except _NoFeedError:
                return {one.delivery_id: NoAnswer(_NO_FEED) for one in sought}
            except _QueryRefusedError as error:
                if len(group) == 1:
                    answers[group[0].delivery_id] = NoAnswer(str(error))
                groups = [[one] for one in group if len(group) > 1] + groups
            except CannotAskError as error:
                return answers | {one.delivery_id: NoAnswer(str(error)) for one in group}
        return answers

    def close(self) -> None:
        """Give connections back."""
        self._wire.close()

    @cached_property
    def _client(self) -> Any:
        from campaigns.channels.sendgrid.http import open_client

        return open_client(self._key, self._wire, QUESTION).client

    def _ask(self, group: Sequence[Sought]) -> dict[int, Answer]:
        found: dict[int, list[str]] = {one.delivery_id: [] for one in group}
        by_address = {one.address.casefold(): one.delivery_id for one in group if one.address}
        for message in self._messages(_query(group)):
            whose = by_address.get(str(message.get("to_email", "")).casefold())
            if len(group) == 1:
                whose = group[0].delivery_id  # asked for by its own id alone
            if whose is not None and message.get("msg_id"):
                found[whose].append(str(message["msg_id"]))
        return {delivery_id: Listed(tuple(ids)) for delivery_id, ids in found.items()}

    def _messages(self, query: str) -> list[dict[str, Any]]:
        """Raises CannotAskError, _NoFeedError or _QueryRefusedError."""
        from python_http_client.exceptions import HTTPError

        try:
            reply = self._client.messages.get(query_params={"query": query, "limit": _MOST})
            messages = orjson.loads(reply.body)["messages"]
        except (NotConnected, Interrupted) as error:
            raise broken_off("SendGrid", error) from error
        except HTTPError as error:
            raise _refusal(error.status_code) from error
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise CannotAskError("SendGrid's answer broke off") from error
        return [m for m in messages if isinstance(m, dict)]


def _refusal(status: int) -> Exception:
    match status:
        case 401 | 403 | 404:
            return _NoFeedError()
        case 400:
            return _QueryRefusedError("SendGrid does not understand the question")
        case 429:
            return CannotAskError("SendGrid asks to slow down: six questions a minute")
        case _:
            return CannotAskError(f"SendGrid answered {status}")


def _query(group: Sequence[Sought]) -> str:
    """SendGrid calls custom arguments unique arguments here."""
    asked = [f"unique_args['delivery_id']=\"{one.delivery_id}\"" for one in group]
    return " OR ".join(f"({each})" for each in asked) if len(asked) > 1 else asked[0]


def _groups(sought: Sequence[Sought]) -> Iterator[list[Sought]]:
    """Each address once in a group. Who has none any more is asked for alone, by our id."""
    waiting = [one for one in sought if one.address]
    while waiting:
        group: dict[str, Sought] = {}
        later: list[Sought] = []
        for one in waiting:
            address = (one.address or "").casefold()
            if len(group) < GROUP and address not in group:
                group[address] = one
            else:
                later.append(one)
        yield list(group.values())
        waiting = later
    yield from ([one] for one in sought if not one.address)
