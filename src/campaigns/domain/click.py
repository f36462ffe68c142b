"""A request on a click link, as far as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from campaigns.domain.interaction import Agent


@dataclass(frozen=True, slots=True)
class Click:
    """One request.

    Attributes:
        origin: keyed hash of the day and the address it came from (`origin_of`).
        agent: what the request alone gave away (domain.agent.agent_of_request).
    """

    delivery_id: int
    link: str
    at: datetime
    origin: str
    agent: Agent | None

    @property
    def source_key(self) -> str:
        """One a minute for each link and origin; one a minute for all machines together, so that
        however many of them hammer on a link they fill no disk and hold nobody up."""
        who = "machine" if self.agent is Agent.MACHINE else self.origin[:12]
        minute = int(self.at.timestamp()) // 60
        return f"click:{self.delivery_id}:{self.link}:{minute}:{who}"


def origin_of(secret: str, address: str, at: datetime) -> str:
    """Where a request came from, so that two of one day can be compared and no address is kept.
    Of IPv6 the first 64 bits count: a household has that many addresses to itself."""
    if ":" in address:
        address = _first_half(address)
    keyed = blake2b(digest_size=16, key=secret.encode()[:64], person=b"origin")
    keyed.update(f"{at:%Y-%m-%d}\0{address}".encode())
    return keyed.hexdigest()


def _first_half(address: str) -> str:
    from ipaddress import IPv6Address

    try:
        return IPv6Address(address).packed[:8].hex()
    except ValueError:
        return address
