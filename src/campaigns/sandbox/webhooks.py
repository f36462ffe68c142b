"""What the vendors tell afterwards: SendGrid's event webhook and Twilio's status callbacks, signed
with the sandbox's own keys, to one address on this machine; and what customers write to us.

A mailbox whose name begins with `bounced` returns its mail, `blocked` refuses it for now, and
`complains` reports it as spam. All others get theirs.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from campaigns.errors import UserError
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.twilio_resources import form_of
from campaigns.sandbox.writer import Accepted, Recipient
from campaigns.sandbox.x_users import User

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: As the vendors do, but in the time that a test has: 40 tries, at most a second apart.
_TRIES = 40
_TIMEOUT = ClientTimeout(total=10)

#: One request to make: path and query, headers, body.
Post = tuple[str, dict[str, str], bytes]


class Webhooks:
    """Posts to `url`; nothing while that is empty. Lives on the event loop."""

    def __init__(self, config: SandboxConfig, url: str = "") -> None:
        self._config = config
        number = int.from_bytes(config.sendgrid_webhook_seed.encode()[:32], "big")
        self._key = ec.derive_private_key(number, ec.SECP256R1())
        self._url = self._mails = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: ClientSession | None = None
        self._counts = {"told": 0, "refused": 0, "given_up": 0}
        self.point(url)

    def point(self, url: str, mails: str = "") -> None:
        """Tell everything from now on there, and customers' mails to the path `mails` (it holds a
        secret, as with SendGrid's Inbound Parse). Raises UserError for another machine."""
        if url and urlsplit(url).hostname not in _LOOPBACK:
            raise UserError("the sandbox tells its events to this machine only: http://127.0.0.1:…")
        self._url = url.rstrip("/")
        self._mails = mails

    @property
    def url(self) -> str:
        """Who listens; empty: nobody."""
        return self._url

    @property
    def on(self) -> bool:
        """Whether anybody listens."""
        return bool(self._url)

    @property
    def hears_mails(self) -> bool:
        """Whether anybody takes what customers write by mail."""
        return bool(self._url and self._mails)

    def describe(self) -> dict[str, Any]:
        """For the control API: requests told and on their way."""
        return {"url": self._url, **self._counts, "waiting": len(self._tasks)}

    def tell(self, accepted: Sequence[Accepted]) -> None:
        """What becomes of messages that are on disk."""
        for request in accepted if self.on else ():
            if request.provider == "sendgrid":
                events = [e for r in request.recipients for e in _mail_events(r, request)]
                self._send(self._signed_events(events))
            elif request.provider == "twilio":
                for post in self._callbacks(request):
                    self._send(post)

    def tell_event(self, raw: dict[str, Any]) -> None:
        """One event of SendGrid's by hand, for a message that it sent."""
        self._send(self._signed_events([{"timestamp": int(time.time()), **raw}]))

    def tell_message(self, channel: str, sender: str, body: str, to: str, number: int) -> None:
        """A customer wrote a text."""
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        form = {
            "MessageSid": f"SM{number:032x}",
            "AccountSid": self._config.twilio_account_sid,
            "From": prefix + sender,
            "To": prefix + to,
            "Body": body,
            "SmsStatus": "received",
            "NumMedia": "0",
        }
        self._send(self._signed_form(f"{self._config.public_url}/webhooks/twilio", form))

    def tell_mail(
        self, sender: str, to: str, subject: str, body: str, number: int, answers: str
    ) -> None:
        """A customer wrote a mail: SendGrid's Inbound Parse posts it as a form of many parts."""
        headers = {
            "From": sender,
            "To": to,
            "Message-ID": f"<{number}.{time.time_ns()}@inbox.example>",
        }
        if answers:
            headers |= {"In-Reply-To": answers, "References": answers}
        fields = {
            "headers": "".join(f"{name}: {_line(text)}\n" for name, text in headers.items()),
            "from": sender,
            "to": to,
            "subject": _line(subject),
            "text": body,
            "envelope": orjson.dumps({"to": [to], "from": sender}).decode(),
            "charsets": '{"to":"UTF-8","subject":"UTF-8","from":"UTF-8","text":"UTF-8"}',
        }
        if self._mails:
            kind, form = _multipart(fields)
            self._send((self._mails, {"Content-Type": kind}, form))

    def tell_direct_message(
        self, sender: User, our_id: str, body: str, at: int, number: int
    ) -> None:
        """Somebody on X wrote to us: the Account Activity API tells it."""
        message = {
            "type": "message_create",
            "id": f"{at // 1000}{number:06d}",
            "created_timestamp": str(at // 1000),
            "message_create": {
                "target": {"recipient_id": our_id},
                "sender_id": sender.id,
                "message_data": {"text": body, "entities": {}},
            },
        }
        user = {"id": sender.id, "name": sender.name, "screen_name": sender.username}
        document = {
            "for_user_id": our_id,
            "direct_message_events": [message],
            "users": {sender.id: user},
        }
        told = orjson.dumps(document)
        digest = hmac.digest(self._config.x_consumer_secret.encode(), told, "sha256")
        headers = {
            "Content-Type": "application/json",
            "x-twitter-webhooks-signature": f"sha256={b64encode(digest).decode()}",
        }
        self._send(("/webhooks/x", headers, told))

    async def close(self) -> None:
        """Give up what waits."""
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._session is not None:
            await self._session.close()

    def _send(self, post: Post) -> None:
        if self.on:
            task = asyncio.get_running_loop().create_task(self._post(post, self._url))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _post(self, post: Post, url: str) -> None:
        path, headers, body = post
        if self._session is None:
            self._session = ClientSession(timeout=_TIMEOUT)
        for attempt in range(_TRIES):
            with suppress(ClientError, TimeoutError):
                async with self._session.post(url + path, data=body, headers=headers) as answer:
                    if answer.status < 300:
                        self._counts["told"] += 1
                        return
                    self._counts["refused"] += 1
                    if answer.status < 500:
                        return
            await asyncio.sleep(min(1.0, 0.05 * 2**attempt))
        self._counts["given_up"] += 1

    def _signed_events(self, events: Sequence[dict[str, Any]]) -> Post:
        body = orjson.dumps(events) + b"\r\n"
        stamp = str(int(time.time()))
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        return "/webhooks/sendgrid", headers, body

    def _callbacks(self, request: Accepted) -> Iterator[Post]:
        form = form_of(request.body)
        callback = form.get("StatusCallback")
        error = request.recipients[0].error
        if callback is None:
            return
        common = {
            "MessageSid": request.provider_id,
            "AccountSid": self._config.twilio_account_sid,
            "From": form.get("From", ""),
            "To": form["To"],
        }
        last = {"MessageStatus": "delivered"}
        if error is not None:
            last = {"MessageStatus": "undelivered", "ErrorCode": str(error)}
        for status in ({"MessageStatus": "sent"}, last):
            yield self._signed_form(callback, common | status)

    def _signed_form(self, url: str, form: dict[str, str]) -> Post:
        """Signed for the public address, sent to the one on this machine."""
        told = url + "".join(name + form[name] for name in sorted(form))
        token = self._config.twilio_auth_token.encode()
        signature = b64encode(hmac.digest(token, told.encode(), "sha1")).decode()
        parts = urlsplit(url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature,
        }
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return path, headers, urlencode(form).encode()


def _line(text: str) -> str:
    return " ".join(text.split())


def _multipart(fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Content type and body of a form of many parts."""
    mark = f"sandbox-{time.time_ns():x}"
    parts = (
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    )
    return f"multipart/form-data; boundary={mark}", f"{''.join(parts)}--{mark}--\r\n".encode()


def _mail_events(recipient: Recipient, request: Accepted) -> Iterator[dict[str, Any]]:
    common = {
        "email": recipient.recipient,
        "timestamp": request.at // 1_000_000,
        "sg_message_id": f"{request.provider_id}.sandbox-{recipient.part}",
    }
    if recipient.delivery is not None:
        common["delivery_id"] = recipient.delivery
    name = (recipient.recipient or "").lower()
    told: list[dict[str, Any]] = [{"event": "processed"}, {"event": "delivered", "response": "250"}]
    if name.startswith("bounced"):
        told[1] = {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 unknown"}
    elif name.startswith("blocked"):
        told[1] = {"event": "bounce", "type": "blocked", "status": "4.2.2", "reason": "452 full"}
    elif name.startswith("complains"):
        told.append({"event": "spamreport"})
    for event in told:
        number = f"{request.provider_id}-{recipient.part}-{event['event']}"
        yield common | {"sg_event_id": number} | event
