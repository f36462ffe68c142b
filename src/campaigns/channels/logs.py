"""Keep the vendors' loggers from telling keys and customers' addresses.

At DEBUG python_http_client prints the bearer key and the whole request, tweepy the Authorization
header, oauthlib the string it signs; at INFO twilio prints query parameters with numbers in them
(read in sendgrid 6.12.5, twilio 9.13.0, tweepy 4.17.0, oauthlib 3, November 2026). A filter is
used because a level is undone by any `logging.config` or test fixture.
"""

from __future__ import annotations

import logging

#: A filter on a logger does not reach its children, so each is named.
VENDOR_LOGGERS = (
    "python_http_client",
    "python_http_client.client",
    "sendgrid",
    "twilio",
    "twilio.http_client",
    "twilio.async_http_client",
    "tweepy",
    "tweepy.auth",
    "tweepy.client",
    "requests_oauthlib",
    "requests_oauthlib.oauth1_auth",
    "requests_oauthlib.oauth1_session",
    "oauthlib",
    "oauthlib.oauth1.rfc5849",
    "oauthlib.oauth1.rfc5849.signature",
    "oauthlib.oauth1.rfc5849.utils",
    "urllib3",
    "urllib3.connectionpool",
)


def silence_vendor_loggers() -> None:
    """Let only warnings and errors through. Doing it again changes nothing."""
    for name in VENDOR_LOGGERS:
        logging.getLogger(name).addFilter(_warnings_only)


def _warnings_only(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
