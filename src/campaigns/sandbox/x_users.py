"""The people on X: who exists, who wrote to us first, who takes direct messages."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from campaigns.errors import UserError
from campaigns.sandbox.writer import LogWriter

_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")


@dataclass(frozen=True, slots=True)
class User:
    """One account on X."""

    username: str
    id: str
    name: str
    wrote_first: bool = False
    accepts_dms: bool = True
    found: bool = True

    def to_json(self) -> dict[str, str]:
        """As X's API shows it."""
        return {"id": self.id, "name": self.name, "username": self.username}


class Users:
    """Everyone. A well-formed username nobody declared exists and never wrote to us."""

    def __init__(self, log: LogWriter) -> None:
        self._log = log
        self._by_name: dict[str, User] = {}
        self._by_id: dict[str, User] = {}
        for username, number, name, *flags in log.connection.execute("SELECT * FROM x_users"):
            self._keep(User(username, number, name, *map(bool, flags)))

    def named(self, username: str) -> User | None:
        """The user of this name, or None."""
        user = self._by_name.get(username.lower())
        if user is None and _USERNAME.fullmatch(username):
            user = self._store(User(username, _id_of(username), username))
        return user if user is not None and user.found else None

    def with_id(self, number: str) -> User | None:
        """The user of this id, if looked up or declared before."""
        user = self._by_id.get(number)
        return user if user is not None and user.found else None

    def declare(self, raw: Any) -> User:
        """Say what a user is like: `{"username", "name", "wrote_first", "accepts_dms", "found"}`.

        Raises UserError. What is not said is: wrote first, takes messages, exists.
        """
        if not isinstance(raw, dict) or not _USERNAME.fullmatch(str(raw.get("username", ""))):
            raise UserError(f"a user needs a username of 1–15 letters, digits or _: {raw!r}")
        unknown = raw.keys() - {"username", "name", "wrote_first", "accepts_dms", "found"}
        if unknown:
            raise UserError(f"unknown key {min(unknown)!r} in a user")
        username = raw["username"]
        return self._store(
            User(
                username,
                _id_of(username),
                str(raw.get("name", username)),
                *(bool(raw.get(k, True)) for k in ("wrote_first", "accepts_dms", "found")),
            )
        )

    def wrote(self, username: str) -> User:
        """They write to us: from now on they may be written to. Raises UserError."""
        user = self.named(username)
        if user is None:
            raise UserError(f"there is no user {username!r} on X")
        return user if user.wrote_first else self._store(replace(user, wrote_first=True))

    def _store(self, user: User) -> User:
        self._keep(user)
        self._log.put(
            "INSERT OR REPLACE INTO x_users VALUES (?, ?, ?, ?, ?, ?)",
            *(user.username, user.id, user.name),
            *(user.wrote_first, user.accepts_dms, user.found),
        )
        return user

    def _keep(self, user: User) -> None:
        self._by_name[user.username.lower()] = user
        self._by_id[user.id] = user


def _id_of(username: str) -> str:
    """The same name has the same id in every sandbox: 18 digits, like X's."""
    digest = blake2b(username.lower().encode(), digest_size=8).digest()
    return str(10**17 + int.from_bytes(digest) % (9 * 10**17))
