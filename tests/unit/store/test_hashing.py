"""The keyed hash of addresses."""

from __future__ import annotations

from campaigns.domain.channel import AddressKind, Channel
from campaigns.store.hashing import AddressHash

HASH = AddressHash(b"k" * 32)


def test_the_same_address_has_the_same_hash_under_the_same_key() -> None:
    again = AddressHash(b"k" * 32)
    assert HASH.key(AddressKind.EMAIL, "ada@example.com") == again.key(
        AddressKind.EMAIL, "ada@example.com"
    )


def test_another_key_gives_another_hash() -> None:
    other = AddressHash(b"o" * 32)
    assert HASH.key(AddressKind.EMAIL, "a@example.com") != other.key(
        AddressKind.EMAIL, "a@example.com"
    )


def test_the_kind_is_part_of_what_is_hashed() -> None:
    assert HASH.key(AddressKind.PHONE, "+447700900001") != HASH.key(
        AddressKind.HANDLE, "+447700900001"
    )


def test_sms_and_whatsapp_share_the_hash_of_a_number() -> None:
    sms, whatsapp = Channel.SMS.address_kind, Channel.WHATSAPP.address_kind
    assert HASH.key(sms, "+447700900001") == HASH.key(whatsapp, "+447700900001")


def test_a_hash_fits_its_column_and_shows_nothing_of_the_address() -> None:
    hashed = HASH.key(AddressKind.EMAIL, "ada@example.com")
    assert len(hashed) == 32
    assert set(hashed) <= set("0123456789abcdef")
