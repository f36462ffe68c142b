"""X through tweepy: one public post a run, and direct messages to people who wrote to us first.

Who may get a direct message is decided before (domain.routing): X forbids them in bulk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from campaigns.channels.answers import interrupted, not_connected
from campaigns.channels.base import Limits, Rate
from campaigns.channels.config import ChannelConfiguration, require
from campaigns.channels.deadline import Deadline
from campaigns.channels.one_by_one import one_by_one
from campaigns.channels.wire import Answer, Interrupted, NotConnected, Wire
from campaigns.channels.x.answers import outcome_of, user_id_in
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    Envelope,
    Halted,
    Holds,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
    never_halted,
)
from campaigns.domain.message import fill_part
from campaigns.errors import ConfigurationError

if TYPE_CHECKING:
    from campaigns.channels.x.http import WireAdapter
    from campaigns.domain.message import Skeleton

_QUARTER = timedelta(minutes=15)
_LOOKUP_PAUSE = timedelta(seconds=30)
#: X's limit of a direct message, in characters.
LONGEST_MESSAGE = 10_000


class XSender:
    """What posts and direct messages share: the account and reading the answers."""

    channel: ClassVar[Channel]
    limits: ClassVar[Limits]

    def __init__(self, configuration: ChannelConfiguration) -> None:
        keys, endpoints = configuration.credentials, configuration.endpoints
        self._keys = {
            "consumer_key": require(keys.x_consumer_key, "CAMPAIGNS_X_CONSUMER_KEY"),
            "consumer_secret": require(keys.x_consumer_secret, "CAMPAIGNS_X_CONSUMER_SECRET"),
            "access_token": require(keys.x_access_token, "CAMPAIGNS_X_ACCESS_TOKEN"),
            "access_token_secret": require(
                keys.x_access_token_secret, "CAMPAIGNS_X_ACCESS_TOKEN_SECRET"
            ),
        }
        self._deadline = endpoints.deadline or self.limits.deadline
        self._clock = configuration.clock
        self._wire = Wire(endpoints.base_url)

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int:  # noqa: ARG002
        """One a message."""
        return 1

    def close(self) -> None:
        """Give connections back."""
        self._wire.close()

    @cached_property
    def _adapter(self) -> WireAdapter:
        from campaigns.channels.x.http import WireAdapter

        return WireAdapter(self._wire)

    @cached_property
    def _client(self) -> Any:
        import requests
        import tweepy

        # The raw response: tweepy would raise on a 201 whose body broke off.
        client = tweepy.Client(**self._keys, return_type=requests.Response)
        client.session.trust_env = False  # no proxy and no .netrc by surprise
        client.session.mount("https://", self._adapter)
        return client

    def _send(self, call: Callable[[], object], deadline: Deadline) -> Outcome:
        """One post or message through tweepy."""
        ending = self._call(call, deadline)
        if isinstance(ending, Answer):
            return outcome_of(self.channel, ending, self._clock())
        return ending

    def _call(self, call: Callable[[], object], deadline: Deadline) -> Answer | NotSent | Unknown:
        """One call of tweepy; the adapter keeps the answer that tweepy reads or trips over."""
        self._adapter.deadline = deadline
        try:
            call()
        except NotConnected as error:
            return not_connected("x", error, self._clock())
        except Interrupted as error:
            return interrupted("x", error)
        except Exception:
            if self._adapter.answer is None:
                raise  # no request was made: a mistake of ours
        assert self._adapter.answer is not None
        return self._adapter.answer


class PostSender(XSender):
    """The public post."""

    channel: ClassVar[Channel] = Channel.X_POST
    limits: ClassVar[Limits] = Limits(
        batch=1, deadline=timedelta(seconds=20), rates=(Rate(100, _QUARTER, burst=10),)
    )

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Raises ConfigurationError when a post would say something of one customer."""
        for skeleton in skeletons:
            if skeleton.slots or skeleton.parts["body"].holes:
                raise ConfigurationError(
                    f"the X post in {skeleton.locale} uses a customer's value. A post is public: "
                    "take the value out of the copy."
                )

    def send(
        self, skeleton: Skeleton, envelopes: Sequence[Envelope], halted: Halted = never_halted
    ) -> list[Outcome]:
        """One post."""
        try:
            self.prepare([skeleton])
        except ConfigurationError as error:
            return [Refused("x:content", str(error))] * len(envelopes)
        text = fill_part(skeleton.parts["body"], {})
        client = self._client

        def post(_: Envelope, deadline: Deadline) -> Outcome:
            return self._send(lambda: client.create_tweet(text=text), deadline)

        return one_by_one(envelopes, post, total=self._deadline, clock=self._clock, halted=halted)


class DirectMessageSender(XSender):
    """Direct messages, by handle. X wants the user's id, so a handle is looked up first."""

    channel: ClassVar[Channel] = Channel.X_DM
    limits: ClassVar[Limits] = Limits(
        batch=15,
        deadline=timedelta(seconds=20),
        rates=(Rate(15, _QUARTER, burst=5), Rate(1_440, timedelta(days=1), burst=5)),
    )

    def __init__(self, configuration: ChannelConfiguration) -> None:
        super().__init__(configuration)
        self._ids: dict[str, str] = {}

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Raises ConfigurationError for a text that is too long whoever gets it."""
        for skeleton in skeletons:
            fixed = sum(len(literal) for literal in skeleton.parts["body"].literals)
            if fixed > LONGEST_MESSAGE:
                raise ConfigurationError(
                    f"the X message in {skeleton.locale} has {fixed:,} characters; X takes "
                    f"{LONGEST_MESSAGE:,}. Shorten the copy."
                )

    def send(
        self, skeleton: Skeleton, envelopes: Sequence[Envelope], halted: Halted = never_halted
    ) -> list[Outcome]:
        """One request each, two where the id is not known yet; see `one_by_one`."""
        client = self._client

        def message(envelope: Envelope, deadline: Deadline) -> Outcome:
            user_id = self._user_id(client, _handle(envelope), deadline)
            if not isinstance(user_id, str):
                return user_id
            text = fill_part(skeleton.parts["body"], envelope.values)
            return self._send(
                lambda: client.create_direct_message(participant_id=user_id, text=text), deadline
            )

        return one_by_one(
            envelopes, message, total=self._deadline, clock=self._clock, halted=halted
        )

    def _user_id(
        self, client: Any, handle: str, deadline: Deadline
    ) -> str | Rejected | Refused | NotSent:
        """The id of a handle, or why no message can be sent to it now.

        One handle a request: X answers a batch with one malformed name in it by a 400 for all.
        """
        if handle in self._ids:
            return self._ids[handle]
        ending = self._call(lambda: client.get_user(username=handle, user_auth=True), deadline)
        if isinstance(ending, Answer) and (ending.ok or ending.status in (400, 404)):
            found = user_id_in(ending)
            if found is None:
                return Rejected("x:unknown", "X knows nobody by this handle", invalid_address=True)
            self._ids[handle] = found
            return found
        now = self._clock()
        outcome = outcome_of(self.channel, ending, now) if isinstance(ending, Answer) else ending
        if isinstance(outcome, Refused | NotSent):
            return outcome
        # No message was sent, whatever went wrong.
        reason, then = "X could not be asked for the person's id", now + _LOOKUP_PAUSE
        return NotSent("x:lookup", reason, then, Holds.CONNECTION)


def _handle(envelope: Envelope) -> str:
    return envelope.address.lstrip("@").lower()
