"""The pages: every inbox as its owner sees it, who can also write back. HTML from the server, no
scripts, nothing loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from campaigns.errors import UserError
from campaigns.sandbox.call import Answer, Call
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.customers import Customers
from campaigns.sandbox.log import Entry, SandboxLog, Written
from campaigns.sandbox.rendering import Seen
from campaigns.sandbox.segments import segments
from campaigns.sandbox.webhooks import Webhooks
from campaigns.sandbox.whatsapp import whatsapp
from campaigns.sandbox.writer import LogWriter

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_ON_OVERVIEW, _IN_INBOX = 40, 25
CHANNELS = {
    "email": "E-mail",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "x_dm": "X direct messages",
    "x_post": "X posts",
}
# A mail in an iframe's srcdoc inherits this policy: its inline styles work, nothing is fetched.
_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
#: Where a mail's own head begins: its links open beside the inbox, not in the frame.
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_ELSEWHERE = '<base target="_blank">'
_LINK = re.compile(r"(href=[\"']?)([^\"'\s>]+)", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\u00ad\u034f\u200b-\u200f\u2060\ufeff\s]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation: what we sent (`entry`, `seen`), or what the person wrote."""

    at: datetime
    channel: str
    entry: Entry | None = None
    seen: Seen | None = None
    written: Written | None = None


class Pages:
    """Everything that is neither a vendor's API nor /sandbox/."""

    def __init__(
        self,
        home: Path,
        log: LogWriter,
        config: SandboxConfig,
        customers: Customers,
        webhooks: Webhooks,
    ) -> None:
        self._log = log
        self._customers = customers
        self._webhooks = webhooks
        self._public = config.public_url.rstrip("/") + "/"
        self._reader = SandboxLog(home, x_username=config.x_username)
        self._brand = {"name": config.x_name, "username": config.x_username}

    def close(self) -> None:
        """Let go of the log."""
        self._reader.close()

    def handle(self, call: Call) -> Answer:
        """Answer one request for a page."""
        path = unquote(call.path)
        if call.method == "POST" and path.startswith("/inbox/"):
            return self._write(call, path.removeprefix("/inbox/"))
        if call.method not in ("GET", "HEAD"):
            return self._page("missing", 405, wanted=call.path)
        return self._show(path, dict(parse_qsl(call.query)))

    def _show(self, path: str, query: dict[str, str]) -> Answer:
        if path == "/":
            return self._search(query["q"]) if query.get("q", "").strip() else self._overview(query)
        if path == "/x":
            return self._posts(query)
        if path == "/style.css":
            style = (_TEMPLATES / "style.css").read_bytes()
            return Answer(200, style, dict(_HEADERS), "text/css")
        if path.startswith("/inbox/") and len(path) > len("/inbox/"):
            return self._inbox(path.removeprefix("/inbox/"), query)
        return self._page("missing", 404, wanted=path)

    def _overview(self, query: dict[str, str]) -> Answer:
        channel = query.get("channel") if query.get("channel") in CHANNELS else None
        shown, older = self._some(query, _ON_OVERVIEW, channel=channel)
        return self._page("overview", shown=shown, older=older, channel=channel)

    def _search(self, wanted: str) -> Answer:
        wanted = wanted.strip().lstrip("@")
        if wanted.startswith("+"):
            wanted = re.sub(r"[^+0-9]", "", wanted)
        found = self._reader.addresses(wanted)
        if found and found[0].lower() == wanted.lower():
            return Answer(303, headers={**_HEADERS, "Location": f"/inbox/{quote(found[0])}"})
        return self._page("search", wanted=wanted, found=found)

    def _inbox(self, address: str, query: dict[str, str]) -> Answer:
        shown, older = self._some(query, _IN_INBOX, to=address.lstrip("@"))
        # Of what they wrote, what belongs to this page: beside older messages stands what is older.
        since = shown[-1][0].accepted_at if older else datetime.fromtimestamp(0, UTC)
        lines = [Line(entry.accepted_at, entry.channel, entry, seen) for entry, seen in shown]
        written = self._reader.written(address.lstrip("@"), since)
        lines += [Line(w.at, w.channel, written=w) for w in written]
        lines.sort(key=lambda line: line.at)
        threads = {
            channel: [line for line in lines if line.channel == channel]
            for channel in ("sms", "whatsapp", "x_dm")
        }
        mails = [line for line in reversed(lines) if line.channel == "email"]
        return self._page(
            "inbox",
            200 if lines else 404,
            address=shown[0][0].recipient if shown else address,
            mails=mails,
            newest_mail=next((line.entry.id for line in mails if line.entry), None),
            threads={channel: pairs for channel, pairs in threads.items() if pairs},
            older=older,
            heard=self._webhooks.on,
            hears_mails=self._webhooks.hears_mails,
        )

    def _write(self, call: Call, address: str) -> Answer:
        """A customer writes back."""
        form = dict(parse_qsl(call.body.decode(errors="replace")))
        body = form.get("body", "").replace("\r\n", "\n").strip()
        channel = form.get("channel", "")
        try:
            if body:
                self._customers.write(
                    call.at, channel, address.lstrip("@"), body,
                    to=form.get("to", ""), subject=form.get("subject", ""),
                    answers=form.get("answers", ""),
                )  # fmt: skip
        except UserError:
            return self._page("missing", 404, wanted=call.path)
        place = f"/inbox/{quote(address)}#{quote(channel)}"
        return Answer(303, headers={**_HEADERS, "Location": place})

    def _here(self, html: Any) -> Any:
        """Links to the customers' pages lead to the public app on this machine, if one listens:
        the address that mails name is nobody's here."""

        def turned(found: re.Match[str]) -> str:
            name, target = found[1], found[2]
            if self._webhooks.on and target.startswith(self._public):
                target = f"{self._webhooks.url}/{target.removeprefix(self._public)}"
            return name + target

        return type(html)(_LINK.sub(turned, html))

    def _posts(self, query: dict[str, str]) -> Answer:
        shown, older = self._some(query, _IN_INBOX, channel="x_post")
        return self._page("posts", shown=shown, older=older)

    def _some(
        self, query: dict[str, str], count: int, **filters: Any
    ) -> tuple[list[tuple[Entry, Seen]], int | None]:
        """One page of messages, newest first, and where the next begins."""
        before = query.get("before", "")
        found = list(
            self._reader.messages(
                **filters,
                before=int(before) if before.isdecimal() and len(before) < 19 else None,
                newest=True,
                limit=count + 1,
            )
        )
        return found[:count], found[count - 1][0].id if len(found) > count else None

    def _page(self, name: str, status: int = 200, **values: Any) -> Answer:
        template = self._environment.get_template(f"{name}.html")
        html = template.render(
            counts=self._log.counts, channels=CHANNELS, brand=self._brand, **values
        )
        return Answer(status, html.encode(), dict(_HEADERS), "text/html")

    @cached_property
    def _environment(self) -> Environment:
        # Loaded with the first page: a sandbox under load may never show one.
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["here"] = self._here
        environment.filters["framed"] = _framed
        environment.filters["reply_subject"] = _reply_subject
        environment.filters["preview"] = preview
        environment.filters["whatsapp"] = whatsapp
        environment.filters["day"] = lambda moment: f"{moment.day} {moment:%b %Y}"
        environment.filters["clock"] = lambda moment: f"{moment:%H:%M}"
        environment.filters["moment"] = _moment
        environment.filters["segments"] = _segments
        environment.filters["address_path"] = lambda address: "/inbox/" + quote(address)
        return environment


def preview(seen: Seen, channel: str) -> str:
    """What a list shows of a message: a mail's preheader, or the first words without marks."""
    if seen.html and "preheader" in seen.html:
        from selectolax.lexbor import LexborHTMLParser

        node = LexborHTMLParser(seen.html).css_first("body [class*=preheader]")
        if node is not None:
            return _INVISIBLE.sub(" ", node.text()).strip()[:140]
    text = whatsapp(seen.text).striptags() if channel == "whatsapp" else seen.text
    return _INVISIBLE.sub(" ", text).strip()[:140]


def _reply_subject(subject: str | None) -> str:
    said = subject or ""
    return said if said[:3].casefold() == "re:" else f"Re: {said}"


def _framed(html: str) -> str:
    """A mail whose links open in a page of their own."""
    found = _HEAD.search(html)
    end = found.end() if found else 0
    return html[:end] + _ELSEWHERE + html[end:]


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%b, %H:%M} UTC"


def _segments(text: str) -> str:
    count, encoding = segments(text)
    return f"{count} segment{'s' if count != 1 else ''} · {encoding}"
