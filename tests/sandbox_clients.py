"""The vendors' SDKs pointed at a sandbox, with nothing of the product in between."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import sendgrid
import tweepy
from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client as TwilioClient

from campaigns.sandbox.config import SandboxConfig

SENDER = "hello@news.example.com"
FROM = "+447700900001"
CALLBACK = "https://news.example.com/webhooks/twilio?delivery="
_CONFIG = SandboxConfig()


def sendgrid_client(url: str, key: str = _CONFIG.sendgrid_key, timeout: float = 60) -> Any:
    """SendGrid's client."""
    client = sendgrid.SendGridAPIClient(key, host=url)
    client.client.timeout = timeout
    return client


def mail(*addresses: str, **more: Any) -> dict[str, Any]:
    """A mail to each address on its own, with its address as delivery id."""
    personalizations = [
        {
            "to": [{"email": address}],
            "substitutions": {"-name-": address.partition("@")[0]},
            "custom_args": {"delivery_id": f"to {address}"},
        }
        for address in addresses
    ]
    return {
        "from": {"email": SENDER, "name": "Shop"},
        "subject": "Hello -name-",
        "content": [
            {"type": "text/plain", "value": "Dear -name-"},
            {"type": "text/html", "value": "<p>Dear <b>-name-</b></p>"},
        ],
        "personalizations": personalizations,
        **more,
    }


class _Rewriting(TwilioHttpClient):
    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._url = url

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        return super().request(method, _moved(url, self._url), *args, **more)


def twilio_client(
    url: str,
    token: str = _CONFIG.twilio_auth_token,
    sid: str = _CONFIG.twilio_account_sid,
    timeout: float = 60,
) -> TwilioClient:
    """Twilio's client."""
    return TwilioClient(sid, token, http_client=_Rewriting(url, timeout))


class _Moving(HTTPAdapter):
    def __init__(self, url: str, timeout: float) -> None:
        super().__init__()
        self._url = url
        self._timeout = timeout

    def send(self, request: Any, **more: Any) -> Any:
        request.url = _moved(request.url, self._url)
        return super().send(request, **{**more, "timeout": self._timeout})


def x_client(url: str, timeout: float = 60, **keys: str) -> tweepy.Client:
    """X's client, in user context."""
    own = {
        "consumer_key": _CONFIG.x_consumer_key,
        "consumer_secret": _CONFIG.x_consumer_secret,
        "access_token": _CONFIG.x_access_token,
        "access_token_secret": _CONFIG.x_access_token_secret,
    }
    client = tweepy.Client(**{**own, **keys})
    client.session.mount("https://", _Moving(url, timeout))
    return client


def _moved(url: str, base: str) -> str:
    parts = urlsplit(url)
    return base + parts.path + (f"?{parts.query}" if parts.query else "")


def control(url: str, method: str, path: str, document: Any = None) -> Any:
    """Ask the sandbox's own API; fails unless it answers 200."""
    answer = requests.request(method, f"{url}/sandbox/{path}", json=document, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def errors_of(raised: Any) -> list[dict[str, Any]]:
    """The errors in a refusal of SendGrid's."""
    found: list[dict[str, Any]] = orjson.loads(raised.value.body)["errors"]
    return found
