"""In which order shards are sent: nobody waits for another shard's slow channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from campaigns.domain.channel import Channel
from campaigns.services.dispatch import PATIENT, DispatchCounts
from campaigns.services.rounds import AT_ONCE, TURN, Rounds

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def more_at(moment: datetime, **sent: int) -> DispatchCounts:
    counts = DispatchCounts(again_at=moment)
    counts.outcomes.update(sent)
    return counts


def test_every_shard_sends_what_may_go_at_once_before_any_waits() -> None:
    rounds = Rounds([0, 1, 2])
    for expected in (0, 1, 2):
        assert rounds.take(NOW) == (expected, AT_ONCE)
        rounds.ended(expected, more_at(NOW))
    assert not rounds.over


def test_the_shard_whose_moment_comes_first_is_next_and_gives_way_to_the_others() -> None:
    rounds = Rounds([0, 1])
    rounds.take(NOW)
    rounds.take(NOW)
    rounds.ended(0, more_at(NOW + 30 * SECOND))
    rounds.ended(1, more_at(NOW + SECOND))
    assert rounds.take(NOW) is None
    assert rounds.take(NOW + SECOND) == (1, TURN)
    rounds.ended(1, more_at(NOW + 60 * SECOND))
    assert rounds.take(NOW + 30 * SECOND) == (0, TURN)


def test_the_last_shard_waits_where_it_is_sent() -> None:
    rounds = Rounds([0])
    rounds.take(NOW)
    rounds.ended(0, more_at(NOW + 30 * SECOND))
    assert rounds.take(NOW) == (0, PATIENT)
    assert rounds.take(NOW) is None
    assert not rounds.over
    rounds.ended(0, DispatchCounts())
    assert rounds.over


def test_what_was_sent_adds_up_and_a_channels_last_word_counts() -> None:
    rounds = Rounds([0])
    rounds.take(NOW)
    first = more_at(NOW, accepted=3)
    first.unreachable[Channel.SMS] = "Twilio answered 503"
    rounds.ended(0, first)
    rounds.take(NOW)
    last = DispatchCounts()
    last.outcomes["accepted"] = 2
    rounds.ended(0, last)
    assert rounds.total().outcomes == {"accepted": 5}
    assert rounds.total().unreachable == {}
