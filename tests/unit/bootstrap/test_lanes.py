from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from campaigns.bootstrap.lanes import Lanes
from campaigns.domain.channel import Channel
from campaigns.errors import RunStoppedError
from campaigns.services.dispatch import DispatchCounts


@contextmanager
def _lanes(count: int) -> Iterator[Lanes]:
    lanes = Lanes(count)
    try:
        yield lanes
    finally:
        lanes.close()


def test_all_lanes_send_at_the_same_time_and_their_counts_are_added() -> None:
    together = threading.Barrier(3)

    def send() -> DispatchCounts:
        together.wait(timeout=120)  # passes only when all three are here
        return DispatchCounts(Counter(accepted=2), {Channel.SMS: "gone"})

    with _lanes(3) as lanes:
        total = lanes.send(send)
    assert total.outcomes == {"accepted": 6}
    assert total.unreachable == {Channel.SMS: "gone"}


def test_what_one_lane_raises_comes_out_when_the_others_have_ended() -> None:
    ended = threading.Event()
    first = threading.Lock()

    def send() -> DispatchCounts:
        if first.acquire(blocking=False):
            raise RunStoppedError("the key is wrong")
        ended.set()
        return DispatchCounts()

    with _lanes(2) as lanes:
        with pytest.raises(RunStoppedError, match="the key is wrong"):
            lanes.send(send)
        assert ended.is_set()


def test_lanes_can_be_used_again_after_one_of_them_failed() -> None:
    with _lanes(2) as lanes:
        with pytest.raises(RunStoppedError):
            lanes.send(_stopped)
        assert lanes.send(lambda: DispatchCounts(Counter(accepted=1))).outcomes["accepted"] == 2


def _stopped() -> DispatchCounts:
    raise RunStoppedError("stopped")
