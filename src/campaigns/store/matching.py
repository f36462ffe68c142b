"""Who a row is about: by its ref, else by its e-mail address, else by its phone or X handle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.identity import IdentityKind
from campaigns.domain.intake import CustomerRow
from campaigns.domain.merging import Known, made_ref, system_of
from campaigns.store.hashing import AddressHash

_ADDRESS_KINDS = frozenset(str(kind) for kind in AddressKind)
_KINDS = {channel: channel.address_kind for channel in Channel}
#: Which address tells who a customer without a ref is: the first of these that the row has.
_RANKS = {Channel.EMAIL: 0, Channel.SMS: 1, Channel.WHATSAPP: 2, Channel.X_DM: 3}


class MismatchError(Exception):
    """The row cannot be about the customer it seems to be about. `str()` is the reason."""


class Telling(NamedTuple):
    """The address that tells who a row is about: its kind and its keyed hash."""

    kind: AddressKind
    key: str


class Matcher:
    """The customers a batch may be about, by ref and by address; new ones join as they come."""

    def __init__(self, hashing: AddressHash) -> None:
        self._hashing = hashing
        self._hash = hashing.key
        self._keys: dict[tuple[AddressKind, str], str] = {}
        self._by_ref: dict[str, Known] = {}
        self._devices: set[str] = set()
        self._by_key: dict[str, list[Known]] = {}

    def key(self, channel: Channel, normalised: str) -> str:
        """The keyed hash of an address, made once a batch."""
        return self.key_of(_KINDS[channel], normalised)

    def key_of(self, kind: AddressKind, normalised: str) -> str:
        """The same by the kind of address."""
        pair = (kind, normalised)
        key = self._keys.get(pair)
        if key is None:
            key = self._keys[pair] = self._hash(kind, normalised)
        return key

    def person_keys(self, row: CustomerRow) -> list[str]:
        """Every hash by which an erased person would be known again."""
        keys = [key for c, _, normalised, _ in row.addresses
                for key in self._hashing.person_keys(_KINDS[c], normalised)]  # fmt: skip
        return keys if row.ref is None else [*keys, self._hashing.ref_key(row.ref)]

    def telling(self, row: CustomerRow) -> Telling | None:
        """The address that tells who this is; None without an address."""
        if not row.addresses:
            return None
        entry = row.addresses[0]  # an e-mail comes first
        if entry[0] is not Channel.EMAIL:
            entry = min(row.addresses, key=lambda e: _RANKS[e[0]])
        kind = _KINDS[entry[0]]
        return Telling(kind, self.key_of(kind, entry[2]))

    def devices(self, row: CustomerRow) -> list[str]:
        """Keyed hashes of the devices that the row tells."""
        return [self._hash(kind, v) for kind, v in row.identities if kind is IdentityKind.DEVICE]

    def know_devices(self, keys: Iterable[str]) -> None:
        """These are somebody's already, and stay theirs."""
        self._devices.update(keys)

    def add_all(self, customers: Iterable[Known]) -> None:
        """Let rows find these customers."""
        for customer in customers:
            self.add(customer)

    def add(self, customer: Known) -> None:
        """Let later rows find this customer."""
        self._by_ref[customer.ref] = customer
        for _, key, _ in customer.addresses.values():
            self._own(customer, key)
        for kind, key in customer.others:
            if kind == IdentityKind.REF:
                self._by_ref.setdefault(key, customer)
            elif kind in _ADDRESS_KINDS:
                self._own(customer, key)

    def moved(self, customer: Known, old: str | None, new: str) -> None:
        """The customer's address on one channel is another one now."""
        kept = {key for _, key, _ in customer.addresses.values()}
        kept |= {key for _, key in customer.others}
        if old is not None and old not in kept:
            self._by_key[old].remove(customer)
        self._own(customer, new)

    def _own(self, customer: Known, key: str) -> None:
        owners = self._by_key.get(key)
        if owners is None:
            self._by_key[key] = [customer]
        elif customer not in owners:
            owners.append(customer)

    def number(self, customer: Known, row: CustomerRow, telling: Telling | None) -> int:
        """Under which number this row's past was written: after a merge that of the profile that
        its ref, else its address, found before. 0 for a new customer."""
        found = None
        if row.ref is not None and row.ref != customer.ref:
            found = customer.others.get((IdentityKind.REF.value, row.ref))
        elif row.ref is None and telling is not None:
            found = customer.others.get((telling.kind.value, telling.key))
        return found or customer.id

    def find(self, row: CustomerRow, telling: Telling | None) -> tuple[Known | None, bool]:
        """The customer this row is about, None for a new one; and whether the row's ref takes the
        place of one that was made from an address. Raises MismatchError."""
        owners: Sequence[Known] = self._by_key.get(telling.key, ()) if telling else ()
        if row.ref is None:
            return self._by_address(owners) or self._by_other_ref(row), False
        named = self._by_ref.get(row.ref) or self._by_other_ref(row)
        if not owners:
            return named, False
        by_email = telling is not None and telling.kind is AddressKind.EMAIL
        others = [o for o in owners if o is not named] if by_email else []
        if named is not None:
            if others:
                raise MismatchError(f"its e-mail address belongs to customer {others[0].ref}")
            return named, False
        made = [o for o in owners if o.ref_is_made]
        if len(made) == 1:
            self._by_ref[row.ref] = made[0]
            return made[0], True
        return self._of_another_system(row.ref, others), False

    def named(self, row: CustomerRow) -> Known | None:
        """Whom the row names by an id."""
        known = None if row.ref is None else self._by_ref.get(row.ref)
        return known or self._by_other_ref(row)

    def perhaps(self, row: CustomerRow, telling: Telling | None) -> list[Known]:
        """Whom a row may be about that cannot go in: whom it names, and whose its address is."""
        named = self.named(row)
        owners = self._by_key.get(telling.key, []) if telling else []
        if named is None:
            return list(owners)
        by_email = telling is not None and telling.kind is AddressKind.EMAIL
        return [named, *(o for o in owners if by_email and o is not named)]

    def ref_for(self, row: CustomerRow, telling: Telling | None) -> str:
        """The ref of a new customer. Raises MismatchError for a row that names nobody."""
        if row.ref is not None:
            return row.ref
        if telling is None:
            raise MismatchError("nothing says who the customer is: no id and no address")
        made = made_ref(telling.kind, telling.key)
        # Whoever the ref was made for has another address now.
        return made if made not in self._by_ref else f"{made}{telling.key[20:]}"

    def _by_other_ref(self, row: CustomerRow) -> Known | None:
        """By the ids of other systems that the row tells; None, too, where they name several, or
        somebody to whom the row's own system has given another id."""
        refs = [value for kind, value in row.identities if kind is IdentityKind.REF]
        found = {id(k): k for ref in refs if (k := self._by_ref.get(ref)) is not None}
        if len(found) != 1:
            return None
        (known,) = found.values()
        another = row.ref is not None and known.system == system_of(row.ref)
        return None if another else known

    def identities(self, customer: Known, row: CustomerRow) -> Iterator[tuple[str, str]]:
        """Kind and key of what this row lets find the customer from now on."""
        told = list(row.identities)
        if row.ref is not None:
            told.append((IdentityKind.REF, row.ref))
        for kind, value in told:
            is_ref = kind is IdentityKind.REF
            key = value if is_ref else self._hash(kind, value)
            if (kind.value, key) in customer.others or (is_ref and value == customer.ref):
                continue
            if key in self._devices:
                continue
            if is_ref and self._by_ref.setdefault(value, customer) is not customer:
                continue  # somebody's own
            if not is_ref:
                self._devices.add(key)
            yield kind.value, key

    def _by_address(self, owners: Sequence[Known]) -> Known | None:
        if len(owners) > 1:
            told = ", ".join(o.ref for o in owners[:3])
            raise MismatchError(
                f"its address belongs to several customers ({told}); map an id as `ref`"
            )
        return owners[0] if owners else None

    def _of_another_system(self, ref: str, owners: Sequence[Known]) -> Known | None:
        """One e-mail address is one customer: else the same inbox would get a campaign twice."""
        if not owners:
            return None
        if any(system_of(o.ref) == system_of(ref) for o in owners):
            raise MismatchError(f"its e-mail address belongs to customer {owners[0].ref}")
        return owners[0]
