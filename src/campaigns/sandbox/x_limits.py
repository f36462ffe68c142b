"""X's rate limits, counted per window as X does."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from campaigns.sandbox.config import SandboxConfig

_QUARTER = 15 * 60
_DAY = 24 * 3600


@dataclass(slots=True)
class _Window:
    limit: int
    seconds: int
    taken: deque[float] = field(default_factory=deque)

    def left(self, now: float) -> int:
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        return self.limit - len(self.taken)

    def reset(self, now: float) -> int:
        """When the oldest use leaves the window, in whole seconds since 1970."""
        return int((self.taken[0] if self.taken else now) + self.seconds) + 1


class Limits:
    """How many posts and direct messages may still be sent, and conversations be read."""

    def __init__(self, config: SandboxConfig) -> None:
        self._windows = {
            "post": [_Window(config.x_post_limit, _QUARTER)],
            "dm_events": [_Window(config.x_dm_events_limit, _QUARTER)],
            "dm": [_Window(config.x_dm_limit, _QUARTER), _Window(config.x_dm_daily_limit, _DAY)],
        }

    def take(self, action: str, now: float) -> tuple[dict[str, str], bool]:
        """Use one of `post`, `dm`, `dm_events` if there is one: X's headers, and whether it may."""
        windows = self._windows[action]
        window = min(windows, key=lambda w: w.left(now))
        allowed = window.left(now) > 0
        if allowed:
            for each in windows:
                each.taken.append(now)
        headers = {
            "x-rate-limit-limit": str(window.limit),
            "x-rate-limit-remaining": str(max(0, window.left(now))),
            "x-rate-limit-reset": str(window.reset(now)),
        }
        return headers, allowed
