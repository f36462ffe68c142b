"""What the sandbox's accounts at the three vendors look like: keys, senders, limits.

The defaults are no secrets: they open nothing but a sandbox on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import orjson

from campaigns.errors import FileError

SENDGRID_KEY = "SG.sandbox.key"
TWILIO_ACCOUNT_SID = "AC" + "0" * 32
TWILIO_AUTH_TOKEN = "sandbox"  # noqa: S105 – opens a sandbox only
#: What the key that signs SendGrid's event webhook is made of: a number, not a secret.
SENDGRID_WEBHOOK_SEED = "campaigns sandbox webhook key 01"
SMTP_USER = "sandbox"
SMTP_PASSWORD = "sandbox"  # noqa: S105 – opens a sandbox only
X_CONSUMER_KEY = "sandbox-consumer-key"
X_CONSUMER_SECRET = "sandbox-consumer-secret"  # noqa: S105 – opens a sandbox only
X_ACCESS_TOKEN = "sandbox-access-token"  # noqa: S105 – opens a sandbox only
X_ACCESS_TOKEN_SECRET = "sandbox-access-token-secret"  # noqa: S105 – opens a sandbox only


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """The accounts. An empty list of senders means that any well-formed sender is ours.

    Attributes:
        sendgrid_verified_senders: e-mail addresses or domains that may stand in `from`.
        public_url: what Twilio was told as the address for customers' messages.
        sendgrid_activity: whether the account has the activity feed, a paid addition.
        twilio_numbers: E.164 numbers or sender names that may stand in `From` (no `whatsapp:`).
        twilio_messaging_services: known services, `MG` and 32 hexadecimal digits.
        whatsapp_approval_seconds: how long WhatsApp takes to look at a template.
        whatsapp_reject: names of templates that WhatsApp rejects.
        smtp_senders: e-mail addresses or domains that may stand in `MAIL FROM`.
        x_post_limit: posts in 15 minutes; x_dm_limit: direct messages in 15 minutes;
        x_dm_daily_limit: direct messages in 24 hours; x_dm_events_limit: looks at conversations
        in 15 minutes.
        x_users: declared at the start, as in POST /sandbox/x/users.
    """

    sendgrid_key: str = SENDGRID_KEY
    sendgrid_webhook_seed: str = SENDGRID_WEBHOOK_SEED
    sendgrid_verified_senders: tuple[str, ...] = ()
    public_url: str = "https://news.example.com"
    sendgrid_activity: bool = False
    twilio_account_sid: str = TWILIO_ACCOUNT_SID
    twilio_auth_token: str = TWILIO_AUTH_TOKEN
    twilio_numbers: tuple[str, ...] = ()
    twilio_messaging_services: tuple[str, ...] = ()
    whatsapp_approval_seconds: float = 0.0
    whatsapp_reject: tuple[str, ...] = ()
    smtp_user: str = SMTP_USER
    smtp_password: str = SMTP_PASSWORD
    smtp_senders: tuple[str, ...] = ()
    x_consumer_key: str = X_CONSUMER_KEY
    x_consumer_secret: str = X_CONSUMER_SECRET
    x_access_token: str = X_ACCESS_TOKEN
    x_access_token_secret: str = X_ACCESS_TOKEN_SECRET
    x_username: str = "demo_brotanell"
    x_name: str = "Brotanell"
    x_post_limit: int = 100
    x_dm_limit: int = 15
    x_dm_daily_limit: int = 1440
    x_dm_events_limit: int = 15
    x_users: tuple[dict[str, Any], ...] = field(default=())

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a JSON object with any of the fields. Raises FileError."""
        from pydantic import TypeAdapter, ValidationError

        try:
            raw = orjson.loads(path.read_bytes())
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}", path=path) from error
        except orjson.JSONDecodeError as error:
            raise FileError(f"not JSON: {error}", path=path, line=error.lineno) from error
        if not isinstance(raw, dict):
            raise FileError("expected a JSON object of sandbox settings", path=path)
        known = {f.name for f in fields(cls)}
        for name in raw.keys() - known:
            raise FileError(
                f"unknown setting {name!r}; known: {', '.join(sorted(known))}", path=path
            )
        try:
            return TypeAdapter(cls).validate_python(raw)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise FileError(f"{place}: {first['msg']}", path=path) from None
