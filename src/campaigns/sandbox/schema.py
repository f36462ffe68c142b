"""The log's tables: what the vendors would have accepted, and how they were told to misbehave.

A request is stored once, byte for byte; each recipient is one narrow row that points at it. The
message as its reader sees it is made from the two when somebody looks.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from campaigns.errors import DatabaseError

FILE_NAME = "sandbox.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,          -- microseconds since 1970, UTC
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    request INTEGER NOT NULL,
    part INTEGER NOT NULL,                 -- which personalization of the request
    channel TEXT NOT NULL,
    recipient TEXT COLLATE NOCASE,         -- NULL: everyone
    delivery TEXT,
    error INTEGER                          -- accepted, but not delivered: the vendor's code
);
CREATE INDEX IF NOT EXISTS messages_by_recipient ON messages (recipient);
CREATE INDEX IF NOT EXISTS messages_by_channel ON messages (channel);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    rule INTEGER NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    delivery TEXT,
    recipient TEXT
);
CREATE TABLE IF NOT EXISTS recorded (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    provider TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    status INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS contents (
    sid TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    document TEXT NOT NULL,
    approval TEXT,
    submitted_at INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS inbound (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS x_users (
    username TEXT PRIMARY KEY COLLATE NOCASE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    wrote_first INTEGER NOT NULL,
    accepts_dms INTEGER NOT NULL,
    found INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE VIEW IF NOT EXISTS accepted AS
    SELECT m.id, r.provider, m.channel, r.provider_id, m.recipient, m.delivery, r.accepted_at
    FROM messages m JOIN requests r ON r.id = m.request;
"""


def open_for_writing(home: Path) -> sqlite3.Connection:
    """The log's one writer. Raises DatabaseError when the folder cannot be written."""
    path = home / FILE_NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        # An answer promises that the message is kept, so a commit must outlive a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 8000")
        connection.execute("PRAGMA cache_size = -32000")
        connection.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"{path}: the sandbox's log cannot be opened ({error}). Choose another --home."
        ) from error
    return connection


def open_for_reading(home: Path) -> sqlite3.Connection:
    """A reader beside the running sandbox. Raises DatabaseError when there is no log."""
    path = home / FILE_NAME
    if not path.exists():
        raise DatabaseError(f"{path}: no sandbox has run here yet.")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
    connection.execute("PRAGMA query_only = ON")
    return connection
