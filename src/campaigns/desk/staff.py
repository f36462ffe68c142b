"""Who sits at the desk: a name for the audit trail and, where one is set, the staff's secret."""

from __future__ import annotations

import hmac
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

COOKIE: Final = "campaigns_desk"
#: Seconds: a shift.
_LASTS: Final = 12 * 3600
#: Wrong secrets a minute, from everybody together, before nobody is let in for the rest of it.
_MOST_WRONG: Final = 10


@dataclass
class Staff:
    """Signs people in. `secret` empty: the desk is open to this machine and asks for a name."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    over_tls: bool = False
    _wrong: deque[float] = field(default_factory=deque)

    def name(self, request: Request) -> str | None:
        """Who is signed in."""
        try:
            name = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=_LASTS)
        except BadSignature:
            return None
        return name if isinstance(name, str) else None

    def refuse(self, name: str, secret: str) -> str | None:
        """Why this person is not let in; None lets them in."""
        if not name.strip() or len(name) > 80:
            return "Say who you are: your answers are signed with it."
        if not self.secret:
            return None
        now = time.monotonic()
        while self._wrong and now - self._wrong[0] > 60:
            self._wrong.popleft()
        if len(self._wrong) >= _MOST_WRONG:
            return "Too many wrong secrets. Wait a minute."
        if hmac.compare_digest(secret.encode(), self.secret.encode()):
            return None
        self._wrong.append(now)
        return "That is not the staff's secret."

    def sign_in(self, response: Response, name: str) -> None:
        """Remember the name for a shift."""
        response.set_cookie(
            COOKIE,
            self._signer.dumps(" ".join(name.split())),
            max_age=_LASTS,
            httponly=True,
            samesite="strict",
            secure=self.over_tls,
        )

    @property
    def _signer(self) -> URLSafeTimedSerializer:
        """Whoever came in by another secret, or by none, has to come in anew."""
        return URLSafeTimedSerializer(self.key, salt=f"desk:{self.secret}")


def same_origin(request: Request) -> bool:
    """Whether a form was sent from a page of ours. Browsers say from where they post; what is no
    browser has no cookie to be abused."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
