"""What customers wrote to the account: it opens WhatsApp's window and opts out of texts."""

from __future__ import annotations

from campaigns.sandbox.writer import LogWriter

#: https://help.twilio.com/articles/223134027
_STOP = frozenset(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"])
_START = frozenset(["START", "YES", "UNSTOP"])
_WINDOW = 24 * 3600 * 1_000_000


class Inbound:
    """Messages from customers, by channel and number."""

    def __init__(self, log: LogWriter) -> None:
        self._log = log
        self._last: dict[tuple[str, str], int] = {}
        self._stopped: set[tuple[str, str]] = set()
        for at, channel, sender, body in log.connection.execute(
            "SELECT at, channel, sender, body FROM inbound ORDER BY id"
        ):
            self._apply(at, channel, sender, body)

    def receive(self, at: int, channel: str, sender: str, body: str) -> None:
        """A customer writes: `channel` is `sms` or `whatsapp`."""
        self._log.put(
            "INSERT INTO inbound (at, channel, sender, body) VALUES (?, ?, ?, ?)",
            *(at, channel, sender, body),
        )
        self._apply(at, channel, sender, body)

    def has_stopped(self, channel: str, number: str) -> bool:
        """Whether this number opted out."""
        return (channel, number) in self._stopped

    def window_is_open(self, number: str, at: int) -> bool:
        """Whether this number wrote to us on WhatsApp within the last 24 hours."""
        last = self._last.get(("whatsapp", number))
        return last is not None and at - last < _WINDOW

    def _apply(self, at: int, channel: str, sender: str, body: str) -> None:
        word = body.strip().upper()
        if word in _STOP:
            self._stopped.add((channel, sender))
        elif word in _START:
            self._stopped.discard((channel, sender))
        self._last[channel, sender] = at
