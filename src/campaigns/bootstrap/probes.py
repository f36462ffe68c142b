"""What `campaigns doctor` looks at."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from campaigns.domain.counting import counted
from campaigns.domain.findings import Level, faults
from campaigns.errors import ProviderUnreachableError
from campaigns.services.diagnose import Diagnosis
from campaigns.settings import Settings, unread_names

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

#: Clocks that are further apart than this are told of.
APART = timedelta(seconds=5)

#: Which settings each channel needs before it can go live.
_MAIL = {"sendgrid": ("SendGrid", "sendgrid_api_key"), "smtp": ("SMTP", "smtp_url")}
_KEYS: dict[str, tuple[str, ...]] = {
    "SMS and WhatsApp (Twilio)": ("twilio_account_sid", "twilio_auth_token"),
    "X": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"),
}


def _keys(settings: Settings) -> dict[str, tuple[str, ...]]:
    name, key = _MAIL[settings.email_provider]
    return {f"e-mail ({name})": (key,), **_KEYS}


def probes(app: App) -> dict[str, Callable[[], Iterator[Diagnosis]]]:
    """Each thing to look at, by name."""
    return {
        "mode": lambda: _mode(app),
        "settings": _settings,
        "database": lambda: _database(app),
        "clocks": lambda: _clocks(app),
        "campaigns": lambda: _campaigns(app),
        "customers": lambda: _customers(app),
        "providers": lambda: _providers(app),
        "webhooks": lambda: _webhooks(app),
    }


def _mode(app: App) -> Iterator[Diagnosis]:
    if app.settings.live:
        yield Diagnosis("mode", None, "LIVE: `campaigns run` reaches real customers.")
        if (app.settings.public_url.host or "").endswith(("example.com", "example.org")):
            yield Diagnosis(
                "public pages",
                False,
                "CAMPAIGNS_PUBLIC_URL is still an example.",
                "Set it to where your unsubscribe pages answer.",
            )
    else:
        yield Diagnosis(
            "mode",
            True,
            "Sandbox: nothing can reach a real customer.",
            "CAMPAIGNS_LIVE=true goes live, in a database that has not practised.",
        )


def _settings() -> Iterator[Diagnosis]:
    if unread := unread_names():
        found = f"no setting of ours, and not read: {', '.join(unread)}."
        yield Diagnosis("settings", None, found)


def _webhooks(app: App) -> Iterator[Diagnosis]:
    """Without them nothing is known of a message but that it was accepted."""
    from campaigns.bootstrap.listening import Listener

    settings = app.settings
    if settings.live and settings.sendgrid_api_key.get_secret_value():
        Listener(app).require_keys()
        known = bool(settings.sendgrid_webhook_key)
        told = "SendGrid's events are verified." if known else "SendGrid's events are refused."
        advice = "" if known else "Set CAMPAIGNS_SENDGRID_WEBHOOK_KEY (docs/web.md)."
        yield Diagnosis("webhooks", known, told, advice)
    strangers = sum(app.evidence.unmatched().values())
    if strangers:
        told = (
            f"{counted(strangers, 'event')} of providers about messages or people not known here."
        )
        yield Diagnosis("webhooks", None, told, "docs/web.md tells what they may be.")


def _database(app: App) -> Iterator[Diagnosis]:
    yield Diagnosis("database", True, f"{app.database.place} ({app.database.dialect}), up to date.")
    if because := app.mode.elsewhere():
        yield Diagnosis("belongs to", False, f"{app.mode.belongs()}: {because}")
    elif belongs := app.mode.belongs():
        yield Diagnosis("belongs to", True, f"{belongs}: its runs go nowhere else.")
    because = app.arming.bearings().because
    if because is not None:
        advice = "See what would go on: campaigns arm --by NAME --why TEXT"
        yield Diagnosis("armed", False, f"nothing is sent: {because}.", advice)
    elif not app.marker.writable():
        found = f"{app.settings.home / 'markers'} cannot be written."
        advice = (
            "A database put back into the same tables would not be noticed: see docs/control.md"
        )
        yield Diagnosis("armed", None, found, advice)


def _clocks(app: App) -> Iterator[Diagnosis]:
    """Workers' leases are by their own clocks, and what was said last decides (docs/clocks.md)."""
    from campaigns.store.clock import clock_of

    asked = app.clock.now()
    theirs = clock_of(app.database)
    now = app.clock.now()
    advice = "Keep all machines' clocks by NTP: docs/clocks.md tells what depends on them."
    apart = abs(theirs - (asked + (now - asked) / 2)) if theirs else timedelta(0)
    if theirs is not None and apart > APART:
        which = "ahead of" if theirs > now else "behind"
        found = f"the database's is {_span(apart)} {which} this machine's."
        yield Diagnosis("clocks", False, found, advice)
    newest = app.audit.entries(most=1)
    if newest and newest[0].at - now > APART:
        found = f"the database has an entry from {_span(newest[0].at - now)} ahead of this machine."
        yield Diagnosis(
            "clocks", False, found, f"This clock was set back, or another ran ahead. {advice}"
        )


def _span(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))


def _customers(app: App) -> Iterator[Diagnosis]:
    from campaigns.domain.audience import Everyone

    number = app.planning.audience_size(Everyone("everyone"), now=app.clock.now())
    advice = "" if number else "Bring some in: campaigns import FILE, or campaigns sample."
    yield Diagnosis(
        "customers", True if number else None, f"{counted(number, 'customer')}.", advice
    )


def _campaigns(app: App) -> Iterator[Diagnosis]:
    names = app.campaign_names()
    if not names:
        yield Diagnosis("campaigns", None, f"none in {app.settings.templates}.")
    for finding in app.catalog.check_shared():
        yield Diagnosis("campaigns", None, str(finding), "See: campaigns check")
    app.catalog.examine_all(names)
    for name in names:
        findings = app.check(name)
        errors = len(faults(f for f in findings if f.level is Level.ERROR))
        if errors:
            told = f"{name} has {errors} error{'s' if errors != 1 else ''}."
            yield Diagnosis("campaigns", False, told, f"See: campaigns check {name}")
        else:
            yield Diagnosis("campaigns", True, f"{name} is ready.")


def _providers(app: App) -> Iterator[Diagnosis]:
    if not app.settings.live:
        yield _sandbox(app)
    values = app.settings.revealed()
    for provider, keys in _keys(app.settings).items():
        missing = [f"CAMPAIGNS_{key.upper()}" for key in keys if not values[key]]
        if missing:
            ok = False if app.settings.live else None
            yield Diagnosis(provider, ok, "no keys.", f"To go live set {', '.join(missing)}.")
        else:
            yield Diagnosis(provider, True, "keys are set.")


def _sandbox(app: App) -> Diagnosis:
    url = app.settings.sandbox_url
    if not _answers(app.settings):
        found = f"nothing answers at {url}."
        return Diagnosis("sandbox", False, found, "Start it: campaigns sandbox")
    return Diagnosis("sandbox", True, f"answers at {url}")


def require_sandbox(settings: Settings) -> None:
    """Raises ProviderUnreachableError when everything goes to the sandbox and it is not there."""
    if settings.live or _answers(settings):
        return
    raise ProviderUnreachableError(
        f"the practice sandbox does not answer at {settings.sandbox_url}: start it with `campaigns "
        "sandbox`.",
        "Nothing is lost; the same command goes on from here.",
    )


def _answers(settings: Settings) -> bool:
    url = settings.sandbox_url
    try:
        socket.create_connection((url.host or "", url.port or 80), timeout=2).close()
    except OSError:
        return False
    return True
