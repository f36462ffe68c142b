"""The keyed hash of an address: what a suppression remembers when the customer is long erased."""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import Connection, select

from campaigns.domain.address import mailbox
from campaigns.domain.channel import AddressKind
from campaigns.domain.identity import IdentityKind
from campaigns.store import schema

#: Name of the row in `meta` that holds the key. The first migration makes it.
META_KEY = "address_key"


class AddressHash:
    """Hashes normalised addresses under this database's own key.

    The key never leaves the database, so a leaked list of hashes cannot be matched against a list
    of addresses, and the same address is the same hash for as long as the database lives.
    """

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(key=key, digest_size=16)

    @classmethod
    def load(cls, connection: Connection) -> AddressHash:
        """With the key kept in `meta`."""
        row = select(schema.meta.c.value).where(schema.meta.c.key == META_KEY)
        return cls(bytes.fromhex(connection.execute(row).scalar_one()))

    def key(self, kind: AddressKind | IdentityKind, address: str) -> str:
        """32 hexadecimal digits for one address, already normalised (`domain.address.normalise`).

        SMS and WhatsApp share the kind and so the hash: STOP on one covers the number on both.
        """
        digest = self._keyed.copy()
        digest.update(f"{kind}\0{address}".encode())
        return digest.hexdigest()

    def person_keys(self, kind: AddressKind, normalised: str) -> list[str]:
        """The hashes by which an erased person is known again: the address, and for an e-mail the
        mailbox behind it (`domain.address.mailbox`), which bars imports and no message."""
        keys = [self.key(kind, normalised)]
        if kind is AddressKind.EMAIL:
            keys.append(self.mailbox_key(normalised))
        return keys

    def mailbox_key(self, normalised: str) -> str:
        """The hash of the mailbox behind an e-mail address."""
        return self._other("mailbox", mailbox(normalised))

    def ref_key(self, ref: str) -> str:
        """The same for the user's own customer id: another address does not make another person."""
        return self._other("ref", ref)

    def stamp(self, told: bytes) -> bytes:
        """16 bytes for a row and a customer (store.stamps): keyed, for both are a person's data."""
        digest = self._keyed.copy()
        digest.update(told)
        return digest.digest()

    def _other(self, what: str, text: str) -> str:
        digest = self._keyed.copy()
        digest.update(f"{what}\0{text}".encode())
        return digest.hexdigest()
