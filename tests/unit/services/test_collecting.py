"""The garbage collector is let loose again when the last one has left."""

from __future__ import annotations

import gc
import threading

import pytest

from campaigns.services.collecting import seldom_collecting


def test_it_collects_seldom_until_the_last_thread_has_left() -> None:
    before = gc.get_threshold()
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with seldom_collecting():
            entered.set()
            leave.wait(120)

    thread = threading.Thread(target=other)
    with seldom_collecting():
        thread.start()
        assert entered.wait(120)
    assert gc.get_threshold()[0] > before[0]  # the other one is still inside
    leave.set()
    thread.join()
    assert gc.get_threshold() == before


def test_an_error_inside_changes_nothing_for_good() -> None:
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), seldom_collecting():
        raise ZeroDivisionError
    assert gc.get_threshold() == before
