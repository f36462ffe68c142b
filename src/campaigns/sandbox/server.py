"""The sandbox's HTTP server: three vendors, a control API and inbox pages on one loopback port."""

from __future__ import annotations

import asyncio
import gc
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage

from campaigns.errors import ConfigurationError
from campaigns.sandbox.call import Answer, Call, RefusedError, now
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.control import Control
from campaigns.sandbox.customers import Customers
from campaigns.sandbox.faults import FaultBook, Kind, Pairs, Rule
from campaigns.sandbox.mischief import misbehave
from campaigns.sandbox.pages import Pages
from campaigns.sandbox.sendgrid import SendGrid
from campaigns.sandbox.smtp import MailServer
from campaigns.sandbox.twilio import Twilio
from campaigns.sandbox.webhooks import Webhooks
from campaigns.sandbox.writer import LogWriter
from campaigns.sandbox.x import X

HOST = "127.0.0.1"
#: A request above this is cut off without an answer; each vendor's own limit is below.
_MAX_BODY = 64 * 1024 * 1024
_SECRETS = frozenset({"authorization", "cookie", "proxy-authorization"})

Vendor = SendGrid | Twilio | X


class Sandbox:
    """All of the sandbox but the socket."""

    def __init__(
        self, home: Path, config: SandboxConfig, *, record: int = 0, webhooks: str = ""
    ) -> None:
        self.webhooks = Webhooks(config, webhooks)
        self.log = LogWriter(home)
        self.faults = FaultBook()
        self._sendgrid = SendGrid(config, self.log)
        self._twilio = Twilio(config, self.log)
        self._x = X(config, self.log)
        self.mail = MailServer(config, self.log, self.faults)
        customers = Customers(
            self.log, self._twilio.inbound, self._x.users, self.webhooks, self._x.me.id
        )
        self._pages = Pages(home, self.log, config, customers, self.webhooks)
        self._control = Control(self.log, self.faults, customers, self._x.users, self.webhooks)
        self._record_left = record

    def close(self) -> None:
        """Write what waits and let go of the files."""
        self._pages.close()
        self._control.close()
        self.log.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request."""
        url = request.rel_url
        call = Call(
            request.method,
            url.raw_path,
            url.raw_query_string,
            request.headers,
            await request.read(),
            now(),
        )
        vendor = self._vendor(call.path)
        if vendor is None:
            return await self._own(call)
        if self.faults.rules:
            pairs = vendor.concerns(call)
            strike = self.faults.strike(vendor.name, sends=vendor.sends(call), struck=pairs)
            if strike is not None:
                return await self._struck(request, vendor, call, strike, pairs)
        return _response(await self._answer(vendor, call))

    def _vendor(self, path: str) -> Vendor | None:
        if path.startswith("/2010-04-01/") or path.startswith("/v1/Content"):
            return self._twilio
        if path.startswith("/v3/"):
            return self._sendgrid
        return self._x if path.startswith("/2/") else None

    async def _answer(self, vendor: Vendor, call: Call) -> Answer:
        """The vendor's answer; what it promises is on disk when this returns."""
        self.log.keep_accepted = self.webhooks.on
        try:
            answer = vendor.handle(call)
        except RefusedError as refused:
            answer = refused.answer
        if self._record_left:
            self._record(vendor.name, call, answer.status)
        try:
            await self.log.durable()
        except sqlite3.Error as error:
            print(f"sandbox: the log cannot be written: {error}", file=sys.stderr)
            self.log.take_accepted()
            return vendor.broken()
        self.webhooks.tell(self.log.take_accepted())
        return answer

    async def _struck(
        self,
        request: web.BaseRequest,
        vendor: Vendor,
        call: Call,
        strike: tuple[int, Rule],
        pairs: Pairs,
    ) -> web.StreamResponse:
        number, rule = strike
        if rule.kind is Kind.DELAY:
            await asyncio.sleep(rule.seconds)
        answer = Answer(500)
        if rule.kind.accepts:
            answer = await self._answer(vendor, call)
        accepted = answer.status in (201, 202)
        self.log.struck(vendor.name, number, rule.kind, pairs, accepted=accepted)
        await self.log.durable()
        if rule.kind is Kind.DELAY:
            return _response(answer)
        if rule.kind is Kind.TOO_MANY:
            return _response(vendor.too_many(call.at / 1e6, rule.seconds))
        if rule.kind in (Kind.ERROR_BEFORE, Kind.ERROR_AFTER):
            return _response(vendor.broken())
        await misbehave(request, rule, answer)
        # The connection is gone: aiohttp finds that out and drops this.
        return web.Response(status=500)

    def _record(self, provider: str, call: Call, status: int) -> None:
        self._record_left -= 1
        headers = {str(k): v for k, v in call.headers.items() if k.lower() not in _SECRETS}
        self.log.put(
            "INSERT INTO recorded (at, provider, method, path, query, headers, body, status) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(call.at, provider, call.method, call.path, call.query),
            *(orjson.dumps(headers).decode(), call.body, status),
        )

    async def _own(self, call: Call) -> web.StreamResponse:
        if _is_foreign(call):
            return web.Response(status=403, text="That did not come from a page of the sandbox.\n")
        if call.path.startswith("/sandbox/"):
            answer = self._control.handle(call)
            await self.log.durable()
            return _response(answer)
        answer = self._pages.handle(call)
        if call.method == "POST":
            await self.log.durable()
        return _response(answer)


def _is_foreign(call: Call) -> bool:
    """Whether a page of another site has a browser ask: to change something, or to read by having
    a name of its own point to this machine. Browsers say so; no other program does."""
    host = urlsplit(f"//{call.headers.get('Host', HOST)}").hostname
    site = call.headers.get("Sec-Fetch-Site", "none")
    changes = call.method not in ("GET", "HEAD")
    return host not in (HOST, "localhost") or (changes and site not in ("same-origin", "none"))


def _response(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers=answer.headers,
        content_type=answer.content_type,
        charset="utf-8" if (answer.content_type or "").startswith("text/") else None,
    )


def run_sandbox(
    *,
    port: int,
    smtp_port: int | None = None,
    home: Path,
    faults: Path | None = None,
    config: SandboxConfig | None = None,
    record: int = 0,
    quiet: bool = False,
    webhooks: str = "",
) -> None:
    """Run until SIGTERM or Ctrl-C. Port 0 takes a free one; the addresses are printed. Mail over
    SMTP is taken on `smtp_port`; without it on the port after `port`, or a free one.

    `webhooks`: the address of a public app on this machine to tell events to.
    Raises FileError for a wrong faults file, UserError for webhooks elsewhere, ConfigurationError
    when the port is taken, DatabaseError when the home cannot be written.
    """
    sandbox = Sandbox(home, config or SandboxConfig(), record=record, webhooks=webhooks)
    try:
        if faults is not None:
            sandbox.faults.load(faults)
        # A batch parses into some 10,000 objects that are all gone with its answer: collecting
        # cycles every 700 of them would find none and cost a third of the work.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        if smtp_port is None:
            smtp_port = port + 1 if port else 0
        asyncio.run(_serve(sandbox, port, smtp_port, quiet=quiet))
    finally:
        sandbox.close()


async def _serve(sandbox: Sandbox, port: int, smtp_port: int, *, quiet: bool) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    server = web.Server(sandbox.handle, request_factory=_request, access_log=None)
    listener = await _listen(server, port, "--port")
    mail = await _listen(sandbox.mail.protocol, smtp_port, "--smtp-port")
    address = f"http://{HOST}:{_port(listener)}"
    print(f"Sandbox: {address}", flush=True)
    print(f"SMTP: smtp://{HOST}:{_port(mail)}", flush=True)
    if not quiet:
        print(f"Inboxes at {address}/ – log in {sandbox.log.home}. Stop with Ctrl-C.", flush=True)
    await stopped.wait()
    listener.close()
    mail.close()
    server.pre_shutdown()
    await server.shutdown(2.0)
    await sandbox.webhooks.close()


async def _listen(
    factory: Callable[[], asyncio.BaseProtocol], port: int, option: str
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(factory, HOST, port, backlog=1024)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} on {HOST} is taken ({error.strerror}). Choose another with {option}."
        ) from error


def _port(listener: asyncio.Server) -> int:
    port: int = listener.sockets[0].getsockname()[1]
    return port


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(
        message, payload, protocol, writer, task, loop, client_max_size=_MAX_BODY
    )
