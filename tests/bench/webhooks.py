"""SendGrid's events a second: over HTTP, verified, parsed, and on disk before the answer.

The public app runs in a process of its own on one core; its CPU time is told apart, since what
posts to it shares the machine. Run it: python -m tests.bench.webhooks [--deliveries N] [--batch N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import tempfile
import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import orjson
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.sandbox.config import SENDGRID_WEBHOOK_SEED
from campaigns.settings import Settings
from campaigns.store import bulk, schema
from campaigns.store.engine import Database

_COLUMNS = (
    *("id", "campaign_id", "step", "hop", "replaced", "customer_id", "run_id", "shard"),
    *("channel", "skeleton_id", "reason", "state", "attempts", "not_before"),
)
_Batch = tuple[bytes, dict[str, str]]


@dataclass(frozen=True)
class Measured:
    """Events told, the seconds it took, and the public app's own CPU seconds."""

    events: int
    seconds: float
    cpu_seconds: float
    recorded: int

    @property
    def per_second(self) -> float:
        """Events a second of one core: the slower of what the clock and the CPU say."""
        return self.events / max(self.seconds, self.cpu_seconds)

    @property
    def per_cpu_second(self) -> float:
        """What the app could do if nothing else ran on its core."""
        return self.events / self.cpu_seconds


def measure(folder: Path, *, deliveries: int, batch: int, at_once: int = 4) -> Measured:
    """Two events (`processed`, `delivered`) for each delivery, in posts of `batch` events."""
    settings = Settings(home=folder)
    with connect(settings) as app:
        ids = sent_deliveries(app.database, deliveries)
    bodies = _signed(ids, batch)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, theirs))
    process.start()
    try:
        url, before = ours.recv()
        began = time.perf_counter()
        asyncio.run(_post_all(url, bodies, at_once))
        seconds = time.perf_counter() - began
        ours.send("stop")
        cpu = ours.recv() - before
    finally:
        process.join(30)
    with connect(settings) as app, app.database.read() as connection:
        query = text("SELECT count(*) FROM interactions WHERE kind = 'delivered'")
        recorded = int(connection.execute(query).scalar_one())
    return Measured(2 * len(ids), seconds, cpu, recorded)


def sent_deliveries(database: Database, count: int) -> list[int]:
    """Messages on their way, to a customer each."""
    ids = range(1, count + 1)
    with database.write() as connection:
        bulk.insert(
            connection,
            schema.customers,
            ("id", "ref", "locale", "attributes", "created_at", "updated_at"),
            [(i, f"c{i}", "en_GB", "{}", 0, 0) for i in ids],
        )
        bulk.insert(
            connection,
            schema.deliveries,
            _COLUMNS,
            [
                (i, 1, 0, 0, False, i, 1, 0, "email", 1, "campaign_order", "sending", 1, 0)
                for i in ids
            ],
        )
        bulk.insert(
            connection,
            schema.messages,
            ("delivery_id", "address", "slot_values", "hash"),
            [(i, f"c{i}@example.com", "{}", "0" * 32) for i in ids],
        )
    return list(ids)


def _serve(folder: Path, pipe: Connection) -> None:
    from tests.web_server import serving

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})  # one core
    with App(Settings(home=folder)) as app, serving(app) as url:
        _warm(url)
        pipe.send((url, _cpu()))
        pipe.recv()
        pipe.send(_cpu())


def _warm(url: str) -> None:
    import urllib.request

    with closing(urllib.request.urlopen(f"{url}/healthz")) as answer:
        answer.read()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _signed(ids: Sequence[int], batch: int) -> list[_Batch]:
    number = int.from_bytes(SENDGRID_WEBHOOK_SEED.encode(), "big")
    key = ec.derive_private_key(number, ec.SECP256R1())
    now = int(time.time())
    events = [
        {
            "email": f"c{delivery}@example.com",
            "timestamp": now,
            "smtp-id": f"<{delivery}.14c5d75ce93@ismtpd-555>",
            "event": event,
            "category": ["campaign"],
            "delivery_id": str(delivery),
            "sg_event_id": f"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA{delivery}{event}",
            "sg_message_id": f"14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.{delivery}",
            "response": "250 2.0.0 OK",
        }
        for delivery in ids
        for event in ("processed", "delivered")
    ]
    bodies: list[_Batch] = []
    for start in range(0, len(events), batch):
        body = orjson.dumps(events[start : start + batch]) + b"\r\n"
        stamp = str(now)
        signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        bodies.append((body, headers))
    return bodies


async def _post_all(url: str, bodies: list[_Batch], at_once: int) -> None:
    waiting = iter(bodies)
    async with ClientSession() as session:

        async def post() -> None:
            for body, headers in waiting:
                async with session.post(
                    f"{url}/webhooks/sendgrid", data=body, headers=headers
                ) as answer:
                    assert answer.status == 204, answer.status

        await asyncio.gather(*(post() for _ in range(at_once)))


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(
            Path(folder),
            deliveries=options.deliveries,
            batch=options.batch,
            at_once=options.at_once,
        )
    told = asdict(measured) | {
        "per_second": round(measured.per_second),
        "per_cpu_second": round(measured.per_cpu_second),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
