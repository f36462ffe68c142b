"""X's rate limits."""

from __future__ import annotations

from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.x_limits import Limits


def test_the_sixteenth_direct_message_waits_until_the_first_leaves_the_window() -> None:
    limits = Limits(SandboxConfig())
    allowed = [limits.take("dm", 1000.0 + i)[1] for i in range(16)]
    assert allowed == [True] * 15 + [False]
    headers, _ = limits.take("dm", 1020.0)
    assert headers["x-rate-limit-remaining"] == "0"
    assert headers["x-rate-limit-reset"] == "1901"
    assert limits.take("dm", 1901.0)[1]


def test_a_day_has_its_own_limit() -> None:
    limits = Limits(SandboxConfig(x_dm_limit=1000, x_dm_daily_limit=2))
    assert [limits.take("dm", t)[1] for t in (0.0, 2000.0, 4000.0)] == [True, True, False]
    assert limits.take("dm", 86_401.0)[1]


def test_posts_and_messages_are_counted_apart() -> None:
    limits = Limits(SandboxConfig(x_post_limit=1, x_dm_limit=1))
    assert limits.take("post", 1.0)[1]
    assert limits.take("dm", 1.0)[1]
    assert not limits.take("post", 1.0)[1]
