"""Links in a message that lead one customer to their own page.

A link carries the delivery's number signed for one purpose, nothing personal; the page looks the
customer up. RFC 8058 wants the unsubscribe address in a header too, working by POST alone.
"""

from __future__ import annotations

from itsdangerous import BadSignature, Signer


class Links:
    """Makes and reads the signed links of a delivery. `public_url` is https and has no slash."""

    def __init__(self, public_url: str, secret: str) -> None:
        self._base = public_url.rstrip("/")
        self._unsubscribe = Signer(secret, salt="campaigns.unsubscribe")
        self._preferences = Signer(secret, salt="campaigns.preferences")

    def values(self, delivery_id: int) -> dict[str, str]:
        """Written values of the link slots."""
        number = str(delivery_id)
        return {
            "unsubscribe_url": f"{self._base}/u/{self._unsubscribe.sign(number).decode()}",
            "preferences_url": f"{self._base}/p/{self._preferences.sign(number).decode()}",
        }

    def unsubscribed_delivery(self, token: str) -> int | None:
        """The delivery an unsubscribe link was made for; None when the signature is not ours."""
        return _read(self._unsubscribe, token)

    def preferences_delivery(self, token: str) -> int | None:
        """The delivery a preference link was made for; None when the signature is not ours."""
        return _read(self._preferences, token)


def unsubscribe_headers(values: dict[str, str]) -> dict[str, str]:
    """The e-mail headers of one-click unsubscribe (RFC 8058, asked for by Gmail and Yahoo)."""
    return {
        "List-Unsubscribe": f"<{values['unsubscribe_url']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _read(signer: Signer, token: str) -> int | None:
    try:
        return int(signer.unsign(token))
    except (BadSignature, ValueError):
        return None
