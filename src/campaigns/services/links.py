"""Links in a message that lead one customer to their own page.

A link carries the delivery's number signed for one purpose, nothing personal; the page looks the
customer up. RFC 8058 wants the unsubscribe address in a header too, working by POST alone.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer

#: What `_signed` makes, behind the path of a customer's page or click link.
_KEYS = re.compile(r"(/[upc]/)[0-9]+\.[A-Za-z0-9_-]{27}")


class Links:
    """Makes and reads the signed links of a delivery. `public_url` is https and has no slash.

    `before`: earlier secrets, whose links are still read; nothing is signed with them.
    """

    def __init__(self, public_url: str, secret: str, before: Sequence[str] = ()) -> None:
        self._base = public_url.rstrip("/")
        secrets = [*reversed(before), secret]  # itsdangerous signs with the last and reads all
        self._unsubscribe = Signer(secrets, salt="campaigns.unsubscribe")
        self._preferences = Signer(secrets, salt="campaigns.preferences")
        # Deriving a key costs more than signing with it, so that is done once.
        self._unsubscribe_key = self._unsubscribe.derive_key()
        self._preferences_key = self._preferences.derive_key()
        self._clicks = Signer(secrets, salt="campaigns.clicks")
        self._clicks_key = self._clicks.derive_key()
        self._inbound = [Signer(s, salt="campaigns.inbound") for s in (secret, *before)]
        self._thread_key = Signer(secret, salt="campaigns.thread").derive_key()

    def values(self, delivery_id: int) -> dict[str, str]:
        """Written values of the link slots."""
        number = str(delivery_id)
        return {
            "unsubscribe_url": f"{self._base}/u/{_signed(self._unsubscribe_key, number)}",
            "preferences_url": f"{self._base}/p/{_signed(self._preferences_key, number)}",
        }

    def clicks_url(self, delivery_id: int) -> str:
        """What all click links of a delivery begin with; the id of a stored address follows."""
        return f"{self._base}/c/{_signed(self._clicks_key, str(delivery_id))}"

    def clicked_delivery(self, token: str) -> int | None:
        """The delivery a click link was made for; None when the signature is not ours."""
        return _read(self._clicks, token)

    def thread(self, journey: str, customer_id: int) -> str:
        """What all e-mails of one customer's journey refer to (RFC 5322, `References`), so that
        mail programs show them together. No message bears it: SendGrid gives its own Message-IDs,
        and does not tell them per recipient."""
        token = hmac.digest(self._thread_key, f"{journey}\x1f{customer_id}".encode(), "sha1")
        return f"<{token.hex()}@{urlsplit(self._base).hostname}>"

    @property
    def inbound_url(self) -> str:
        """Where SendGrid's Inbound Parse is to post mails: it signs nothing, so the address is
        the secret."""
        return f"{self._base}/webhooks/sendgrid/inbound/{_inbound_token(self._inbound[0])}"

    def is_inbound(self, token: str) -> bool:
        """Whether whoever posts a mail knows the address."""
        own = [_inbound_token(signer) for signer in self._inbound]
        return any(hmac.compare_digest(token.encode(), known.encode()) for known in own)

    def unsubscribed_delivery(self, token: str) -> int | None:
        """The delivery an unsubscribe link was made for; None when the signature is not ours."""
        return _read(self._unsubscribe, token)

    def preferences_delivery(self, token: str) -> int | None:
        """The delivery a preference link was made for; None when the signature is not ours."""
        return _read(self._preferences, token)


def without_keys(text: str) -> str:
    """The text, its links to a customer's own pages without what opens them: for staff, who would
    unsubscribe or click in the customer's name."""
    return _KEYS.sub(r"\1…", text)


def unsubscribe_headers(values: Mapping[str, str]) -> dict[str, str]:
    """The e-mail headers of one-click unsubscribe (RFC 8058, asked for by Gmail and Yahoo)."""
    return {
        "List-Unsubscribe": f"<{values['unsubscribe_url']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _inbound_token(signer: Signer) -> str:
    return signer.get_signature(b"mail").decode()


def _signed(key: bytes, number: str) -> str:
    """What `Signer.sign` makes, at a tenth of its cost: two links in each message were the
    largest part of writing it. Reading stays itsdangerous's; a test compares the two."""
    signature = urlsafe_b64encode(hmac.digest(key, number.encode(), "sha1")).rstrip(b"=")
    return f"{number}.{signature.decode()}"


def _read(signer: Signer, token: str) -> int | None:
    try:
        return int(signer.unsign(token))
    except (BadSignature, ValueError):
        return None
